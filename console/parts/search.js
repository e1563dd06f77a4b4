// @ts-check
import { html } from './view.js';
import { Icon } from './icon.js';

/**
 * A search field that keeps still while kana are turned into kanji: neither what is half written nor the Enter that accepts
 * it is passed on. Chrome ends a composition with keydown before compositionend, Safari after it (keyCode 229).
 * @param {{value: () => string, label: () => string, onText: (text: string) => void, onEnter?: () => void}} of
 */
export function Search({ value, label, onText, onEnter }) {
  let isComposing = false;
  return html`<label class="field">${Icon('search')}<span class="sr">${label}</span>
    <input type="search" data-search enterkeyhint="search" autocomplete="off" spellcheck="false" placeholder=${label} .value=${value}
      @compositionstart=${() => { isComposing = true; }}
      @compositionend=${(/** @type {any} */ e) => { isComposing = false; onText(e.target.value); }}
      @input=${(/** @type {any} */ e) => { if (!isComposing && !e.isComposing) onText(e.target.value); }}
      @keydown=${(/** @type {any} */ e) => {
        if (isComposing || e.isComposing || e.keyCode === 229) return;
        if (e.key === 'Enter') { e.preventDefault(); onEnter?.(); }
        if (e.key === 'Escape') { onText(''); e.target.blur(); e.stopPropagation(); }
      }} /><kbd aria-hidden="true">/</kbd></label>`;
}
