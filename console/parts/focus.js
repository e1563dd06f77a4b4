/** Where the focus goes when what had it is gone: nobody who uses a keyboard starts again at the top. */
const TARGETS = 'a[href], button:not([disabled]), input, select, textarea, summary, [tabindex]';

/**
 * Notes what has the focus. What it returns gives the focus back, if nothing has it by then: to the same element, or to
 * what has taken its place, which is the next row where one was deleted.
 */
export function holdFocus() {
  const had = /** @type {HTMLElement|null} */ (document.activeElement), path = /** @type {[Element, Element, number][]} */ ([]);
  for (let at = had; at && at !== document.body && at.parentElement; at = at.parentElement) {
    path.push([at, at.parentElement, [...at.parentElement.children].indexOf(at)]);
  }
  return () => {
    const now = document.activeElement;
    if (!had || !path.length || (now && now !== document.body)) return;
    const [gone, parent, index] = path.find(([, within]) => within.isConnected) ?? [had, document.body, 0];
    /** A dialog gives it back to where it was opened from. */
    if (!gone.isConnected && gone.matches('dialog')) return;
    const place = gone.isConnected ? gone : parent.children[Math.min(index, parent.children.length - 1)];
    const targets = (/** @type {Element|undefined} */ of) => /** @type {HTMLElement[]} */ (of ? [of, ...of.querySelectorAll(TARGETS)].filter((one) => one.matches(TARGETS)) : []);
    /** What isn't seen takes none either. */
    const found = targets(place).filter((one) => one.checkVisibility()), main = document.getElementById('main');
    /** What is still disabled takes none. */
    const to = had.isConnected && !had.matches(':disabled') ? had : gone.matches('main') ? main
      : found[targets(gone).indexOf(had)] ?? found[0] ?? parent.closest('[tabindex]') ?? main;
    /** @type {HTMLElement|null} */ (to)?.focus({ preventScroll: true });
  };
}
