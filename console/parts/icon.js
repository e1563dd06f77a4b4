// @ts-check
import { html } from './view.js';

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
export const Icon = (name) => html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="${PATHS[name]}" /></svg>`;

export const Mark = () => html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path class="one" d="M12 12C9.5 6.5 3 6.5 3 12s6.5 5.5 9 0" /><path class="two" d="M12 12c2.5-5.5 9-5.5 9 0s-6.5 5.5-9 0" /></svg>`;
