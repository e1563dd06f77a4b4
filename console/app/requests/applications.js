// @ts-check
/** Who applied or was invited, and what to answer. */
import { each, html, signal, when } from '../../parts/view.js';
import { Dialog } from '../../parts/dialog.js';
import { Fault, Field } from '../../parts/form.js';
import { date, t, word } from '../../words/index.js';
import { call } from '../api.js';
import { name } from '../catalogue.js';
import { href } from '../route.js';
import { may } from '../session.js';

/** @typedef {import('../types.js').Application} Application */

/** What may follow, from the side of who decides. @type {Record<string, string[]>} */
const NEXT = { submitted: ['shortlisted', 'offered', 'declined'], shortlisted: ['offered', 'declined'], waitlisted: ['offered', 'declined'], offered: ['agreed', 'declined'] };
const REASONS = { declined: ['another_chosen', 'skills', 'schedule', 'no_longer_needed', 'request_closed', 'other'], withdrawn: ['schedule', 'workload', 'health', 'relocation', 'other_work', 'other'] };

/** An unanswered invitation is the worker's to answer; who invited may take it back. @param {Application} one */
const moves = (one) => (one.status === 'submitted' && one.direction === 'invitation' ? ['withdrawn'] : (NEXT[one.status] ?? []));

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
      await call('PATCH', `applications/${one.id}`, { match: version, body: { status: to, note: draft.note || null, reason: isEnd ? draft.reason || REASONS[/** @type {'declined'} */ (to)][0] : undefined, agreement } });
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
  return Dialog({ title: () => t().applications.ask(one.worker_alias ?? '', t().applications.moves[/** @type {'offered'} */ (to)]), onClose, content: html`<form class="form" @submit=${send}>
    ${isEnd && Field({ label: () => t().decision.reason, of: 'move-reason', control: html`<select class="select" id="move-reason" @change=${(/** @type {any} */ e) => { draft.reason = e.target.value; }} .value=${draft.reason || REASONS[/** @type {'declined'} */ (to)][0]}>${REASONS[/** @type {'declined'} */ (to)].map((code) => html`<option value=${code}>${() => word('ApplicationReason', code)}</option>`)}</select>` })}
    ${to === 'agreed' && html`${area('goal', 1000)}${area('schedule', 1000)}`}${area('note', 1000)}
    ${when(trouble, () => Fault(trouble))}
    <p class="actions"><button class="button main" disabled=${isSending}>${() => (isSending() ? t().sending : t().applications.moves[/** @type {'offered'} */ (to)])}</button></p></form>` });
}

/** @param {{items: () => Application[], request: string, onDone: () => Promise<void>}} of */
export function Applications({ items, request, onDone }) {
  /** @type {import('../../parts/view.js').Signal<{one: Application, to: string}|null>} */
  const moving = signal(null);
  return html`<section class="card pad" aria-labelledby="applications-title"><h2 id="applications-title">${() => t().applications.title}</h2>
    <ul class="applications">${each(items, (one) => one.id, (of) => html`<li>
      <div><a href=${() => href(`requests/${request}/ranking`, { worker: of().worker_id })}><b>${() => of().worker_alias ?? t().applications.erased}</b></a> <span class="badge accent">${() => word('ApplicationStatus', of().status)}</span>
        <p class="small quiet facts"><span>${() => word('ApplicationDirection', of().direction)}</span><span>${() => name('roles', of().role)}</span><span>${() => date(of().updated_at)}</span>${when(() => of().respond_by, () => html`<span>${() => t().applications.until(date(of().respond_by))}</span>`)}</p>
        ${when(() => of().message, () => html`<p class="small prose">${() => of().message}</p>`)}</div>
      ${when(() => may('applications:decide'), () => html`<p class="moves">${() => moves(of()).map((to) => html`<button class="button slim" data-move=${to} @click=${() => moving.set({ one: of.peek(), to })}>${t().applications.moves[/** @type {'offered'} */ (to)]}</button>`)}</p>`)}</li>`)}</ul>
    ${when(moving, () => { const { one, to } = /** @type {{one: Application, to: string}} */ (moving.peek()); return Move({ one, to, onDone, onClose: () => moving.set(null) }); })}</section>`;
}
