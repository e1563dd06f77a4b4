// @ts-check
/** Beside the list: the weights, and how the candidates came through the gates. */
import { each, html, memo, when } from '../../parts/view.js';
import { SIDES } from '../../parts/components.js';
import { percent, t, word } from '../../words/index.js';
import { PRESETS, ease, isCustom, keepWeights, ranking, relaxations, total, trials, unease, weigh, weights } from './store.js';

/** @typedef {import('../types.js').Component} Component */

/** @param {Component} of */
function Slider(of) {
  const share = memo(() => (total() ? percent((weights()[of] / total()) * 1_000_000) : '–'));
  const standard = () => PRESETS().standard[of];
  return html`<div class="slider" data-c=${of}>
    <label for=${`w-${of}`}><i class="swatch"></i>${() => t().component[of]}</label>
    <input id=${`w-${of}`} type="range" min="0" max="100" step="1" .value=${() => String(weights()[of])} aria-valuetext=${() => t().weights.share(share())}
      style=${() => ({ '--at': `${weights()[of]}%`, '--was': `${standard()}%` })} @input=${(/** @type {any} */ e) => weigh({ [of]: e.target.valueAsNumber })} @change=${keepWeights}
      @dblclick=${() => { weigh({ [of]: standard() }); keepWeights(); }} />
    <output class="num" for=${`w-${of}`} aria-hidden="true">${share}</output>
  </div>`;
}

export function Weights() {
  const is = (/** @type {string} */ key) => Object.entries(PRESETS()[key]).every(([c, n]) => weights()[/** @type {Component} */ (c)] === n);
  const set = (/** @type {string} */ key) => { weigh(PRESETS.peek()[key]); keepWeights(); };
  return html`<section class="block" aria-labelledby="weights-title">
    <header><h2 id="weights-title">${() => t().weights.title}</h2>
      ${when(isCustom, () => html`<button class="button slim" @click=${() => set('standard')}>${() => t().weights.reset}</button>`, () => html`<span class="small quiet">${() => t().weights.hint}</span>`)}</header>
    <div class="presets" role="group" aria-label=${() => t().weights.presets}>${Object.keys(PRESETS.peek()).map((key) => html`<button class="button slim" aria-pressed=${() => String(is(key))} @click=${() => set(key)}>${() => t().weights.preset[/** @type {'near'} */ (key)]}</button>`)}</div>
    ${/** @type {const} */ (['organization', 'both', 'worker']).map((side) => html`<div class="sliders"><p class="cap">${() => t().side[side]}</p>${SIDES[side].map(Slider)}</div>`)}
    ${when(() => total() === 0, () => html`<p class="notice" role="alert">${() => t().weights.zero}</p>`)}
  </section>`;
}

/** Short names of gates; the service's sentence is the title. @param {string} code */
export const gateName = (code) => t().gate[/** @type {'too_far'} */ (code)] ?? word('Gate', code);

export function Gates() {
  const considered = () => ranking()?.considered ?? 0, passed = () => ranking()?.passed ?? 0;
  const width = (/** @type {number} */ n) => ({ width: `${(n / Math.max(1, considered())) * 100}%` });
  const steps = memo(() => {
    let left = considered();
    return (ranking()?.removed ?? []).map(({ gate, count }) => ({ gate: String(gate), count, left: (left -= count) }));
  });
  const because = (/** @type {string} */ gate) => relaxations()?.gates.find((one) => one.gate === gate)?.because ?? word('Gate', gate);
  return when(() => ranking()?.removed, () => html`<section class="block" aria-labelledby="gates-title">
    <header><h2 id="gates-title">${() => t().gates.title}</h2></header>
    <ol class="funnel num">
      <li class="edge"><span>${() => t().gates.considered}</span><i class="pipe"><i style=${{ width: '100%' }}></i></i><b>${considered}</b></li>
      ${each(steps, (one) => one.gate, (one) => html`<li title=${() => because(one().gate)}>
        <span>${() => gateName(one().gate)}</span><i class="pipe" aria-hidden="true"><i style=${() => width(one().left)}></i><i class="out" style=${() => width(one().count)}></i></i>
        <b><span aria-hidden="true">−${() => one().count}</span><span class="sr">${() => t().gates.left(gateName(one().gate), one().count, one().left)}</span></b></li>`)}
      <li class="edge last"><span>${() => t().gates.passed}</span><i class="pipe"><i style=${() => width(passed())}></i></i><b>${passed}</b></li>
    </ol>
    <h3>${() => t().gates.ease}</h3>
    ${when(() => trials().length, () => html`<ul class="easings">${() => trials().map((one) => html`<li data-on><p>${one.because}</p></li>`)}<li><button class="button slim on" @click=${unease}>${() => t().gates.undo}</button></li></ul>`)}
    ${when(() => relaxations()?.items.length === 0, () => html`<p class="small quiet">${() => t().gates.none}</p>`)}
    <ul class="easings">${each(() => relaxations()?.items ?? [], (one) => JSON.stringify(one.patch), (one) => html`<li>
      <p>${() => one().because}</p><b class="num" aria-hidden="true">${() => t().gates.more(one().additional_passed)}</b>
      <button class="button slim" aria-label=${() => `${t().gates.try}: ${one().because}`} @click=${() => ease(one.peek())}>${() => t().gates.try}</button></li>`)}</ul>
  </section>`);
}
