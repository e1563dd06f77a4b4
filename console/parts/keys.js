/** What every screen answers to: "/" seeks, "?" tells the keys, "g" and a letter go somewhere. */
import { html, onRemove, signal, when } from './view.js';
import { Dialog } from './controls.js';
import { t } from '../words/index.js';

const isShown = signal(false);
/** @type {Record<string, string>} */
const PLACES = { d: '#/', r: '#/requests', n: '#/requests/new', w: '#/workers', i: '#/imports' };

/** @param {string} selector */
const focus = (selector) => /** @type {HTMLElement|null} */ (document.querySelector(selector))?.focus();

export function Keys() {
  let ledAt = 0;
  const onKey = (/** @type {KeyboardEvent} */ e) => {
    if (e.isComposing || e.metaKey || e.ctrlKey || e.altKey) return;
    const at = /** @type {HTMLElement} */ (e.target);
    if (at.matches('input:not([type=range]):not([type=checkbox]), textarea, select') || document.querySelector('dialog[open]')) return;
    const isLed = e.timeStamp - ledAt < 900;
    ledAt = 0;
    if (e.key === '/') focus('[data-search]');
    else if (e.key === '?') isShown.set(true);
    else if (e.key === 'g') { ledAt = e.timeStamp; return; }
    else if (isLed && PLACES[e.key]) location.hash = PLACES[e.key];
    else if ((e.key === 'ArrowDown' || e.key === 'j') && at === document.body) focus('[data-row][tabindex="0"], [data-ticket]');
    else return;
    e.preventDefault();
  };
  addEventListener('keydown', onKey);
  onRemove(() => removeEventListener('keydown', onKey));
  const rows = () => t().keys.rows.map(([keys, what]) => html`<dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${what}</dd>`);
  return html`<button class="button plain square wide-only" aria-label=${() => t().keys.open} @click=${() => isShown.set(true)}><kbd aria-hidden="true">?</kbd></button>
    ${when(isShown, () => Dialog({ title: () => t().keys.title, onClose: () => isShown.set(false), content: html`<dl class="keys">${rows}</dl>` }))}`;
}
