/**
 * What most screens do: read something, read it anew when it changed, say what went wrong, and show records as tables.
 */
import { batch, each, effect, html, keyed, memo, onRemove, signal, when } from './view.js';
import { Fault } from './form.js';
import { holdFocus } from './focus.js';
import { language, moment, number, t, vocabulary, word } from '../words/index.js';
import { get, isAbort, may, onChange, pause } from '../app/api.js';
import { query, requery } from '../app/route.js';

/**
 * Reads now, again when a signal changes that `read` looks at before it waits, and again after changes of these kinds.
 * @template T @param {(stop: AbortSignal) => Promise<T>} read @param {string[]} types
 * @param {import('./view.js').Signal<T|null>} [shown] where it is held, if it is to outlive its screen
 */
export function reading(read, types, shown = signal(/** @type {T|null} */ (null))) {
  let stop = new AbortController();
  const trouble = /** @type {import('./view.js').Signal<Error|null>} */ (signal(null));
  let isReading = false, isStale = false;
  async function load() {
    stop.abort();
    stop = new AbortController();
    const { signal: mine } = stop;
    isReading = true;
    try {
      const found = await read(mine);
      if (!mine.aborted) batch(() => { shown.set(found); trouble.set(null); });
    } catch (error) {
      /** What is gone isn't shown any longer: somebody may have had it erased. */
      if (!isAbort(error) && !mine.aborted) trouble.set(Object.assign(/** @type {any} */ (error),
        { isGone: /** @type {any} */ (error).status === 404, again: load }));
    }
    if (mine.aborted) return;
    isReading = false;
    if (isStale) { isStale = false; void load(); }
  }
  effect(() => { language(); void load(); });
  /** Where changes come faster than it is read, each reading is finished before the next. */
  effect(onChange(types, () => { if (isReading) isStale = true; else void load(); }));
  onRemove(() => stop.abort());
  /**
   * Does something and reads all anew, also where it was refused: what was read is old then.
   * @template T @param {() => Promise<T>} run
   */
  const anew = async (run) => { try { return await run(); } finally { await load(); } };
  return { shown, trouble, load, anew };
}

/** What stands where a screen will be. @param {() => Error|null} trouble */
export const Waiting = (trouble) => when(trouble, () => html`<h1>${() => t().failed}</h1>${Fault(trouble)}`,
  () => html`<p class="empty">${() => t().loading}</p>`);

/** Sends something once at a time. @param {import('./view.js').Signal<Error|null>} trouble */
export function sending(trouble) {
  const is = signal(false);
  return Object.assign(async (/** @type {() => Promise<unknown>} */ run) => {
    if (is.peek()) return false;
    const giveBack = holdFocus();
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
      /** A button that was disabled meanwhile has lost the focus. */
      setTimeout(giveBack);
    }
  }, { is });
}

/**
 * The next pages of a list, behind those that are shown.
 * @param {import('./view.js').Signal<any>} shown
 * @param {(cursor: string) => Promise<any>} read
 */
const More = (shown,
  read) => when(() => shown()?.next, () => html`<p class="beyond"><button class="button" @click=${async () => {
  const now = shown.peek(), page = await read(now.next);
  if (shown.peek() === now) shown.set({ ...now, ...page, total: now.total,
    included: Object.fromEntries(Object.entries(page.included ?? {})
    .map(([name, list]) => [name, [...(now.included?.[name] ?? []), .../** @type {any[]} */ (list)]])),
    items: [...now.items, ...page.items] });
}}>${() => t().rank.more}</button></p>`);

/** @typedef {{items: any[], next: string|null, total?: {count: number, exact: boolean}|null, included?: any}} Page */
/** @typedef {ReturnType<typeof listing>} Listing */

/**
 * A list that is read page by page. While one types what to seek, it waits.
 * @param {string} path
 * @param {() => import('../app/api.js').Asked} asked
 * @param {string[]} [types]
 */
export function listing(path, asked, types = []) {
  let isFirst = true;
  const of = reading(async (stop) => {
    const words = asked();
    if (!isFirst) await pause(150, stop);
    isFirst = false;
    return /** @type {Promise<Page>} */ (get(path, words, stop));
  }, types);
  /** The name of one that was included. @param {string|null|undefined} id @returns {string} */
  const organization = (id) => of.shown()?.included?.organizations?.find((/** @type {any} */ one) => one.id === id)?.name ?? '';
  return { ...of, items: () => of.shown()?.items ?? [], organization,
    more: More(of.shown, (cursor) => get(path, { ...asked(), cursor })) };
}

/** How many there are. @param {Listing} of */
export const count = (of) => { const total = of.shown()?.total;
  return total ? `${number(total.count)}${total.exact ? '' : '+'}` : ''; };

/**
 * @param
 * {{of: Listing, label: () => string, head: () => string[], line: (one: import('./view.js').Signal<any>) => Node, key?: (one: any) => string, none?: () => string}}
 * of
 */
export const Table = ({ of, label, head, line, key = (one) => one.id,
  none = () => t().none }) => html`${Fault(of.trouble)}
  <div class="card table-box" tabindex="0" role="region" aria-label=${label}
  aria-busy=${() => String(!of.shown() && !of.trouble())}>
  <table class="table"><thead><tr>${() => head().map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
  <tbody>${each(of.items, key, line)}</tbody>
  </table>
    ${when(() => of.shown() && !of.items().length, () => html`<p class="empty">${none}</p>`)}${of.more}</div>`;

/**
 * The frame of a screen whose content appears once its record is read. The frame stays, and the focus that is in it.
 * @param {{shown: () => unknown, trouble: () => Error|null}} of
 * @param {string} kind
 * @param {() => unknown} content
 */
export function Screen(of, kind, content) {
  const is = memo(() => Boolean(of.shown()) && !/** @type {any} */ (of.trouble())?.isGone);
  return html`<main class="screen ${kind}" id="main" tabindex="-1" aria-busy=${() => String(!is() && !of.trouble())}>
    ${when(is, content, () => Waiting(of.trouble))}
    </main>`;
}

/** @param {string[]} params */
export const Clear = (params) => when(() => params.some((one) => query()[one]),
  () => html`<button class="button plain"
  @click=${() => requery(Object.fromEntries(params.map((one) => [one, undefined])))}>
  ${() => t().requests.clear}
  </button>`);

/**
 * Places beside each other, of which one is shown.
 * @param {() => string} label
 * @param {[string, () => string][]} places paths and titles
 * @param {string} at
 */
export const Tabs = (label, places,
  at) => html`<nav class="subnav" aria-label=${label}>
  ${places.map(([to, title]) => html`<a href=${`#/${to}`} aria-current=${at === to ? 'page' : null}>${title}</a>`)}
  </nav>`;

/** A fact with its name, where there is one. @param {() => string} label @param {() => unknown} value */
export const Fact = (label,
  value) => when(() => { const one = value(); return Array.isArray(one) ? one.length : one; },
  () => html`<div><dt>${label}</dt><dd>${value}</dd></div>`);

/**
 * A filter that is in the address. Its options come with the catalogue: the value is set again once they are there.
 * @param {string} param
 * @param {() => string} label
 * @param {() => import('./form.js').Option[]} options
 */
export function Choice(param, label, options) {
  const value = () => query()[param] ?? '';
  return keyed(() => JSON.stringify(options()), () => html`<select class=${() => `select ${value() ? 'on' : ''}`}
    aria-label=${label} @change=${(/** @type {any} */ e) => requery({ [param]: e.target.value })} .value=${value}>
    <option value="">${label}</option>${options().map(([code, title]) => html`<option value=${code}>${title}</option>`)}
    </select>`);
}

/**
 * One that several screens have, under its usual name.
 * @param {keyof ReturnType<typeof t>['requests']['any']} param
 * @param {() => import('./form.js').Option[]} options
 */
export const Filter = (param, options) => Choice(param, () => t().requests.any[param], options);

/** The filters of a screen, as they are in the address. @param {string[]} params */
export const chosen = (params) => Object.fromEntries(params.map((one) => [one, query()[one]]));

/** What somebody is called. Who was erased has no id either. @param {string|null|undefined} name @param {string|null|undefined} id */
export const called = (name, id) => name ?? (id ? t().applications.unnamed : t().applications.erased);

/** Who did something: the role, where it was somebody. @param {string|null|undefined} actor */
export const by = (actor) => { const role = actor?.split(':')[0] ?? '';
  return vocabulary().UserRole?.[role] ? word('UserRole', role) : ''; };

/** Who looked at a record or decided about it, for those who may know. @param {string} id */
export const audited = (id) => (may('audit:read') ? listing('audit', () => ({ subject_id: id, limit: 20 })) : null);

/** @typedef {{at?: string|null, what: string, who?: string, more?: string|null}} Happened */
/**
 * What happened to a record, the newest first; what the same people did again and again is one line.
 * @param {() => Happened[]} known the oldest first @param {Listing|null} [audit]
 */
export function History(known, audit) {
  const lines = () => [...known().reverse(), ...(audit?.items() ?? []).map((one) => ({ at: one.occurred_at,
    what: word('AuditAction', one.action), who: by(one.actor), more: '' }))].filter((one) => one.at)
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .reduce((/** @type {any[]} */ all, one) => { const last = all[all.length - 1];
      return one.who && last?.who === one.who && last.what === one.what
        ? [...all.slice(0, -1), { ...last, times: last.times + 1 }] : [...all, { ...one, times: 1 }]; }, []);
  return html`<section class="card pad"><h2>${() => t().history.title}</h2>
    <ol class="history">
    ${() => lines().map((one) => html`<li><time class="num small quiet" datetime=${one.at}>${moment(one.at)}</time>
    <div><b>${one.what}</b> <span class="small quiet">${one.who} ${one.times > 1 && `× ${one.times}`}</span>
    ${one.more && html`<p class="small" lang="ja">${one.more}</p>`}
    </div>
    </li>`)}
    </ol>${audit?.more}
    </section>`;
}
