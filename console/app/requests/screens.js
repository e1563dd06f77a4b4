/**
 * Requests: all of them as a board or a table, one with its history, a new one from words; and who applied or was
 * invited.
 */
import {
  ask, audited, by, call, called, Choice, chosen, Clear, codes, date, dayParts, Dialog, Doing, doing, each, effect, entries, Fact,
  Fault, Field, Filter, Form, get, go, History, href, html, Icon, language, listing, may, name, named, number, onRemove, organizationOf, path, pause, percent,
  Picker, post, query, reading, requery, Screen, Search, sending, signal, startOf, stored, t, Table, user, valuesOf, when, word,
  years,
} from '../kit.js';

/**
 * @typedef {import('../types.js').Listed} Listed
 * @typedef {import('../types.js').Schemas['Page_ListedDeliverable']} Page
 */

/** The columns of the board, each with its statuses. @type {[string, string[]][]} */
const COLUMNS = [['draft', ['draft']], ['review', ['submitted', 'screening', 'hearing']], ['open', ['open']],
  ['matched', ['matched']], ['in_progress', ['in_progress']], ['delivered', ['delivered']],
  ['ended', ['declined', 'cancelled']]];
/** Columns of one status are called by it. @param {string} column */
const columnName = (column) => t().requests.columns[/** @type {'review'} */ (column)] ?? word('DeliverableStatus', column);
const FILTERS = ['q', 'family', 'area', 'format', 'role', 'fiscal_year', 'type', 'organization_id'];
/** What changes what a board or a table shows. */
const SHOWN_ON = ['deliverable', 'application', 'project'];
const SORTS = ['-created_at', '-status_since', 'ends_on', '-updated_at'];

/** Each column's cards, kept while one looks at something else. @type {import('../../parts/view.js').Signal<Page[]|null>} */
const board = signal(null);
const isTable = () => query().view === 'table';
const filters = () => chosen(FILTERS);

/** @param {() => Listed} of */
const Marks = (of) => () => {
  const { applications, places, status } = of();
  const waiting = applications?.submitted ?? 0,
    isTeam = ['open', 'matched', 'in_progress'].includes(status) && places.needed > 0;
  if (!waiting && !isTeam) return null;
  return html`<span class="marks num">
    ${waiting > 0 && html`<span class="badge accent">${t().requests.waiting(waiting)}</span>`}
    ${isTeam &&
    html`<span class=${`badge ${places.filled < places.needed ? '' : 'good'}`}>
    ${t().requests.places(places.filled, places.needed)}
    </span>`}
    </span>`;
};

/** @param {import('../../parts/view.js').Signal<Listed>} of */
const Card = (of) => html`<li><a class="ticket" data-ticket href=${() => href(`requests/${of().id}`)}>
  <b lang="ja">${() => of().title}</b><span class="small quiet" lang="ja">${() => of().organization.name ?? ''}</span>
  <span class="small quiet facts"><span>${() => name('areas', of().area)}</span>
  <span>${() => name('formats', of().format)}</span>
  </span>${Marks(of)}
  </a>
  </li>`;

/** @param {[string, string[]]} column @param {number} i */
function Column([column, statuses], i) {
  const page = () => board()?.[i];
  const count = () => page()?.total?.count ?? 0;
  const left = () => count() - (page()?.items.length ?? 0);
  return html`<section class="column" aria-labelledby=${`column-${column}`}>
    <header>
    <h2 id=${`column-${column}`}><i class="dot" data-s=${column}></i>
    ${() => columnName(column)}
    </h2><span class="num quiet">${() => (page() ? number(count()) : '')}</span>
    </header>
    <ul>${each(() => page()?.items ?? [], (one) => one.id, Card)}</ul>
    ${when(() => page()?.items.length === 0, () => html`<p class="none small">${() => t().none}</p>`)}
    ${when(() => left() > 0,
      () => html`<p class="none small num">
      <a href=${() => href('requests', { ...query(), view: 'table', status: statuses.join(',') })}>
      ${() => t().requests.moreOf(left())}
      </a>
      </p>`)}
  </section>`;
}

/** @param {KeyboardEvent & {currentTarget: HTMLElement}} e */
function onArrows(e) {
  const at = /** @type {HTMLElement} */ (document.activeElement);
  if (at?.dataset.ticket === undefined) return;
  const columns = [...e.currentTarget.querySelectorAll('.column')].map((column) => /** @type {HTMLElement[]} */ ([...column.querySelectorAll('[data-ticket]')]))
    .filter((column) => column.length);
  const x = columns.findIndex((column) => column.includes(at)), y = columns[x].indexOf(at);
  const beside = (/** @type {number} */ by) => { const column = columns[x + by];
    return column?.[Math.min(y, column.length - 1)]; };
  const to = { ArrowDown: columns[x][y + 1], ArrowUp: columns[x][y - 1], ArrowRight: beside(1),
    ArrowLeft: beside(-1) }[e.key];
  if (to) { to.focus(); e.preventDefault(); }
}

function Board() {
  let isFirst = true;
  const { trouble } = reading(async (stop) => {
    const shared = filters();
    if (!isFirst) await pause(150, stop);
    isFirst = false;
    return Promise.all(COLUMNS.map(([, statuses]) => get('deliverables',
      { ...shared, status: statuses.join(','), sort: '-status_since', limit: 12, count: true }, stop)));
  }, SHOWN_ON, board);
  return html`${Fault(trouble)}<div class="board" @keydown=${onArrows} tabindex="0" role="region"
    aria-label=${() => t().requests.board} aria-busy=${() => String(!board() && !trouble())}>
    ${COLUMNS.map(Column)}
    </div>`;
}

/** @param {import('../../parts/view.js').Signal<Listed>} of */
const Line = (of) => html`<tr>
  <th scope="row"><a data-ticket href=${() => href(`requests/${of().id}`)} lang="ja">${() => of().title}</a>
  <span class="small quiet" lang="ja">${() => of().organization.name ?? ''}</span>
  </th>
  <td><span class="badge">${() => word('DeliverableStatus', of().status)}</span></td>
  <td>${() => name('deliverable-types', of().type)}</td><td>${() => name('areas', of().area)}</td>
  <td>${() => name('formats', of().format)}</td>
  <td class="num">${() => (of().places.needed ? `${of().places.filled} / ${of().places.needed}` : '')}</td>
  <td class="num">${() => of().applications?.submitted || ''}</td><td class="num">${() => date(of().ends_on)}</td>
  <td class="num">${() => date(of().status_since)}</td>
  </tr>`;

function Lines() {
  const of = listing('deliverables',
    () => ({ ...filters(), status: query().status, sort: query().sort, limit: 50, count: true }),
    SHOWN_ON);
  return Table({ of, label: () => t().requests.table, head: () => t().requests.head, line: Line,
    none: () => t().requests.noneFound });
}

/** What one's organization is asked to request jointly. */
function Joint() {
  const own = user.peek()?.user?.organization_id,
    of = listing(`organizations/${own}/joint-deliverables`, () => ({ status: 'invited' }), ['deliverable']),
    act = sending(of.trouble);
  const answer = (/** @type {any} */ one,
    /** @type {'accepted'|'declined'} */ status) => html`<button class="button slim" disabled=${act.is}
    @click=${() => act(async () => {
    await call('PUT', `deliverables/${one.deliverable_id}/organizations/${own}`,
    { match: one.version, body: { status } });
    await of.load(); })}>
    ${() => t().requests[status]}
    </button>`;
  return when(() => of.items().length || of.trouble(),
    () => html`<section class="card pad"><h2>${() => t().requests.joint}</h2>
    ${Fault(of.trouble)}
    <ul class="lines">
    ${() => of.items()
    .map((one) => html`<li><span lang="ja"><b>${one.title}</b> ${one.lead_organization_name}</span>
    ${answer(one, 'accepted')}${answer(one, 'declined')}
    </li>`)}
    </ul>
    </section>`);
}

export function RequestsScreen() {
  const view = (/** @type {'board'|'table'} */ which) => html`<button
    aria-pressed=${() => String(isTable() === (which === 'table'))}
    @click=${() => requery({ view: which === 'table' ? which : undefined, status: undefined, sort: undefined })}>
    ${() => t().requests[which]}
    </button>`;
  return html`<main class="screen requests" id="main" tabindex="-1">
    <header class="title"><h1>${() => t().requests.title}</h1>
      <div class="filters">
        ${Search({ value: () => query().q ?? '', label: () => t().requests.find, onText: (q) => requery({ q }, 'q') })}
        ${Filter('family', () => named('families'))}${Filter('area', () => named('areas'))}
        ${Filter('format', () => named('formats'))}${Filter('role', () => named('roles'))}
        ${Filter('fiscal_year', years)}
        ${when(isTable,
          () => html`${Filter('status',
          () => COLUMNS.map(([column, statuses]) => [statuses.join(','), () => columnName(column)]))}
          ${Choice('sort', () => t().requests.sort,
          () => SORTS.map((code) => [code, () => t().requests.sorts[/** @type {'ends_on'} */ (code)]]))}`)}
        ${Clear([...FILTERS, 'status'])}
      </div>
      ${when(() => may('deliverables:write'),
        () => html`<a class="button main" href="#/requests/new">${() => t().newRequest.title}</a>`)}
      <div class="switch" role="group" aria-label=${() => t().requests.view}>${view('board')}${view('table')}</div>
      </header>
    ${when(() => user()?.user?.organization_id, Joint)}
    ${when(isTable, Lines, Board)}
  </main>`;
}

/**
 * @typedef {import('../types.js').Deliverable} Deliverable
 * @typedef {import('../types.js').Schemas['Intake']} Intake
 */

/**
 * @type {import('../../parts/view.js').Signal<{request: Deliverable, organization:
 * {id: string, name: string}|null, intake: Intake|null, applications: import('../types.js').Application[], project: any}|null>}
 */
const shown = signal(null);
export const titleOf = () => shown()?.request.title ?? t().requests.title;

/** @param {{request: Deliverable, onDone: () => Promise<void>}} of */
function Decision({ request, onDone }) {
  const declines = (/** @type {any} */ draft) => draft.way === 'decline';
  const items = /** @type {import('../../parts/form.js').Item[]} */ ([
    { name: 'way', kind: 'ways', label: () => t().decision.title,
      options: () => [['open', () => t().decision.open], ['decline', () => t().decision.decline]] },
    { name: 'reason', kind: 'select', label: () => t().decision.reason, options: () => codes('DecisionReason'),
      isFor: declines },
    { name: 'message', kind: 'area', label: () => t().decision.message },
  ]);
  return html`<section class="card pad" aria-label=${() => t().decision.title}>${Form({
    id: 'decision', key: `decision ${request.id}`, items, start: { way: 'open', reason: 'other', message: '' },
    label: () => t().decision.send, onRefused: onDone,
    send: async (draft) => {
      await post(`deliverables/${request.id}/decisions`,
        { status: declines(draft) ? 'declined' : 'open', reason: declines(draft) ? draft.reason : null,
        message: draft.message || null },
        shown.peek()?.request.version);
      await onDone();
    },
  })}</section>`;
}

/** What may follow without a word; decisions have a form. @type {Record<string, string[]>} */
const STEPS = { draft: ['submitted', 'cancelled'], submitted: ['screening', 'cancelled'],
  screening: ['hearing', 'cancelled'], hearing: ['cancelled'], open: ['cancelled'], matched: ['cancelled'] };
/** What is asked for, as a form. */
const NEED = /** @type {import('../../parts/form.js').Item[]} */ ([['title', 'text'],
  ['type', 'select', () => named('deliverable-types')], ['format', 'select', () => named('formats')],
  ['starts_on', 'date'], ['ends_on', 'date'], ['hours_per_week', 'number'], ['remote', 'check'], ['trouble', 'area'],
  ['day_parts', 'checks', dayParts], ['themes', 'checks', () => named('themes')]]
  .map(([field, kind, options]) => ({ name: field, kind, options, required: ['title', 'type'].includes(String(field)),
    label: () => word('DeliverableField', /** @type {string} */ (field)) })));
/** Why a request is cancelled to which people have agreed. */
const CANCELLATION = /** @type {import('../../parts/form.js').Item[]} */ ([{ name: 'reason', kind: 'select',
  label: () => t().decision.reason, options: () => codes('ProjectReason'), start: 'other' }]);
/** What has a project, or had one. */
const WORKED = ['matched', 'in_progress', 'delivered', 'closed', 'cancelled'];
/**
 * What happened, the oldest first: as it was decided, as the work went, and what else is known.
 * @param {NonNullable<ReturnType<typeof shown>>} of
 */
function history({ request: d, intake, project }) {
  const events = [{ at: d.created_at, what: t().history.created_at, who: '', more: '' }],
    status = (/** @type {string} */ one) => word('DeliverableStatus', one);
  for (const one of intake?.decisions ??
    []) events.push({ at: one.decided_at, what: status(one.status), who: by(one.decided_by),
    more: [word('DecisionReason', one.reason), one.message].filter(Boolean).join(' ') });
  const moves = (project?.[1].items ?? []).filter((/** @type {any} */ one) => one.subject === 'project' &&
    one.action === 'moved');
  for (const one of moves) {
    const isLast = one.detail === project?.[0].status;
    events.push({ at: one.occurred_at, what: word('ProjectStatus', one.detail), who: by(one.actor),
      more: isLast ? [word('ProjectReason', project?.[0].reason), project?.[0].message].filter(Boolean).join(' ')
      : '' });
  }
  if (d.opened_at &&
    !intake?.decisions.length) events.push({ at: d.opened_at, what: status('open'), who: '', more: '' });
  if (!events.some((one) => Math.abs(Date.parse(one.at) - Date.parse(d.status_since)) < 1000)) events.push({ at: d.status_since,
    what: status(d.status), who: '', more: d.cancellation_reason ? word('ProjectReason', d.cancellation_reason) : '' });
  if (d.archived_at) events.push({ at: d.archived_at, what: t().history.archived_at, who: '',
    more: d.archive_reason ? word('ProjectReason', d.archive_reason) : '' });
  return events;
}

/** @param {string} id */
export function RequestScreen(id) {
  const { shown: read, trouble, load, anew } = reading(async (stop) => {
    const request = /** @type {Deliverable} */ (await get(`deliverables/${id}`, { include_archived: true }, stop));
    const [organization, intake, applications, project] = await Promise.all([
      may('organizations:read') ? organizationOf(request, stop) : null,
      may('intake:read') ? get(`deliverables/${id}/intake`, { include_archived: true }, stop) : null,
      may('applications:read') ? get('applications', { deliverable_id: id, limit: 200 }, stop) : { items: [] },
      WORKED.includes(request.status) && may('project_work:read')
        ? get('projects', { ids: id }, stop).then(async ({ items: [one] }) => one &&
          [one, await get(`projects/${id}/history`, { limit: 200 }, stop)]).catch(() => null)
        : null,
    ]);
    return { request, organization, intake, applications: applications.items, project };
  }, ['deliverable', 'intake', 'application', 'project']);
  const audit = audited(id);
  effect(() => shown.set((!audit || audit.shown() || audit.trouble()) && read()));
  onRemove(() => shown.set(null));
  const d = () => /** @type {Deliverable} */ (shown()?.request ?? {});
  const isUnderReview = () => ['submitted', 'screening', 'hearing'].includes(d().status) && may('deliverables:decide');
  const dates = () => (d().starts_on || d().ends_on ? `${date(d().starts_on)} – ${date(d().ends_on)}` : '');
  /** Called as in the form that changes it. @param {string} field @param {() => unknown} value */
  const fact = (field, value) => Fact(() => word('DeliverableField', field), value);
  const role = (/** @type {any} */ one) => html`<li><b>${name('roles', one.role)}
    </b> <span class="num">${t().request.places(one.places)}</span>
    <ul class="wishes">
    ${(one.skills ?? []).map((/** @type {any} */ wish) => html`<li class="badge">
      ${name('skills', wish.skill)} ${wish.level}
      ${wish.must_have && html`<span class="must">${t().request.must}</span>`}
      </li>`)}
    </ul>
    </li>`;
  const act = sending(trouble);
  const change = (/** @type {object} */ body) => call('PATCH', `deliverables/${id}`, { match: d().version, body });
  const edit = () => doing.set({ title: () => t().projects.edit, form: { id: 'need', key: `need ${id}`, kind: 'wide',
    items: NEED, start: startOf(NEED, d()), label: () => t().projects.save,
    send: (draft, only) => change(only(valuesOf(NEED, draft))) } });
  const move = (/** @type {string} */ status) => {
    /** People have agreed to it, and hear why. */
    if (status === 'cancelled' && d().status === 'matched') doing.set({ title: () => word('DeliverableStatus', status),
      form: { id: 'cancel', key: `cancel ${id}`, items: CANCELLATION,
        send: ({ reason }) => change({ status, cancellation_reason: reason }) } });
    else if (status !== 'cancelled' || confirm(t.peek().admin.sure)) void act(() => anew(() => change({ status })));
  };
  const mayMove = (/** @type {string} */ to) => may(['submitted', 'cancelled'].includes(to) ? 'deliverables:write'
    : 'deliverables:decide');
  return Screen({ shown, trouble }, 'request', () => html`<header class="title">
      <p class="crumbs small"><a href="#/requests">${() => t().requests.title}</a>${Icon('next')}
      ${when(() => shown()?.organization,
        () => html`<a href=${() => `#/organizations/${shown()?.organization?.id}`} lang="ja">
        ${() => shown()?.organization?.name}
        </a>`)}
      </p>
      <div class="title-line"><h1><span lang="ja">${() => d().title}</span></h1>
      <span class="badge accent">${() => word('DeliverableStatus', d().status)}</span>
      </div>
      <p class="moves">
      ${when(() => may('matches:read'),
        () => html`<a class="button main" href=${href(`requests/${id}/ranking`)}>${Icon('sliders')}${() => t().request.candidates}
        </a> ${when(() => d().open_places?.some((one) => one.left > 0),
        () => html`<a class="button team-open" href=${href(`requests/${id}/team`)}>${() => t().team.title}</a>`)}`)}
      ${when(() => shown()?.project, () => html`<a class="button" data-project href=${`#/projects/${id}`}>${() => t().projects.title}</a>`)}
      </p>
      ${when(() => STEPS[d().status] && may('deliverables:write'), () => html`<p class="moves">
        <button class="button slim" data-edit @click=${edit}>${() => t().projects.edit}</button>
        ${() => STEPS[d().status].filter(mayMove).map((to) => html`<button class="button slim" data-move=${to}
        disabled=${act.is} @click=${() => move(to)}>${t().projects.to(word('DeliverableStatus', to))}</button>`)}
        </p>`)}
    </header>
    ${Doing(anew)}
    ${Fault(trouble)}
    <div class="columns">
      <section class="card pad"><h2>${() => t().request.need}</h2>
        ${when(() => d().trouble, () => html`<p class="prose" lang="ja">${() => d().trouble}</p>`)}
        <dl class="facts-list">
          ${fact('type', () => name('deliverable-types', d().type))}${fact('format', () => name('formats', d().format))}
          ${fact('area', () => name('areas', d().area))}${Fact(() => t().request.dates, dates)}
          ${fact('hours_per_week', () => d().hours_per_week && t().request.hoursPerWeek(d().hours_per_week ?? 0))}
          ${fact('day_parts', () => (d().day_parts ?? []).map((one) => word('DayPart', one)).join(t().comma))}
          ${fact('themes', () => (d().themes ?? []).map((one) => name('themes', one)).join(t().comma))}
          ${fact('qualifications', () => (d().qualifications ?? []).join(t().comma))}
          ${Fact(() => t().request.remote, () => d().remote && t().request.remoteYes)}
        </dl>
        ${when(() => d().roles?.length,
          () => html`<h3>${() => word('WorkerField', 'roles')}</h3>
          <ul class="roles">${() => (d().roles ?? []).map(role)}</ul>`)}
      </section>
      <div class="stacked">
        ${when(isUnderReview, () => Decision({ request: d(), onDone: load }))}
        ${when(() => shown()?.applications.length,
          () => Applications({ items: () => shown()?.applications ?? [], onDone: load }))}
        ${when(() => d().provenance,
          () => html`<section class="card pad"><h2>${() => t().request.provenance}</h2>
          <p class="small" lang="ja">
          ${() => d().provenance?.file} <span class="num">${() => t().request.row(d().provenance?.row ?? 0)}</span>
          </p>
          </section>`)}
        ${History(() => { const now = shown(); return now ? history(now) : []; }, audit)}
      </div>
    </div>`);
}

/** @typedef {import('../types.js').Application} Application */

/** What may follow, from the side of who decides. @type {Record<string, string[]>} */
const NEXT = { submitted: ['shortlisted', 'offered', 'declined'], shortlisted: ['offered', 'declined'],
  waitlisted: ['offered', 'declined'], offered: ['agreed', 'declined'] };
const REASONS = { declined: ['another_chosen', 'skills', 'schedule', 'no_longer_needed', 'request_closed', 'other'],
  withdrawn: ['schedule', 'workload', 'health', 'relocation', 'other_work', 'other'] };

/** What a worker may do. @type {Record<string, string[]>} */
const OWN = { submitted: ['withdrawn'], shortlisted: ['withdrawn'], waitlisted: ['withdrawn'],
  offered: ['agreed', 'withdrawn'], agreed: ['withdrawn'] };
const isWorker = () => user()?.role === 'worker';

/** An unanswered invitation is the worker's to answer; who invited may take it back. @param {Application} one */
const moves = (one) => (one.status === 'submitted' && one.direction === 'invitation'
  ? (isWorker() ? ['shortlisted', 'declined'] : ['withdrawn']) : ((isWorker() ? OWN : NEXT)[one.status] ?? []));
/** @param {string} to */
const moveName = (to) => (isWorker() ? t().applications.own : t().applications.moves)[/** @type {'agreed'} */ (to)];

/** @param {{one: Application, to: string, onClose: () => void, onDone: () => Promise<void>}} of */
function Move({ one, to, onClose, onDone }) {
  const isEnd = to === 'declined' || to === 'withdrawn', reasons = REASONS[/** @type {'declined'} */ (to)];
  let { version } = one;
  const area = (/** @type {string} */ name, field = name, required = false) => /** @type {import('../../parts/form.js').Item} */ ({
    name, kind: 'area', label: () => word('ApplicationField', field), most: 1000, required });
  /** Each side agrees for itself; the secretariat and coordinators record what was agreed elsewhere. */
  const agrees = to !== 'agreed' ? null
    : isWorker() ? { worker_agrees: true } : user()?.role === 'organization' ? { organization_agrees: true } : null;
  const terms = (/** @type {string} */ name) => area(name, name, Boolean(agrees));
  const items = /** @type {import('../../parts/form.js').Item[]} */ ([
    ...(isEnd
      ? [{ name: 'reason', kind: 'select', label: () => t().decision.reason,
      options: () => reasons.map((code) => [code, () => word('ApplicationReason', code)]) }]
      : []),
    ...(to === 'agreed' ? [terms('goal'), terms('schedule')] : []), area('note', 'answer_note'),
  ]);
  return Dialog({ title: () => t().applications.ask((isWorker() ? one.deliverable_title : one.worker_alias) ?? '',
    moveName(to)),
    onClose, content: Form({
    id: 'move', key: `${one.id} ${to}`, items,
    start: { note: '', goal: one.agreement?.goal ?? '', schedule: one.agreement?.schedule ?? '', reason: reasons?.[0] },
    label: () => moveName(to),
    send: async ({ note, goal, schedule, reason }) => {
      const agreement = to === 'agreed' && goal && schedule ? { goal, schedule } : undefined;
      await call('PATCH', `applications/${one.id}`,
        { match: version,
        body: { ...(agrees ?? { status: to }), note: note || null, reason: isEnd ? reason : undefined, agreement } });
      await onDone();
    },
    /** What it is now: a second try is then on purpose. Another goal and schedule are only seen in a new dialog. */
    onRefused: async () => {
      const now = await call('GET', `applications/${one.id}`).catch(() => null);
      if (now && JSON.stringify(now.agreement) === JSON.stringify(one.agreement)) ({ version } = now);
      await onDone();
    },
  }) });
}

/** @param {{items: () => Application[], onDone: () => Promise<void>, isOfRequest: boolean}} of */
export function Moves({ items, onDone, isOfRequest }) {
  const moving = signal(/** @type {{one: Application, to: string}|null} */ (null));
  const to = (/** @type {any} */ one) => (isOfRequest
    ? one.worker_alias && may('matches:read') && href(`requests/${one.deliverable_id}/ranking`, { worker: one.worker_id })
    : one.deliverable_title && href(`requests/${one.deliverable_id}`));
  return html`<ul class="applications">${each(items, (one) => one.id, (of) => html`<li>
      <div>
      <a href=${() => to(of())}>
      <b lang="ja">${() => (isOfRequest ? called(of().worker_alias, of().worker_id) : of().deliverable_title ?? t().applications.elsewhere)}</b>
      </a> <span class="badge accent">${() => word('ApplicationStatus', of().status)}</span>
      ${when(() => of().awaits,
        () => html` <span class="badge warn">${() => (of().awaits === user()?.role ? t().applications.awaitsYou
        : t().applications.awaits(word('ApplicationSide', of().awaits)))}
        </span>`)}
        <p class="small quiet facts">
        ${when(() => !isOfRequest && !isWorker(), () => html`<span lang="ja">${() => called(of().worker_alias, of().worker_id)}</span>`)}
        <span>${() => word('ApplicationDirection', of().direction)}</span><span>${() => name('roles', of().role)}</span>
        <span>${() => date(of().updated_at)}</span>
        ${when(() => of().respond_by, () => html`<span>${() => t().applications.until(date(of().respond_by))}</span>`)}
        ${when(() => of().closed_at, () => html`<span>${() => t().applications.closed(date(of().closed_at),
          of().closed_by === 'service' ? t().applications.service : by(of().closed_by))}</span>`)}
        </p>
        ${when(() => of().message, () => html`<p class="small prose" lang="ja">${() => of().message}</p>`)}
        ${when(() => of().note, () => html`<p class="small prose" lang="ja">${() => of().note}</p>`)}
        </div>
      ${when(() => (isWorker() ? may('applications:withdraw') : may('applications:decide') && of().deliverable_title !== null),
        () => html`<p class="moves">
        ${() => moves(of())
        .map((to) => html`<button class="button slim" data-move=${to}
        @click=${() => moving.set({ one: of.peek(), to })}>
        ${moveName(to)}
        </button>`)}
        </p>`)}
      </li>`)}
      </ul>
    ${when(moving,
      () => { const { one, to } = /** @type {{one: Application, to: string}} */ (moving.peek());
      return Move({ one, to, onDone, onClose: () => moving.set(null) }); })}`;
}

/** @param {{items: () => Application[], onDone: () => Promise<void>}} of */
export const Applications = ({ items, onDone }) => html`<section class="card pad" aria-labelledby="applications-title">
  <h2 id="applications-title">${() => t().applications.title}</h2>${Moves({ items, onDone, isOfRequest: true })}
  </section>`;

/** All applications that one may see; a worker's are their own. */
export function ApplicationsScreen() {
  const of = listing('applications',
    () => ({ ...chosen(['status', 'worker_id']), sort: '-updated_at', limit: 50 }), ['application']);
  return html`<main class="screen request" id="main" tabindex="-1" aria-busy=${() => String(!of.shown())}>
    <header class="title"><h1>${() => t().applications.title}</h1>
    <div class="filters">
    ${Filter('status', () => codes('ApplicationStatus'))}${Clear(['status', 'worker_id'])}
    </div>
    </header>
    ${Fault(of.trouble)}
    <section class="card pad">${Moves({ items: of.items, onDone: of.load, isOfRequest: false })}
    ${when(() => of.shown() && !of.items().length, () => html`<p class="empty">${() => t().none}</p>`)}${of.more}
    </section>
    </main>`;
}

/** @typedef {import('../types.js').Schemas['TriageResult']} Triage */

const BLANK = { trouble: '', title: '', type: '', organization_id: '', organization: '' };
/** They outlive the screen: what waits for the network isn't sent again by who comes back to it. */
const refused = signal(/** @type {Error|null} */ (null)), create = sending(refused);

export function NewRequestScreen() {
  /** What is typed, kept in this tab until it is sent, for whoever typed it. */
  refused.set(null);
  const kept = stored('request'), draft = { ...BLANK, ...kept.read() }, keep = () => kept.write(draft);
  const trouble = signal(String(draft.trouble)), type = signal(String(draft.type));
  /** @type {import('../../parts/view.js').Signal<Triage|null>} */
  const proposed = signal(null);
  const chosen = signal({ id: String(draft.organization_id), name: String(draft.organization) });
  let isComposing = false;
  effect(() => {
    language();
    const text = trouble().trim(), stop = new AbortController();
    if (text.length < 4) { proposed.set(null); return; }
    const timer = setTimeout(() => ask('triage', { trouble: text, limit: 4 }, stop.signal)
      .then((answer) => proposed.set(answer),
      () => {}),
      250);
    onRemove(() => { clearTimeout(timer); stop.abort(); });
  });
  const write = (/** @type {any} */ e) => { draft.trouble = e.target.value; keep();
    if (!isComposing) trouble.set(draft.trouble); };
  const choose = (/** @type {string} */ code) => { draft.type = code; keep(); type.set(code); };
  const own = user.peek()?.user?.organization_id;
  if (own &&
    !chosen.peek().id) void get(`organizations/${own}`).then(({ id, name: title }) => chosen.set({ id, name: title }));
  const send = (/** @type {any} */ event) => { event.preventDefault(); void create(async () => {
    const made = await post('deliverables',
      { organization_id: own ?? chosen.peek().id, type: type.peek(), title: draft.title, trouble: draft.trouble || null,
      status: event.submitter?.value === 'draft' ? 'draft' : 'submitted' });
    kept.write({});
    if (path.peek() === 'requests/new') go(`requests/${made.id}`);
  }); };
  const proposal = (/** @type {import('../../parts/view.js').Signal<Triage['items'][number]>} */ of) => html`<li>
    <label class="proposal" data-on=${() => type() === of().type}>
    <input type="radio" name="proposal" .checked=${() => type() === of().type} @change=${() => choose(of.peek().type)}
    />
    <span><b>${() => name('deliverable-types', of().type)}
    </b> <span class="num small quiet">${() => percent(of().confidence_ppm)}</span>
    <span class="small quiet because">${() => of().because}</span>
    </span>
    </label>
    </li>`;
  return html`<main class="screen request" id="main" tabindex="-1">
    <header class="title"><p class="crumbs small"><a href="#/requests">${() => t().requests.title}</a></p>
    <h1>${() => t().newRequest.title}</h1>
    </header>
    <form class="columns" @submit=${send}>
      <section class="card form">
        ${Field({ label: () => word('DeliverableField', 'trouble'), of: 'trouble', hint: () => t().newRequest.hint,
          control: html`<textarea id="trouble" rows="7" maxlength="4000" .value=${draft.trouble}
          @compositionstart=${() => { isComposing = true; }}
          @compositionend=${(/** @type {any} */ e) => { isComposing = false; write(e); }} @input=${write}>
          </textarea>` })}
        ${when(() => own, () => html`<p lang="ja">${() => chosen().name}</p>`,
          () => Field({ label: () => word('ChangeSubject', 'organization'),
          hint: () => html`<a class="link" href="#/organizations">${t().people.make}</a>`, of: 'organization',
          control: Picker({ id: 'organization', from: 'organizations', required: true,
          value: () => (chosen.peek().id ? chosen.peek() : null),
          onPick: (one) => { Object.assign(draft, { organization_id: one.id, organization: one.name }); keep();
          chosen.set(one); } }) }))}
        ${Field({ label: () => t().newRequest.name, of: 'title',
          control: html`<input class="input" id="title" required maxlength="200" .value=${draft.title}
          @input=${(/** @type {any} */ e) => { draft.title = e.target.value; keep(); }} />` })}
        ${Fault(refused)}
        <p class="actions">
        <button class="button" value="draft" disabled=${create.is}>
        ${() => t().newRequest.draft}
        </button>
        <button class="button main" value="submitted" disabled=${create.is}>
        ${() => (create.is() ? t().sending : own ? t().projects.submit : t().newRequest.submit)}
        </button>
        </p>
      </section>
      <section class="card form" aria-live="polite"><h2>${() => t().newRequest.type}</h2>
        ${when(() => proposed()?.items.length,
          () => html`<ul class="proposals">${each(() => proposed()?.items ?? [], (one) => one.type, proposal)}</ul>`,
          () => html`<p class="quiet small">${() => (proposed() ? t().newRequest.nothing : t().newRequest.start)}</p>`)}
        ${Field({ label: () => t().newRequest.other, of: 'type',
          control: html`<select class="select" id="type" required .value=${type}
          @change=${(/** @type {any} */ e) => choose(e.target.value)}>
          <option value="">–</option>
          ${[...entries('deliverable-types').values()].filter((one) => !one.retired)
          .map((one) => html`<option value=${one.code}>${() => name('deliverable-types', one.code)}</option>`)}
          </select>` })}
        ${when(() => proposed()?.questions.length,
          () => html`<h2>${() => t().newRequest.questions}</h2>
          <ul class="questions">${() => proposed()?.questions.map((one) => html`<li>${one}</li>`)}</ul>`)}
      </section>
    </form></main>`;
}
