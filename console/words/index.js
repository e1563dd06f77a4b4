/** The texts of the console, and the words that the service has for its codes. */
import { memo, signal } from '../parts/view.js';
import ja from './ja.js';
import en from './en.js';

const KEY = 'musubi.language';
const asked = localStorage.getItem(KEY) ?? (navigator.language.startsWith('ja') ? 'ja' : 'en');

/** @type {import('../parts/view.js').Signal<'ja'|'en'>} */
export const language = signal(asked === 'en' ? 'en' : 'ja');

/** The texts in the current language: `t().rank.title`. */
export const t = memo(() => (language() === 'ja' ? ja : /** @type {typeof ja} */ (/** @type {unknown} */ (en))));

/** @param {'ja'|'en'} to */
export function speak(to) {
  localStorage.setItem(KEY, to);
  language.set(to);
}

/**
 * What `GET /v1/vocabulary` answered.
 * @type {import('../parts/view.js').Signal<Record<string, Record<string, {ja: string, en: string}>>>}
 */
export const vocabulary = signal({});

/** The service's word for a code. @param {string} set @param {string|null|undefined} code @returns {string} */
export function word(set, code) {
  if (!code) return '';
  const found = vocabulary()[set]?.[code]?.[language()] ?? code.replaceAll('_', ' ');
  return language() === 'en' ? found[0].toUpperCase() + found.slice(1) : found;
}

/** Parts per million as points of a hundred: 795452 is "79.5". @param {number|null|undefined} ppm */
export const points = (ppm) => (ppm === null || ppm === undefined ? '–' : (ppm / 10_000).toFixed(1));

/** A sum of fits, as the service's sentences say it: 2284131 is "2.28". @param {number|null|undefined} ppm */
export const sum = (ppm) => ((ppm ?? 0) / 1_000_000).toFixed(2);
/** The same as a difference. @param {number} ppm */
export const change = (ppm) => `${ppm < 0 ? '−' : '+'}${sum(Math.abs(ppm))}`;

/** @param {number} ppm */
export const percent = (ppm) => `${Math.round(ppm / 10_000)}%`;

const locale = () => (language() === 'ja' ? 'ja-JP' : 'en-GB');

/** @param {string|Date|null|undefined} when @param {Intl.DateTimeFormatOptions} [options] */
export function date(when, options = { dateStyle: 'medium' }) {
  if (!when) return '';
  const day = typeof when === 'string' && when.length === 10 ? new Date(`${when}T00:00:00+09:00`) : new Date(when);
  return new Intl.DateTimeFormat(locale(), { timeZone: 'Asia/Tokyo', ...options }).format(day);
}

/** @param {string} when */
export const moment = (when) => date(when, { dateStyle: 'medium', timeStyle: 'short' });

/** @param {number} n */
export const number = (n) => n.toLocaleString(locale());
