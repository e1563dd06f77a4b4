/** Projects: the list, and one with everything that its team, the organization and the office do in it. */
import {
  Add, call, called, chosen, Clear, codes, date, Doing, doing, each, effect, Fault, Filter, get, href, html, Icon, listing,
  may, memo, moment, name, named, number, Once, onRemove, organizationOf, post, reading, save, Screen, secret, sending, signal, startOf, t,
  Table, today, user, valuesOf, when, word, years,
} from '../kit.js';

/**
 * @typedef {import('../types.js').Schemas} Schemas
 * @typedef {Schemas['Project']} Project
 * @typedef {Schemas['Milestone']} Milestone
 */
/** @typedef {import('../../parts/form.js').Item} Item @typedef {import('../../parts/form.js').Option} Option */
/** @template T @typedef {import('../../parts/view.js').Signal<T>} Signal */

/** @param {() => {percent: number, words: string}|undefined} of */
const Progress = (of) => html`<span class="progress"><i class="meter" aria-hidden="true">
  <i style=${() => ({ width: `${of()?.percent ?? 0}%` })}></i></i><span class="num">${() => of()?.percent ?? 0}%</span>
  </span>`;

export function ProjectsScreen() {
  const params = ['status', 'kind', 'area', 'fiscal_year', 'organization_id'];
  const of = listing('projects', () => ({ ...chosen(params), include: 'organization', sort: '-created_at', limit: 50 }),
    ['project', 'application']);
  const team = (/** @type {Project} */ one) => one.members.filter((who) => !who.left_at).length;
  const line = (/** @type {Signal<Project>} */ one) => html`<tr>
    <th scope="row"><a data-ticket href=${() => href(`projects/${one().id}`)} lang="ja">${() => one().title}</a>
      <span class="small quiet" lang="ja">${() => of.organization(one().organization_id)}</span></th>
    <td><span class="badge">${() => word('ProjectStatus', one().status)}</span>
    ${() => (one().vacant_since ? html` <span class="badge warn">${t().projects.vacant}</span>` : null)}
    </td>
    <td>${Progress(() => one().progress)}</td><td>${() => word('ProjectKind', one().kind)}</td>
    <td>${() => name('areas', one().area)}</td><td class="num">${() => team(one()) || ''}</td>
    <td class="num">${() => date(one().starts_on)}</td><td class="num">${() => date(one().ends_on)}</td></tr>`;
  return html`<main class="screen requests" id="main" tabindex="-1">
    <header class="title"><h1>${() => t().projects.title}</h1><div class="filters">
      ${Filter('status', () => codes('ProjectStatus'))}${Filter('kind', () => codes('ProjectKind'))}
      ${Filter('area', () => named('areas'))}${Filter('fiscal_year', years)}${Clear(params)}</div></header>
    ${Table({ of, label: () => t().projects.title, head: () => t().projects.head, line })}</main>`;
}

/** What may follow. @type {Record<string, string[]>} */
const NEXT = { planned: ['in_progress', 'cancelled'], in_progress: ['delivered', 'cancelled'], delivered: ['closed'] };
const FILES = '.pdf,.png,.jpg,.jpeg,.docx,.xlsx,.pptx,.mp4', LARGEST = 20 * 2 ** 20;
const SCALES = /** @type {const} */ (['communication', 'quality', 'reliability', 'again']);
/** @type {Signal<Project|null>} */
const held = signal(null);
export const projectTitle = () => held()?.title ?? t().projects.title;

/** @param {string} id */
export function ProjectScreen(id) {
  const base = `projects/${id}`, role = () => user()?.role ?? '',
    isOffice = () => ['admin', 'coordinator'].includes(role());
  const { shown, trouble, anew } = reading(async (stop) => {
    /** Who has left the team reads little of its work. */
    const list = (/** @type {string} */ of) => get(`${base}/${of}`, { limit: 200 }, stop).then((page) => page.items,
      (error) => { if (error.status === 403) return []; throw error; });
    const all = (/** @type {string} */ of) => get(`${base}/${of}`, {}, stop);
    const project = /** @type {Project} */ (await get(base, {}, stop)),
      isOver = ['delivered', 'closed'].includes(project.status) && project.kind === 'deliverable';
    const [cards, organization, team, reviews, followUps, milestones, meetings, artifacts, risks, notes, hours,
      history] = await Promise.all([
      may('press:read') ? get('showcase', { project_id: id }, stop) : null,
      may('organizations:read') ? organizationOf(project, stop) : null,
      isOver && may('reviews:write') ? get('applications', { deliverable_id: id, status: 'agreed', limit: 200 }, stop)
        : null,
      isOver && may('reviews:read') ? all('reviews') : null,
      isOver && may('follow_ups:read') ? all('follow-ups') : null,
      ...['milestones', 'meetings', 'artifacts', 'risks', 'notes', 'hours', 'history'].map(list),
    ]);
    return { project, card: cards?.items[0], organization,
      team: team?.items ?? [], reviews, followUps, milestones: /** @type {Milestone[]} */ (milestones), meetings,
      artifacts, risks, notes, hours, history: /** @type {Schemas['Happening'][]} */ (history) };
  }, ['project', 'project_entry', 'application', 'card', 'review', 'follow_up']);
  effect(() => held.set(shown()?.project ?? null));
  onRemove(() => held.set(null));
  const send = sending(trouble), p = () => /** @type {Project} */ (shown()?.project ?? {});
  const patch = (/** @type {string} */ of, /** @type {any} */ one,
    /** @type {object} */ body) => call('PATCH', `${base}/${of}/${one.id}`, { match: one.version, body });
  const set = (/** @type {string} */ of, /** @type {any} */ one,
    /** @type {object} */ body) => send(() => anew(() => patch(of, one, body)));
  const isOpen = () => may('project_work:write') && !['closed', 'cancelled'].includes(p().status);
  /** Who may write what: as the service has it. @param {string} of */
  const writes = (of) => isOpen() &&
    (isOffice() ||
    (role() === 'organization' ? !['milestones', 'hours'].includes(of)
    : p().members.some((one) => !one.left_at && one.worker_id === user()?.user?.worker_id)));
  const me = () => `${role()}:${user()?.subject}`, isGiven = (/** @type {any} */ one) => one.created_by.startsWith('organization');
  /** Who hands an artifact in and who answers it: the team its own, the organization what its member gives to the team. */
  const handsIn = (/** @type {any} */ one) => writes('artifacts') &&
    (isOffice() || (role() === 'organization' ? one.created_by === me() : !isGiven(one)));
  const answers = (/** @type {any} */ one) => writes('artifacts') &&
    (isOffice() || (role() === 'organization' && !isGiven(one)));
  const alias = (/** @type {string|null|undefined} */ worker) => called(p().members?.find((one) => one.worker_id === worker)?.alias, worker);
  const members = () => p().members.flatMap((one) => (one.worker_id
    ? [/** @type {Option} */ ([one.worker_id, () => one.alias ?? ''])] : []));

  /** The fields of each kind of work. @type {Record<string, () => Item[]>} */
  const fields = {
    milestones: () => [title, { name: 'due_on', kind: 'date', label: () => word('ProjectWorkField', 'deadline'), required: true }],
    artifacts: () => [title, { name: 'link', kind: 'url', label: () => word('ProjectWorkField', 'link') },
      { name: 'note', kind: 'area', label: () => t().projects.note }],
    meetings: () => [title,
      { name: 'starts_at', kind: 'datetime-local', label: () => t().projects.startsAt, required: true },
      { name: 'ends_at', kind: 'datetime-local', label: () => t().projects.endsAt },
      { name: 'location', label: () => word('ProjectWorkField', 'location'), most: 500 },
      { name: 'link', kind: 'url', label: () => word('ProjectWorkField', 'link') },
      { name: 'attendee_ids', kind: 'checks', label: () => t().projects.attendees, options: members },
      { name: 'guests', kind: 'number', label: () => word('ProjectWorkField', 'guests'), start: 0, least: 0, most: 1000,
        required: true },
      { name: 'minutes', kind: 'area', label: () => word('ProjectWorkField', 'minutes'), most: 20000 }],
    risks: () => [title,
      { name: 'level', kind: 'select', label: () => t().projects.level, options: () => codes('RiskLevel'),
      start: 'medium' },
      { name: 'measure', kind: 'area', label: () => t().projects.measure },
      { name: 'over', kind: 'check', label: () => t().projects.over }],
    notes: () => [{ name: 'text', kind: 'area', label: () => word('WorkKind', 'note'), most: 10000, required: true },
      ...(isOffice()
        ? [/** @type {Item} */ ({ name: 'visibility', kind: 'select', label: () => t().projects.visibility,
        options: () => codes('Visibility'), start: 'team' })]
        : [])],
    hours: () => [...(isOffice()
      ? [/** @type {Item} */ ({ name: 'worker_id', kind: 'select', label: () => word('ProjectSubject', 'member'),
      options: members, start: members()[0]?.[0], required: true })]
      : []),
      { name: 'worked_on', kind: 'date', label: () => word('ProjectWorkField', 'worked_on'), start: today(), most: today(),
        required: true },
      { name: 'minutes', kind: 'number', label: () => word('ProjectWorkField', 'worked_minutes'), least: 1, most: 1440, required: true },
      { name: 'note', kind: 'area', label: () => t().projects.note, most: 500 }],
  };
  const title = /** @type {Item} */ ({ name: 'title', label: () => t().newRequest.name, required: true, most: 200 });
  const ask = (/** @type {() => string} */ title,
    /** @type {Omit<NonNullable<ReturnType<typeof doing>>['form'], 'id'>} */ form) => doing.set({ title,
    form: { id: 'ask', key: `${id} ${title()}`, ...form } });
  const add = (/** @type {string} */ of) => when(() => writes(of),
    () => Add({ id: `new-${of}`, key: `${id}-${of}`, items: fields[of](),
    label: () => t().projects.add(word('WorkKind', of.replace(/s$/, '').replace('hour', 'hours'))),
    send: (draft) => anew(() => post(`${base}/${of}`, valuesOf(fields[of](), draft))) }));
  const newest = (/** @type {string} */ of,
    /** @type {any} */ one) => /** @type {any} */ (shown.peek())[of].find((/** @type {any} */ it) => it.id === one.id) ?? one;
  /** Changes an entry, or deletes it. @param {string} of @param {any} one */
  const edit = (of, one) => {
    const now = () => newest(of, one);
    const remove = () => {
      if (confirm(t.peek().admin.sure)) { doing.set(null);
      void send(() => anew(() => call('DELETE', `${base}/${of}/${one.id}`, { match: now().version }))); }
      };
    ask(() => t().projects.edit,
      { key: one.id, items: fields[of](), start: startOf(fields[of](), one), label: () => t().projects.save,
      send: (draft, only) => patch(of, now(), only(valuesOf(fields[of](), draft))),
      more: html`<button type="button" class="button" data-remove @click=${remove}>${() => t().admin.doings.remove}
        </button>` });
  };
  const Edit = (/** @type {string} */ of, /** @type {Signal<any>} */ one,
    isOwn = () => true) => when(() => writes(of) && (isOffice() || isOwn()),
    () => html`<button class="button slim plain" data-edit @click=${() => edit(of, one.peek())}>
    ${() => t().projects.edit}<span class="sr"> ${() => one().title ?? ''}</span>
    </button>`);
  const words = (/** @type {string} */ name, /** @type {() => string} */ label,
    required = false) => /** @type {Item} */ ({ name, kind: 'area', label, required, most: 2000 });
  const move = (/** @type {string} */ status) => ask(() => word('ProjectStatus', status), {
    items: [...(status === 'cancelled'
      ? [/** @type {Item} */ ({ name: 'reason', kind: 'select', label: () => t().decision.reason,
      options: () => codes('ProjectReason'), start: 'other' })]
      : []),
      words('message', () => t().projects.message)],
    send: (draft) => call('PATCH', base,
      { match: p().version,
      body: { status, ...(draft.message && { message: draft.message }),
      ...(draft.reason && { reason: draft.reason }) } }),
  });
  const answer = (/** @type {any} */ one,
    /** @type {'accepted'|'returned'} */ status) => ask(() => t().projects[status], {
    key: `${one.id} ${status}`, items: [words('words', () => t().projects.message, status === 'returned')],
    send: ({ words }) => {
      /** Another link or file is only seen in a new dialog. */
      const now = newest('artifacts', one);
      return patch('artifacts', now.revision === one.revision ? now : one, { status, ...(words && { answer: words }) });
    },
  });
  const part = signal(0);
  const upload = (/** @type {any} */ one) => ask(() => t().projects.upload, {
    key: `${one.id} file`,
    items: [{ name: 'file', kind: 'file', from: FILES, label: () => one.title, hint: () => t().projects.uploadHint,
      required: true }],
    busy: () => t().projects.sent(Math.round(part() * 100)),
    send: async ({ file }) => {
      if (file.size > LARGEST) throw new Error(t.peek().projects.tooLarge);
      part.set(0);
      await call('PUT', `${base}/artifacts/${one.id}/file`,
        { match: one.version, body: file, headers: { 'content-type': file.type }, tell: part.set });
    },
  });

  const span = memo(() => {
    const all = [p().starts_on, p().ends_on, ...(shown()?.milestones ?? []).map((one) => one.due_on),
      ...(shown()?.meetings ?? []).map((/** @type {any} */ one) => one.starts_at.slice(0, 10)),
      today()].flatMap((one) => (one ? Date.parse(one) : []));
    return [Math.min(...all), Math.max(...all)];
  });
  const at = (/** @type {string} */ day) => ({ left: `${((Date.parse(day) - span()[0]) / Math.max(1,
    span()[1] - span()[0])) * 100}%` });
  const state = (/** @type {Milestone} */ one) => (one.done_on ? 'done' : one.due_on < today() ? 'late' : 'open');
  const flip = (/** @type {Milestone} */ one) => set('milestones', one,
    one.done_on ? { done_on: null, progress: 0 } : { done_on: today(), progress: 100 });
  const milestone = (/** @type {Signal<Milestone>} */ of) => html`<li data-state=${() => state(of())}>
    <label class="radio">
    <input type="checkbox" disabled=${() => !writes('milestones') || send.is()} .checked=${() => Boolean(of().done_on)}
    @change=${() => flip(of.peek())} />
    <span lang="ja">${() => of().title}</span>
    </label>
    <span class=${() => `num small ${state(of()) === 'late' ? 'late' : 'quiet'}`}>
    ${() => (of().done_on ? t().projects.doneOn(date(of().done_on)) : t().projects.due(date(of().due_on)))}
    </span>${Edit('milestones', of)}
    </li>`;
  const Link = (/** @type {() => string|null} */ of) => when(of,
    () => html`<p>
    <a class="small link" rel="noreferrer" target="_blank" href=${() => (/^https?:/.test(of() ?? '') ? of() : null)}>
    ${of}
    </a>
    </p>`);
  const Prose = (/** @type {() => string|null|undefined} */ of) => when(of,
    () => html`<p class="small prose lines-kept" lang="ja">${of}</p>`);
  const button = (/** @type {string} */ what, /** @type {() => string} */ label,
    /** @type {() => unknown} */ run) => html`<button class="button slim" data-do=${what} disabled=${send.is}
    @click=${run}>
    ${label}
    </button>`;
  const artifact = (/** @type {Signal<any>} */ of) => html`<li>
    <span><b lang="ja">${() => of().title}</b> <span class="badge">${() => word('ArtifactStatus', of().status)}</span>
      <span class="small quiet num">${() => (of().revision ? t().projects.revision(of().revision) : '')}</span>
      ${Link(() => of().link)}
      ${when(() => of().file,
        () => html`<p>
        <button class="small link" data-download
        @click=${() => save(`${base}/artifacts/${of.peek().id}/file`, {})}>
        ${() => word('FileType', of().file.type)}
        </button>
        <span class="small quiet num">
        ${() => `${(of().file.size_bytes / 2 ** 20).toFixed(1)} MB ${date(of().file.stored_at)}`}
        </span>
        </p>`)}
      ${Prose(() => of().note)}
      <span class="small quiet facts num">
      ${() => (shown()?.history ?? []).filter((one) => one.subject_id === of().id).reverse()
      .map((one) => html`<span>${date(one.occurred_at)} ${happened(one)}</span>`)}
      </span>
      ${when(() => of().answer, () => html`<p class="small notice lines-kept" lang="ja">${() => of().answer}</p>`)}
      </span>
    ${when(() => of().status !== 'accepted', () => html`<span class="moves">
      ${when(() => of().status === 'submitted' && answers(of()),
        () => [button('accept', () => t().projects.accepted, () => answer(of.peek(), 'accepted')),
        button('return', () => t().projects.returned, () => answer(of.peek(), 'returned'))])}
      ${when(() => of().status !== 'submitted' && handsIn(of()) && (of().link || of().file),
        () => button('submit', () => t().projects.submit, () => set('artifacts', of.peek(), { status: 'submitted' })))}
      ${when(() => handsIn(of()), () => [button('upload', () => t().projects.upload, () => upload(of.peek())), Edit('artifacts', of)])}</span>`)}</li>`;
  const meeting = (/** @type {Signal<any>} */ of) => html`<li><span><b lang="ja">${() => of().title}</b>
      <span class="small quiet facts"><span class="num">${() => moment(of().starts_at)}</span>
      <span lang="ja">${() => of().location ?? ''}</span>
      </span>
      <span class="small facts">
      ${() => of().attendee_ids.map((/** @type {string} */ one) => html`<span lang="ja">${alias(one)}</span>`)}
      <span>${() => (of().guests ? t().projects.others(of().guests) : '')}</span>
      </span>
      ${Link(() => of().link)}${Prose(() => of().minutes)}</span>${Edit('meetings', of)}</li>`;
  const risk = (/** @type {Signal<any>} */ of) => html`<li>
    <span lang="ja">${() => of().title}${Prose(() => of().measure)}</span>
    <span class=${() => `badge ${of().over ? '' : 'warn'}`}>
    ${() => (of().over ? t().projects.over : word('RiskLevel', of().level))}
    </span>${Edit('risks', of)}
    </li>`;
  const note = (/** @type {Signal<any>} */ of) => html`<li><span>${Prose(() => of().text ?? t().applications.erased)}
      <span class="small quiet facts"><span>${() => word('UserRole', of().created_by.split(':')[0])}</span>
      <span class="num">${() => moment(of().created_at)}</span>
      </span>
      </span>
    ${when(() => of().visibility === 'coordinators',
      () => html`<span class="badge open">${() => word('Visibility', of().visibility)}</span>`)}
    ${Edit('notes', of, () => of().created_by === me())}
    </li>`;
  const hour = (/** @type {Signal<any>} */ of) => html`<li>
    <span><b class="num">${() => t().projects.hours(number(of().minutes / 60))}
    </b> <span lang="ja">${() => alias(of().worker_id)}</span>${Prose(() => of().note)}
    </span>
    <span class="num small quiet">${() => date(of().worked_on)}</span>
    ${Edit('hours', of, () => of().worker_id === user()?.user?.worker_id)}
    </li>`;

  const marks = () => [1, 2, 3, 4, 5].map((one) => /** @type {Option} */ ([String(one), () => String(one)]));
  const scale = (/** @type {any} */ one) => SCALES.map((of) => html`<span>
    ${t().projects.scales[of]} <b class="num">${one.scales[of]}</b>
    </span>`);
  const review = () => {
    const items = /** @type {Item[]} */ ([
      { name: 'application_id', kind: 'select', label: () => word('ProjectSubject', 'member'), required: true,
        start: shown.peek()?.team[0]?.id,
        options: () => shown.peek()?.team.map((/** @type {any} */ one) => [one.id, () => one.worker_alias ?? '']) },
      ...(isOffice()
        ? [{ name: 'author', kind: 'select', label: () => t().projects.author, options: () => codes('ReviewAuthor'),
        start: 'organization' }]
        : []),
      ...SCALES.map((name) => ({ name, kind: 'ways', label: () => t().projects.scales[name], options: marks,
        required: true })),
      words('message', () => t().projects.message),
    ]);
    ask(() => t().projects.review,
      { key: `${id}-review`, items,
      send: ({ application_id, author, message,
      ...scales }) => post(`${base}/reviews`,
      { application_id, author: author ?? null, message: message || null,
      scales: Object.fromEntries(SCALES.map((one) => [one, Number(scales[one])])) }) });
  };
  const yes = /** @type {() => Option[]} */ (() => ['true', 'false'].map((one,
    i) => [one, () => t().projects.yesNo[i]]));
  const followUp = (/** @type {number} */ months) => ask(() => t().projects.followUp(months), {
    key: `${id}-${months}`,
    items: [{ name: 'still_in_use', kind: 'ways', label: () => t().projects.inUse, options: yes, required: true },
      { name: 'would_do_again', kind: 'ways', label: () => t().programme.again, options: yes, required: true },
      { name: 'reach', kind: 'number', label: () => t().projects.reach, least: 0, most: 100000000 },
      words('changes', () => t().projects.changed)],
    send: (draft) => post(`${base}/follow-ups/${months}/answer`,
      { still_in_use: draft.still_in_use === 'true', would_do_again: draft.would_do_again === 'true',
      reach: draft.reach === '' ? null : Number(draft.reach), changes: draft.changes || null }),
  });
  const invite = (/** @type {number} */ months) => send(() => anew(async () => {
    const made = await post(`${base}/follow-ups/${months}/link`, {});
    secret.set({ title: t.peek().projects.followUp(months), value: made.link ?? made.token }); }));

  const section = (/** @type {string} */ key, /** @type {unknown} */ content,
    /** @type {unknown} */ more = null) => html`<section class="card pad" aria-labelledby=${`${key}-title`}>
    <h2 id=${`${key}-title`}>${() => t().projects.sections[/** @type {'team'} */ (key)]}</h2>${content}${more}
    </section>`;
  const lines = (/** @type {() => any[]} */ items,
    /** @type {(of: Signal<any>) => unknown} */ render) => html`<ul class="lines">
    ${each(items, (one) => one.id, /** @type {any} */ (render))}
    </ul>${when(() => shown() && !items().length, () => html`<p class="small quiet">${() => t().none}</p>`)}`;
  /**
   * A kind of work: its entries, and a form for another.
   * @param {string} of
   * @param {(one: Signal<any>) => unknown} line
   * @param {(all: any[]) => any[]} [order]
   */
  const work = (of, line,
    order = (all) => all) => html`${lines(() => order(/** @type {any} */ (shown())?.[of] ?? []), line)}${add(of)}`;
  const latest = (/** @type {any[]} */ all) => [...all].reverse();
  const card = () => shown()?.card;
  const publish = (/** @type {string} */ status) => send(() => anew(() => call('PATCH', `showcase/${card().id}`,
    { match: card().version, body: { status } })));
  const total = () => (shown()?.hours ?? []).reduce((/** @type {number} */ sum,
    /** @type {any} */ one) => sum + one.minutes,
    0) / 60;
  const happened = (/** @type {Schemas['Happening']} */ one) => (one.action === 'moved'
    ? word(one.subject === 'artifact' ? 'ArtifactStatus' : 'ProjectStatus', one.detail)
    : word('ProjectAction', one.action));
  return Screen({ shown, trouble }, 'request project', () => html`
    <header class="title">
    <p class="crumbs small"><a href="#/projects">${() => t().projects.title}</a>${Icon('next')}
    <span lang="ja">${() => shown()?.organization?.name ?? ''}</span>
    </p>
      <div class="title-line"><h1><span lang="ja">${() => p().title}</span></h1>
      <span class="badge accent">${() => word('ProjectStatus', p().status)}</span>
      ${when(() => p().vacant_since, () => html`<span class="badge warn">${() => t().projects.vacant}</span>`)}
      </div>
      <p class="small quiet facts"><span>${() => word('ProjectKind', p().kind)}</span>
      <span>${() => name('areas', p().area)}</span>
      <span class="num">${() => (p().starts_on || p().ends_on ? `${date(p().starts_on)} – ${date(p().ends_on)}` : '')}
      </span>
      </p>
      <p class="moves">
      ${when(() => p().vacant_since && may('matches:read'),
        () => html`<a class="button main" data-replace href=${() => href(`requests/${id}/ranking`)}>${Icon('search')}
        ${() => t().projects.replace}
        </a><a class="button" href=${() => href(`requests/${id}/team`)}>${() => t().team.title}</a>`)}
        ${when(() => p().kind === 'deliverable',
          () => html`<a class="button" href=${href(`requests/${id}`)}>${() => t().projects.request}</a>`)}
        ${() => (may('projects:write')
          ? (NEXT[p().status] ?? []).map((to) => html`<button class="button" data-move=${to} @click=${() => move(to)}>
          ${t().projects.to(word('ProjectStatus', to))}
          </button>`)
          : null)}
        </p>
        </header>
    ${Fault(trouble)}
    <section class="card pad" aria-labelledby="progress-title">
    <h2 id="progress-title">${() => t().projects.sections.progress}</h2>${Progress(() => p().progress)}
      <div class="timeline" aria-hidden="true"><i class="now" style=${() => at(today())}></i>
        ${each(() => shown()?.meetings ?? [], (one) => one.id,
          (of) => html`<i class="tick" title=${() => of().title} style=${() => at(of().starts_at.slice(0, 10))}></i>`)}
        ${each(() => shown()?.milestones ?? [], (one) => one.id,
          (of) => html`<i class="stone" data-state=${() => state(of())} title=${() => of().title}
          style=${() => at(of().due_on)}>
          </i>`)}
        </div>
      <p class="ends small quiet num" aria-hidden="true"><span>${() => date(new Date(span()[0]))}</span>
      <span>${() => date(new Date(span()[1]))}</span>
      </p>
      ${work('milestones', milestone)}</section>
    <div class="columns"><div class="stacked">
      ${section('artifacts', work('artifacts', artifact))}${section('meetings', work('meetings', meeting, latest))}
      ${section('notes', work('notes', note, latest))}
      ${when(() => shown()?.reviews,
        () => section('reviews',
        html`<ul class="lines">
        ${() => shown()?.reviews.items.map((/** @type {any} */ one) => html`<li>
        <span><b>${word('ReviewAuthor', one.author)}</b> <span lang="ja">${alias(one.worker_id)}</span>
        ${one.shown ? null : html` <span class="badge open">${t().projects.hidden}</span>`}
          <span class="small facts">${scale(one)}</span>${Prose(() => one.message)}</span></li>`)}</ul>
          <p class="small quiet">
          ${() => (shown()?.reviews.open_until >= today() ? t().projects.reviewUntil(date(shown()?.reviews.open_until))
            : t().projects.reviewOver)}
          </p>`,
        when(() => may('reviews:write') && shown()?.reviews.open_until >= today() && shown()?.team.length,
          () => html`<p class="moves">${button('review', () => t().projects.review, review)}</p>`)))}
      ${when(() => shown()?.followUps?.items.length,
        () => section('followUps',
        html`<ul class="lines">
        ${() => shown()?.followUps.items.map((/** @type {any} */ one) => html`<li>
        <span><b>${t().projects.followUp(one.months)}</b> <span class="badge">${word('FollowUpStatus', one.status)}
        </span>
          <span class="small quiet num">${t().projects.due(date(one.due_on))}</span>
          ${one.answer &&
            html`<span class="small facts">
            ${['still_in_use', 'would_do_again'].map((of,
            i) => html`<span>
            ${[t().projects.inUse, t().programme.again][i]}: ${t().projects.yesNo[one.answer[of] ? 0 : 1]}
            </span>`)}
            <span>${one.answer.reach === null ? '' : `${t().projects.reach}: ${number(one.answer.reach)}`}</span>
            </span>${Prose(() => one.answer.changes)}`}
          </span>
          ${one.status === 'open' &&
            html`<span class="moves">
            ${may('follow_ups:answer') && button('follow-up', () => t().projects.record, () => followUp(one.months))}
            ${may('follow_ups:invite') && button('link', () => t().projects.askLink, () => invite(one.months))}
            </span>`}
          </li>`)}
          </ul>`))}
      ${when(() => may('press:read'),
        () => section('card',
        html`${when(card,
        () => html`<article class="ticket"><b lang="ja">${() => card()?.title}</b>
        <span class="small quiet facts"><span lang="ja">${() => card()?.group}</span>
        <span>${() => name('areas', card()?.area)}</span><span>${() => card()?.progress_label}</span>
        </span><p class="prose" lang="ja">${() => card()?.story}</p>
        </article>
          <p class="moves"><span class="badge">${() => word('PressStatus', card()?.status)}</span>
          ${when(() => may('showcase:write'),
            () => html`<button class="button slim" data-publish disabled=${send.is}
            @click=${() => publish(card()?.status === 'published' ? 'draft' : 'published')}>
            ${() => t().projects[card()?.status === 'published' ? 'withdraw' : 'publish']}
            </button>`)}
          </p>`,
          () => html`<p class="small quiet">${() => t().projects.noCard}</p>`)}`,
        when(() => may('showcase:write') && !card(),
          () => Add({ id: 'new-card', key: `${id}-card`, label: () => t().projects.addCard,
          items: [title, { name: 'story', kind: 'area', label: () => t().projects.story, required: true },
          { name: 'note', label: () => t().projects.consent, most: 200 }],
          send: ({ note,
          ...body }) => anew(() => post('showcase',
          { ...body, project_id: id, status: 'published',
          consent: { given: true, on: today(), note: note || null } })) }))))}
      ${when(() => p().accompaniment,
        () => section('accompaniment',
        html`${Prose(() => p().accompaniment?.needs)}
        <p class="small quiet">
        ${() => p().accompaniment?.supports.map((one) => word('SupportKind', one)).join(t().comma)}
        </p>${Prose(() => p().accompaniment?.outcome)}`))}
      </div>
      <div class="stacked">
      ${section('team',
        html`<ul class="lines">
        ${() => p().members?.map((one) => html`<li class=${one.left_at ? 'quiet' : ''}>
        ${one.worker_id && isOffice() ? html`<a href=${`#/workers/${one.worker_id}`} lang="ja">${one.alias}</a>`
          : html`<span lang="ja">${called(one.alias, one.worker_id)}</span>`}
        <span class="small quiet">
        ${name('roles', one.role)} ${one.left_at ? t().projects.leftOn(date(one.left_at)) : ''}
        </span>
        </li>`)}
        </ul>`)}
      ${section('hours',
        html`<p class="num">${() => t().projects.hours(number(Math.round(total())))}</p>
        ${work('hours', hour, latest)}`)}
      ${section('risks', work('risks', risk))}
      ${section('history',
        html`<ol class="history">
        ${() => shown()?.history.map((one) => html`<li>
        <time class="num small quiet" datetime=${one.occurred_at}>${moment(one.occurred_at)}</time>
        <span>${word('ProjectSubject', one.subject)}: ${happened(one)}
        ${one.subject === 'member' && one.detail ? ` ${name('roles', one.detail)}` : ''}
        </span>
        </li>`)}
        </ol>`)}
      </div>
      </div>
    ${Doing(anew)}${Once()}
  `);
}
