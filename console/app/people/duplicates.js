// @ts-check
/** Records that may be the same: the list, and two side by side. */
import { each, effect, html, onRemove, signal, when } from '../../parts/view.js';
import { Icon } from '../../parts/icon.js';
import { Fault } from '../../parts/form.js';
import { date, language, t, word } from '../../words/index.js';
import { call, get, isAbort } from '../api.js';
import { name } from '../catalogue.js';
import { onChange } from '../live.js';
import { href } from '../route.js';
import { may } from '../session.js';

/** @typedef {import('../types.js').Schemas['Duplicate']} Duplicate */

/** Fields of both records in words, in the order in which they are compared. @type {[string, (one: any) => string][]} */
const FIELDS = [
  ['name', (one) => one.name ?? one.personal?.name ?? one.alias ?? ''], ['kana', (one) => one.kana ?? one.personal?.kana ?? ''], ['aliases', (one) => (one.aliases ?? []).join(t().comma)],
  ['area', (one) => name('areas', one.area)], ['kind', (one) => word('OrganizationKind', one.kind)], ['email', (one) => one.contact?.email ?? one.personal?.email ?? ''], ['phone', (one) => one.contact?.phone ?? one.personal?.phone ?? ''],
  ['corporate_number', (one) => one.corporate_number ?? ''], ['roles', (one) => (one.roles ?? []).map((/** @type {string} */ code) => name('roles', code)).join(t().comma)],
  ['skills', (one) => (one.skills ?? []).map((/** @type {any} */ wish) => `${name('skills', wish.skill)} ${wish.level}`).join(t().comma)], ['themes', (one) => (one.themes ?? []).map((/** @type {string} */ code) => name('themes', code)).join(t().comma)],
  ['description', (one) => one.description ?? ''], ['source', (one) => [one.source, one.external_id].filter(Boolean).join(' ')], ['created_at', (one) => date(one.created_at)], ['updated_at', (one) => date(one.updated_at)],
];

/** @type {import('../../parts/view.js').Signal<{items: Duplicate[], next: string|null}|null>} */
const list = signal(null);

export function DuplicatesScreen() {
  let stop = new AbortController();
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  const load = () => { stop.abort(); stop = new AbortController(); get('duplicates', { status: 'proposed', limit: 100 }, stop.signal).then((page) => { list.set(page); trouble.set(null); }, (error) => { if (!isAbort(error)) trouble.set(error); }); };
  effect(() => { language(); load(); });
  effect(onChange(['worker', 'organization'], load));
  onRemove(() => stop.abort());
  const line = (/** @type {import('../../parts/view.js').Signal<Duplicate>} */ of) => html`<li><a data-ticket href=${() => href(`duplicates/${of().id}`)}><b lang="ja">${() => of().records.map((one) => one.name).join(' / ')}</b>
    <span class="small quiet facts"><span>${() => word('DuplicateKind', of().kind)}</span>${() => of().reasons.filter((one) => one.agreement !== 'different').map((one) => html`<span>${word('DuplicateField', one.field)}: ${word('DuplicateAgreement', one.agreement)}</span>`)}</span><span class="num">${() => Math.round(of().score * 100)}%</span></a></li>`;
  return html`<main class="screen request" id="main" tabindex="-1" aria-busy=${() => String(!list())}><header class="title"><h1>${() => t().duplicates.title}</h1><p class="quiet">${() => t().duplicates.hint}</p></header>
    ${when(trouble, () => Fault(trouble))}
    <section class="card queue">${when(() => list()?.items.length, () => html`<ol>${each(() => list()?.items ?? [], (one) => one.id, line)}</ol>`, () => html`<p class="empty">${() => (list() ? t().duplicates.none : t().loading)}</p>`)}</section></main>`;
}

/** @param {string} id */
export function DuplicateScreen(id) {
  /** @type {import('../../parts/view.js').Signal<{pair: Duplicate, records: any[]}|null>} */
  const shown = signal(null);
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  const isSending = signal(false);
  let stop = new AbortController();
  async function load() {
    stop.abort();
    stop = new AbortController();
    try {
      const pair = /** @type {Duplicate} */ (await get(`duplicates/${id}`, {}, stop.signal));
      const path = pair.kind === 'worker' ? 'workers' : 'organizations';
      shown.set({ pair, records: await Promise.all(pair.records.map((one) => get(`${path}/${one.id}`, path === 'organizations' ? { include_archived: true } : {}, stop.signal))) });
    } catch (error) {
      if (!isAbort(error)) trouble.set(/** @type {Error} */ (error));
    }
  }
  effect(() => { language(); void load(); });
  onRemove(() => stop.abort());
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
      return [html`<tr class=${isSame ? '' : isOpen ? 'partly' : 'differs'}><th scope="row">${t().duplicates.fields[/** @type {'name'} */ (field)]}</th>${values.map((one) => html`<td lang="ja">${one || '–'}</td>`)}<td class="small">${isSame ? t().duplicates.same : isOpen ? '' : t().duplicates.differs}</td></tr>`];
    });
  };
  return when(shown, () => html`<main class="screen request" id="main" tabindex="-1">
    <header class="title"><p class="crumbs small"><a href="#/duplicates">${() => t().duplicates.title}</a>${Icon('next')}<span>${() => word('DuplicateKind', shown()?.pair.kind)}</span></p>
      <div class="title-line"><h1><span lang="ja">${() => shown()?.pair.records.map((one) => one.name).join(' / ')}</span></h1><span class="badge accent">${() => word('DuplicateStatus', status())}</span></div></header>
    ${when(trouble, () => Fault(trouble))}
    <section class="card table-box" tabindex="0" role="region" aria-label=${() => t().duplicates.compare}><table class="table pair-table"><thead><tr><td></td>${() => shown()?.pair.records.map((one, i) => html`<th scope="col">${t().duplicates.record(i + 1)}</th>`)}<td></td></tr></thead><tbody>${rows}</tbody></table></section>
    ${when(canDecide, () => html`<p class="moves">${when(() => status() === 'proposed', () => html`${() => shown()?.pair.records.map((one, i) => html`<button class="button" disabled=${isSending} @click=${() => decide({ status: 'merged', primary_id: one.id })}>${t().duplicates.merge(i + 1)}</button>`)}<button class="button" disabled=${isSending} @click=${() => decide({ status: 'distinct' })}>${() => t().duplicates.part}</button>`, () => html`<button class="button" disabled=${isSending} @click=${() => decide({ status: status() === 'merged' ? 'distinct' : 'proposed', primary_id: null })}>${() => (status() === 'merged' ? t().duplicates.unmerge : t().duplicates.reopen)}</button>`)}</p>`)}
  </main>`, () => html`<main class="screen" id="main" tabindex="-1" aria-busy=${() => String(!trouble())}>${when(trouble, () => Fault(trouble), () => html`<p class="empty">${() => t().loading}</p>`)}</main>`);
}
