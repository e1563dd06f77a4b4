// @ts-check
/** What most screens do: read something, read it anew when it changed, and say what went wrong. */
import { batch, effect, html, onRemove, signal, when } from './view.js';
import { Fault } from './form.js';
import { language, t } from '../words/index.js';
import { isAbort } from '../app/api.js';
import { onChange } from '../app/live.js';

/** @template T @typedef {import('./view.js').Signal<T>} Signal */

/**
 * Reads now, again when a signal changes that `read` looks at before it waits, and again after changes of these kinds.
 * @template T @param {(stop: AbortSignal) => Promise<T>} read @param {string[]} types
 */
export function reading(read, types) {
  let stop = new AbortController();
  const shown = /** @type {Signal<T|null>} */ (signal(null)), trouble = /** @type {Signal<Error|null>} */ (signal(null));
  async function load() {
    stop.abort();
    stop = new AbortController();
    const { signal: mine } = stop;
    try {
      const found = await read(mine);
      if (!mine.aborted) batch(() => { shown.set(found); trouble.set(null); });
    } catch (error) {
      if (!isAbort(error) && !mine.aborted) trouble.set(/** @type {Error} */ (error));
    }
  }
  effect(() => { language(); void load(); });
  effect(onChange(types, load));
  onRemove(() => stop.abort());
  return { shown, trouble, load };
}

/** What stands where a screen will be. @param {() => Error|null} trouble */
export const Waiting = (trouble) => html`<main class="screen" id="main" tabindex="-1" aria-busy=${() => String(!trouble())}>${when(trouble, () => Fault(trouble), () => html`<p class="empty">${() => t().loading}</p>`)}</main>`;

/** Sends something once at a time. @param {Signal<Error|null>} trouble */
export function sending(trouble) {
  const is = signal(false);
  return Object.assign(async (/** @type {() => Promise<unknown>} */ run) => {
    if (is.peek()) return false;
    is.set(true);
    try {
      await run();
      trouble.set(null);
      return true;
    } catch (error) {
      trouble.set(/** @type {Error} */ (error));
      return false;
    } finally {
      is.set(false);
    }
  }, { is });
}

/** The next pages of a list, behind those that are shown. @param {Signal<any>} shown @param {(cursor: string) => Promise<any>} read */
export const More = (shown, read) => when(() => shown()?.next, () => html`<p class="beyond"><button class="button" @click=${async () => {
  const now = shown.peek(), page = await read(now.next);
  if (shown.peek() === now) shown.set({ ...now, ...page, total: now.total, included: Object.fromEntries(Object.entries(page.included ?? {}).map(([name, list]) => [name, [...(now.included?.[name] ?? []), .../** @type {any[]} */ (list)]])), items: [...now.items, ...page.items] });
}}>${() => t().rank.more}</button></p>`);
