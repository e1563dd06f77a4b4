/** Small parts: icons, a field to seek with, a dialog, and the keys that every screen answers to. */
import { holdFocus } from './focus.js';
import { html, onRemove, signal, when } from './view.js';
import { cover } from '../app/route.js';
import { t } from '../words/index.js';

const PATHS = {
  search: 'M7 12.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM11 11l3.5 3.5',
  close: 'M3.5 3.5l9 9m0-9l-9 9',
  up: 'M8 12.5v-9M4 7.5l4-4 4 4',
  down: 'M8 3.5v9M4 8.5l4 4 4-4',
  next: 'M6.5 3l5 5-5 5',
  sliders: 'M2 4.5h7m3 0h2M2 11.5h2m3 0h7M9 2.5v4M4 9.5v4',
  send: 'M14 2L7 9M14 2l-4.5 12L7 9 2 6.5z',
};

/** @param {keyof typeof PATHS} name */
export const Icon = (name) => html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="${PATHS[name]}" />
  </svg>`;

export const Mark = () => html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
  <path class="one" d="M12 12C9.5 6.5 3 6.5 3 12s6.5 5.5 9 0" />
  <path class="two" d="M12 12c2.5-5.5 9-5.5 9 0s-6.5 5.5-9 0" />
  </svg>`;

/**
 * A search field that keeps still while kana are turned into kanji: neither what is half written nor the Enter that accepts
 * it is passed on. Chrome ends a composition with keydown before compositionend, Safari after it (keyCode 229).
 * @param {{value: () => string, label: () => string, onText: (text: string) => void, onEnter?: () => void}} of
 */
export function Search({ value, label, onText, onEnter }) {
  let isComposing = false;
  return html`<label class="field">${Icon('search')}<span class="sr">${label}</span>
    <input type="search" data-search enterkeyhint="search" autocomplete="off" spellcheck="false" placeholder=${label}
    .value=${value}
      @compositionstart=${() => { isComposing = true; }}
      @compositionend=${(/** @type {any} */ e) => { isComposing = false; onText(e.target.value); }}
      @input=${(/** @type {any} */ e) => { if (!isComposing && !e.isComposing) onText(e.target.value); }}
      @keydown=${(/** @type {any} */ e) => {
        if (isComposing || e.isComposing || e.keyCode === 229) return;
        if (e.key === 'Enter') { e.preventDefault(); onEnter?.(); }
        if (e.key === 'Escape') { onText(''); e.target.blur(); e.stopPropagation(); }
      }} /><kbd aria-hidden="true">/</kbd></label>`;
}

/**
 * A dialog over the screen, open from the start. Escape, the cross and Back close it; the focus returns to where it was, or to
 * what has taken its place.
 * Without `onClose`, it stays until it is removed.
 * @param {{title: () => string, onClose?: () => void, content: unknown, kind?: string}} of
 */
export function Dialog({ title, onClose, content, kind = '' }) {
  const giveBack = holdFocus();
  onRemove(() => queueMicrotask(giveBack));
  let uncover = () => {};
  onRemove(() => uncover());
  const open = (/** @type {HTMLDialogElement} */ dialog) => queueMicrotask(() => {
    if (!dialog.isConnected || dialog.open) return;
    dialog.showModal();
    if (onClose) uncover = cover(() => dialog.close());
    /** @type {HTMLElement|null} */ (dialog.querySelector('[data-first]') ??
      dialog.querySelector('form :is(input, select, textarea)'))?.focus();
  });
  return html`<dialog class="dialog ${kind}" aria-labelledby="dialog-title" ref=${open}
    @close=${(/** @type {any} */ e) => (onClose ? onClose() : e.target.showModal())}>
    <div class="dialog-head"><h2 id="dialog-title">${title}</h2>
    ${onClose && html`<button type="button" class="button plain square" aria-label=${() => t().close}
    @click=${(/** @type {any} */ e) => e.target.closest('dialog').close()}>
    ${Icon('close')}
    </button>`}
    </div>
    ${content}</dialog>`;
}

/** "/" seeks, "?" tells the keys, "g" and a letter go somewhere. */
const isShown = signal(false);
/** @type {Record<string, string>} */
const PLACES = { d: '#/', r: '#/requests', n: '#/requests/new', w: '#/workers', i: '#/imports' };

/** @param {string} selector */
export const focus = (selector) => /** @type {HTMLElement|null} */ (document.querySelector(selector))?.focus();

export function Keys() {
  let ledAt = 0;
  const onKey = (/** @type {KeyboardEvent} */ e) => {
    if (e.isComposing || e.metaKey || e.ctrlKey || e.altKey) return;
    const at = /** @type {HTMLElement} */ (e.target);
    if (at.matches('input:not([type=range]):not([type=checkbox]), textarea, select') ||
      document.querySelector('dialog[open]')) return;
    const isLed = e.timeStamp - ledAt < 900;
    ledAt = 0;
    if (e.key === '/') focus('[data-search]');
    else if (e.key === '?') isShown.set(true);
    else if (e.key === 'g') { ledAt = e.timeStamp; return; }
    else if (isLed && PLACES[e.key]) location.hash = PLACES[e.key];
    else if ((e.key === 'ArrowDown' || e.key === 'j') &&
      at === document.body) focus('[data-row][tabindex="0"], [data-ticket]');
    else return;
    e.preventDefault();
  };
  addEventListener('keydown', onKey);
  onRemove(() => removeEventListener('keydown', onKey));
  const rows = () => t().keys.rows.map(([keys, what]) => html`<dt>
    ${keys.split(' ').map((key) => html`<kbd>${key}</kbd>`)}
    </dt><dd>${what}</dd>`);
  return html`<button class="button plain square wide-only" aria-label=${() => t().keys.open}
    @click=${() => isShown.set(true)}>
    <kbd aria-hidden="true">?</kbd>
    </button>
    ${when(isShown,
      () => Dialog({ title: () => t().keys.title, onClose: () => isShown.set(false),
      content: html`<dl class="keys">${rows}</dl>` }))}`;
}
