// @ts-check
import { effect, html, onRemove, signal, when, keyed } from '../../parts/view.js';
import { Icon } from '../../parts/icon.js';
import { Tip, pointed } from '../../parts/bar.js';
import { Search } from '../../parts/search.js';
import { language, percent, points, t, word } from '../../words/index.js';
import { get } from '../api.js';
import { name } from '../catalogue.js';
import { onChange } from '../live.js';
import { href } from '../route.js';
import { choose, compare, deliverable, isCustom, isFair, isVersus, leave, load, open, opened, picked, ranking, refresh, role, settled, sought, toggleFair, trials, trouble, unease } from './store.js';
import { Legend, List, rows } from './list.js';
import { Gates, Weights } from './rail.js';
import { Panel } from './panel.js';
import { Versus } from './versus.js';

/** Who is sought but isn't ranked. @type {import('../../parts/view.js').Signal<{q: string, items: {id: string, alias: string}[]}|null>} */
const missing = signal(null);

/** @param {string} q */
async function lookFurther(q) {
  const page = await get('workers', { q, limit: 20 });
  const listed = new Set(ranking.peek()?.items.map((one) => one.worker.id));
  missing.set({ q, items: page.items.filter((/** @type {any} */ one) => !listed.has(one.id)) });
}

/** Tells a screen reader what the order became, once it rests, and what the keys are on. */
function Said() {
  const said = signal('');
  effect(() => {
    if (!settled()) return;
    const timer = setTimeout(() => { const [first] = ranking.peek()?.items ?? []; if (first) said.set(t.peek().rank.settled(first.worker.alias, points(first.fit_ppm))); }, 700);
    onRemove(() => clearTimeout(timer));
  });
  const part = () => { const now = pointed()?.score; return now ? t().rank.part(t().component[now.name], points(now.contribution_ppm), now.because, points(now.value_ppm), percent(now.weight_ppm)) : ''; };
  return html`<p class="sr" role="status">${said}</p><p class="sr" role="status">${part}</p>`;
}

/** @param {KeyboardEvent & {currentTarget: HTMLElement}} e */
function onTabs(e) {
  const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
  if (!by) return;
  const tabs = /** @type {HTMLElement[]} */ ([...e.currentTarget.children]), at = tabs.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = tabs[(at + by + tabs.length) % tabs.length];
  to.focus();
  to.click();
  e.preventDefault();
}

/** @param {string} id */
export function RankingScreen(id) {
  const isSheet = signal(false);
  effect(() => { language(); void load(id); missing.set(null); });
  effect(onChange(['deliverable', 'application', 'worker', 'weights'], () => { void refresh().catch(() => {}); }));
  onRemove(leave);
  const openSheet = () => { isSheet.set(true); document.querySelector('.rows')?.scrollIntoView({ block: 'start' }); };
  const passed = (/** @type {string|null} */ code) => { const n = code ? ranking()?.passed_by_role?.find((one) => one.role === code)?.passed : ranking()?.passed; return n === undefined || n === null ? '' : n; };
  const tab = (/** @type {string|null} */ code) => html`<button role="tab" aria-selected=${() => String(role() === code)} tabindex=${() => (role() === code ? 0 : -1)} @click=${() => choose(code)}>${() => (code ? name('roles', code) : t().rank.allRoles)}<span class="num count">${() => passed(code)}</span></button>`;
  const search = () => Search({ value: sought, label: () => t().rank.find, onText: (text) => { sought.set(text); missing.set(null); }, onEnter: () => { const [first] = rows.peek(); if (first) open(first.worker.id); else void lookFurther(sought.peek()); } });

  return when(() => deliverable() && ranking(), () => html`<main class="screen ranking" id="main" tabindex="-1" data-panel=${() => Boolean(opened()) || isVersus()} data-versus=${isVersus} data-sheet=${isSheet}>
    <header class="title">
      <p class="crumbs small"><a href=${href('requests')}>${() => t().requests.title}</a>${Icon('next')}<a href=${href(`requests/${id}`)} lang="ja">${() => deliverable()?.title}</a></p>
      <div class="title-line"><h1><span lang="ja">${() => deliverable()?.title}</span></h1><span class="badge accent">${() => word('DeliverableStatus', deliverable()?.status)}</span></div>
      <p class="small quiet facts"><span>${() => name('deliverable-types', deliverable()?.type)}</span><span>${() => name('formats', deliverable()?.format)}</span><span>${() => name('areas', deliverable()?.area)}</span><b class="num">${() => t().rank.passed(ranking()?.passed ?? 0, ranking()?.considered ?? 0)}</b></p>
    </header>
    <div class="rail" id="rail"><button class="button plain square rail-close" aria-label=${() => t().close} @click=${() => isSheet.set(false)}>${Icon('close')}</button>${Weights()}${Gates()}</div>
    <section class="middle card" aria-labelledby="list-title">
      <h2 class="sr" id="list-title">${() => t().rank.title}</h2>
      <div class="bar-top">
        <div class="tabs" role="tablist" aria-label=${() => t().rank.roles} @keydown=${onTabs}>${tab(null)}${(deliverable.peek()?.roles ?? []).map((one) => tab(one.role))}</div>
        ${search()}
        <button class="button check" aria-pressed=${() => String(isFair())} title=${() => t().rank.fairHint} @click=${toggleFair}>${() => t().rank.fair}</button>
      </div>
      ${when(() => trials().length, () => html`<p class="notice" role="status"><span>${() => t().gates.onTrial}</span><button class="button slim" @click=${unease}>${() => t().gates.undo}</button></p>`)}
      ${when(trouble, () => html`<p class="notice bad" role="alert">${() => trouble()?.message}</p>`)}
      ${Legend()}${List({ onMissing: lookFurther })}
      ${when(missing, () => html`<section class="missing"><h3>${() => t().rank.notListed}</h3><ul>${() => missing()?.items.map((one) => html`<li><button class="button" lang="ja" @click=${() => open(one.id)}>${one.alias}</button></li>`)}
        ${when(() => missing()?.items.length === 0, () => html`<li class="quiet">${() => t().rank.noneFound(missing()?.q ?? '')}</li>`)}</ul></section>`)}
    </section>
    ${keyed(() => (isVersus() ? '' : opened()), (who) => (who ? Panel(who) : null))}${when(isVersus, Versus)}
    ${when(() => picked().length > 1 && !isVersus(), () => html`<button class="button main compare-open" @click=${compare}>${() => t().versus.open(picked().length)}</button>`)}
    <button class="button main sheet-open" aria-expanded=${() => String(isSheet())} aria-controls="rail" @click=${openSheet}>${Icon('sliders')}${() => t().weights.sheet}${() => (isCustom() ? ' •' : '')}</button>
    ${Tip()}${Said()}
  </main>`, () => html`<main class="screen" id="main" tabindex="-1" aria-busy=${() => String(!trouble())}>${when(trouble, () => html`<div class="empty"><p>${() => t().failed}</p><p class="small">${() => trouble()?.message}</p><button class="button" @click=${() => load(id)}>${() => t().again}</button></div>`, () => html`<p class="empty">${() => t().loading}</p>`)}</main>`);
}
