/** The programme of a year: its calendar, events with who came, where help is needed and reaches, and figures. */
import {
  Add, all, audited, call, Choice, chosen, codes, covers, date, dayAt, Doing, doing, each, entries, Fault, Filter, Form, get, go, History, href, html, Icon, listing,
  may, memo, moment, name, named, number, post, query, reading, requery, Screen, save, sending, signal, startOf, t, Table,
  thisYear, today, untracked, user, valuesOf, when, word, years,
} from '../kit.js';

/**
 * @typedef {import('../types.js').Schemas} Schemas
 * @typedef {Schemas['Programme']} Programme
 * @typedef {Schemas['Event']} Gathering
 * @typedef {Schemas['Registration']} Registration
 * @typedef {Schemas['AreaCoverage']} Area
 */
/** @template T @typedef {import('../../parts/view.js').Signal<T>} Signal */

const PARTS = /** @type {const} */ (['', 'events', 'coverage', 'statistics']);
/** The parts of the programme, above each of them. @param {typeof PARTS[number]} here @param {unknown} [tools] */
const Head = (here, tools) => html`<header class="title"><h1>${() => t().programme.parts[here || 'calendar']}</h1>
  <nav class="switch" aria-label=${() => t().programme.title}>
  ${PARTS.filter((one) => !one || may(one === 'events' ? 'events:read' : 'statistics:read'))
    .map((one) => html`<a href=${`#/programme${one && `/${one}`}`} aria-current=${one === here ? 'page' : null}>
    ${() => t().programme.parts[one || 'calendar']}
    </a>`)}
  </nav><div class="filters">${tools}</div>
  </header>`;
const year = () => Filter('fiscal_year', years);
const area = () => Filter('area', () => named('areas'));

/** @param {() => string} label @param {() => Parameters<typeof save>} of */
const Save = (label,
  of) => html`<button class="button" data-save @click=${() => save(...of())}>${Icon('down')}${label}</button>`;

/** The first day of an event, in Tokyo; of a month, its first. @param {Partial<Gathering>} one */
const dayOf = ({ times, month }) => (times?.length
  ? dayAt(Math.min(...times.map((time) => Date.parse(time.starts_at)))) : `${month}-01`.slice(0, 10));
/** The days of a time from midnight to midnight in Tokyo, whose hours nobody knows. @param {Schemas['EventTime']} one */
const wholeDays = ({ starts_at, ends_at }) => (ends_at && [starts_at, ends_at].every((at) => at.includes('T15:00:00.0'))
  ? [...new Set([date(starts_at), date(new Date(Date.parse(ends_at) - 1))])].join(' – ') : '');
const held = (/** @type {Gathering} */ one) => (one.times?.[0] ? wholeDays(one.times[0]) || moment(one.times[0].starts_at)
  : one.month ? date(dayOf(one), one.month[7] ? undefined : { year: 'numeric', month: 'long' }) : '');

/** @typedef {import('../../parts/form.js').Item} Item */
const isOffice = () => user()?.role === 'admin';
/** A coordinator holds what is of their areas, the secretariat also what is of all. */
const areasItem = () => /** @type {Item} */ ({ name: 'areas', kind: 'checks', label: () => t().requests.any.area,
  start: isOffice() ? [] : user()?.user?.areas,
  options: () => named('areas').filter(([code]) => covers(code)),
  hint: () => t().programme.noArea });
/** Whether somebody may write what is of these areas. @param {string[]} areas */
const isMine = (areas) => isOffice() || areas.some(covers);
const titleItem = /** @type {Item} */ ({ name: 'title', label: () => t().newRequest.name, required: true, most: 200 });
/**
 * @param {() => string} title
 * @param {() => Omit<Parameters<typeof Form>[0], 'label'>} form
 * @param {string} what
 * @param {string} [kind]
 */
const Do = (title, form, what,
  kind = '') => html`<button class=${`button ${kind}`} data-do=${what}
  @click=${() => doing.set({ title, form: form() })}>
  ${title}
  </button>`;

/** @param {() => Programme} [of] */
const programmeForm = (of) => {
  const one = of?.();
  const items = /** @type {Item[]} */ ([titleItem,
    { name: 'kind', kind: 'select', label: () => t().requests.any.kind, options: () => codes('ProgrammeKind'),
    start: 'pro_bono' },
    ...(one ? []
      : [{ name: 'fiscal_year', kind: 'select', label: () => t().requests.any.fiscal_year, options: () => years().slice(0, 6),
      start: String(thisYear()) }]),
    { name: 'goal', kind: 'area', label: () => t().programme.goal, most: 5000 }, areasItem()]);
  return { id: 'programme', key: `programme ${one?.id}`, kind: 'wide', items, start: startOf(items, one),
    send: async (/** @type {any} */ draft, /** @type {any} */ only) => {
    const { fiscal_year: year, ...body } = valuesOf(items, draft);
    if (of) await call('PATCH', `programmes/${of().id}`, { match: of().version, body: only(body) });
    else { await post('programmes', { ...body, fiscal_year: Number(year) }); requery({ fiscal_year: year }); }
  } };
};
/**
 * A step of the calendar; without a place in it, a new one.
 * @param {() => Programme} of @param {number} [i] @param {(go: () => Promise<unknown>) => unknown} [run] does it, and says what is refused
 */
const stepForm = (of, i, run) => {
  const one = of();
  const items = /** @type {Item[]} */ ([{ name: 'kind', kind: 'select', label: () => t().requests.any.kind,
    options: () => codes('StepKind'), start: 'other' },
    { name: 'title', label: () => t().programme.otherName, most: 200 },
    { name: 'on', kind: 'date', label: () => t().programme.on, required: true },
    { name: 'until', kind: 'date', label: () => t().programme.lastDay }]);
  const write = (/** @type {any[]} */ added) => call('PATCH', `programmes/${one.id}`,
    { match: of().version,
    body: { calendar: [...of().calendar.filter((step) => !isOld(step)), ...added].sort((a,
    b) => a.on.localeCompare(b.on)) } });
  const old = i === undefined ? undefined : one.calendar[i];
  /** Others may have added steps meanwhile: its place says nothing. */
  const isOld = (/** @type {any} */ step) => old && step.kind === old.kind && step.on === old.on && step.title === old.title;
  return { id: 'step', key: `step ${one.id} ${JSON.stringify(old)}`, items, start: startOf(items, old),
    send: (/** @type {any} */ draft) => write([{ ...valuesOf(items, draft), done: old?.done ?? false }]),
    more: old &&
      html`<button type="button" class="button" data-remove
      @click=${() => { if (confirm(t.peek().admin.sure)) { doing.set(null); run?.(() => write([])); } }}>
      ${() => t().admin.doings.remove}
      </button>` };
};
/** @param {() => Partial<Gathering>} of an event, or what is known of a new one */
const eventForm = (of) => {
  const one = of(), host = user()?.user?.organization_id;
  /** Nobody goes to what is over any more: another place is a correction. */
  const isOver = Boolean(one.times?.length) &&
    one.times?.every((time) => Date.parse(time.ends_at ?? time.starts_at) < Date.now() - 86_400_000);
  /** To add what wasn't known moves nothing, unless it is another day than the one that was said. */
  const moved = (/** @type {any} */ draft) => one.status === 'published' &&
    ([...(isTold(draft) ? [] : ['starts_at', 'ends_at']), ...(isOver ? [] : ['place', 'address', 'online', 'online_url'])].some((name) => draft[name] !== start[name] &&
      start[name]) || (!start.starts_at && one.month && draft.starts_at && !draft.starts_at.startsWith(one.month)));
  /** To tell the hours of days that were said moves nothing. */
  const isTold = (/** @type {any} */ draft) => one.times?.[0] && wholeDays(one.times[0]) && draft.ends_at <= start.ends_at &&
    draft.starts_at.slice(0, 10) === start.starts_at.slice(0, 10);
  const items = /** @type {Item[]} */ ([titleItem,
    { name: 'kind', kind: 'select', label: () => t().requests.any.kind, options: () => codes('EventKind'),
    start: 'seminar' },
    { name: 'starts_at', kind: 'datetime-local', label: () => t().projects.startsAt, required: !one.month },
    { name: 'ends_at', kind: 'datetime-local', label: () => t().projects.endsAt },
    { name: 'notice', kind: 'area', label: () => t().programme.whyMoved, required: true, isFor: moved },
    { name: 'place', label: () => word('EventField', 'place_name'), most: 200 },
    { name: 'address', label: () => word('EventField', 'address'), most: 300, isFor: (draft) => draft.place },
    { name: 'online', kind: 'check', label: () => t().programme.online },
    { name: 'online_url', kind: 'url', label: () => word('EventField', 'online_url'), isFor: (draft) => draft.online },
    { name: 'takes_registrations', kind: 'check', label: () => t().programme.takes },
    { name: 'capacity', kind: 'number', least: 1, most: 100000, label: () => word('EventField', 'capacity') },
    { name: 'waiting_list', kind: 'check', label: () => t().programme.waitingList, isFor: (draft) => draft.capacity },
    { name: 'description', kind: 'area', label: () => word('EventField', 'description'), most: 10000 },
    ...(host ? [] : [areasItem()])]);
  const start = startOf(items, { ...one, ...one.times?.[0], place: one.place?.name,
    address: one.place?.address, notice: '' });
  return { id: 'event', key: `event ${one.id}`, kind: 'wide', items, start, send: async (/** @type {any} */ draft, /** @type {any} */ only) => {
    const all = valuesOf(items, draft), now = of(), { starts_at, ends_at, place, address, ...body } = one.id ? only(all) : all;
    if (place !== undefined || address !== undefined) body.place = all.place &&
      { ...(place === undefined ? now.place : { wheelchair: null }), name: all.place, address: all.address };
    if (starts_at !== undefined || ends_at !== undefined) body.times = all.starts_at
      ? [{ ...now.times?.[0], starts_at: all.starts_at, ends_at: all.ends_at }, ...(now.times ?? []).slice(1)] : [];
    if (one.id) return call('PATCH', `events/${one.id}`, { match: of().version, body });
    const made = await post('events', { ...body, programme_id: one.programme_id, status: 'draft',
      ...(host && { host_ids: [host] }) });
    go(`programme/events/${made.id}`);
  } };
};

/** @param {string} [id] of one programme; without it, those of a year */
export function ProgrammeScreen(id) {
  const asked = memo(() => query().fiscal_year);
  const { shown, trouble, anew } = reading(async (stop) => {
    const chosen = asked(), only = id && /** @type {Programme} */ (await get(`programmes/${id}`, {}, stop));
    const page = only ? { items: [only] } : await get('programmes', { fiscal_year: chosen, limit: 100 }, stop);
    /** Without a choice, this year, or the latest that has a programme. */
    const known = page.items.map((/** @type {Programme} */ one) => one.fiscal_year),
      at = chosen ?? (known.includes(thisYear()) ? thisYear() : Math.max(0, ...known));
    const items = /** @type {Programme[]} */ (page.items).filter((one) => one.fiscal_year === Number(at));
    return { items, year: Number(at),
      events: /** @type {Gathering[]} */ (items.length && may('events:read')
      ? (await get('events', { fiscal_year: at, sort: 'starts_on', limit: 200, programme_id: id }, stop)).items : []) };
  }, ['programme', 'event']);
  const send = sending(trouble);
  const months = () => Array.from({ length: 12 },
    (_,
    i) => { const n = (i + 3) % 12;
    return `${(shown()?.year ?? 0) + (n < 3 ? 1 : 0)}-${String(n + 1).padStart(2, '0')}`; });
  const tick = (/** @type {Programme} */ one,
    /** @type {number} */ i) => send(() => anew(() => call('PATCH', `programmes/${one.id}`,
    { match: one.version,
    body: { calendar: one.calendar.map((step, n) => (n === i ? { ...step, done: !step.done } : step)) } })));
  const step = (/** @type {Signal<Programme>} */ one, /** @type {Programme['calendar'][number]} */ of,
    /** @type {number} */ i) => html`<li>
    <label class="step" data-late=${!of.done && (of.until ?? of.on) < today()}>
    <input type="checkbox" disabled=${() => !may('programmes:write') || !isMine(one().areas) || send.is()}
    .checked=${Boolean(of.done)}
    @change=${() => tick(one.peek(), i)} />
    <span>
    <span class="num small quiet">${date(of.on, { day: 'numeric' })}
    ${of.until && ` – ${date(of.until, { month: 'numeric', day: 'numeric' })}`}
    </span> <span lang="ja">${of.title ?? word('StepKind', of.kind)}</span>
    </span>
    </label>
    ${() => (may('programmes:write') && isMine(one().areas)
    ? html`<button class="small link" data-step
    @click=${() => doing.set({ title: () => t().projects.edit, form: stepForm(one.peek, i, (go) => send(() => anew(go))) })}>
    ${t().projects.edit}<span class="sr"> ${of.title ?? word('StepKind', of.kind)}</span>
    </button>`
    : null)}
    </li>`;
  const card = (/** @type {Signal<Programme>} */ of) => html`<section class="card pad">
    <h2><a lang="ja" href=${() => href(`programme/${of().id}`)}>${() => of().title}
    </a> <span class="badge">${() => word('ProgrammeKind', of().kind)}
    </span> <span class="badge accent">${() => t().year(of().fiscal_year)}</span>
    </h2>
    <p class="small quiet">
    ${() => of().areas.map((one) => name('areas', one)).join(t().comma) || t().programme.allAreas}
    </p><p class="prose" lang="ja">${() => of().goal ?? ''}</p>
    ${() => (of().notices ?? []).map((one) => html`<p class="notice">${one.message}</p>`)}
    <p class="moves">
    ${when(() => may('programmes:write') && isMine(of().areas),
      () => html`${Do(() => t().projects.edit, () => programmeForm(of.peek), 'edit', 'slim')}
      ${Do(() => t().programme.addStep, () => stepForm(of.peek), 'step', 'slim')}`)}
    ${when(() => may('events:write') && (!of().areas.length || isMine(of().areas)),
      () => Do(() => t().programme.addEvent,
      () => eventForm(() => ({ programme_id: of.peek().id, ...(isOffice() && { areas: of.peek().areas }) })), 'event',
      'slim'))}
    </p>
    <ol class="year">
    ${() => months()
      .map((month) => html`<li><h3 class="num">${date(`${month}-01`, { month: 'short' })}</h3>
      <ul>${of().calendar.map((one, i) => one.on.startsWith(month) && step(of, one, i))}
      ${(shown()?.events ?? []).filter((one) => one.programme_id === of().id && dayOf(one).startsWith(month))
      .map((one) => html`<li><a class="small" lang="ja" href=${href(`programme/events/${one.id}`)}>${one.title}</a>
      </li>`)}
      </ul>
      </li>`)}
    </ol>
    </section>`;
  return Screen({ shown, trouble }, 'requests programme', () => html`
    ${Head('',
    [year(),
    when(() => may('programmes:write'), () => Do(() => t().programme.make, () => programmeForm(), 'make', 'main')),
    when(() => may('reports:read') && shown()?.year,
    () => Save(() => t().programme.report(shown()?.year ?? 0),
    () => { const at = shown()?.year ?? 0;
    return [`reports/${at}`, { format: 'html', include_demo: true }, `report-${at}.html`]; }))])}
    ${Fault(trouble)}
    <div class="stacked">${each(() => shown()?.items ?? [], (one) => one.id, card)}</div>
    ${when(() => shown()?.items.length === 0, () => html`<p class="empty">${() => t().none}</p>`)}${Doing(anew)}
    `);
}

export function EventsScreen() {
  const list = listing('events', () => ({ ...chosen(['kind', 'status', 'fiscal_year', 'area', 'series']), limit: 50 }),
    ['event', 'registration']);
  const line = (/** @type {Signal<Gathering>} */ of) => html`<tr>
    <th scope="row"><a data-ticket href=${() => href(`programme/events/${of().id}`)} lang="ja">${() => of().title}</a>
    </th><td class="num">${() => held(of())}</td><td>${() => word('EventKind', of().kind)}</td>
    <td><span class="badge">${() => word('EventStatus', of().status)}</span></td>
    <td lang="ja">${() => of().place?.name ?? (of().online ? t().programme.online : '')}</td>
    <td class="num">
    ${() => (of().takes_registrations ? `${of().counts?.registered ?? 0} / ${of().capacity ?? '∞'}` : '')}
    </td><td class="num">${() => of().attendance ?? ''}</td>
    </tr>`;
  return html`<main class="screen requests programme" id="main" tabindex="-1">
    ${Head('events',
    [Filter('kind', () => codes('EventKind')), Filter('status', () => codes('EventStatus')), year(), area(),
    when(() => may('events:write'),
    () => Do(() => t().programme.addEvent, () => eventForm(() => ({})), 'event', 'main'))])}
    ${Table({ of: list, label: () => t().programme.parts.events, head: () => t().programme.head, line })}
    ${Doing(list.anew)}
    </main>`;
}

/** @param {string} id */
export function EventScreen(id) {
  /** How many registrations are shown. */
  const most = signal(200), entries = `events/${id}/registrations`;
  const { shown, trouble, anew } = reading(async (stop) => {
    const wanted = most(), event = /** @type {Gathering} */ (await get(`events/${id}`, {}, stop));
    const reads = may('registrations:read');
    const [registrations,
      funnel] = await Promise.all([reads ? all(entries, { limit: 200 }, wanted, stop) : Object.assign([], { next: null }),
      reads && event.counts ? get(`events/${id}/funnel`, {}, stop) : null]);
    return { event, registrations: /** @type {Registration[] & {next: string|null}} */ (registrations),
      funnel: /** @type {Schemas['Funnel']|null} */ (funnel) };
  }, ['event', 'registration']);
  const own = user.peek()?.user?.worker_id;
  /** Those who hold it see how many there are. */
  const isHolder = () => Boolean(e().counts);
  const isOpen = () => e().status === 'published' && e().takes_registrations &&
    Date.parse(e().registration_closes_at ?? e().times?.[0]?.starts_at ?? '') > Date.now();
  const send = sending(trouble), e = () => /** @type {Gathering} */ (shown()?.event ?? {});
  const change = (/** @type {object} */ body) => call('PATCH', `events/${id}`, { match: e().version, body });
  /** People come from the first day on. */
  const begun = () => dayOf(e()) <= today();
  const isLeft = (/** @type {Registration} */ one) => one.status === 'registered';
  const isGuest = (/** @type {any} */ draft) => !draft.worker;
  const guest = /** @type {Item[]} */ ([{ name: 'worker', kind: 'pick', from: 'workers', label: () => word('ChangeSubject', 'worker'),
    isFor: () => isHolder() && may('workers:read') },
    { name: 'name', label: () => t().admin.name, required: true, most: 100, isFor: isGuest },
    { name: 'affiliation', label: () => word('RegistrationField', 'affiliation'), most: 200, isFor: isGuest },
    { name: 'email', kind: 'email', label: () => t().login.email, isFor: isGuest },
    { name: 'places', kind: 'number', label: () => word('RegistrationField', 'places'), start: 1, least: 1, most: 20,
      required: true },
    { name: 'status', kind: 'select', label: () => t().requests.any.status, isFor: isHolder,
      options: () => codes('RegistrationStatus')
        .filter(([code]) => code === 'registered' || (code === 'attended' && begun())) }]);
  const declared = /** @type {Item[]} */ ([{ name: 'declared_attendance', kind: 'number',
    label: () => t().programme.attendance, least: 0, most: 100000, hint: () => t().programme.declareHint }]);
  const notice = /** @type {Item[]} */ ([{ name: 'notice', kind: 'area', label: () => t().decision.reason,
    required: true, most: 2000 }]);
  /** What may follow: only what was public is cancelled, and the office decides about what a group has submitted. */
  const next = () => {
    const { status, published_at } = e(), isGroup = Boolean(user()?.user?.organization_id);
    return [...(status === 'draft' || (status === 'submitted' && !isGroup) ? ['published'] : []),
      ...(status === 'published' || (published_at && !isGroup) ? ['cancelled'] : [])];
  };
  /** What may follow of who registered; what is pressed is taken back. @type {Record<string, string[]>} */
  const marks = { registered: ['attended', 'absent', 'cancelled'], waiting: ['attended', 'cancelled'],
    attended: ['attended', 'absent'], absent: ['attended', 'absent'] };
  const mayMark = (/** @type {Registration} */ one,
    /** @type {string} */ to) => marks[one.status]?.includes(to) && (to === 'cancelled' || begun());
  const mark = (/** @type {Registration} */ one,
    /** @type {string} */ status) => (call('PATCH', `${entries}/${one.id}`,
    { match: one.version, body: { status: one.status === status ? 'registered' : status } }));
  const register = ({ worker = /** @type {any} */ (null), ...body }) => post(entries,
    { ...body, ...(worker && { worker_id: worker.id }) });
  const line = (/** @type {Signal<Registration>} */ of) => html`<tr>
    <th scope="row">
    ${() => { const { name: called, worker_id: worker, worker_name: known } = of(),
      shown = called ?? known ?? (worker ? word('ChangeSubject', 'worker') : '–');
    return worker && may('workers:read') ? html`<a lang="ja" href=${`#/workers/${worker}`}>${shown}</a>`
    : html`<span lang="ja">${shown}</span>`; }}
    <span class="small quiet" lang="ja">${() => of().affiliation ?? ''}</span>
    </th><td class="num">${() => of().places}</td>
    <td>
    <span class=${() => `badge ${of().status === 'attended' ? 'good' : ''}`}>
    ${() => word('RegistrationStatus', of().status)}
    </span>
    </td>
    <td>
    ${when(() => may('registrations:write') && marks[of().status],
      () => html`<span class="moves">
      ${(isHolder() ? ['attended', 'absent', 'cancelled']
      : ['cancelled']).map((status) => html`<button class="button slim check" data-mark=${status} disabled=${() => send.is() || !mayMark(of(), status)} aria-pressed=${() => String(of().status === status)}
      @click=${() => send(() => anew(() => mark(of.peek(), status)))}>
      ${() => word('RegistrationStatus', status)}<span class="sr"> ${() => of().name}</span>
      </button>`)}
      </span>`)}
    </td>
    </tr>`;
  const figure = (/** @type {() => string} */ label,
    /** @type {() => number|string|null|undefined} */ value) => when(() => value() !== null && value() !== undefined,
    () => html`<div class="card figure"><span>${label}</span><b class="num">${value}</b></div>`);
  const count = (/** @type {'registered'|'waiting'|'attended'|'absent'} */ of) => figure(() => word('RegistrationStatus',
    of),
    () => e().counts?.[of]);
  const step = (/** @type {'came'|'asked'|'consulted'|'applied'} */ of) => figure(() => t().programme.funnel[of],
    () => shown()?.funnel?.[of]);
  const fact = (/** @type {string} */ field, /** @type {() => unknown} */ value) => when(value,
    () => html`<div><dt>${() => word('EventField', field)}</dt><dd lang="ja">${value}</dd></div>`);
  return Screen({ shown, trouble }, 'request event', () => html`
    <header class="title"><p class="crumbs small"><a href="#/programme/events">${() => t().programme.parts.events}</a>
    </p>
      <div class="title-line"><h1><span lang="ja">${() => e().title}</span></h1>
      <span class="badge accent">${() => word('EventStatus', e().status)}</span>
      </div>
      ${when(() => may('events:write') && e().counts && e().status !== 'cancelled',
        () => html`<p class="moves">
        ${() => next().map((to) => (to === 'published'
        ? html`<button class="button main" data-do=${to} disabled=${send.is}
        @click=${() => send(() => anew(() => change({ status: to })))}>
        ${t().projects.publish}
        </button>`
        : Do(() => t().programme.cancel,
        () => ({ id: 'cancel', key: `${id} cancel`, items: notice,
        send: ({ notice }) => change({ status: to, notice }) }),
        to)))}
        ${Do(() => t().programme.change, () => eventForm(e), 'change')}
        </p>`)}
      </header>
    ${when(() => e().notice && (e().status === 'cancelled' || e().moved_at),
      () => html`<p class="notice" lang="ja">${() => e().notice}</p>`)}
    ${Fault(trouble)}
    ${() => (e().notices ?? []).map((one) => html`<p class="notice">${one.message}</p>`)}
    <div class="figures">${count('registered')}${count('waiting')}${count('attended')}${count('absent')}
    ${figure(() => word('EventField', 'capacity'), () => e().capacity)}
    ${figure(() => t().programme.attendance, () => e().attendance)}
    </div>
    <div class="columns"><section class="card pad"><h2>${() => t().programme.registrations}</h2>
        <div class="table-box" tabindex="0" role="region" aria-label=${() => t().programme.registrations}>
        <table class="table"><tbody>${each(() => shown()?.registrations ?? [], (one) => one.id, line)}</tbody></table>
        </div>${when(() => !shown()?.registrations.length, () => html`<p class="small quiet">${() => t().none}</p>`)}
        ${when(() => shown()?.registrations.next,
          () => html`<p class="beyond">
          <button class="button" data-more @click=${() => most.set(most.peek() + 200)}>${() => t().rank.more}</button>
          </p>`)}
        ${when(() => may('registrations:write') && (isHolder() || isOpen()),
          () => (own ? when(() => !shown()?.registrations.some((one) => marks[one.status]),
          () => html`<button class="button main" data-do="register" disabled=${send.is}
          @click=${() => send(() => anew(() => register({ worker: { id: own } })))}>
          ${() => t().programme.register}
          </button>`)
          : [Add({ id: 'guest', key: `${id} guest`, kind: 'wide', items: guest,
          start: startOf(guest, { status: begun() ? 'attended' : 'registered' }), label: () => t().programme.walkIn,
          send: (draft) => anew(() => register(valuesOf(guest, draft))) }),
          when(() => isHolder() && begun() && e().counts?.registered,
            () => html`<button class="button slim" data-do="all" disabled=${send.is}
            @click=${() => send(() => anew(async () => {
            for (const one of (await all(entries, { limit: 200 })).filter(isLeft)) await mark(one, 'attended'); }))}>
            ${() => t().programme.allCame(e().counts?.registered ?? 0)}
            </button>`)]))}
        ${when(() => may('events:write') && e().counts,
          () => Add({ id: 'declared', key: `${id} declared`, items: declared, label: () => t().programme.declare,
          send: (draft) => anew(() => change(valuesOf(declared, draft))) }))}
        </section>
      <div class="stacked">
      <section class="card pad"><h2>${() => word('EventKind', e().kind)}</h2>
      <p class="prose" lang="ja">${() => e().description ?? ''}</p>
          <dl class="facts-list">
          ${fact('times',
            () => (e().times?.length
            ? e().times.map((one) => html`<p class="num">${wholeDays(one) || [moment(one.starts_at),
              one.ends_at && date(one.ends_at, { timeStyle: 'short' })].filter(Boolean).join(' – ')}
            </p>`)
            : held(e())))}
          ${fact('place_name', () => e().place?.name ?? (e().online ? t().programme.online : ''))}
          ${fact('speakers',
            () => e().speakers?.map((one) => [one.name, one.affiliation].filter(Boolean).join(' ')).join(t().comma))}
          ${fact('breakouts', () => e().breakouts?.map((one) => one.title).join(t().comma) ?? '')}
          </dl>
          </section>
        ${when(() => shown()?.funnel,
          () => html`<section class="card pad"><h2>${() => t().programme.funnel.title}</h2>
          <div class="figures">${step('came')}${step('asked')}${step('consulted')}${step('applied')}</div>
          </section>`)}
        ${when(isHolder, () => History(() => [{ at: e().created_at, what: t().history.created_at },
        { at: e().published_at, what: word('EventStatus', 'published') },
        { at: e().moved_at, what: t().programme.moved, more: e().status === 'cancelled' ? null : e().notice },
        ...(e().version > 1 ? [{ at: e().updated_at, what: e().status === 'cancelled' ? word('EventStatus', 'cancelled')
        : t().history.updated_at }] : [])], audited(id)))}
        </div>
        </div>${Doing(anew)}
        `);
}

/** @typedef {[number, number]} Point */
/**
 * The outlines of municipalities: for each its polygons, each a list of rings, as the file has them.
 * @type {Promise<Map<string, Point[][][]>>|null}
 */
let drawn = null;
const project = (/** @type {number} */ longitude,
  /** @type {number} */ latitude) => /** @type {Point} */ ([longitude * 0.813, -latitude]);
const outlines = () => drawn ??= fetch(new URL('../../data/tokyo.topo.json', import.meta.url))
  .then((answer) => answer.json()).catch(() => {
  /** No network, or the server has another version meanwhile. */
  drawn = null;
  throw new Error(t.peek().failed); })
  .then(({ arcs, transform: { scale, translate }, objects }) => {
  const lines = arcs.map((/** @type {Point[]} */ arc) => { let x = 0, y = 0;
    return arc.map(([dx, dy]) => project((x += dx) * scale[0] + translate[0], (y += dy) * scale[1] + translate[1])); });
  const ring = (/** @type {number[]} */ of) => of.flatMap((i) => (i < 0 ? [...lines[~i]].reverse() : lines[i]));
  return new Map(objects.tokyo.geometries.map((/** @type {any} */ one) => [one.id,
    (one.type === 'Polygon' ? [one.arcs] : one.arcs).map((/** @type {number[][]} */ polygon) => polygon.map(ring))]));
});

/**
 * Fits points into a box, and says where each comes to lie.
 * @param {Point[]} points
 * @param {number[]} box left, top, width, height
 */
function fitting(points, [left, top, width, height]) {
  const [xs, ys] = [0, 1].map((i) => points.map((one) => one[i])),
    low = (/** @type {number[]} */ all) => all.reduce((a, b) => Math.min(a, b)),
    high = (/** @type {number[]} */ all) => all.reduce((a, b) => Math.max(a, b));
  const [x0, x1, y0, y1] = [low(xs), high(xs), low(ys), high(ys)],
    scale = Math.min(width / (x1 - x0 || 1), height / (y1 - y0 || 1));
  return (/** @type {Point} */ [x,
    y]) => [left + (width - (x1 - x0) * scale) / 2 + (x - x0) * scale,
    top + (height - (y1 - y0) * scale) / 2 + (y - y0) * scale].map((n) => n.toFixed(1))
    .join(' ');
}
const pathOf = (/** @type {Point[][]} */ rings,
  /** @type {(one: Point) => string} */ at) => rings.map((ring) => `M${ring.map(at).join('L')}Z`).join('');

const MEASURES = /** @type {const} */ (['gap', 'served_per_10000', 'need', 'projection', 'requests', 'engagements',
  'groups', 'workers_near', 'events']);
/** @param {Area} one @param {string} of @returns {number|null} */
const measure = (one,
  of) => { const value = /** @type {any} */ (one)[of];
  return value?.value ?? (typeof value === 'number' ? value : null); };

export function CoverageScreen() {
  const asked = () => ({ from: query.peek().from, to: query.peek().to, include_demo: true });
  const { shown,
    trouble } = reading(async (stop) => { query().from; query().to;
    const [coverage, shapes] = await Promise.all([get('statistics/coverage', asked(), stop), outlines()]);
    return { coverage: /** @type {Schemas['Coverage']} */ (coverage), shapes }; },
    ['deliverable', 'indicator_source']);
  const by = () => (MEASURES.includes(/** @type {any} */ (query().measure)) ? query().measure : 'gap');
  const items = memo(() => [...(shown()?.coverage.items ?? [])].sort((a,
    b) => (measure(b, by()) ?? -1e9) - (measure(a, by()) ?? -1e9)));
  const most = memo(() => Math.max(1e-9, ...items().map((one) => Math.abs(measure(one, by()) ?? 0))));
  /** Five steps of a colour; another colour below zero. @param {number|null} value */
  const fill = (value) => ({ fill: value === null ? 'var(--surface)'
    : `color-mix(in srgb, var(${value < 0 ? '--c-distance'
    : '--accent'}) ${10 + Math.min(4, Math.floor((Math.abs(value) / most()) * 5)) * 21}%, var(--surface))` });
  const say = (/** @type {Area} */ one,
    /** @type {string} */ of = by()) => { const value = measure(one, of); return value === null ? '–' : number(value);
    };
  const pick = (/** @type {string} */ code) => requery({ at: query.peek().at === code ? '' : code });
  const map = () => {
    const { coverage, shapes } = /** @type {NonNullable<ReturnType<typeof shown>>} */ (shown()),
      listed = entries('areas'),
      isIsland = (/** @type {Area} */ one) => listed.get(one.area)?.island && shapes.has(one.area);
    const land = coverage.items.filter((one) => !isIsland(one)), islands = coverage.items.filter(isIsland);
    const point = (/** @type {Area} */ one) => project(listed.get(one.area)?.longitude ?? 0,
      listed.get(one.area)?.latitude ?? 0);
    const at = fitting(land.flatMap((one) => shapes.get(one.area)?.flat(2) ?? [point(one)]), [8, 8, 704, 372]);
    const shape = (/** @type {Area} */ one,
      /** @type {string} */ d) => html`<svg>
      <path class="area" d=${d} data-on=${() => query().at === one.area} style=${() => fill(measure(one, by()))}
      @click=${() => pick(one.area)}>
      <title>${() => `${name('areas', one.area)} ${say(one)}`}</title>
      </path>
      </svg>`;
    const spot = (/** @type {Area} */ one) => { const [x, y] = at(point(one)).split(' ');
      return html`<svg>
      <circle class="area" cx=${x} cy=${y} r="9" data-on=${() => query().at === one.area}
      style=${() => fill(measure(one, by()))} @click=${() => pick(one.area)}>
      <title>${() => `${name('areas', one.area)} ${say(one)}`}</title>
      </circle>
      </svg>`;
      };
    const inset = (/** @type {Area} */ one, /** @type {number} */ i) => {
      /** Each island by itself, at its own scale: its largest polygon. */
      const largest = /** @type {Point[][][]} */ (shapes.get(one.area)).reduce((a,
        b) => (b[0].length > a[0].length ? b : a)),
        left = 8 + i * 78.5;
      return html`<svg><rect class="inset" x=${left} y="396" width="74" height="92" rx="6" />
        ${shape(one, pathOf(largest, fitting(largest[0], [left + 8, 402, 58, 62])))}
        <text x=${left + 37} y="482" text-anchor="middle">${() => name('areas', one.area).replace(/-.*/, '')}</text>
        </svg>`;
    };
    return html`<svg class="map" viewBox=${`0 0 720 ${islands.length ? 496 : 388}`} role="img"
      aria-label=${() => `${t().programme.parts.coverage}: ${t().programme.measures[/** @type {'gap'} */ (by())]}`}>
      ${land.map((one) => (shapes.has(one.area)
      ? shape(one, (shapes.get(one.area) ?? []).map((polygon) => pathOf(polygon, at)).join('')) : spot(one)))}
      ${islands.map(inset)}
      </svg>`;
  };
  const row = (/** @type {Signal<Area>} */ of) => html`<tr data-on=${() => query().at === of().area}>
    <th scope="row">
    <button data-pick aria-pressed=${() => String(query().at === of().area)} @click=${() => pick(of.peek().area)}>
    ${() => name('areas', of().area)}
    </button>
    </th>
    ${MEASURES.map((one) => html`<td class=${() => `num ${by() === one ? 'ahead' : ''}`}>${() => say(of(), one)}</td>`)}
    </tr>`;
  const ends = (/** @type {number} */ i) => { const known = items().flatMap((one) => measure(one, by()) ?? []);
    return known.length ? number(i ? Math.max(...known) : Math.min(...known)) : ''; };
  return Screen({ shown, trouble }, 'requests programme', () => html`
    ${Head('coverage',
    html`<select class="select on" aria-label=${() => t().programme.measure} .value=${by}
    @change=${(/** @type {any} */ e) => requery({ measure: e.target.value })}>
    ${MEASURES.map((one) => html`<option value=${one}>${() => t().programme.measures[one]}</option>`)}
    </select>${Choice('from', () => t().programme.from, years)}${Choice('to', () => t().programme.to, years)}
    ${Save(() => t().programme.csv, () => ['statistics/coverage.csv', asked(), 'coverage.csv'])}`)}
    ${Fault(trouble)}
    ${when(shown,
      () => html`<div class="columns atlas">
      <figure class="card pad">${() => { const now = shown(); return now && untracked(map); }}
        <p class="scale small num"><span>${() => ends(0)}</span>
        ${() => [-0.9, -0.5, -0.1, 0.1, 0.3, 0.5, 0.7,
          0.9].filter((part) => part > 0 || items().some((one) => (measure(one, by()) ?? 0) < 0))
          .map((part) => html`<i style=${{ background: fill(most() * part).fill }}></i>`)}
        <span>${() => ends(1)}</span>
        </p>
        <figcaption class="small quiet"><p>${() => t().programme.measureHints[/** @type {'gap'} */ (by())]}</p>
        <p>${() => t().programme.outlines}</p>
        ${() => shown()?.coverage.sources.map((one) => html`<p lang="ja">${one.credit}</p>`)}
        </figcaption>
        </figure>
      <div class="card table-box" tabindex="0" role="region" aria-label=${() => t().requests.table}>
      <table class="table">
      <thead>
      <tr><th scope="col">${() => t().requests.any.area}</th>
      ${MEASURES.map((one) => html`<th scope="col">${() => t().programme.measures[one]}</th>`)}
      </tr>
      </thead><tbody>${each(items, (one) => one.area, row)}</tbody>
      </table>
      </div>
      </div>`)}
      `);
}

/**
 * What is counted: by what it can be grouped, and which member is drawn.
 * @type {Record<string, [string[], string, string]>}
 */
const COUNTED = { deliverables: [['fiscal_year', 'month', 'format', 'area', 'family', 'type', 'status', 'role'],
  'total', 'DeliverableStatus'],
  applications: [['fiscal_year', 'month', 'status', 'role', 'format', 'area', 'family', 'type'], 'count',
  'ApplicationStatus'],
  outcomes: [['fiscal_year', 'format', 'area', 'family', 'type'], 'delivered', ''] };

export function StatisticsScreen() {
  const of = () => (COUNTED[query().of] ? query().of : 'deliverables'),
    by = () => (COUNTED[of()][0].includes(query().by) ? query().by : 'fiscal_year');
  const asked = memo(() => JSON.stringify({ group_by: by(), fiscal_year: query().fiscal_year, area: query().area,
    include_demo: true }));
  const { shown,
    trouble } = reading(async (stop) => { const kind = of(), grouped = by();
    return { ...await get(`statistics/${kind}`, JSON.parse(asked()), stop), kind, grouped }; },
    ['deliverable', 'application']);
  const label = (/** @type {any} */ one) => { const by = shown()?.grouped ?? '', code = one[by];
    return code === null ? t().programme.unknown
    : by === 'fiscal_year' ? t().year(code)
    : by === 'status' ? word(COUNTED[shown()?.kind ?? 'deliverables'][2], code)
    : by === 'month' ? code
    : name(/** @type {Record<string, string>} */ ({ type: 'deliverable-types', family: 'families' })[by] ?? `${by}s`,
    code);
    };
  const value = (/** @type {any} */ one) => Number(one[COUNTED[shown()?.kind ?? 'deliverables'][1]]);
  const share = (/** @type {any} */ one) => (one?.answered ? `${one.percent}% (${one.yes}/${one.answered})` : '–');
  const columns = () => /** @type {[string, (one: any) => unknown][]} */ ([[t().programme.count,
    (one) => number(value(one))],
    ...(shown()?.kind === 'deliverables'
    ? [[t().programme.days, (/** @type {any} */ one) => one.median_days_to_match ?? '–']] : []),
    ...(shown()?.kind === 'outcomes'
    ? [[t().programme.inUse, (/** @type {any} */ one) => share(one.in_use_after_6_months)],
    [t().programme.again, (/** @type {any} */ one) => share(one.would_do_again)]]
    : [])]);
  const chart = () => {
    const items = shown()?.items ?? [], most = Math.max(1, ...items.map(value));
    return html`<svg class="chart" height=${items.length * 40 + 4} role="img" aria-label=${t().programme.count}>
      ${items.map((/** @type {any} */ one,
      /** @type {number} */ i) => html`<svg><text x="0" y=${i * 40 + 14}>${label(one)}</text>
      <rect x="0" y=${i * 40 + 20} height="12" rx="3" width=${`${(value(one) / most) * 86}%`} />
      <text class="num" x=${`${(value(one) / most) * 86 + 1}%`} y=${i * 40 + 31}>${number(value(one))}</text>
      </svg>`)}
      </svg>`;
  };
  const choose = (/** @type {string} */ one, /** @type {() => string} */ label, /** @type {() => string} */ value,
    /** @type {() => [string, string][]} */ options) => html`<select class="select on" data-choose=${one}
    aria-label=${label} @change=${(/** @type {any} */ e) => requery({ [one]: e.target.value })}>
    ${() => { const now = value();
    return options().map(([code, title]) => html`<option value=${code} selected=${code === now}>${title}</option>`); }}
    </select>`;
  return Screen({ shown, trouble }, 'requests programme', () => html`
    ${Head('statistics',
    html`${choose('of', () => t().programme.counted, of,
    () => Object.keys(COUNTED).map((one) => [one, t().programme.sets[/** @type {'outcomes'} */ (one)]]))}
    ${choose('by', () => t().programme.by, by, () => COUNTED[of()][0].map((one) => [one, word('Dimension', one)]))}
    ${year()}${area()}
    ${Save(() => t().programme.csv, () => [`statistics/${of()}.csv`, JSON.parse(asked()), `${of()}.csv`])}`)}
    ${Fault(trouble)}
    <div class="columns"><figure class="card pad">${() => shown() && untracked(chart)}</figure>
      <div class="card table-box" tabindex="0" role="region" aria-label=${() => t().requests.table}>
      <table class="table">
      <thead>
      <tr><th scope="col">${() => word('Dimension', shown()?.grouped)}</th>
      ${() => columns().map(([title]) => html`<th scope="col">${title}</th>`)}
      </tr>
      </thead>
      <tbody>
      ${() => shown()?.items.map((/** @type {any} */ one) => html`<tr><th scope="row">${label(one)}</th>
        ${columns().map(([, say]) => html`<td class="num">${say(one)}</td>`)}
        </tr>`)}
      </tbody>
      </table>
      </div>
      </div>
      `);
}
