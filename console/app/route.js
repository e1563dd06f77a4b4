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

function follow() {
  const next = read(), y = next.path === path.peek() ? scrollY : 0;
  batch(() => {
    path.set(next.path);
    query.set(next.query);
  });
  if (!history.state) history.replaceState({ y }, '');
}
addEventListener('hashchange', follow);

let timer = 0;
/** A step of the history knows how far down it was read: Back returns there. Safari refuses 100 notes in half a minute. */
addEventListener('scroll', () => { clearTimeout(timer);
  timer = setTimeout(() => history.replaceState({ y: scrollY }, ''), 350); }, { passive: true });

/** @param {string} to @param {Record<string, string|undefined|null>} [asked] */
export function href(to, asked = {}) {
  const kept = Object.entries(asked).filter(([, value]) => value);
  const words = new URLSearchParams(/** @type {[string, string][]} */ (kept)).toString();
  return `#/${to}${words ? `?${words}` : ''}`;
}

/** @param {string} to @param {Record<string, string|undefined|null>} [asked] */
export function go(to, asked) {
  location.hash = href(to, asked);
}

/**
 * Takes the place of the current step in the history.
 * @param {string} to
 * @param {Record<string, string|undefined|null>} [asked]
 */
export function replace(to, asked) {
  history.replaceState(history.state, '', href(to, asked));
  follow();
}

/** Changes the query without a step in the history. @param {Record<string, string|undefined|null>} change */
export function requery(change) {
  replace(path.peek(), { ...query.peek(), ...change });
}
