/** One fit, drawn as what it is made of, and the note on one part of it. */
import { effect, html, signal, when } from './view.js';
import { percent, points, t } from '../words/index.js';

/**
 * @typedef {import('../app/types.js').Score} Score
 * @typedef {import('../app/types.js').Component} Component
 * @typedef {import('../app/types.js').Side} Side
 */

/** The components of a fit, in the order in which they are drawn: the organization's, both, the worker's. */
/** @type {Record<Side, Component[]>} */
export const SIDES = {
  organization: ['skill', 'experience', 'reliability', 'text'],
  both: ['availability'],
  worker: ['distance', 'theme', 'format', 'responsiveness'],
};
export const ORDER = [...SIDES.organization, ...SIDES.both, ...SIDES.worker];

/** @param {Score[]} scores */
export const inOrder = (scores) => [...scores].sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));

/**
 * What the pointer or the keys are on.
 * @type {import('./view.js').Signal<{score: Score, at: DOMRect, owner: string}|null>}
 */
export const pointed = signal(null);

/** @param {Score[]} scores @param {number} fit */
const inWords = (scores,
  fit) => t().rank.barLabel(points(fit),
  inOrder(scores).map((one) => `${t().component[one.name]} ${points(one.contribution_ppm)}`).join(t().comma));

/**
 * @param {{scores: () => Score[], fit: () => number, owner: string, alone?: () => Component|null, most?: () => number}}
 * of
 */
export function Bar({ scores, fit, owner, alone = () => null, most = () => 0 }) {
  const parts = ORDER.map((name) => {
    const part = document.createElement('i');
    part.className = 'seg';
    part.dataset.c = name;
    return part;
  });
  /** One reaction for all parts: rankings have hundreds of them, which change at once. */
  effect(() => {
    const only = alone(), whole = only ? most() : 1_000_000, found = new Map(scores().map((one) => [one.name, one]));
    parts.forEach((part, i) => {
      const score = found.get(ORDER[i]);
      part.style.width = `${((score?.contribution_ppm ?? 0) / whole) * 100}%`;
      part.toggleAttribute('data-imputed', score?.known === false);
      part.toggleAttribute('data-off', only !== null && only !== ORDER[i]);
    });
  });
  effect(() => {
    const now = pointed(), on = now?.owner === owner ? now.score.name : null;
    parts.forEach((part, i) => part.toggleAttribute('data-on', ORDER[i] === on));
  });
  return html`<div class="bar" role="img" aria-label=${() => inWords(scores(), fit())} data-owner=${owner}>
    ${parts}
    </div>`;
}

/** Tells what is pointed at; one for the whole screen. */
export function Tip() {
  return when(pointed, () => {
    /** @type {HTMLElement} */ let box;
    const score = () => pointed()?.score;
    const made = html`<div class="tip" role="tooltip" ref=${(/** @type {HTMLElement} */ el) => { box = el; }}>
      <header><i class="swatch" data-c=${() => score()?.name}></i>
      ${() => { const s = score(); return s && t().component[s.name]; }}
      <span class="small quiet">${() => { const s = score(); return s && t().side[s.side]; }}</span>
      </header>
      <p>${() => score()?.because}</p>
      <dl class="num"><dt>${() => t().rank.value}</dt><dd>${() => points(score()?.value_ppm)}</dd>
      <dt>${() => t().rank.weight}</dt><dd>${() => percent(score()?.weight_ppm ?? 0)}</dd>
      <dt>${() => t().rank.contribution}</dt><dd>+${() => points(score()?.contribution_ppm)}</dd>
      </dl>
    </div>`;
    effect(() => {
      const now = pointed();
      if (now) requestAnimationFrame(() => {
        const { width, height } = box.getBoundingClientRect();
        const x = Math.min(Math.max(8, now.at.left + now.at.width / 2 - width / 2), innerWidth - width - 8);
        const above = now.at.top - height - 10;
        box.style.transform = `translate(${Math.round(x)}px, ${Math.round(above > 8 ? above : now.at.bottom + 10)}px)`;
      });
    });
    return made;
  });
}
