/** Rows that get another order: which of them move, and how they glide there. */

/**
 * The places of the longest run that is in order already, so that as few rows as possible move.
 * @param {number[]} were where each was; new ones at -1
 */
export function ascending(were) {
  const lasts = /** @type {number[]} */ ([]), before = /** @type {number[]} */ ([]), kept = new Set();
  were.forEach((was, i) => {
    if (was < 0) return;
    const longer = lasts.findIndex((last) => were[last] > was), at = longer < 0 ? lasts.length : longer;
    before[i] = lasts[at - 1];
    lasts[at] = i;
  });
  for (let i = /** @type {number|undefined} */ (lasts[lasts.length - 1]); i !== undefined; i = before[i]) kept.add(i);
  return kept;
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
    /** Below the sheet with the sliders nobody sees them either; where there is room, it stands beside the list. */
    const sheet = document.querySelector('[data-sheet] .rail')?.getBoundingClientRect();
    const floor = sheet && sheet.right > box.left ? sheet.top : innerHeight;
    const isNear = (/** @type {number} */ y) => base + y > -120 && base + y < floor;
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
