// @ts-check
/** One request: what is asked for, how it was examined, what happened, and what is to be done next. */
import { effect, html, onRemove, signal, when } from '../../parts/view.js';
import { Icon } from '../../parts/icon.js';
import { Fault, Field } from '../../parts/form.js';
import { date, language, moment, t, vocabulary, word } from '../../words/index.js';
import { Applications } from './applications.js';
import { call, get, isAbort } from '../api.js';
import { name } from '../catalogue.js';
import { onChange } from '../live.js';
import { href } from '../route.js';
import { may } from '../session.js';

/** @typedef {import('../types.js').Deliverable} Deliverable @typedef {import('../types.js').Schemas['Intake']} Intake */

/** @type {import('../../parts/view.js').Signal<{request: Deliverable, organization: {id: string, name: string}|null, intake: Intake|null, applications: import('../types.js').Application[]}|null>} */
const shown = signal(null);
export const titleOf = () => shown()?.request.title ?? t().requests.title;

/** What was typed about whom, so that leaving by accident loses nothing. @type {Map<string, {reason: string, message: string}>} */
const drafts = new Map();

/** @param {{request: Deliverable, onDone: () => Promise<void>}} of */
function Decision({ request, onDone }) {
  const draft = drafts.get(request.id) ?? { reason: '', message: '' };
  drafts.set(request.id, draft);
  const isDeclining = signal(Boolean(draft.reason)), isSending = signal(false);
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  async function send(/** @type {any} */ event) {
    event.preventDefault();
    isSending.set(true);
    try {
      const isOpen = !isDeclining.peek();
      await call('POST', `deliverables/${request.id}/decisions`, { match: shown.peek()?.request.version, body: { status: isOpen ? 'open' : 'declined', reason: isOpen ? null : draft.reason || 'other', message: draft.message || null } });
      drafts.delete(request.id);
      await onDone();
    } catch (error) {
      trouble.set(/** @type {Error} */ (error));
      void onDone();
    } finally {
      isSending.set(false);
    }
  }
  const way = (/** @type {boolean} */ declines, /** @type {() => string} */ label) => html`<label class="radio"><input type="radio" name="way" .checked=${() => isDeclining() === declines} @change=${() => isDeclining.set(declines)} /> ${label}</label>`;
  return html`<form class="card form" @submit=${send}><h2>${() => t().decision.title}</h2>
    <div class="ways" role="radiogroup" aria-label=${() => t().decision.title}>${way(false, () => t().decision.open)}${way(true, () => t().decision.decline)}</div>
    ${when(isDeclining, () => Field({ label: () => t().decision.reason, of: 'reason', control: html`<select class="select" id="reason" @change=${(/** @type {any} */ e) => { draft.reason = e.target.value; }} .value=${draft.reason || 'other'}>${Object.keys(vocabulary.peek().DecisionReason ?? {}).map((code) => html`<option value=${code}>${() => word('DecisionReason', code)}</option>`)}</select>` }))}
    ${Field({ label: () => t().decision.message, of: 'message', control: html`<textarea id="message" rows="3" maxlength="2000" .value=${draft.message} @input=${(/** @type {any} */ e) => { draft.message = e.target.value; }}></textarea>` })}
    ${when(trouble, () => Fault(trouble))}
    <p class="actions"><button class="button main" disabled=${isSending}>${() => (isSending() ? t().sending : isDeclining() ? t().decision.decline : t().decision.open)}</button></p></form>`;
}

/** @param {Deliverable} d @param {Intake|null} intake */
function history(d, intake) {
  const events = [{ at: d.created_at, what: t().history.created, more: '' }];
  for (const one of intake?.decisions ?? []) events.push({ at: one.decided_at, what: word('DeliverableStatus', one.status), more: [word('DecisionReason', one.reason), one.message].filter(Boolean).join(' ') });
  if (d.opened_at && !intake?.decisions.length) events.push({ at: d.opened_at, what: word('DeliverableStatus', 'open'), more: '' });
  if (!events.some((one) => one.at === d.status_since)) events.push({ at: d.status_since, what: word('DeliverableStatus', d.status), more: '' });
  if (d.archived_at) events.push({ at: d.archived_at, what: t().history.archived, more: '' });
  return events.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

/** @param {string} id */
export function RequestScreen(id) {
  let stop = new AbortController();
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  async function load() {
    stop.abort();
    stop = new AbortController();
    try {
      const request = /** @type {Deliverable} */ (await get(`deliverables/${id}`, { include_archived: true }, stop.signal));
      const [organization, intake, applications] = await Promise.all([
        may('organizations:read') ? get(`organizations/${request.organization_id}`, { include_archived: true }, stop.signal) : null,
        may('intake:read') ? get(`deliverables/${id}/intake`, { include_archived: true }, stop.signal) : null,
        may('applications:read') ? get('applications', { deliverable_id: id, limit: 200 }, stop.signal) : { items: [] },
      ]);
      shown.set({ request, organization, intake, applications: applications.items });
      trouble.set(null);
    } catch (error) {
      if (!isAbort(error)) trouble.set(/** @type {Error} */ (error));
    }
  }
  if (shown.peek()?.request.id !== id) shown.set(null);
  effect(() => { language(); void load(); });
  effect(onChange(['deliverable', 'intake', 'application'], load));
  onRemove(() => stop.abort());

  const d = () => /** @type {Deliverable} */ (shown()?.request ?? {});
  const isUnderReview = () => ['submitted', 'screening', 'hearing'].includes(d().status) && may('deliverables:decide');
  const row = (/** @type {() => string} */ label, /** @type {() => unknown} */ value) => when(() => { const one = value(); return Array.isArray(one) ? one.length : one; }, () => html`<div><dt>${label}</dt><dd>${value}</dd></div>`);
  const dates = () => (d().starts_on || d().ends_on ? `${date(d().starts_on)} – ${date(d().ends_on)}` : '');
  const role = (/** @type {any} */ one) => html`<li><b>${name('roles', one.role)}</b> <span class="num">${t().request.places(one.places)}</span>
    <ul class="wishes">${(one.skills ?? []).map((/** @type {any} */ wish) => html`<li class="badge">${name('skills', wish.skill)} ${wish.level}${wish.must_have && html`<span class="must">${t().request.must}</span>`}</li>`)}</ul></li>`;
  return when(shown, () => html`<main class="screen request" id="main" tabindex="-1">
    <header class="title">
      <p class="crumbs small"><a href="#/requests">${() => t().requests.title}</a>${Icon('next')}${when(() => shown()?.organization, () => html`<a href=${() => `#/organizations/${shown()?.organization?.id}`} lang="ja">${() => shown()?.organization?.name}</a>`)}</p>
      <div class="title-line"><h1><span lang="ja">${() => d().title}</span></h1><span class="badge accent">${() => word('DeliverableStatus', d().status)}</span></div>
      ${when(() => may('matches:read'), () => html`<p><a class="button main" href=${href(`requests/${id}/ranking`)}>${Icon('sliders')}${() => t().request.candidates}</a> ${when(() => d().open_places?.some((one) => one.left > 0), () => html`<a class="button team-open" href=${href(`requests/${id}/team`)}>${() => t().team.title}</a>`)}</p>`)}
    </header>
    ${when(trouble, () => Fault(trouble))}
    <div class="columns">
      <section class="card pad"><h2>${() => t().request.need}</h2>
        ${when(() => d().trouble, () => html`<p class="prose" lang="ja">${() => d().trouble}</p>`)}
        <dl class="facts-list">
          ${row(() => t().request.type, () => name('deliverable-types', d().type))}${row(() => t().requests.any.format, () => name('formats', d().format))}${row(() => t().requests.any.area, () => name('areas', d().area))}
          ${row(() => t().request.dates, dates)}${row(() => t().request.hours, () => d().hours_per_week && t().request.hoursPerWeek(d().hours_per_week ?? 0))}
          ${row(() => t().request.dayParts, () => (d().day_parts ?? []).map((one) => word('DayPart', one)).join(t().comma))}${row(() => t().request.themes, () => (d().themes ?? []).map((one) => name('themes', one)).join(t().comma))}
          ${row(() => t().request.qualifications, () => (d().qualifications ?? []).join(t().comma))}${row(() => t().request.remote, () => d().remote && t().request.remoteYes)}
        </dl>
        ${when(() => d().roles?.length, () => html`<h3>${() => t().rank.roles}</h3><ul class="roles">${() => (d().roles ?? []).map(role)}</ul>`)}
      </section>
      <div class="stacked">
        ${when(isUnderReview, () => Decision({ request: d(), onDone: load }))}
        ${when(() => shown()?.applications.length, () => Applications({ items: () => shown()?.applications ?? [], onDone: load }))}
        ${when(() => d().provenance, () => html`<section class="card pad"><h2>${() => t().request.provenance}</h2><p class="small" lang="ja">${() => d().provenance?.file} <span class="num">${() => t().request.row(d().provenance?.row ?? 0)}</span></p></section>`)}
        <section class="card pad"><h2>${() => t().history.title}</h2><ol class="history">${() => shown() && history(d(), shown()?.intake ?? null).map((one) => html`<li><time class="num small quiet" datetime=${one.at}>${moment(one.at)}</time><div><b>${one.what}</b>${one.more && html`<p class="small">${one.more}</p>`}</div></li>`)}</ol></section>
      </div>
    </div>
  </main>`, () => html`<main class="screen" id="main" tabindex="-1" aria-busy=${() => String(!trouble())}>${when(trouble, () => html`<div class="empty"><p>${() => t().failed}</p><p class="small">${() => trouble()?.message}</p></div>`, () => html`<p class="empty">${() => t().loading}</p>`)}</main>`);
}
