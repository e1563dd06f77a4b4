/**
 * Workers and organizations: the lists, what is known of one of them, records that may be the same, and what fits a
 * worker.
 */
import {
  audited, Bar, call, Choice, chosen, Clear, codes, count, covers, date, dayParts, Doing, doing, each, Fault, get, go,
  History, href, html, Icon, inOrder, listing, logOut, may, moment, name, named, offer, points, post, query, reading,
  requery, Screen, Search, sending, signal, startOf, t, Table, Tabs, today, user, valuesOf, vocabulary, when, word,
} from '../kit.js';

const names = (/** @type {string} */ of,
  /** @type {string[]|null|undefined} */ codes) => (codes ?? []).map((code) => name(of, code)).join(t().comma);
/** The names of the vocabulary. @param {string} set @param {string[]|null|undefined} codes */
const words = (set, codes) => (codes ?? []).map((code) => word(set, code)).join(t().comma);

/**
 * Fields of both kinds of records, in the order in which they are shown and compared.
 * @type {[string, (one: any) => string][]}
 */
const FIELDS = [
  ['name', (one) => one.name ?? one.personal?.name ?? one.alias ?? ''],
  ['kana', (one) => one.kana ?? one.personal?.kana ?? ''], ['aliases', (one) => (one.aliases ?? []).join(t().comma)],
  ['status', (one) => word(one.kind ? 'OrganizationStatus' : 'WorkerStatus', one.status)],
  ['kind', (one) => word('OrganizationKind', one.kind)], ['area', (one) => name('areas', one.area)],
  ['contact_person', (one) => one.contact?.person ?? ''],
  ['email', (one) => one.contact?.email ?? one.personal?.email ?? ''],
  ['phone', (one) => one.contact?.phone ?? one.personal?.phone ?? ''],
  ['employer', (one) => one.personal?.employer ?? ''], ['corporate_number', (one) => one.corporate_number ?? ''],
  ['roles', (one) => names('roles', one.roles)],
  ['skills',
    (one) => (one.skills ?? []).map((/** @type {any} */ wish) => `${name('skills', wish.skill)} ${wish.level}`).join(t()
    .comma)],
  ['themes', (one) => names('themes', one.themes)],
  ['accepted_formats', (one) => names('formats', one.accepted_formats)],
  ['hours_per_week', (one) => String(one.hours_per_week ?? '')],
  ['day_parts', (one) => words('DayPart', one.day_parts)],
  ['travel_limit_km',
    (one) => (one.travel_limit_km === null || one.travel_limit_km === undefined ? '' : `${one.travel_limit_km} km`)],
  ['capacity', (one) => String(one.capacity ?? '')], ['available_from', (one) => date(one.available_from)],
  ['available_until', (one) => date(one.available_until)],
  ['qualifications', (one) => (one.qualifications ?? []).join(t().comma)],
  ['evidence', (one) => (one.personal?.evidence ?? []).map((/** @type {any} */ piece) => piece.text).join('\n')],
  ['description', (one) => one.description ?? ''],
  ['source', (one) => [one.source, one.external_id].filter(Boolean).join(' ')],
  ['created_at', (one) => moment(one.created_at)], ['updated_at', (one) => moment(one.updated_at)],
];

/**
 * What a field is called; some are called otherwise for organizations.
 * @param {string} field
 * @param {boolean} [isOrganization]
 */
const fieldName = (field,
  isOrganization = false) => t().history[/** @type {'created_at'} */ (field)] ??
  word((isOrganization ? ['OrganizationField', 'WorkerField']
  : ['WorkerField', 'OrganizationField']).find((set) => vocabulary()[set]?.[field]) ??
  '',
  field);

/** @param {string} at */
const PeopleTabs = (at) => Tabs(() => t().menuItems.people, [
  ['workers', () => word('ImportKind', 'workers')], ['organizations', () => word('ImportKind', 'organizations')],
  ...(may('duplicates:read') ? [/** @type {[string, () => string]} */ (['duplicates', () => t().menuItems.duplicates])]
    : []),
], at);

/** All fields that a record has. @param {() => any} one */
const Facts = (one) => html`<section class="card pad"><h2>${() => t().people.profile}</h2><dl class="facts-list">
  ${() => FIELDS.flatMap(([field, say]) => { const value = say(one());
  return value
  ? [html`<div><dt>${fieldName(field, Boolean(one().kind))}</dt><dd class="lines-kept" lang="ja">${value}</dd></div>`]
  : [];
  })}
  </dl></section>`;
/** Where a record is now that was merged. @param {string} path @param {() => {merged_into?: string|null}} one */
const Merged = (path, one) => when(() => one().merged_into,
  () => html`<p class="notice"><a href=${() => `#/${path}/${one().merged_into}`}>${() => t().people.merged}</a></p>`);

/**
 * @typedef {import('../types.js').Schemas['Worker']} Worker
 * @typedef {import('../types.js').Schemas['Organization']} Organization
 * @typedef {import('../../parts/form.js').Option} Option
 */

/**
 * The filters of each list: parameter, label, options.
 * @type {Record<string, [string, () => string, () => Option[]][]>}
 */
const FILTERS = {
  workers: [['area', () => fieldName('area'), () => named('areas')],
    ['role', () => t().requests.any.role, () => named('roles')], ['skill', () => fieldName('skills'), () => named('skills')],
    ['status', () => fieldName('status'), () => codes('WorkerStatus')]],
  organizations: [['area', () => fieldName('area'), () => named('areas')],
    ['kind', () => fieldName('kind'), () => codes('OrganizationKind')],
    ['status', () => fieldName('status'), () => codes('OrganizationStatus')]],
};

/** @param {'workers'|'organizations'} which */
export function PeopleScreen(which) {
  const isWorkers = which === 'workers', params = FILTERS[which].map(([param]) => param), all = [...params, 'q'];
  const of = listing(which,
    () => ({ ...chosen(all), sort: query().sort || '-updated_at', limit: 50, count: true }),
    [which.slice(0, -1)]);
  const line = (/** @type {import('../../parts/view.js').Signal<any>} */ one) => html`<tr>
    <th scope="row">
    <a data-ticket href=${() => href(`${which}/${one().id}`)} lang="ja">${() => one().alias ?? one().name}</a>
    <span class="small quiet" lang="ja">${() => (isWorkers ? one().personal?.name : one().kana) ?? ''}</span>
    </th>
    <td><span class="badge">${() => word(isWorkers ? 'WorkerStatus' : 'OrganizationStatus', one().status)}</span></td>
    <td>${() => name('areas', one().area)}</td>
    <td>
    ${() => (isWorkers ? names('roles', one().roles)
      : word('OrganizationKind', one().kind))}
    </td><td class="num">${() => date(one().updated_at)}</td>
    </tr>`;
  const sorts = () => ['-updated_at', '-created_at', isWorkers ? 'alias' : 'name'].map((code,
    i) => /** @type {Option} */ ([code, () => t().people.sorts[i]]));
  const make = () => (isWorkers ? t().people.makeWorker : t().people.make);
  return html`<main class="screen requests" id="main" tabindex="-1">
    <header class="title"><h1>${() => word('ImportKind', which)}</h1>${PeopleTabs(which)}
    <div class="filters">
    ${Search({ value: () => query().q ?? '', label: () => t().people.find, onText: (q) => requery({ q }, 'q') })}
      ${FILTERS[which].map((one) => Choice(...one))}
      ${Choice('sort', () => t().people.sorts[0], sorts)}${Clear(all)}
      </div><span class="num quiet" role="status">${() => count(of)}</span>
      ${when(() => may(`${which}:write`) && user()?.role !== 'organization',
        () => html`<button class="button main" data-new
        @click=${() => doing.set({ title: make, form: isWorkers ? workerForm() : groupForm() })}>
        ${make}
        </button>`)}
      </header>${Doing(of.anew)}
    ${Table({ of, label: () => word('ImportKind', which),
      head: () => [fieldName('name', !isWorkers), fieldName('status'), fieldName('area'),
      isWorkers ? fieldName('roles') : fieldName('kind'), t().history.updated_at],
      line })}
    </main>`;
}

/**
 * Records of one kind that belong to the one that is shown.
 * @param {() => string} title
 * @param {string} path
 * @param {Record<string, string>} asked
 * @param {string} type
 * @param {(one: any) => [string|null, string, string, string|null|undefined]} say address, title, state, day
 */
const belongings = (title, path, asked, type,
  say) => (may(`${path}:read`) ? [{ title, say, of: listing(path, () => ({ ...asked, limit: 20 }), [type]) }] : []);
/** @param {Record<string, string>} asked */
const projectsOf = (asked) => belongings(() => t().projects.title, 'projects', asked, 'project',
  (p) => [`projects/${p.id}`, p.title, word('ProjectStatus', p.status), p.status_since]);
/** @param {ReturnType<typeof belongings>[number]} at */
const Belongings = ({ title, say, of }) => html`<section class="card pad"><h2>${title}</h2>
  ${Fault(of.trouble)}
  <ul class="lines">
  ${() => of.items()
  .map((one) => { const [to, label, state, day] = say(one);
  return html`<li><a href=${to && `#/${to}`} lang="ja">${label}</a><span class="badge">${state}</span>
  <span class="num small quiet">${date(day)}</span>
  </li>`;
  })}
  </ul>
    ${when(() => of.shown() && !of.items().length, () => html`<p class="small quiet">${() => t().none}</p>`)}${of.more}
    </section>`;
/** When a record was made and changed. @param {() => any} one @param {ReturnType<typeof audited>} audit */
const Past = (one, audit) => History(() => [{ at: one().created_at, what: t().history.created_at },
  ...(one().version > 1 ? [{ at: one().updated_at, what: t().history.updated_at }] : []),
  { at: one().archived_at, what: t().history.archived_at }], audit);
/**
 * The record, once what belongs to it is read, too: then nothing moves.
 * @param {{shown: () => any, trouble: () => Error|null}} of
 * @param {({shown: () => unknown, trouble: () => unknown}|null)[]} lists
 */
const withAll = (of, lists) => ({ trouble: of.trouble,
  shown: () => lists.every((one) => !one || one.shown() || one.trouble()) && of.shown() });

/** What a worker says of themselves, as a form; without a record, a new one. @param {() => Worker} [of] */
function workerForm(of) {
  const one = /** @type {Partial<Worker>} */ (of?.() ?? { status: 'active' }),
    own = one.personal ?? {};
  /** @type {import('../../parts/form.js').Item[]} */
  const items = [['name', 'text'], ['kana', 'text'], ['email', 'email'], ['phone', 'text'],
    ['area', 'select', named('areas')], ['status', 'select', codes('WorkerStatus')], ['hours_per_week', 'number'],
    ['capacity', 'number'], ['travel_limit_km', 'number'], ['available_from', 'date'], ['available_until', 'date'],
    ['roles', 'checks', named('roles')], ['accepted_formats', 'checks', named('formats')],
    ['themes', 'checks', named('themes')], ['day_parts', 'checks', dayParts()], ['skills', 'levels', named('skills')],
    ['evidence', 'area']]
    .map(([field, kind, options]) => /** @type {any} */ ({ name: field, kind,
      label: () => fieldName(/** @type {string} */ (field)), options: () => options,
      hint: field === 'travel_limit_km' ? () => 'km' : undefined,
      most: kind === 'number' ? 1000 : 4000, least: 0, required: field === 'name' && !of }));
  const start = { ...startOf(items, one),
    skills: Object.fromEntries((one.skills ?? []).map(({ skill, level }) => [skill, level])), name: own.name,
    kana: own.kana, email: own.email, phone: own.phone,
    evidence: own.evidence?.map((piece) => piece.text).join('\n\n') };
  const save = async (/** @type {Record<string, any>} */ draft, /** @type {(values: any) => any} */ only) => {
    const body = only(valuesOf(items, draft)), personal = /** @type {any} */ ({});
    /** What isn't answered is null; an empty list would say "none". */
    for (const [field, value] of Object.entries(body)) if (Array.isArray(value) && !value.length) body[field] = null;
    if (body.skills) body.skills = Object.entries(body.skills).map(([skill, level]) => ({ skill, level }));
    if (body.capacity === null) body.capacity = 1;
    for (const field of ['name', 'kana', 'email', 'phone', 'evidence']) {
      if (field in body) { personal[field] = body[field]; delete body[field]; body.personal = personal; }
    }
    if ('evidence' in personal) personal.evidence = String(personal.evidence ?? '').split(/\n\s*\n/).filter((text) => text.trim())
      .map((text) => (of?.() ?? one).personal?.evidence?.find((piece) => piece.text === text) ?? { text });
    if (!of) return go(`workers/${(await post('workers', { capacity: 1, ...body, status: draft.status })).id}`);
    await call('PATCH', `workers/${one.id}`, { match: of().version, body });
  };
  return { id: `worker-${one.id ?? 'new'}`, kind: 'wide', items, start, label: () => t().people.save, send: save };
}

/** @param {string} id */
export function WorkerScreen(id) {
  const of = reading(async (stop) => {
    const worker = /** @type {Worker} */ (await get(`workers/${id}`, {}, stop));
    return { worker, consents: may('personal_data:export') && covers(worker.area)
      ? (await get(`workers/${id}/consents`, { limit: 200 }, stop)).items : null };
  }, ['worker']), one = () => /** @type {Worker} */ (of.shown()?.worker), consents = () => of.shown()?.consents;
  /** Who is seen because of an application is changed by their own office. @param {string} scope */
  const mine = (scope) => () => may(scope) && covers(one().area);
  const isOwn = user.peek()?.user?.worker_id === id, act = sending(of.trouble);
  /** All parts as one file. The worker, the account and its sessions are in each. */
  const download = () => act(async () => {
    const path = `workers/${id}/personal-data`, whole = /** @type {any} */ (await get(path));
    while (whole.next) {
      const { worker, account, sessions, next, ...lists } = /** @type {any} */ (await get(path, { cursor: whole.next }));
      for (const list in lists) whole[list].push(...lists[list]);
      whole.next = next;
    }
    offer(new Blob([JSON.stringify(whole, null, 2)]), `${id}.json`);
  });
  const erase = async () => {
    if (confirm(t.peek().people.eraseAsk) &&
    await act(() => call('DELETE', `workers/${id}`, { match: one().version }))) {
    if (isOwn) void logOut(); else go('workers'); }
    };
  const consent = (/** @type {Record<string, any>|null} */ given) => call('PATCH', `workers/${id}`,
    { match: one().version, body: { consent: given } });
  const give = () => doing.set({ title: () => t().people.give, form: { id: `consent-${id}`, kind: 'narrow',
    label: () => t().people.save, send: consent,
    start: { purpose: 'matching', given_on: today(),
    text_version: consents()?.[0]?.text_version ?? '' },
    items: [
    { name: 'purpose', kind: 'select', label: () => word('WorkerField', 'consent_purpose'),
      options: () => codes('ConsentPurpose') },
    { name: 'given_on', kind: 'date', required: true, label: () => word('WorkerField', 'consent') },
    { name: 'text_version', required: true, most: 100,
      label: () => word('WorkerField', 'consent_text_version') }] } });
  const audit = audited(id), lists = [...belongings(() => t().applications.title, 'applications', { worker_id: id }, 'application',
    (a) => [a.deliverable_title && `requests/${a.deliverable_id}`, a.deliverable_title ?? t().applications.elsewhere, word('ApplicationStatus', a.status),
    a.updated_at]),
    ...projectsOf({ worker_id: id })];
  return Screen(withAll(of, [audit, ...lists.map((one) => one.of)]), 'request',
    () => html`<header class="title">
    <p class="crumbs small">
    ${isOwn ? t().menuItems.profile : html`<a href="#/workers">${() => word('ImportKind', 'workers')}</a>`}
    </p>
      <div class="title-line"><h1><span lang="ja">${() => one().alias}</span></h1>
      <span class="badge accent">${() => word('WorkerStatus', one().status)}</span>
      </div>
      <p class="moves">
      ${when(mine('workers:write'),
        () => html`<button class="button main" data-edit
        @click=${() => doing.set({ title: () => t().people.edit, form: workerForm(one) })}>
        ${() => t().people.edit}
        </button>`)}
      ${when(() => may('recommendations:read'),
        () => html`<a class="button" href=${href(`workers/${id}/openings`)}>${() => t().openings.title}</a>`)}
        ${when(mine('personal_data:export'),
          () => html`<button class="button" data-export @click=${download}>${() => t().people.export}</button>`)}
        ${when(mine('workers:write'),
          () => html`<button class="button plain late" @click=${erase}>${() => t().people.erase}</button>`)}
        </p>
        </header>
    ${Fault(of.trouble)}
    ${Merged('workers', one)}
    <div class="columns">${Facts(one)}
    <div class="stacked">
      ${when(consents,
        () => html`<section class="card pad consents"><h2>${() => t().people.consents}</h2>
        <ol class="history">
        ${() => consents()
        ?.map((/** @type {any} */ given) => html`<li><time class="num small quiet">${date(given.given_on)}</time>
        <div><b>${word('ConsentPurpose', given.purpose)}
        </b> ${given.withdrawn_at ? html`<span class="badge">${t().people.withdrawn(moment(given.withdrawn_at))}</span>`
        : html`<span class="badge good">${t().people.valid}</span>`}
        <p class="small quiet">${given.text_version}</p>
        </div>
        </li>`)}
        </ol>
        ${when(mine('workers:write'),
          () => html`<p class="moves">
          <button class="button slim" disabled=${act.is}
          @click=${() => (one().consent ? confirm(t.peek().people.withdrawAsk) && act(() => of.anew(() => consent(null)))
          : give())}>
          ${() => (one().consent ? t().people.withdraw : t().people.give)}
          </button>
          </p>`)}
        </section>`)}
      ${lists.map(Belongings)}${Past(one, audit)}</div></div>
    ${Doing(of.anew)}`);
}

/** What an organization is, as a form. */
const GROUP = /** @type {import('../../parts/form.js').Item[]} */ ([['name', 'text'],
  ['area', 'select', () => named('areas')], ['kana', 'text'],
  ['kind', 'select', () => codes('OrganizationKind'), 'voluntary_group'],
  ['status', 'select', () => codes('OrganizationStatus'), 'active'], ['corporate_number', 'text'],
  ['contact_person', 'text'], ['contact_email', 'email'], ['contact_phone', 'text'], ['description', 'area'],
  ['themes', 'checks', () => named('themes')]]
  .map(([field, kind, options, start]) => ({ name: field, kind, options, start,
    required: ['name', 'area'].includes(String(field)),
    label: () => word('OrganizationField', /** @type {string} */ (field)) })));
/** A new organization, or one to be corrected. @param {() => Organization} [one] */
function groupForm(one) {
  const flat = one && { ...one(), ...Object.fromEntries(['person', 'email', 'phone']
    .map((of) => [`contact_${of}`, /** @type {any} */ (one().contact)?.[of]])) };
  return {
    id: 'group', key: `group ${one?.().id}`, kind: 'wide', items: GROUP, start: startOf(GROUP, flat),
    label: () => t().people.save,
    send: async (/** @type {Record<string, any>} */ draft, /** @type {(values: any) => any} */ only) => {
      const all = valuesOf(GROUP, draft), body = one ? only(all) : all, contact = /** @type {any} */ ({});
      for (const of of ['person', 'email', 'phone']) {
        const field = `contact_${of}`;
        if (field in body) { contact[of] = body[field]; delete body[field]; body.contact = contact; }
      }
      if (one) await call('PATCH', `organizations/${one().id}`, { match: one().version, body });
      else go(`organizations/${(await post('organizations', body)).id}`);
    },
  };
}

/** @param {string} id */
export function OrganizationScreen(id) {
  const of = reading((stop) => /** @type {Promise<Organization>} */ (get(`organizations/${id}`,
    { include_archived: true }, stop)),
    ['organization']),
    one = () => /** @type {Organization} */ (of.shown());
  const audit = audited(id), lists = [...belongings(() => t().requests.title, 'deliverables', { organization_id: id }, 'deliverable',
    (d) => [`requests/${d.id}`, d.title, word('DeliverableStatus', d.status), d.status_since]),
    ...projectsOf({ organization_id: id })];
  return Screen(withAll(of, [audit, ...lists.map((one) => one.of)]), 'request',
    () => html`<header class="title">
    <p class="crumbs small">
    ${user.peek()?.user?.organization_id === id ? t().menuItems.profile
      : html`<a href="#/organizations">${() => word('ImportKind', 'organizations')}</a>`}
    </p>
      <div class="title-line"><h1><span lang="ja">${() => one().name}</span></h1>
      <span class="badge accent">${() => word('OrganizationStatus', one().status)}</span>
      </div>${when(() => may('organizations:write') && !one().merged_into, () => html`<p class="moves">
        <button class="button" data-edit
        @click=${() => doing.set({ title: () => t().people.edit, form: groupForm(one) })}>
        ${() => t().people.edit}
        </button></p>`)}
      </header>${Doing(of.anew)}
    ${Merged('organizations', one)}
    <div class="columns">${Facts(one)}
    <div class="stacked">
      ${lists.map(Belongings)}${Past(one, audit)}</div></div>`);
}

/** @typedef {import('../types.js').Schemas['Duplicate']} Duplicate */

export function DuplicatesScreen() {
  const { shown: list, trouble, more } = listing('duplicates', () => ({ status: query().status || 'proposed', sort: '-score', limit: 100 }),
    ['worker', 'organization']);
  const line = (/** @type {import('../../parts/view.js').Signal<Duplicate>} */ of) => html`<li>
    <a data-ticket href=${() => href(`duplicates/${of().id}`)}>
    <b lang="ja">${() => of().records.map((one) => one.name).join(' / ')}</b>
    <span class="small quiet facts"><span>${() => word('DuplicateKind', of().kind)}</span>
    ${() => of().reasons.filter((one) => one.agreement !== 'different')
      .map((one) => html`<span>${word('DuplicateField', one.field)}: ${word('DuplicateAgreement', one.agreement)}
      </span>`)}
    </span><span class="num">${() => Math.round(of().score * 100)}%</span>
    </a>
    </li>`;
  return html`<main class="screen request" id="main" tabindex="-1" aria-busy=${() => String(!list())}>
    <header class="title"><h1>${() => t().duplicates.title}</h1><p class="quiet">${() => t().duplicates.hint}</p>
    ${PeopleTabs('duplicates')}
    <div class="filters">${Choice('status', () => word('DuplicateStatus', 'proposed'),
      () => codes('DuplicateStatus').filter(([code]) => code !== 'proposed'))}</div>
    </header>
    ${Fault(trouble)}
    <section class="card queue">
    ${when(() => list()?.items.length, () => html`<ol>${each(() => list()?.items ?? [], (one) => one.id, line)}</ol>`,
      () => html`<p class="empty">${() => (list() ? t().duplicates.none : t().loading)}</p>`)}${more}
    </section>
    </main>`;
}

/** @param {string} id */
export function DuplicateScreen(id) {
  const { shown, trouble, anew } = reading(async (stop) => {
    const pair = /** @type {Duplicate} */ (await get(`duplicates/${id}`, {}, stop)),
      path = pair.kind === 'worker' ? 'workers' : 'organizations';
    return { pair,
      records: await Promise.all(pair.records.map((one) => (covers(one.area) ? get(`${path}/${one.id}`,
      path === 'organizations' ? { include_archived: true } : {}, stop) : one))) };
  }, []);
  const act = sending(trouble);
  const decide = (/** @type {{status: string, primary_id?: string|null}} */ body) => act(() => anew(() => call('PATCH',
    `duplicates/${id}`, { match: shown.peek()?.pair.version, body })));
  const canDecide = () => may('duplicates:write') && shown()?.pair.records.every((one) => covers(one.area));
  const status = () => shown()?.pair.status;
  const rows = () => {
    const records = shown()?.records ?? [];
    return FIELDS.flatMap(([field, say]) => {
      const values = records.map(say);
      if (!values.some(Boolean)) return [];
      const isSame = values.every((one) => one === values[0]), isOpen = field.endsWith('_at') || values.some((one) => !one);
      return [html`<tr class=${isSame ? '' : isOpen ? 'partly' : 'differs'}><th scope="row">${fieldName(field,
        shown()?.pair.kind === 'organization')}</th>
        ${values.map((one) => html`<td lang="ja">${one || '–'}</td>`)}
        <td class="small">${isOpen && !isSame ? '' : word('DuplicateAgreement', isSame ? 'same' : 'different')}</td>
        </tr>`];
    });
  };
  return Screen({ shown, trouble }, 'request', () => html`
    <header class="title">
    <p class="crumbs small"><a href="#/duplicates">${() => t().duplicates.title}</a>${Icon('next')}
    <span>${() => word('DuplicateKind', shown()?.pair.kind)}</span>
    </p>
      <div class="title-line">
      <h1><span lang="ja">${() => shown()?.pair.records.map((one) => one.name).join(' / ')}</span></h1>
      <span class="badge accent">${() => word('DuplicateStatus', status())}</span>
      </div>
      </header>
    ${Fault(trouble)}
    <section class="card table-box" tabindex="0" role="region" aria-label=${() => t().duplicates.compare}>
    <table class="table pair-table">
    <thead>
    <tr><td></td>
    ${() => shown()?.pair.records.map((one,
      i) => html`<th scope="col"><a href=${`#/${shown()?.pair.kind}s/${one.id}`}>${t().duplicates.record(i + 1)}</a> <span lang="ja">${one.name}</span>
      </th>`)}
    <td></td>
    </tr>
    </thead><tbody>${rows}</tbody>
    </table>
    </section>
    ${when(canDecide,
      () => html`<p class="moves">
      ${when(() => status() === 'proposed',
      () => html`${() => shown()?.pair.records.map((one,
      i) => html`<button class="button" disabled=${act.is}
      @click=${() => decide({ status: 'merged', primary_id: one.id })}>
      ${t().duplicates.merge(i + 1)}
      </button>`)}
      <button class="button" disabled=${act.is} @click=${() => decide({ status: 'distinct' })}>
      ${() => t().duplicates.part}
      </button>`,
      () => html`<button class="button" disabled=${act.is}
      @click=${() => decide({ status: status() === 'merged' ? 'distinct' : 'proposed', primary_id: null })}>
      ${() => (status() === 'merged' ? t().duplicates.unmerge : t().duplicates.reopen)}
      </button>`)}
      </p>`)}`);
}

/** @typedef {import('../types.js').Schemas['DeliverableMatch']} Match */

/** @param {Match} match @param {string} worker */
const apply = ({ deliverable, role }, worker) => doing.set({ title: () => t().openings.applyTo(deliverable.title), form: {
  id: `apply-${deliverable.id}`, start: { role, message: '' }, label: () => t().openings.apply,
  send: (draft) => post('applications',
    { deliverable_id: deliverable.id, worker_id: worker, role: draft.role, message: draft.message || null }),
  items: [{ name: 'role', kind: 'select', label: () => t().requests.any.role,
    options: () => deliverable.open_places.map((one) => [one.role,
    () => t().invite.left(name('roles', one.role), one.left)]) },
    { name: 'message', kind: 'area', label: () => t().invite.message }],
} });

/** @param {string} worker */
export function OpeningsScreen(worker) {
  const of = listing(`workers/${worker}/matches`, () => ({ include: 'organization', limit: 20 }),
    ['deliverable', 'application', 'worker']);
  const isOwn = user.peek()?.user?.worker_id === worker, who = signal(/** @type {Worker|null} */ (null));
  if (!isOwn) void get(`workers/${worker}`).then(who.set);
  const reasons = (/** @type {Match} */ one) => inOrder(one.components)
    .map((part) => html`<li data-c=${part.name}>
    <span class="part-name"><i class="swatch"></i>${t().component[part.name]}</span><p class="small">${part.because}</p>
    <b class="num">+${points(part.contribution_ppm)}</b>
    </li>`);
  const opening = (/** @type {import('../../parts/view.js').Signal<Match>} */ one) => {
    const id = one.peek().deliverable.id, isOpen = () => query().open === id;
    return html`<li class="card pad opening">
      <div class="opening-head">
      <div><h2><a href=${`#/requests/${id}`} lang="ja">${() => one().deliverable.title}</a></h2>
        <p class="small quiet facts"><span lang="ja">${() => of.organization(one().deliverable.organization_id)}</span>
        <span>${() => name('deliverable-types', one().deliverable.type)}</span>
        <span>${() => name('formats', one().deliverable.format)}</span>
        <span>${() => name('areas', one().deliverable.area)}</span><span>${() => name('roles', one().role)}</span>
        </p>
        </div>
      <b class="fit-of num" aria-label=${() => `${t().rank.head.fit} ${points(one().fit_ppm)}`}>
      ${() => points(one().fit_ppm)}
      </b>
      </div>
      ${Bar({ scores: () => one().components, fit: () => one().fit_ppm, owner: id })}
      <ul class="parts-of">
      ${() => (isOpen() ? reasons(one())
        : [...one().components].sort((a, b) => b.contribution_ppm - a.contribution_ppm).slice(0, 2)
        .map((part) => html`<li class="small"><i class="swatch" data-c=${part.name}></i>${part.because}</li>`))}
      </ul>
      ${when(() => one().unconfirmed.length,
        () => html`<p class="small quiet">
        ${() => t().panel.unconfirmed}: ${() => one().unconfirmed.map((code) => word('Unconfirmed', code)).join(t()
        .comma)}
        </p>`)}
      <p class="moves">
      <button class="button slim" aria-expanded=${() => String(isOpen())}
      @click=${() => requery({ open: isOpen() ? undefined : id })}>
      ${() => t().openings.reasons}
      </button>
        ${when(() => one().application,
          () => html`<span class="badge good">${() => word('ApplicationStatus', one().application?.status)}</span>`,
          () => when(() => may('applications:submit') && (isOwn || covers(who()?.area)),
          () => html`<button class="button slim main" data-apply @click=${() => apply(one.peek(), worker)}>
          ${() => (isOwn ? t().openings.apply : t().openings.applyFor)}
          </button>`))}
        </p>
        </li>`;
  };
  return html`<main class="screen request" id="main" tabindex="-1"
    aria-busy=${() => String(!of.shown() && !of.trouble())}>
    <header class="title">
    ${when(who, () => html`<p class="crumbs small"><a href=${`#/workers/${worker}`} lang="ja">${() => who()?.alias}</a></p>`)}
    <h1>${() => t().openings.title}</h1><p class="quiet">${() => t().openings.hint}</p></header>
    ${Fault(of.trouble)}
    <ol class="stack">${each(of.items, (one) => one.deliverable.id, opening)}</ol>
    ${when(() => of.shown() && !of.items().length, () => html`<p class="empty">${() => t().openings.none}</p>`)}
    ${of.more}${Doing(of.anew)}
    </main>`;
}
