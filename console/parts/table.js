// @ts-check
/** Lists as tables, and other parts of screens that show records. */
import { each, html, when } from './view.js';
import { Fault } from './form.js';
import { More, Waiting, reading } from './reading.js';
import { number, t } from '../words/index.js';
import { get } from '../app/api.js';
import { query, requery } from '../app/route.js';

/** @typedef {{items: any[], next: string|null, total?: {count: number, exact: boolean}|null, included?: any}} Page */
/** @typedef {ReturnType<typeof listing>} Listing */

/** A list that is read page by page. While one types what to seek, it waits. @param {string} path @param {() => import('../app/api.js').Asked} asked @param {string[]} [types] */
export function listing(path, asked, types = []) {
  let isFirst = true;
  const of = reading(async (stop) => {
    const words = asked();
    if (!isFirst) await new Promise((done) => { setTimeout(done, 150); });
    isFirst = false;
    stop.throwIfAborted();
    return /** @type {Promise<Page>} */ (get(path, words, stop));
  }, types);
  return { ...of, items: () => of.shown()?.items ?? [], more: More(of.shown, (cursor) => get(path, { ...asked(), cursor })) };
}

/** How many there are. @param {Listing} of */
export const count = (of) => { const total = of.shown()?.total; return total ? `${number(total.count)}${total.exact ? '' : '+'}` : ''; };

/** @param {{of: Listing, label: () => string, head: () => string[], line: (one: import('./view.js').Signal<any>) => Node, key?: (one: any) => string, none?: () => string}} of */
export const Table = ({ of, label, head, line, key = (one) => one.id, none = () => t().none }) => html`${when(of.trouble, () => Fault(of.trouble))}
  <div class="card table-box" tabindex="0" role="region" aria-label=${label} aria-busy=${() => String(!of.shown() && !of.trouble())}><table class="table"><thead><tr>${() => head().map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${each(of.items, key, line)}</tbody></table>
    ${when(() => of.shown() && !of.items().length, () => html`<p class="empty">${none}</p>`)}${of.more}</div>`;

/** The frame of a screen that appears once its record is read. @param {{shown: () => unknown, trouble: () => Error|null}} of @param {string} kind @param {() => unknown} content */
export const Screen = (of, kind, content) => when(of.shown, () => html`<main class="screen ${kind}" id="main" tabindex="-1">${content()}</main>`, () => Waiting(of.trouble));

/** @param {string[]} params */
export const Clear = (params) => when(() => params.some((one) => query()[one]), () => html`<button class="button plain" @click=${() => requery(Object.fromEntries(params.map((one) => [one, undefined])))}>${() => t().requests.clear}</button>`);

/** Places beside each other, of which one is shown. @param {() => string} label @param {[string, () => string][]} places paths and titles @param {string} at */
export const Tabs = (label, places, at) => html`<nav class="subnav" aria-label=${label}>${places.map(([to, title]) => html`<a href=${`#/${to}`} aria-current=${at === to ? 'page' : null}>${title}</a>`)}</nav>`;

/** A fact with its name, where there is one. @param {() => string} label @param {() => unknown} value */
export const Fact = (label, value) => when(() => { const one = value(); return Array.isArray(one) ? one.length : one; }, () => html`<div><dt>${label}</dt><dd>${value}</dd></div>`);
