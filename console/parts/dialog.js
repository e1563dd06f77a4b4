// @ts-check
import { html } from './view.js';
import { Icon } from './icon.js';
import { t } from '../words/index.js';

/**
 * A dialog over the screen, open from the start. Escape and the cross close it; the focus returns to where it was.
 * @param {{title: () => string, onClose: () => void, content: unknown, kind?: string}} of
 */
export function Dialog({ title, onClose, content, kind = '' }) {
  const from = /** @type {HTMLElement|null} */ (document.activeElement);
  const open = (/** @type {HTMLDialogElement} */ dialog) => queueMicrotask(() => {
    if (!dialog.isConnected || dialog.open) return;
    dialog.showModal();
    /** @type {HTMLElement|null} */ (dialog.querySelector('[data-first]'))?.focus();
  });
  return html`<dialog class="dialog ${kind}" aria-labelledby="dialog-title" ref=${open} @close=${() => { onClose(); queueMicrotask(() => from?.isConnected && from.focus()); }}>
    <div class="dialog-head"><h2 id="dialog-title">${title}</h2><button type="button" class="button plain square" aria-label=${() => t().close} @click=${(/** @type {any} */ e) => e.target.closest('dialog').close()}>${Icon('close')}</button></div>
    ${content}</dialog>`;
}
