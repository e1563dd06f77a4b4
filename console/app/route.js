/**
 * Where the user is: a path and a query behind the #. What is looked at is in the address, so that it can be passed on.
 */
import { batch, signal } from '../parts/view.js';

/** @typedef {Record<string, string>} Query */

/** @returns {{path: string, query: Query}} */
function read() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  return { path: path.replace(/\/$/, ''), query: Object.fromEntries(new URLSearchParams(query ?? '')) };
}

const first = read();
export const path = signal(first.path);
export const query = signal(first.query);

/** What was typed last: the next letter of it is no other step. */
let typing = '';

function follow() {
  const next = read();
  typing = '';
  batch(() => {
    path.set(next.path);
    query.set(next.query);
  });
}
addEventListener('hashchange', follow);

/** Every step has a state from the start: none means that the browser has just made it, for a link. */
const state = () => ({ y: read().path === path.peek() ? scrollY : 0 });

/** What lies over the screen, each with the step of the history that Back takes to close it. @type {{mark: number, shut: () => void}[]} */
const layers = [];
addEventListener('popstate', () => {
  if (history.state === null) {
    history.replaceState(state(), '');
    moved();
  } else if (isBacking && arrived()) return;
  const mark = history.state?.over, at = layers.findIndex((one) => one.mark === mark);
  for (const one of layers.splice(at + 1)) one.shut();
  /** A step whose dialog is gone shows nothing. */
  if (mark && at < 0) stepBack();
});

/** The browser steps back some time after it was asked to. Who has gone elsewhere meanwhile stays there. */
let isBacking = false, backing = 0, elsewhere = /** @type {{state: any, hash: string}|null} */ (null);
function stepBack() {
  isBacking = true;
  clearTimeout(backing);
  /** Where the browser dropped the step, the next one is the user's own. */
  backing = setTimeout(() => { isBacking = false; elsewhere = null; }, 1000);
  history.back();
}
function moved() {
  if (isBacking) elsewhere = { state: history.state, hash: location.hash };
}
function arrived() {
  const to = elsewhere;
  [isBacking, elsewhere] = [false, null];
  if (to) history.pushState(to.state, '', to.hash);
  return to !== null;
}
if (history.state?.over) stepBack();
else if (!history.state) history.replaceState(state(), '');

/** Says that something was opened over the screen. Returns what to call once it was closed. @param {() => void} shut */
export function cover(shut) {
  const mark = performance.timeOrigin + performance.now();
  history.pushState({ y: scrollY, over: mark }, '');
  moved();
  layers.push({ mark, shut });
  return () => {
    const at = layers.findIndex((one) => one.mark === mark);
    if (at >= 0) layers.splice(at, 1);
    if (history.state?.over === mark) stepBack();
  };
}

let timer = 0;
/** A step of the history knows how far down it was read: Back returns there. Safari refuses 100 notes in half a minute. */
addEventListener('scroll', () => { clearTimeout(timer);
  timer = setTimeout(() => history.replaceState({ ...history.state, y: scrollY }, ''), 350); }, { passive: true });

/** @param {string} to @param {Record<string, string|undefined|null>} [asked] */
export function href(to, asked = {}) {
  const kept = Object.entries(asked).filter(([, value]) => value);
  const words = new URLSearchParams(/** @type {[string, string][]} */ (kept)).toString();
  return `#/${to}${words ? `?${words}` : ''}`;
}

/** From a dialog that ends with it, it is the dialog's step. @param {string} to @param {Record<string, string|undefined|null>} [asked] */
export function go(to, asked) {
  if (history.state?.over) replace(to, asked); else location.hash = href(to, asked);
}

/**
 * Takes the place of the current step in the history.
 * @param {string} to
 * @param {Record<string, string|undefined|null>} [asked]
 */
export function replace(to, asked) {
  history.replaceState({ y: to === path.peek() ? scrollY : 0 }, '', href(to, asked));
  moved();
  follow();
}

/** Changes the query: Back undoes it. What is `typed` is one step as a whole. @param {Record<string, string|undefined|null>} change @param {string} [typed] */
export function requery(change, typed = '') {
  const at = path.peek(), next = { ...query.peek(), ...change }, from = href(at, query.peek()), to = href(at, next);
  if (to === from) return;
  if (history.state?.over || (typed && typed === typing)) replace(at, next);
  else { history.pushState({ y: scrollY, from }, '', to); moved(); follow(); }
  typing = typed;
}

/** Takes back the step that led here from `asked`, so that no step is left that does nothing. @param {Record<string, string>} asked */
export function retreat(asked) {
  if (history.state?.from === href(path.peek(), asked)) stepBack(); else replace(path.peek(), asked);
}
