// @ts-check
/** Records that may be the same: the list, and two side by side. */
import { each, html, signal, when } from '../../parts/view.js';
import { Icon } from '../../parts/icon.js';
import { Fault } from '../../parts/form.js';
import { t, word } from '../../words/index.js';
import { reading } from '../../parts/reading.js';
import { Screen } from '../../parts/table.js';
import { call, get } from '../api.js';
import { FIELDS, PeopleTabs, fieldName } from './fields.js';
import { href } from '../route.js';
import { may } from '../session.js';

/** @typedef {import('../types.js').Schemas['Duplicate']} Duplicate */

export function DuplicatesScreen() {
  const { shown: list, trouble } = reading((stop) => get('duplicates', { status: 'proposed', limit: 100 }, stop), ['worker', 'organization']);
  const line = (/** @type {import('../../parts/view.js').Signal<Duplicate>} */ of) => html`<li><a data-ticket href=${() => href(`duplicates/${of().id}`)}><b lang="ja">${() => of().records.map((one) => one.name).join(' / ')}</b>
    <span class="small quiet facts"><span>${() => word('DuplicateKind', of().kind)}</span>${() => of().reasons.filter((one) => one.agreement !== 'different').map((one) => html`<span>${word('DuplicateField', one.field)}: ${word('DuplicateAgreement', one.agreement)}</span>`)}</span><span class="num">${() => Math.round(of().score * 100)}%</span></a></li>`;
  return html`<main class="screen request" id="main" tabindex="-1" aria-busy=${() => String(!list())}><header class="title"><h1>${() => t().duplicates.title}</h1><p class="quiet">${() => t().duplicates.hint}</p>${PeopleTabs('duplicates')}</header>
    ${when(trouble, () => Fault(trouble))}
    <section class="card queue">${when(() => list()?.items.length, () => html`<ol>${each(() => list()?.items ?? [], (one) => one.id, line)}</ol>`, () => html`<p class="empty">${() => (list() ? t().duplicates.none : t().loading)}</p>`)}</section></main>`;
}

/** @param {string} id */
export function DuplicateScreen(id) {
  const { shown, trouble, load } = reading(async (stop) => {
    const pair = /** @type {Duplicate} */ (await get(`duplicates/${id}`, {}, stop)), path = pair.kind === 'worker' ? 'workers' : 'organizations';
    return { pair, records: await Promise.all(pair.records.map((one) => get(`${path}/${one.id}`, path === 'organizations' ? { include_archived: true } : {}, stop))) };
  }, []);
  const isSending = signal(false);
  /** @param {{status: string, primary_id?: string|null}} body */
  async function decide(body) {
    isSending.set(true);
    try {
      await call('PATCH', `duplicates/${id}`, { match: shown.peek()?.pair.version, body });
      trouble.set(null);
    } catch (error) {
      trouble.set(/** @type {Error} */ (error));
    } finally {
      isSending.set(false);
      void load();
    }
  }
  const canDecide = () => may('duplicates:write');
  const status = () => shown()?.pair.status;
  const rows = () => {
    const records = shown()?.records ?? [];
    return FIELDS.flatMap(([field, say]) => {
      const values = records.map(say);
      if (!values.some(Boolean)) return [];
      const isSame = values.every((one) => one === values[0]), isOpen = values.some((one) => !one);
      return [html`<tr class=${isSame ? '' : isOpen ? 'partly' : 'differs'}><th scope="row">${fieldName(field)}</th>${values.map((one) => html`<td lang="ja">${one || '–'}</td>`)}<td class="small">${isSame ? t().duplicates.same : isOpen ? '' : t().duplicates.differs}</td></tr>`];
    });
  };
  return Screen({ shown, trouble }, 'request', () => html`
    <header class="title"><p class="crumbs small"><a href="#/duplicates">${() => t().duplicates.title}</a>${Icon('next')}<span>${() => word('DuplicateKind', shown()?.pair.kind)}</span></p>
      <div class="title-line"><h1><span lang="ja">${() => shown()?.pair.records.map((one) => one.name).join(' / ')}</span></h1><span class="badge accent">${() => word('DuplicateStatus', status())}</span></div></header>
    ${when(trouble, () => Fault(trouble))}
    <section class="card table-box" tabindex="0" role="region" aria-label=${() => t().duplicates.compare}><table class="table pair-table"><thead><tr><td></td>${() => shown()?.pair.records.map((one, i) => html`<th scope="col"><a href=${`#/${shown()?.pair.kind}s/${one.id}`}>${t().duplicates.record(i + 1)}</a></th>`)}<td></td></tr></thead><tbody>${rows}</tbody></table></section>
    ${when(canDecide, () => html`<p class="moves">${when(() => status() === 'proposed', () => html`${() => shown()?.pair.records.map((one, i) => html`<button class="button" disabled=${isSending} @click=${() => decide({ status: 'merged', primary_id: one.id })}>${t().duplicates.merge(i + 1)}</button>`)}<button class="button" disabled=${isSending} @click=${() => decide({ status: 'distinct' })}>${() => t().duplicates.part}</button>`, () => html`<button class="button" disabled=${isSending} @click=${() => decide({ status: status() === 'merged' ? 'distinct' : 'proposed', primary_id: null })}>${() => (status() === 'merged' ? t().duplicates.unmerge : t().duplicates.reopen)}</button>`)}</p>`)}`);
}
