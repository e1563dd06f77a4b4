// @ts-check
/** Who applied or was invited, and what to answer. */
import { each, html, signal, when } from '../../parts/view.js';
import { Dialog } from '../../parts/dialog.js';
import { Fault, Field } from '../../parts/form.js';
import { Clear, listing } from '../../parts/table.js';
import { date, t, vocabulary, word } from '../../words/index.js';
import { call } from '../api.js';
import { name } from '../catalogue.js';
import { href, query } from '../route.js';
import { may, user } from '../session.js';
import { Choice } from './screen.js';

/** @typedef {import('../types.js').Application} Application */

/** What may follow, from the side of who decides. @type {Record<string, string[]>} */
const NEXT = { submitted: ['shortlisted', 'offered', 'declined'], shortlisted: ['offered', 'declined'], waitlisted: ['offered', 'declined'], offered: ['agreed', 'declined'] };
const REASONS = { declined: ['another_chosen', 'skills', 'schedule', 'no_longer_needed', 'request_closed', 'other'], withdrawn: ['schedule', 'workload', 'health', 'relocation', 'other_work', 'other'] };

/** What a worker may do. @type {Record<string, string[]>} */
const OWN = { submitted: ['withdrawn'], shortlisted: ['withdrawn'], waitlisted: ['withdrawn'], offered: ['agreed', 'withdrawn'], agreed: ['withdrawn'] };
const isWorker = () => user()?.role === 'worker';

/** An unanswered invitation is the worker's to answer; who invited may take it back. @param {Application} one */
const moves = (one) => (one.status === 'submitted' && one.direction === 'invitation' ? (isWorker() ? ['shortlisted', 'declined'] : ['withdrawn']) : ((isWorker() ? OWN : NEXT)[one.status] ?? []));
/** @param {string} to */
const moveName = (to) => (isWorker() ? t().applications.own : t().applications.moves)[/** @type {'agreed'} */ (to)];

/** What was typed about whom. @type {Map<string, {note: string, goal: string, schedule: string, reason: string}>} */
const drafts = new Map();

/** @param {{one: Application, to: string, onClose: () => void, onDone: () => Promise<void>}} of */
function Move({ one, to, onClose, onDone }) {
  const draft = drafts.get(one.id) ?? { note: '', goal: one.agreement?.goal ?? '', schedule: one.agreement?.schedule ?? '', reason: '' };
  drafts.set(one.id, draft);
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  const isSending = signal(false), isEnd = to === 'declined' || to === 'withdrawn';
  let { version } = one;
  const area = (/** @type {'note'|'goal'|'schedule'} */ field, /** @type {number} */ most) => Field({ label: () => t().applications[field], of: `move-${field}`, control: html`<textarea id=${`move-${field}`} rows="3" maxlength=${most} .value=${draft[field]} @input=${(/** @type {any} */ e) => { draft[field] = e.target.value; }}></textarea>` });
  async function send(/** @type {any} */ event) {
    event.preventDefault();
    isSending.set(true);
    try {
      const agreement = to === 'agreed' && draft.goal && draft.schedule ? { goal: draft.goal, schedule: draft.schedule } : undefined;
      // Each side agrees for itself; the secretariat and coordinators record what was agreed elsewhere.
      const agrees = to !== 'agreed' ? null : isWorker() ? { worker_agrees: true } : user()?.role === 'organization' ? { organization_agrees: true } : null;
      await call('PATCH', `applications/${one.id}`, { match: version, body: { ...(agrees ?? { status: to }), note: draft.note || null, reason: isEnd ? draft.reason || REASONS[/** @type {'declined'} */ (to)][0] : undefined, agreement } });
      drafts.delete(one.id);
      event.target.closest('dialog')?.close();
      await onDone();
    } catch (error) {
      trouble.set(/** @type {Error} */ (error));
      // What it is now: a second try is then on purpose.
      version = (await call('GET', `applications/${one.id}`).catch(() => ({ version }))).version;
    } finally {
      isSending.set(false);
    }
  }
  return Dialog({ title: () => t().applications.ask((isWorker() ? one.deliverable_title : one.worker_alias) ?? '', moveName(to)), onClose, content: html`<form class="form" @submit=${send}>
    ${isEnd && Field({ label: () => t().decision.reason, of: 'move-reason', control: html`<select class="select" id="move-reason" @change=${(/** @type {any} */ e) => { draft.reason = e.target.value; }} .value=${draft.reason || REASONS[/** @type {'declined'} */ (to)][0]}>${REASONS[/** @type {'declined'} */ (to)].map((code) => html`<option value=${code}>${() => word('ApplicationReason', code)}</option>`)}</select>` })}
    ${to === 'agreed' && html`${area('goal', 1000)}${area('schedule', 1000)}`}${area('note', 1000)}
    ${when(trouble, () => Fault(trouble))}
    <p class="actions"><button class="button main" disabled=${isSending}>${() => (isSending() ? t().sending : moveName(to))}</button></p></form>` });
}

/** @param {{items: () => Application[], onDone: () => Promise<void>, isOfRequest: boolean}} of */
export function Moves({ items, onDone, isOfRequest }) {
  const moving = signal(/** @type {{one: Application, to: string}|null} */ (null));
  const to = (/** @type {Application} */ one) => (isOfRequest ? href(`requests/${one.deliverable_id}/ranking`, { worker: one.worker_id }) : href(`requests/${one.deliverable_id}`));
  return html`<ul class="applications">${each(items, (one) => one.id, (of) => html`<li data-id=${of.peek().id}>
      <div><a href=${() => to(of())}><b lang="ja">${() => (isOfRequest ? of().worker_alias ?? t().applications.erased : of().deliverable_title)}</b></a> <span class="badge accent">${() => word('ApplicationStatus', of().status)}</span>${when(() => of().awaits, () => html` <span class="badge warn">${() => t().applications.awaits(word('ApplicationSide', of().awaits))}</span>`)}
        <p class="small quiet facts">${when(() => !isOfRequest && !isWorker(), () => html`<span lang="ja">${() => of().worker_alias}</span>`)}<span>${() => word('ApplicationDirection', of().direction)}</span><span>${() => name('roles', of().role)}</span><span>${() => date(of().updated_at)}</span>${when(() => of().respond_by, () => html`<span>${() => t().applications.until(date(of().respond_by))}</span>`)}</p>
        ${when(() => of().message, () => html`<p class="small prose" lang="ja">${() => of().message}</p>`)}${when(() => of().note, () => html`<p class="small prose" lang="ja">${() => of().note}</p>`)}</div>
      ${when(() => may(isWorker() ? 'applications:withdraw' : 'applications:decide'), () => html`<p class="moves">${() => moves(of()).map((to) => html`<button class="button slim" data-move=${to} @click=${() => moving.set({ one: of.peek(), to })}>${moveName(to)}</button>`)}</p>`)}</li>`)}</ul>
    ${when(moving, () => { const { one, to } = /** @type {{one: Application, to: string}} */ (moving.peek()); return Move({ one, to, onDone, onClose: () => moving.set(null) }); })}`;
}

/** @param {{items: () => Application[], onDone: () => Promise<void>}} of */
export const Applications = ({ items, onDone }) => html`<section class="card pad" aria-labelledby="applications-title"><h2 id="applications-title">${() => t().applications.title}</h2>${Moves({ items, onDone, isOfRequest: true })}</section>`;

/** All applications that one may see; a worker's are their own. */
export function ApplicationsScreen() {
  const of = listing('applications', () => ({ status: query().status, worker_id: query().worker_id, sort: '-updated_at', limit: 50 }), ['application']);
  return html`<main class="screen request" id="main" tabindex="-1" aria-busy=${() => String(!of.shown())}><header class="title"><h1>${() => t().applications.title}</h1>
    <div class="filters">${Choice({ param: 'status', label: () => t().requests.any.status, options: () => Object.keys(vocabulary().ApplicationStatus ?? {}).map((code) => [code, word('ApplicationStatus', code)]) })}${Clear(['status', 'worker_id'])}</div></header>
    ${when(of.trouble, () => Fault(of.trouble))}<section class="card pad">${Moves({ items: of.items, onDone: of.load, isOfRequest: false })}${when(() => of.shown() && !of.items().length, () => html`<p class="empty">${() => t().none}</p>`)}${of.more}</section></main>`;
}
