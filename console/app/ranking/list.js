// @ts-check
/** The candidates, one row each; and the legend above them. */
import { each, html, memo, when } from '../../parts/view.js';
import { Icon } from '../../parts/icon.js';
import { gliding } from '../../parts/gliding.js';
import { Bar, pointed } from '../../parts/bar.js';
import { SIDES, inOrder } from '../../parts/components.js';
import { percent, points, t, word } from '../../words/index.js';
import { name } from '../catalogue.js';
import { alone, before, current, open, opened, pick, picked, ranking, showMore, sought } from './store.js';

/** @typedef {import('../types.js').Match} Match @typedef {import('../types.js').Component} Component @typedef {import('../types.js').Side} Side */

const folded = (/** @type {string} */ text) => text.normalize('NFKC').toLowerCase();

/** The rows that are shown: the found ones where something is sought. */
export const rows = memo(() => {
  const all = ranking()?.items ?? [], q = folded(sought().trim());
  return q ? all.filter((one) => folded(`${one.worker.name} ${one.worker.alias} ${name('roles', one.role)} ${name('areas', one.worker.area)}`).includes(q)) : all;
});

/** The most that the lone component adds to anyone, so that its bars fill the track. */
const most = memo(() => {
  const only = alone();
  return only ? Math.max(10_000, ...rows().map((one) => one.components.find((score) => score.name === only)?.contribution_ppm ?? 0)) : 1_000_000;
});

/** How far a row has moved against the ranking as saved. @param {() => Match} match */
function Delta(match) {
  const by = memo(() => {
    const was = before();
    if (!was) return 0;
    const old = was.get(match().worker.id);
    return old === undefined ? null : old - match().rank;
  });
  return () => {
    const n = by(), words = t().rank;
    if (n === null) return html`<span class="delta fresh"><span aria-hidden="true">＋</span><span class="sr">${words.fresh}</span></span>`;
    if (!n) return null;
    return html`<span class=${`delta ${n > 0 ? 'rose' : 'fell'}`}><span aria-hidden="true">${n > 0 ? '▲' : '▼'}${Math.abs(n)}</span><span class="sr">${n > 0 ? words.up(n) : words.down(-n)}</span></span>`;
  };
}

/** @param {() => readonly string[]} codes */
export function Unconfirmed(codes) {
  const said = memo(() => codes().map((code) => t().unconfirmed[/** @type {'hours'} */ (code)] ?? word('Unconfirmed', code)).join(t().comma));
  return () => {
    const list = said(), count = codes().length;
    if (!count) return null;
    const all = t().rank.unconfirmed(list);
    return html`<span class="badge warn" title=${all}><span aria-hidden="true">${count > 1 ? t().rank.open(count) : list}</span><span class="sr">${all}</span></span>`;
  };
}

/** @param {() => number} ppm */
const Points = (ppm) => html`<b class="fit num">${() => points(ppm()).split('.')[0]}<small>.${() => points(ppm()).split('.')[1]}</small></b>`;

/** @param {import('../../parts/view.js').Signal<Match>} match */
function Row(match) {
  const { id } = match.peek().worker;
  const isOpen = () => opened() === id, isPicked = () => picked().includes(id);
  const lone = () => match().components.find((one) => one.name === alone());
  const isFirst = () => (current() ?? rows()[0]?.worker.id) === id;
  return html`<li class="row" data-key=${id} data-open=${isOpen} data-picked=${isPicked}>
    <div class="place num"><b>${() => match().rank}</b>${Delta(match)}</div>
    <div class="who">
      <button class="name" data-row=${id} lang="ja" tabindex=${() => (isFirst() ? 0 : -1)} aria-expanded=${() => String(isOpen())}
        @click=${() => open(isOpen() ? null : id)} @focus=${() => current.set(id)}>${() => match().worker.alias}</button>
      <div class="marks"><span class="small quiet">${() => name('roles', match().role)}</span>
        ${() => { const made = match().application; return made && html`<span class="badge good">${word('ApplicationStatus', made.status)}</span>`; }}
        ${when(() => match().newcomer, () => html`<span class="badge accent">${() => t().rank.newcomer}</span>`)}
        ${when(() => match().swap?.swapped, () => html`<span class="badge open">${() => t().rank.swapped}</span>`)}</div>
    </div>
    ${Bar({ scores: () => match().components, fit: () => match().fit_ppm, owner: id, alone, most })}
    <span class="side num"><span class="sr">${() => t().rank.head.organization}</span>${() => points(match().organization_side_ppm)}</span>
    <span class="side num"><span class="sr">${() => t().rank.head.worker}</span>${() => points(match().worker_side_ppm)}</span>
    <span class="side num known"><span><span class="sr">${() => t().rank.known}</span>${() => percent(match().completeness_ppm)}</span>${Unconfirmed(() => match().unconfirmed)}</span>
    ${when(alone, () => html`<b class="fit num lone">+${() => points(lone()?.contribution_ppm ?? 0)}</b>`, () => Points(() => match().fit_ppm))}
    <label class="pick"><input type="checkbox" .checked=${isPicked} tabindex="-1" @change=${() => pick(id)} aria-label=${() => t().rank.pick(match().worker.alias)} /></label>
  </li>`;
}

/** The components by side; pressing one leaves it alone in every bar. */
export function Legend() {
  const chip = (/** @type {Component} */ c) => html`<button class="chip" data-c=${c} aria-pressed=${() => String(alone() === c)} @click=${() => alone.set(alone.peek() === c ? null : c)}><i class="swatch"></i>${() => t().component[c]}</button>`;
  const side = (/** @type {Side} */ of) => html`<div class="legend-side"><span class="cap">${() => t().side[of]}</span><div>${SIDES[of].map(chip)}</div></div>`;
  return html`<div class="legend" role="group" aria-label=${() => t().rank.legend}>${/** @type {const} */ (['organization', 'both', 'worker']).map(side)}
    ${when(alone, () => html`<button class="button slim" @click=${() => alone.set(null)}>${() => t().rank.all}</button>`)}</div>`;
}

/** @param {KeyboardEvent & {target: HTMLElement, currentTarget: HTMLElement}} e */
function onKeys(e) {
  const id = e.target.dataset.row;
  if (!id || e.metaKey || e.ctrlKey || e.altKey || e.isComposing) return;
  const shown = rows.peek(), i = shown.findIndex((one) => one.worker.id === id), scores = inOrder(shown[i].components);
  const list = e.currentTarget;
  const go = (/** @type {number} */ to) => {
    pointed.set(null);
    const next = shown[Math.min(Math.max(0, to), shown.length - 1)];
    if (next) /** @type {HTMLElement|null} */ (list.querySelector(`[data-row="${next.worker.id}"]`))?.focus();
  };
  switch (e.key) {
    case 'ArrowDown': case 'j': go(i + 1); break;
    case 'ArrowUp': case 'k': go(i - 1); break;
    case 'Home': go(0); break;
    case 'End': go(shown.length - 1); break;
    case 'c': case 'C': pick(id); break;
    case 'ArrowRight': case 'ArrowLeft': {
      const by = e.key === 'ArrowRight' ? 1 : -1, now = pointed.peek();
      const at = now?.owner === id ? scores.findIndex((one) => one.name === now.score.name) : by > 0 ? -1 : scores.length;
      const score = scores[(at + by + scores.length) % scores.length];
      const seg = list.querySelector(`[data-owner="${id}"] [data-c="${score.name}"]`);
      if (seg) pointed.set({ score, at: seg.getBoundingClientRect(), owner: id });
      break;
    }
    default: return;
  }
  e.preventDefault();
}

/** @param {any} e */
function onPoint(e) {
  const seg = e.target.closest?.('.seg');
  const owner = seg?.parentElement.dataset.owner;
  const score = owner && rows.peek().find((one) => one.worker.id === owner)?.components.find((one) => one.name === seg.dataset.c);
  pointed.set(score ? { score, at: seg.getBoundingClientRect(), owner } : null);
}

/** @param {any} e */
function onPress(e) {
  const owner = e.target.closest?.('.bar')?.dataset.owner;
  if (owner && matchMedia('(hover: hover)').matches) open(opened.peek() === owner ? null : owner);
}

/** @param {{onMissing: (q: string) => void}} of */
export function List({ onMissing }) {
  /** @type {HTMLElement} */ let list;
  const axis = () => { const only = alone(); return only ? html`<b>${t().component[only]}</b>` : [0, 25, 50, 75, 100].map((n) => html`<i>${n}</i>`); };
  const hasMore = () => { const now = ranking(); return now && now.next && now.items.length < 200 && !sought(); };
  return html`<div class="list">
    <div class="head" aria-hidden="true"><span>${() => t().rank.head.rank}</span><span>${() => t().rank.head.who}</span><span class="axis num">${axis}</span>
      <span class="side">${() => t().rank.head.organization}</span><span class="side">${() => t().rank.head.worker}</span><span class="side known">${() => t().rank.head.known}</span><span class="end">${() => (alone() ? t().rank.contribution : t().rank.head.fit)}</span><span></span></div>
    <ol class="rows" aria-label=${() => t().rank.title} ref=${(/** @type {HTMLElement} */ el) => { list = el; }} @keydown=${onKeys} @pointerover=${onPoint}
      @pointerleave=${() => pointed.set(null)} @focusout=${() => pointed.set(null)} @click=${onPress}>${each(rows, (one) => one.worker.id, Row, gliding(() => list))}</ol>
    ${when(() => ranking() && !rows().length, () => html`<div class="empty"><p>${() => (sought().trim() ? t().rank.noneFound(sought().trim()) : t().rank.none)}</p></div>`)}
    ${when(() => sought().trim(), () => html`<p class="beyond"><button class="button plain" @click=${() => onMissing(sought.peek().trim())}>${Icon('search')}${() => t().rank.lookFurther}</button></p>`)}
    ${when(hasMore, () => html`<p class="beyond"><button class="button" @click=${showMore}>${() => t().rank.more}</button></p>`)}
  </div>`;
}
