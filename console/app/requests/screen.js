// @ts-check
/** All requests: as a board by status, or as a table. What is filtered is in the address. */
import { each, effect, html, keyed, memo, onRemove, signal, untracked, when } from '../../parts/view.js';
import { Search } from '../../parts/search.js';
import { Fault } from '../../parts/form.js';
import { date, language, number, t, word } from '../../words/index.js';
import { sending } from '../../parts/reading.js';
import { listing } from '../../parts/table.js';
import { call, get, isAbort } from '../api.js';
import { entries, name } from '../catalogue.js';
import { onChange } from '../live.js';
import { href, query, requery } from '../route.js';
import { may, user } from '../session.js';

/** @typedef {import('../types.js').Listed} Listed @typedef {import('../types.js').Schemas['Page_ListedDeliverable']} Page */

/** The columns of the board, each with its statuses. @type {[string, string[]][]} */
const COLUMNS = [['draft', ['draft']], ['review', ['submitted', 'screening', 'hearing']], ['open', ['open']], ['matched', ['matched']], ['in_progress', ['in_progress']], ['delivered', ['delivered']], ['ended', ['declined', 'cancelled']]];
const FILTERS = ['q', 'family', 'area', 'format', 'role', 'fiscal_year', 'type', 'organization_id'];
const SORTS = ['-created_at', '-status_since', 'ends_on', '-updated_at'];

/** @type {import('../../parts/view.js').Signal<Map<string, Page>>} */
const board = signal(new Map());
/** @type {import('../../parts/view.js').Signal<Page|null>} */
const list = signal(null);
/** @type {import('../../parts/view.js').Signal<Error|null>} */
const trouble = signal(null);
const isTable = () => query().view === 'table';
const filters = () => Object.fromEntries(FILTERS.map((one) => [one, query()[one]]));

/** @param {AbortSignal} stop */
async function fill(stop) {
  try {
    const shared = untracked(filters);
    if (untracked(isTable)) {
      list.set(await get('deliverables', { ...shared, status: query.peek().status, sort: query.peek().sort, limit: 50, count: true }, stop));
    } else {
      const pages = await Promise.all(COLUMNS.map(([, statuses]) => get('deliverables', { ...shared, status: statuses.join(','), sort: '-status_since', limit: 12, count: true }, stop)));
      board.set(new Map(COLUMNS.map(([column], i) => [column, pages[i]])));
    }
    trouble.set(null);
  } catch (error) {
    if (!isAbort(error)) trouble.set(/** @type {Error} */ (error));
  }
}

async function more() {
  const now = list.peek();
  if (!now?.next) return;
  const page = await get('deliverables', { ...untracked(filters), status: query.peek().status, sort: query.peek().sort, limit: 50, cursor: now.next });
  list.set({ ...page, total: now.total, items: [...now.items, ...page.items] });
}

/** @param {() => Listed} of */
const Marks = (of) => () => {
  const { applications, places, status } = of();
  const waiting = applications?.submitted ?? 0, isTeam = ['open', 'matched', 'in_progress'].includes(status) && places.needed > 0;
  if (!waiting && !isTeam) return null;
  return html`<span class="marks num">${waiting > 0 && html`<span class="badge accent">${t().requests.waiting(waiting)}</span>`}${isTeam && html`<span class=${`badge ${places.filled < places.needed ? '' : 'good'}`}>${t().requests.places(places.filled, places.needed)}</span>`}</span>`;
};

/** @param {import('../../parts/view.js').Signal<Listed>} of */
const Card = (of) => html`<li><a class="ticket" data-ticket href=${() => href(`requests/${of().id}`)}>
  <b lang="ja">${() => of().title}</b><span class="small quiet" lang="ja">${() => of().organization.name ?? ''}</span>
  <span class="small quiet facts"><span>${() => name('areas', of().area)}</span><span>${() => name('formats', of().format)}</span></span>${Marks(of)}</a></li>`;

/** @param {[string, string[]]} column */
function Column([column, statuses]) {
  const page = () => board().get(column);
  const count = () => page()?.total?.count ?? 0;
  const left = () => count() - (page()?.items.length ?? 0);
  return html`<section class="column" aria-labelledby=${`column-${column}`}>
    <header><h2 id=${`column-${column}`}><i class="dot" data-s=${column}></i>${() => t().requests.columns[/** @type {'open'} */ (column)]}</h2><span class="num quiet">${() => (page() ? number(count()) : '')}</span></header>
    <ul>${each(() => page()?.items ?? [], (one) => one.id, Card)}</ul>
    ${when(() => page()?.items.length === 0, () => html`<p class="none small">${() => t().none}</p>`)}
    ${when(() => left() > 0, () => html`<p class="none small num"><a href=${() => href('requests', { ...query(), view: 'table', status: statuses.join(',') })}>${() => t().requests.moreOf(left())}</a></p>`)}
  </section>`;
}

/** @param {KeyboardEvent & {currentTarget: HTMLElement}} e */
function onArrows(e) {
  const at = /** @type {HTMLElement} */ (document.activeElement);
  if (at?.dataset.ticket === undefined) return;
  const columns = [...e.currentTarget.querySelectorAll('.column')].map((column) => /** @type {HTMLElement[]} */ ([...column.querySelectorAll('[data-ticket]')])).filter((column) => column.length);
  const x = columns.findIndex((column) => column.includes(at)), y = columns[x].indexOf(at);
  const beside = (/** @type {number} */ by) => { const column = columns[x + by]; return column?.[Math.min(y, column.length - 1)]; };
  const to = { ArrowDown: columns[x][y + 1], ArrowUp: columns[x][y - 1], ArrowRight: beside(1), ArrowLeft: beside(-1) }[e.key];
  if (to) { to.focus(); e.preventDefault(); }
}

const Board = () => html`<div class="board" @keydown=${onArrows} tabindex="0" role="region" aria-label=${() => t().requests.board}>${COLUMNS.map(Column)}</div>`;

/** @param {import('../../parts/view.js').Signal<Listed>} of */
const Line = (of) => html`<tr><th scope="row"><a data-ticket href=${() => href(`requests/${of().id}`)} lang="ja">${() => of().title}</a><span class="small quiet" lang="ja">${() => of().organization.name ?? ''}</span></th>
  <td><span class="badge">${() => word('DeliverableStatus', of().status)}</span></td><td>${() => name('deliverable-types', of().type)}</td><td>${() => name('areas', of().area)}</td><td>${() => name('formats', of().format)}</td>
  <td class="num">${() => (of().places.needed ? `${of().places.filled} / ${of().places.needed}` : '')}</td><td class="num">${() => of().applications?.submitted || ''}</td><td class="num">${() => date(of().ends_on)}</td><td class="num">${() => date(of().status_since)}</td></tr>`;

const Table = () => html`<div class="card table-box" tabindex="0" role="region" aria-label=${() => t().requests.table}><table class="table"><thead><tr>${() => t().requests.head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
  <tbody>${each(() => list()?.items ?? [], (one) => one.id, Line)}</tbody></table>
  ${when(() => list()?.items.length === 0, () => html`<p class="empty">${() => t().requests.noneFound}</p>`)}
  ${when(() => list()?.next, () => html`<p class="beyond"><button class="button" @click=${more}>${() => t().rank.more}</button></p>`)}</div>`;

/** What one's organization is asked to request jointly. */
function Joint() {
  const own = user.peek()?.user?.organization_id, of = listing(`organizations/${own}/joint-deliverables`, () => ({ status: 'invited' }), ['deliverable']), act = sending(of.trouble);
  const answer = (/** @type {any} */ one, /** @type {'accepted'|'declined'} */ status) => html`<button class="button slim" disabled=${act.is} @click=${() => act(async () => { await call('PUT', `deliverables/${one.deliverable_id}/organizations/${own}`, { match: one.version, body: { status } }); await of.load(); })}>${() => t().requests[status]}</button>`;
  return when(() => of.items().length || of.trouble(), () => html`<section class="card pad"><h2>${() => t().requests.joint}</h2>${when(of.trouble, () => Fault(of.trouble))}<ul class="lines">${() => of.items().map((one) => html`<li><span lang="ja"><b>${one.title}</b> ${one.lead_organization_name}</span>${answer(one, 'accepted')}${answer(one, 'declined')}</li>`)}</ul></section>`);
}

/** @param {{param: string, label: () => string, options: () => [string, string][]}} of */
export function Choice({ param, label, options }) {
  const value = () => query()[param] ?? '';
  // The options come with the catalogue: the value is set again once they are there.
  return keyed(() => JSON.stringify(options()), () => html`<select class=${() => `select ${value() ? 'on' : ''}`} aria-label=${label} @change=${(/** @type {any} */ e) => requery({ [param]: e.target.value })} .value=${value}>
    <option value="">${label}</option>${options().map(([code, title]) => html`<option value=${code}>${title}</option>`)}</select>`);
}

export function RequestsScreen() {
  let stop = new AbortController(), timer = 0;
  const again = (/** @type {number} */ ms) => { clearTimeout(timer); stop.abort(); stop = new AbortController(); timer = setTimeout(() => fill(stop.signal), ms); };
  const asked = memo(() => JSON.stringify([filters(), query().view, query().status, query().sort, language()]));
  let isFirst = true;
  effect(() => { asked(); again(isFirst ? 0 : 150); isFirst = false; });
  effect(onChange(['deliverable', 'application', 'project'], () => again(0)));
  onRemove(() => { clearTimeout(timer); stop.abort(); });
  const named = (/** @type {string} */ of) => () => [...entries(of).keys()].map((code) => /** @type {[string, string]} */ ([code, name(of, code)]));
  const any = (/** @type {'family'|'area'|'format'|'role'} */ param, /** @type {string} */ of) => Choice({ param, label: () => t().requests.any[param], options: named(of) });
  const thisYear = new Date().getFullYear() + 1;
  const years = () => Array.from({ length: thisYear - 2014 }, (_, i) => /** @type {[string, string]} */ ([String(thisYear - i), t().year(thisYear - i)]));
  const isFiltered = () => [...FILTERS, 'status'].some((one) => query()[one]);
  const view = (/** @type {'board'|'table'} */ which) => html`<button aria-pressed=${() => String(isTable() === (which === 'table'))} @click=${() => requery({ view: which === 'table' ? which : undefined, status: undefined, sort: undefined })}>${() => t().requests[which]}</button>`;
  return html`<main class="screen requests" id="main" tabindex="-1" aria-busy=${() => String(isTable() ? !list() : !board().size)}>
    <header class="title"><h1>${() => t().requests.title}</h1>
      <div class="filters">
        ${Search({ value: () => query().q ?? '', label: () => t().requests.find, onText: (q) => requery({ q }) })}
        ${any('family', 'families')}${any('area', 'areas')}${any('format', 'formats')}${any('role', 'roles')}${Choice({ param: 'fiscal_year', label: () => t().requests.any.year, options: years })}
        ${when(isTable, () => html`${Choice({ param: 'status', label: () => t().requests.any.status, options: () => COLUMNS.map(([column, statuses]) => [statuses.join(','), t().requests.columns[/** @type {'open'} */ (column)]]) })}${Choice({ param: 'sort', label: () => t().requests.sort, options: () => SORTS.map((code) => [code, t().requests.sorts[/** @type {'ends_on'} */ (code)]]) })}`)}
        ${when(isFiltered, () => html`<button class="button plain" @click=${() => requery(Object.fromEntries([...FILTERS, 'status'].map((one) => [one, undefined])))}>${() => t().requests.clear}</button>`)}
      </div>
      ${when(() => may('deliverables:write'), () => html`<a class="button main" href="#/requests/new">${() => t().newRequest.title}</a>`)}
      <div class="switch" role="group" aria-label=${() => t().requests.view}>${view('board')}${view('table')}</div></header>
    ${when(trouble, () => Fault(trouble))}${when(() => user()?.user?.organization_id, Joint)}
    ${when(isTable, Table, Board)}
  </main>`;
}
