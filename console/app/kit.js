/** All that screens are made of, in one place: parts, words, and what the app knows of the service and its user. */
export * from '../parts/view.js';
export * from '../parts/bar.js';
export * from '../parts/moving.js';
export * from '../parts/controls.js';
export * from '../parts/form.js';
export * from '../parts/focus.js';
export * from '../parts/records.js';
export * from '../words/index.js';
export * from './api.js';
export * from './catalogue.js';
export * from './route.js';
