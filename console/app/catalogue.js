/**
 * What codes of the catalogue are called. All is read before the first screen, so that no name comes late and moves
 * what is there.
 */
import { signal } from '../parts/view.js';
import { language, t, vocabulary, word } from '../words/index.js';
import { all } from './api.js';

/** @typedef {{code: string, names: {ja: string, en: string}, [more: string]: any}} Entry */
const NAMES = ['roles', 'areas', 'families', 'formats', 'skills', 'themes', 'deliverable-types'];
export const RETIRED = ['roles', 'skills', 'themes', 'deliverable-types'];
/** @type {import('../parts/view.js').Signal<Record<string, Map<string, Entry>>>} */
const lists = signal({});

export async function load() {
  const read = await Promise.all(NAMES.map((of) => all(of, RETIRED.includes(of) ? { include_retired: true } : {})));
  lists.set(Object.fromEntries(NAMES.map((of, i) => [of, new Map(read[i].map((item) => [item.code, item]))])));
}

/** @param {string} of @returns {Map<string, Entry>} */
export const entries = (of) => lists()[of] ?? new Map();

/** @param {string} of @param {string|null|undefined} code @returns {string} */
export function name(of, code) {
  if (!code) return '';
  const entry = entries(of).get(code);
  return entry ? entry.names[language()] ?? entry.label ?? code : '';
}

/** Codes that can be chosen, with their names. @param {string} of @returns {[string, () => string][]} */
export const named = (of) => [...entries(of).values()].filter((one) => !one.retired)
  .map(({ code }) => [code, () => name(of, code)]);
/** The same of a set of the vocabulary. @param {string} set @returns {[string, () => string][]} */
export const codes = (set) => Object.keys(vocabulary.peek()[set] ?? {}).map((code) => [code, () => word(set, code)]);

/** The day of a moment in Tokyo. @param {number} at */
export const dayAt = (at) => new Date(at + 9 * 3_600_000).toISOString().slice(0, 10);
export const today = () => dayAt(Date.now());
/** The fiscal year of today, which begins in April. */
export const thisYear = () => Number(today().slice(0, 4)) - Number(today().slice(5, 7) < '04');
/** Fiscal years to choose from, the next one first. @returns {[string, () => string][]} */
export const years = () => Array.from({ length: thisYear() - 2013 },
  (_, i) => [String(thisYear() + 1 - i), () => t().year(thisYear() + 1 - i)]);
export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
export const PARTS = ['morning', 'afternoon', 'evening'];
/** The parts of the week, in their order. */
export const dayParts = () => {
  const known = new Map(codes('DayPart'));
  return DAYS.flatMap((day) => PARTS.map((part) => `${day}_${part}`)).flatMap((code) => {
    const title = known.get(code);
    return title ? [/** @type {[string, () => string]} */ ([code, title])] : [];
  });
};
