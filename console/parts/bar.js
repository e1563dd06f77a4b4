/** One fit, drawn as what it is made of; the note on one part of it; and rows that glide to their new places. */
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
export const inWords = (scores,
  fit) => t().rank.barLabel(points(fit),
  inOrder(scores).map((one) => `${t().component[one.name]} ${points(one.contribution_ppm)}`).join(t().comma));

/**
 * @param {{scores: () => Score[], fit: () => number, owner: string, alone: () => Component|null, most: () => number}}
 * of
 */
export function Bar({ scores, fit, owner, alone, most }) {
  const segment = (/** @type {Component} */ name) => {
    const score = () => scores().find((one) => one.name === name);
    const width = () => ({ width: `${((score()?.contribution_ppm ?? 0) / (alone() ? most() : 1_000_000)) * 100}%` });
    return html`<i class="seg" data-c=${name} data-imputed=${() => score()?.known === false}
      data-off=${() => alone() !== null && alone() !== name}
      data-on=${() => pointed()?.owner === owner && pointed()?.score.name === name} style=${width}></i>`;
  };
  return html`<div class="bar" role="img" aria-label=${() => inWords(scores(), fit())} data-owner=${owner}>
    ${ORDER.map(segment)}
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

/**
 * Lets the rows of a list glide to where they belong. Where a row is seen while it still glides counts as its old place,
 * so that a new order in mid-flight bends the way instead of jumping. That place is reckoned, not measured: the place
 * after the last update, and how far the glide has come. Measuring before the update would cost another layout.
 */
const still = matchMedia('(prefers-reduced-motion: reduce)');
const TIMING = { duration: 260, easing: 'cubic-bezier(.2,.8,.2,1)' };

/** @typedef {{top: number, from: number, run: Animation|null}} Place */

/** @param {Place} place */
function seenAt({ top, from, run }) {
  const progress = run?.playState === 'running' ? run.effect?.getComputedTiming().progress : 1;
  return top + from * (1 - (progress ?? 1));
}

/** Returns what to call once the rows are in place. @param {() => HTMLElement} list */
export function gliding(list) {
  /** @type {Map<string, Place>} */
  let places = new Map();
  let width = 0;
  return () => {
    const ol = list();
    if (!ol?.isConnected) return;
    const rows = /** @type {HTMLElement[]} */ ([...ol.children]);
    const box = ol.getBoundingClientRect(), base = box.top - ol.offsetTop;
    /** A list of another width has other heights: nothing moved, then, that is worth showing. */
    const known = !still.matches && box.width === width ? places : new Map();
    const isNear = (/** @type {number} */ y) => base + y > -120 && base + y < innerHeight + 120;
    const tops = rows.map((row) => row.offsetTop);
    const next = new Map();
    rows.forEach((row, i) => {
      const key = row.dataset.key ?? '', top = tops[i], old = known.get(key);
      const from = old ? seenAt(old) - top : 0;
      let run = null;
      if (old && Math.abs(from) > 1 &&
        (isNear(top) ||
        isNear(top + from))) run = row.animate([{ transform: `translateY(${from}px)` }, { transform: 'none' }], TIMING);
      else if (!old && known.size && isNear(top)) row.animate([{ opacity: 0 }, { opacity: 1 }], TIMING);
      old?.run?.cancel();
      next.set(key, { top, from, run });
    });
    places = next;
    width = box.width;
  };
}
