// @ts-check
/** One candidate in detail: why, or why not, what would change it, and the invitation. */
import { effect, html, memo, onRemove, signal, when } from '../../parts/view.js';
import { Icon } from '../../parts/icon.js';
import { inOrder } from '../../parts/components.js';
import { percent, points, t, word } from '../../words/index.js';
import { name } from '../catalogue.js';
import { ask as askFor, isAbort } from '../api.js';
import { may } from '../session.js';
import { Invitation } from './invitation.js';
import { deliverable, open, ranking, role, trial, trials, isCustom, weights } from './store.js';
import { rows } from './list.js';
import { gateName } from './rail.js';

/** @typedef {import('../types.js').Explanation} Explanation @typedef {import('../types.js').ImprovementList} ImprovementList @typedef {import('../types.js').Score} Score */

/** The two points of view, and the fit that they make. @param {() => {organization_side_ppm?: number|null, worker_side_ppm?: number|null, fit_ppm: number}} of */
function Sides(of) {
  const side = (/** @type {'organization'|'worker'} */ which, /** @type {string} */ hue) => {
    const value = () => (which === 'organization' ? of().organization_side_ppm : of().worker_side_ppm);
    return html`<div data-c=${hue}><span>${() => t().side[which]}</span><b>${() => points(value())}</b><div class="meter"><i style=${() => ({ width: `${(value() ?? 0) / 10_000}%` })}></i></div></div>`;
  };
  return html`<div class="two num">${side('organization', 'skill')}${side('worker', 'theme')}
    <div class="whole"><span>${() => t().rank.head.fit}</span><b>${() => points(of().fit_ppm)}</b></div><p class="small quiet">${() => t().panel.harmonic}</p></div>`;
}

/** @param {string} id */
export function Panel(id) {
  /** @type {import('../../parts/view.js').Signal<{why: Explanation, better: ImprovementList}|null>} */
  const told = signal(null);
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  const isInviting = signal(false);
  const match = memo(() => ranking()?.items.find((one) => one.worker.id === id) ?? null);
  const seen = memo(() => match() ?? told()?.why ?? null);
  let stop = new AbortController(), timer = 0;
  effect(() => {
    void [weights(), trials(), role(), deliverable(), ranking()?.at_change];
    clearTimeout(timer);
    // While a slider is dragged, the reasons follow once it rests.
    timer = setTimeout(ask, told.peek() ? 250 : 0);
  });
  onRemove(() => { clearTimeout(timer); stop.abort(); });
  async function ask() {
    stop.abort();
    stop = new AbortController();
    try {
      const [why, better] = await Promise.all([askFor(`matches/preview/workers/${id}`, trial(), stop.signal), askFor(`matches/preview/workers/${id}/improvements`, trial(), stop.signal)]);
      told.set({ why, better });
      trouble.set(null);
    } catch (error) {
      if (!isAbort(error)) trouble.set(/** @type {Error} */ (error));
    }
  }
  const order = () => rows().map((one) => one.worker.id);
  const step = (/** @type {number} */ by) => () => { const ids = order(), i = ids.indexOf(id); return i < 0 ? null : (ids[i + by] ?? null); };
  const button = (/** @type {'up'|'down'} */ icon, /** @type {() => string|null} */ to, /** @type {() => string} */ label) => html`<button class="button plain square" disabled=${() => !to()} aria-label=${label} @click=${() => open(to())}>${Icon(icon)}</button>`;
  const place = () => { const one = match(), why = told()?.why; return one ? t().rankNo(one.rank) : why && !why.is_ranked ? t().panel.wouldRank(why.rank) : why ? t().rankNo(why.rank) : ''; };
  const application = () => seen()?.application ?? null;
  const canInvite = () => may('applications:write') && deliverable()?.status === 'open' && seen() && !application() && told()?.why.is_ranked;

  const part = (/** @type {Score} */ one, /** @type {number} */ top) => html`<li data-c=${one.name}><span class="part-name"><i class="swatch"></i>${t().component[one.name]}</span>
    <i class="meter" aria-hidden="true"><i data-imputed=${!one.known} style=${{ width: `${(one.contribution_ppm / top) * 100}%` }}></i></i><b class="num">+${points(one.contribution_ppm)}</b>
    <p class="small">${one.because}</p><small class="num quiet">${points(one.value_ppm)} × ${percent(one.weight_ppm)}</small></li>`;
  const parts = () => {
    const scores = seen()?.components ?? [], top = Math.max(1, ...scores.map((one) => one.contribution_ppm));
    return inOrder(scores).map((one) => part(one, top));
  };
  const failed = () => told()?.why.failed_gates ?? [];
  const improvements = () => told()?.better.items ?? [];

  return html`<aside class="panel card" aria-label=${() => t().panel.title} aria-busy=${() => String(!told())} @keydown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape' && !isInviting.peek()) close(id); }}>
    <header class="panel-head">
      <div><h2 tabindex="-1" lang="ja" ref=${(/** @type {HTMLElement} */ el) => { if (matchMedia('(max-width: 1180px)').matches) queueMicrotask(() => el.focus()); }}>${() => seen()?.worker.alias ?? t().loading}</h2>
        <p class="small quiet facts"><span>${() => name('roles', seen()?.role)}</span><span>${place}</span><span lang="ja">${() => seen()?.worker.name.split(' ').pop() ?? ''}</span><a class="link" href=${`#/workers/${id}`}>${() => t().people.profile}</a></p></div>
      ${button('up', step(-1), () => t().panel.previous)}${button('down', step(1), () => t().panel.next)}
      <button class="button plain square" aria-label=${() => t().close} @click=${() => close(id)}>${Icon('close')}</button>
    </header>
    <div class="panel-body" tabindex="0">
      ${when(trouble, () => html`<p class="notice" role="alert">${() => trouble()?.message}<button class="button slim" @click=${ask}>${() => t().again}</button></p>`)}
      ${when(() => failed().length, () => html`<section><h3>${() => t().panel.failed}</h3><ul class="fails">${() => failed().map((one) => html`<li><span class="badge warn">${gateName(one.gate)}</span>${one.because}</li>`)}</ul></section>`)}
      ${when(seen, () => html`
        ${when(canInvite, () => html`<p><button class="button main" data-invite @click=${() => isInviting.set(true)}>${Icon('send')}${() => t().invite.open}</button></p>`)}
        ${when(application, () => html`<p class="facts"><span class="badge good">${() => word('ApplicationStatus', application()?.status)}</span><span>${() => name('roles', application()?.role)}</span></p>`)}
        <section><h3>${() => t().panel.sides}</h3>${Sides(() => /** @type {any} */ (seen() ?? { fit_ppm: 0 }))}</section>
        <section><h3>${() => t().panel.parts}<span class="quiet small num">${() => t().rank.known} ${() => percent(seen()?.completeness_ppm ?? 0)}</span></h3><ul class="parts">${parts}</ul></section>
        ${when(() => seen()?.other_roles.length, () => html`<section><h3>${() => t().panel.otherRoles}</h3><ul class="changes">${() => seen()?.other_roles.map((one) => html`<li><b class="num">${points(one.fit_ppm)}</b><span>${name('roles', one.role)}</span></li>`)}</ul></section>`)}
        ${when(() => seen()?.unconfirmed.length, () => html`<section><h3>${() => t().panel.unconfirmed}</h3><ul class="fails">${() => seen()?.unconfirmed.map((code) => html`<li><span class="badge warn">${t().unconfirmed[/** @type {'hours'} */ (code)] ?? word('Unconfirmed', code)}</span>${t().panel.ask(word('Unconfirmed', code))}</li>`)}</ul></section>`)}`)}
      ${when(told, () => html`<section><h3>${() => (told()?.why.is_ranked ? t().panel.changes : t().panel.changesPass)}</h3>
        ${when(() => isCustom() || trials().length, () => html`<p class="small quiet">${() => t().panel.onTrial}</p>`)}
        ${when(() => improvements().length, () => html`<ul class="changes">${() => improvements().map((one) => html`<li><b class="num">${t().rankNo(one.rank)}</b><span>${one.because}</span><span class="num quiet small">${points(one.fit_ppm)}</span></li>`)}</ul>`, () => html`<p class="quiet">${() => t().panel.noChange}</p>`)}</section>`)}
    </div>
    ${when(isInviting, () => Invitation({ worker: /** @type {any} */ (seen.peek()), onClose: () => isInviting.set(false) }))}
  </aside>`;
}

/** @param {string} id */
export function close(id) {
  open(null);
  requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector(`[data-row="${id}"]`))?.focus());
}
