// @ts-check
/** The components of a fit, in the order in which they are drawn: the organization's, both, the worker's. */

/** @typedef {import('../app/types.js').Component} Component @typedef {import('../app/types.js').Side} Side @typedef {import('../app/types.js').Score} Score */

/** @type {Record<Side, Component[]>} */
export const SIDES = {
  organization: ['skill', 'experience', 'reliability', 'text'],
  both: ['availability'],
  worker: ['distance', 'theme', 'format', 'responsiveness'],
};
export const ORDER = [...SIDES.organization, ...SIDES.both, ...SIDES.worker];

/** @param {Score[]} scores */
export const inOrder = (scores) => [...scores].sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
