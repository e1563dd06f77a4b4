// @ts-check
/** Projects: the list, and one with everything that its team and the office do in it. */
import { each, html, memo, onRemove, effect, signal, when } from '../../parts/view.js';
import { Dialog } from '../../parts/dialog.js';
import { Fault, Field } from '../../parts/form.js';
import { Icon } from '../../parts/icon.js';
import { More, Waiting, reading, sending } from '../../parts/reading.js';
import { date, moment, t, vocabulary, word } from '../../words/index.js';
import { call, get, post } from '../api.js';
import { entries, name } from '../catalogue.js';
import { Choice } from '../requests/screen.js';
import { href, query } from '../route.js';
import { may } from '../session.js';

/** @typedef {import('../types.js').Schemas} Schemas @typedef {Schemas['Project']} Project @typedef {Schemas['Milestone']} Milestone @typedef {Schemas['Artifact']} Artifact */
/** @template T @typedef {import('../../parts/view.js').Signal<T>} Signal */

/** The codes of a set, as options of a filter. @param {string} set */
export const codes = (set) => () => Object.keys(vocabulary()[set] ?? {}).map((code) => /** @type {[string, string]} */ ([code, word(set, code)]));
export const areas = () => [...entries('areas').keys()].map((code) => /** @type {[string, string]} */ ([code, name('areas', code)]));
/** The year of today, which begins in April. */
export const thisYear = () => { const now = new Date(); return now.getFullYear() - (now.getMonth() < 3 ? 1 : 0); };
export const years = () => Array.from({ length: thisYear() - 2013 }, (_, i) => /** @type {[string, string]} */ ([String(thisYear() + 1 - i), t().year(thisYear() + 1 - i)]));
export const today = () => new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);

/** @param {() => {percent: number, words: string}|undefined} of */
const Progress = (of) => html`<span class="progress"><i class="meter" aria-hidden="true"><i style=${() => ({ width: `${of()?.percent ?? 0}%` })}></i></i><span class="num">${() => of()?.percent ?? 0}%</span></span>`;

export function ProjectsScreen() {
  const asked = memo(() => JSON.stringify(Object.fromEntries(['status', 'kind', 'area', 'fiscal_year', 'organization_id'].map((one) => [one, query()[one]]))));
  const read = (/** @type {string} */ cursor, /** @type {AbortSignal} */ stop) => get('projects', { ...JSON.parse(asked()), include: 'organization', limit: 50, cursor }, stop);
  const { shown, trouble } = reading((stop) => read('', stop), ['project', 'application']);
  const team = (/** @type {Project} */ one) => one.members.filter((who) => !who.left_at).length;
  const line = (/** @type {Signal<Project>} */ of) => html`<tr><th scope="row"><a data-ticket href=${() => href(`projects/${of().id}`)} lang="ja">${() => of().title}</a><span class="small quiet" lang="ja">${() => shown()?.included?.organizations?.find((/** @type {any} */ one) => one.id === of().organization_id)?.name ?? ''}</span></th>
    <td><span class="badge">${() => word('ProjectStatus', of().status)}</span> ${when(() => of().vacant_since, () => html`<span class="badge warn">${() => t().projects.vacant}</span>`)}</td><td>${Progress(() => of().progress)}</td><td>${() => word('ProjectKind', of().kind)}</td><td>${() => name('areas', of().area)}</td><td class="num">${() => team(of()) || ''}</td><td class="num">${() => date(of().starts_on)}</td><td class="num">${() => date(of().ends_on)}</td></tr>`;
  return when(() => shown() ?? trouble(), () => html`<main class="screen requests" id="main" tabindex="-1"><header class="title"><h1>${() => t().projects.title}</h1>
      <div class="filters">${Choice({ param: 'status', label: () => t().requests.any.status, options: codes('ProjectStatus') })}${Choice({ param: 'kind', label: () => t().request.type, options: codes('ProjectKind') })}${Choice({ param: 'area', label: () => t().requests.any.area, options: areas })}${Choice({ param: 'fiscal_year', label: () => t().requests.any.year, options: years })}</div></header>
    ${when(trouble, () => Fault(trouble))}
    <div class="card table-box" tabindex="0" role="region" aria-label=${() => t().projects.title}><table class="table"><thead><tr>${() => t().projects.head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${each(() => shown()?.items ?? [], (one) => one.id, line)}</tbody></table>
      ${when(() => shown()?.items.length === 0, () => html`<p class="empty">${() => t().none}</p>`)}${More(shown, (cursor) => read(cursor, new AbortController().signal))}</div></main>`, () => Waiting(trouble));
}

/** What may follow. @type {Record<string, string[]>} */
const NEXT = { planned: ['in_progress', 'cancelled'], in_progress: ['delivered', 'cancelled'], delivered: ['closed'] };
/** @type {Signal<Project|null>} */
const held = signal(null);
export const projectTitle = () => held()?.title ?? t().projects.title;

/**
 * A form that is folded away: names of fields, each with the type of its control.
 * @param {{label: () => string, fields: [string, string, () => string][], onSend: (values: any) => Promise<boolean>, busy: () => boolean}} of
 */
export function Add({ label, fields, onSend, busy }) {
  const send = async (/** @type {any} */ e) => {
    e.preventDefault();
    const form = e.target, values = Object.fromEntries(fields.map(([field, kind]) => { const value = form.elements[field].value; return [field, !value ? null : kind === 'datetime-local' ? `${value}:00+09:00` : value]; }));
    if (await onSend(values)) { form.reset(); form.closest('details').open = false; }
  };
  return html`<details class="adder"><summary class="button slim">${label}</summary><form class="form" @submit=${send}>${fields.map(([field, kind, title], i) => Field({ label: title, of: `${field}-new`, control: html`<input class="input" id=${`${field}-new`} name=${field} type=${kind} required=${i < 2 || kind === 'date'} maxlength="200" />` }))}<p class="actions"><button class="button main" disabled=${busy}>${() => t().projects.save}</button></p></form></details>`;
}

/** @param {string} id */
export function ProjectScreen(id) {
  const list = (/** @type {string} */ of, /** @type {AbortSignal} */ stop) => get(`projects/${id}/${of}`, { limit: 200 }, stop).then((page) => page.items);
  const { shown, trouble, load } = reading(async (stop) => {
    const project = /** @type {Project} */ (await get(`projects/${id}`, {}, stop));
    const [cards, organization, milestones, meetings, artifacts, risks, hours, history] = await Promise.all([may('press:read') ? get('showcase', { area: project.area, fiscal_year: project.fiscal_year, limit: 200 }, stop) : null, may('organizations:read') ? get(`organizations/${project.organization_id}`, { include_archived: true }, stop) : null, ...['milestones', 'meetings', 'artifacts', 'risks', 'hours', 'history'].map((one) => list(one, stop))]);
    return { project, card: cards?.items.find((/** @type {any} */ one) => one.project_id === id), organization, milestones: /** @type {Milestone[]} */ (milestones), meetings: /** @type {Schemas['Meeting'][]} */ (meetings), artifacts: /** @type {Artifact[]} */ (artifacts), risks: /** @type {Schemas['Risk'][]} */ (risks), hours, history: /** @type {Schemas['Happening'][]} */ (history) };
  }, ['project', 'project_entry', 'application', 'card']);
  effect(() => held.set(shown()?.project ?? null));
  onRemove(() => held.set(null));
  const send = sending(trouble), p = () => /** @type {Project} */ (shown()?.project ?? {});
  const after = (/** @type {() => Promise<unknown>} */ run) => send(async () => {
    try { await run(); } catch (error) { await load(); throw error; }
    void load();
  });
  const add = (/** @type {string} */ of) => (/** @type {any} */ body) => after(() => post(`projects/${id}/${of}`, body));
  const patch = (/** @type {string} */ of, /** @type {{id: string, version: number}} */ one, /** @type {object} */ body) => after(() => call('PATCH', `projects/${id}/${of}/${one.id}`, { match: one.version, body }));
  const isOpen = () => may('project_work:write') && !['closed', 'cancelled'].includes(p().status);
  /** What is to be said before it is done: words, and for a cancellation a reason. @type {Signal<{title: () => string, reasons: boolean, run: (words: string, reason: string) => Promise<boolean>}|null>} */
  const asking = signal(null);
  const move = (/** @type {string} */ status) => asking.set({ title: () => word('ProjectStatus', status), reasons: status === 'cancelled', run: (message, reason) => after(() => call('PATCH', `projects/${id}`, { match: p().version, body: { status, ...(message && { message }), ...(status === 'cancelled' && { reason }) } })) });

  const span = memo(() => {
    const all = [p().starts_on, p().ends_on, ...(shown()?.milestones ?? []).map((one) => one.due_on), ...(shown()?.meetings ?? []).map((one) => one.starts_at.slice(0, 10)), today()].flatMap((one) => (one ? Date.parse(one) : []));
    return [Math.min(...all), Math.max(...all)];
  });
  const at = (/** @type {string} */ day) => ({ left: `${((Date.parse(day) - span()[0]) / Math.max(1, span()[1] - span()[0])) * 100}%` });
  const state = (/** @type {Milestone} */ one) => (one.done_on ? 'done' : one.due_on < today() ? 'late' : 'open');
  const milestone = (/** @type {Signal<Milestone>} */ of) => html`<li data-state=${() => state(of())}><label class="radio"><input type="checkbox" disabled=${() => !isOpen() || send.is()} .checked=${() => Boolean(of().done_on)} @change=${() => patch('milestones', of.peek(), of.peek().done_on ? { done_on: null, progress: 0 } : { done_on: today(), progress: 100 })} /><span lang="ja">${() => of().title}</span></label><span class=${() => `num small ${state(of()) === 'late' ? 'late' : 'quiet'}`}>${() => (of().done_on ? t().projects.doneOn(date(of().done_on)) : t().projects.due(date(of().due_on)))}</span></li>`;
  const artifact = (/** @type {Signal<Artifact>} */ of) => html`<li><span><b lang="ja">${() => of().title}</b> <span class="badge">${() => word('ArtifactStatus', of().status)}</span> <span class="small quiet num">${() => (of().revision ? t().projects.revision(of().revision) : '')}</span>${when(() => of().link, () => html`<br /><a class="small" rel="noreferrer" target="_blank" href=${() => (/^https?:/.test(of().link ?? '') ? of().link : null)}>${() => of().link}</a>`)}${when(() => of().answer, () => html`<p class="small prose">${() => of().answer}</p>`)}</span>
    ${when(() => isOpen() && of().status === 'submitted', () => html`<span class="moves"><button class="button slim" data-accept disabled=${send.is} @click=${() => patch('artifacts', of.peek(), { status: 'accepted' })}>${() => t().projects.accept}</button><button class="button slim" data-return @click=${() => { const one = of.peek(); asking.set({ title: () => t().projects.return, reasons: false, run: (answer) => patch('artifacts', one, { status: 'returned', answer }) }); }}>${() => t().projects.return}</button></span>`)}
    ${when(() => isOpen() && ['draft', 'returned'].includes(of().status) && (of().link || of().file), () => html`<button class="button slim" disabled=${send.is} @click=${() => patch('artifacts', of.peek(), { status: 'submitted' })}>${() => t().projects.submit}</button>`)}</li>`;
  const section = (/** @type {string} */ key, /** @type {unknown} */ content, /** @type {unknown} */ more = null) => html`<section class="card pad" aria-labelledby=${`${key}-title`}><h2 id=${`${key}-title`}>${() => t().projects.sections[/** @type {'team'} */ (key)]}</h2>${content}${more}</section>`;
  const lines = (/** @type {() => any[]} */ items, /** @type {(of: Signal<any>) => unknown} */ render) => html`<ul class="lines">${each(items, (one) => one.id, /** @type {any} */ (render))}</ul>${when(() => shown() && !items().length, () => html`<p class="small quiet">${() => t().none}</p>`)}`;
  const adder = (/** @type {string} */ of, /** @type {() => string} */ label, /** @type {[string, string, () => string][]} */ fields) => when(isOpen, () => Add({ label, fields, onSend: add(of), busy: send.is }));
  const card = () => shown()?.card;
  const publish = (/** @type {string} */ status) => after(() => call('PATCH', `showcase/${card().id}`, { match: card().version, body: { status } }));
  const title = /** @type {[string, string, () => string]} */ (['title', 'text', () => t().newRequest.name]);
  let words = '', reason = 'other';
  return when(() => shown() ?? trouble(), () => html`<main class="screen request project" id="main" tabindex="-1">
    <header class="title"><p class="crumbs small"><a href="#/projects">${() => t().projects.title}</a>${Icon('next')}<span lang="ja">${() => shown()?.organization?.name ?? ''}</span></p>
      <div class="title-line"><h1><span lang="ja">${() => p().title}</span></h1><span class="badge accent">${() => word('ProjectStatus', p().status)}</span>${when(() => p().vacant_since, () => html`<span class="badge warn">${() => t().projects.vacant}</span>`)}</div>
      <p class="small quiet facts"><span>${() => word('ProjectKind', p().kind)}</span><span>${() => name('areas', p().area)}</span><span class="num">${() => (p().starts_on || p().ends_on ? `${date(p().starts_on)} – ${date(p().ends_on)}` : '')}</span></p>
      <p class="moves">${when(() => p().vacant_since && may('matches:read'), () => html`<a class="button main" data-replace href=${() => href(`requests/${id}/ranking`)}>${Icon('search')}${() => t().projects.replace}</a><a class="button" href=${() => href(`requests/${id}/team`)}>${() => t().team.title}</a>`)}
        ${when(() => p().kind === 'deliverable', () => html`<a class="button" href=${href(`requests/${id}`)}>${() => t().projects.request}</a>`)}
        ${() => (may('projects:write') ? (NEXT[p().status] ?? []).map((to) => html`<button class="button" data-move=${to} @click=${() => move(to)}>${t().projects.to(word('ProjectStatus', to))}</button>`) : null)}</p></header>
    ${when(() => trouble() && !asking(), () => Fault(trouble))}
    <section class="card pad" aria-labelledby="progress-title"><h2 id="progress-title">${() => t().projects.sections.progress}</h2>${Progress(() => p().progress)}
      <div class="timeline" aria-hidden="true"><i class="now" style=${() => at(today())}></i>${each(() => shown()?.meetings ?? [], (one) => one.id, (of) => html`<i class="tick" title=${() => of().title} style=${() => at(of().starts_at.slice(0, 10))}></i>`)}${each(() => shown()?.milestones ?? [], (one) => one.id, (of) => html`<i class="stone" data-state=${() => state(of())} title=${() => of().title} style=${() => at(of().due_on)}></i>`)}</div>
      <p class="ends small quiet num" aria-hidden="true"><span>${() => date(new Date(span()[0]))}</span><span>${() => date(new Date(span()[1]))}</span></p>
      ${lines(() => shown()?.milestones ?? [], milestone)}${adder('milestones', () => t().projects.addMilestone, [title, ['due_on', 'date', () => t().projects.dueOn]])}</section>
    <div class="columns"><div class="stacked">
      ${section('artifacts', lines(() => shown()?.artifacts ?? [], artifact), adder('artifacts', () => t().projects.addArtifact, [title, ['link', 'url', () => t().projects.link]]))}
      ${section('meetings', lines(() => [...(shown()?.meetings ?? [])].reverse(), (of) => html`<li><span><b lang="ja">${() => of().title}</b>${when(() => of().minutes, () => html`<p class="small prose" lang="ja">${() => of().minutes}</p>`)}</span><span class="num small quiet">${() => moment(of().starts_at)} ${() => of().location ?? ''}</span></li>`), adder('meetings', () => t().projects.addMeeting, [title, ['starts_at', 'datetime-local', () => t().projects.startsAt], ['location', 'text', () => t().projects.location]]))}
      ${when(() => may('press:read'), () => section('card', html`${when(card, () => html`<article class="ticket"><b lang="ja">${() => card()?.title}</b><span class="small quiet facts"><span lang="ja">${() => card()?.group}</span><span>${() => name('areas', card()?.area)}</span><span>${() => card()?.progress_label}</span></span><p class="prose" lang="ja">${() => card()?.story}</p></article>
          <p class="moves"><span class="badge">${() => word('PressStatus', card()?.status)}</span>${when(() => may('showcase:write'), () => html`<button class="button slim" data-publish disabled=${send.is} @click=${() => publish(card()?.status === 'published' ? 'draft' : 'published')}>${() => t().projects[card()?.status === 'published' ? 'withdraw' : 'publish']}</button>`)}</p>`, () => html`<p class="small quiet">${() => t().projects.noCard}</p>`)}`,
        when(() => may('showcase:write') && !card(), () => Add({ label: () => t().projects.addCard, busy: send.is, onSend: ({ note, ...body }) => after(() => post('showcase', { ...body, project_id: id, status: 'published', consent: { given: true, on: today(), note } })), fields: [title, ['story', 'text', () => t().projects.story], ['note', 'text', () => t().projects.consent]] }))))}
      ${when(() => p().accompaniment, () => section('accompaniment', html`<p class="prose" lang="ja">${() => p().accompaniment?.needs}</p><p class="small quiet">${() => p().accompaniment?.supports.map((one) => word('SupportKind', one)).join(t().comma)}</p><p class="prose" lang="ja">${() => p().accompaniment?.outcome ?? ''}</p>`))}</div>
      <div class="stacked">
      ${section('team', html`<ul class="lines">${() => p().members?.map((one) => html`<li class=${one.left_at ? 'quiet' : ''}><span lang="ja">${one.alias ?? t().applications.erased}</span><span class="small quiet">${name('roles', one.role)} ${one.left_at ? t().projects.leftOn(date(one.left_at)) : ''}</span></li>`)}</ul>`, html`<p class="small quiet num">${() => t().projects.hours(Math.round((shown()?.hours ?? []).reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.minutes, 0) / 60))}</p>`)}
      ${when(() => shown()?.risks.length, () => section('risks', lines(() => shown()?.risks ?? [], (of) => html`<li><span lang="ja">${() => of().title}<br /><span class="small quiet">${() => of().measure ?? ''}</span></span><span class=${() => `badge ${of().over ? '' : 'warn'}`}>${() => word('RiskLevel', of().level)}</span></li>`)))}
      ${section('history', html`<ol class="history">${() => shown()?.history.map((one) => html`<li><time class="num small quiet" datetime=${one.occurred_at}>${moment(one.occurred_at)}</time><span>${word('ProjectSubject', one.subject)}: ${one.action === 'moved' ? word(one.subject === 'artifact' ? 'ArtifactStatus' : 'ProjectStatus', one.detail) : word('ProjectAction', one.action)}${one.subject === 'member' && one.detail ? ` ${name('roles', one.detail)}` : ''}</span></li>`)}</ol>`)}</div></div>
    ${when(asking, () => { const one = /** @type {NonNullable<ReturnType<typeof asking>>} */ (asking.peek()); words = ''; reason = 'other'; return Dialog({ title: one.title, onClose: () => asking.set(null), content: html`<form class="form" @submit=${async (/** @type {any} */ e) => { e.preventDefault(); if (await one.run(words, reason)) asking.set(null); }}>
      ${one.reasons && Field({ label: () => t().decision.reason, of: 'why', control: html`<select class="select" id="why" .value=${reason} @change=${(/** @type {any} */ e) => { reason = e.target.value; }}>${codes('ProjectReason')().map(([code, title]) => html`<option value=${code}>${title}</option>`)}</select>` })}
      ${Field({ label: () => t().decision.message, of: 'words', control: html`<textarea id="words" rows="3" maxlength="1000" @input=${(/** @type {any} */ e) => { words = e.target.value; }}></textarea>` })}
      ${when(trouble, () => Fault(trouble))}<p class="actions"><button class="button main" disabled=${send.is}>${one.title}</button></p></form>` }); })}
  </main>`, () => Waiting(trouble));
}
