// @ts-check
/** What a worker or an organization is, field by field, in words. */
import { html } from '../../parts/view.js';
import { date, moment, t, vocabulary, word } from '../../words/index.js';
import { Tabs } from '../../parts/table.js';
import { name } from '../catalogue.js';
import { may } from '../session.js';

const names = (/** @type {string} */ of, /** @type {string[]|null|undefined} */ codes) => (codes ?? []).map((code) => name(of, code)).join(t().comma);
/** The names of the vocabulary. @param {string} set @param {string[]|null|undefined} codes */
const words = (set, codes) => (codes ?? []).map((code) => word(set, code)).join(t().comma);

/** Fields of both kinds of records, in the order in which they are shown and compared. @type {[string, (one: any) => string][]} */
export const FIELDS = [
  ['name', (one) => one.name ?? one.personal?.name ?? one.alias ?? ''], ['kana', (one) => one.kana ?? one.personal?.kana ?? ''], ['aliases', (one) => (one.aliases ?? []).join(t().comma)],
  ['status', (one) => word(one.kind ? 'OrganizationStatus' : 'WorkerStatus', one.status)], ['kind', (one) => word('OrganizationKind', one.kind)], ['area', (one) => name('areas', one.area)],
  ['contact_person', (one) => one.contact?.person ?? ''], ['email', (one) => one.contact?.email ?? one.personal?.email ?? ''], ['phone', (one) => one.contact?.phone ?? one.personal?.phone ?? ''], ['employer', (one) => one.personal?.employer ?? ''], ['corporate_number', (one) => one.corporate_number ?? ''],
  ['roles', (one) => names('roles', one.roles)], ['skills', (one) => (one.skills ?? []).map((/** @type {any} */ wish) => `${name('skills', wish.skill)} ${wish.level}`).join(t().comma)], ['themes', (one) => names('themes', one.themes)],
  ['accepted_formats', (one) => names('formats', one.accepted_formats)], ['hours_per_week', (one) => String(one.hours_per_week ?? '')], ['day_parts', (one) => words('DayPart', one.day_parts)], ['travel_limit_km', (one) => (one.travel_limit_km === null || one.travel_limit_km === undefined ? '' : `${one.travel_limit_km} km`)],
  ['capacity', (one) => String(one.capacity ?? '')], ['available_from', (one) => date(one.available_from)], ['available_until', (one) => date(one.available_until)], ['qualifications', (one) => (one.qualifications ?? []).join(t().comma)],
  ['evidence', (one) => (one.personal?.evidence ?? []).map((/** @type {any} */ piece) => piece.text).join('\n')], ['description', (one) => one.description ?? ''], ['source', (one) => [one.source, one.external_id].filter(Boolean).join(' ')],
  ['created_at', (one) => moment(one.created_at)], ['updated_at', (one) => moment(one.updated_at)],
];

/** What a field is called; some are called otherwise for organizations. @param {string} field @param {boolean} [isOrganization] */
export const fieldName = (field, isOrganization = false) => t().people.times[/** @type {'created_at'} */ (field)] ?? word((isOrganization ? ['OrganizationField', 'WorkerField'] : ['WorkerField', 'OrganizationField']).find((set) => vocabulary()[set]?.[field]) ?? '', field);

/** @param {string} at */
export const PeopleTabs = (at) => Tabs(() => t().menuItems.people, [
  ['workers', () => word('ImportKind', 'workers')], ['organizations', () => word('ImportKind', 'organizations')],
  ...(may('duplicates:read') ? [/** @type {[string, () => string]} */ (['duplicates', () => t().menuItems.duplicates])] : []),
], at);

/** All fields that a record has. @param {() => any} one */
export const Facts = (one) => html`<dl class="facts-list">${() => FIELDS.flatMap(([field, say]) => { const value = say(one()); return value ? [html`<div><dt>${fieldName(field, Boolean(one().kind))}</dt><dd class="lines-kept" lang="ja">${value}</dd></div>`] : []; })}</dl>`;
