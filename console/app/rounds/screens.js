/**
 * Who should have which open place: the best team of one request, and rounds over many. All that is on trial is in the
 * address (a team) or in the draft (a round); nobody is invited before a round is published.
 */
import {
  ask, Bar, call, change, date, DAYS, Dialog, each, effect, Fault, Field, Filter, get, go, href, html, Icon, isAbort, keyed,
  language, listing, may, memo, moment, name, named, onRemove, PARTS, path, percent, points, post, Problem, query, reading,
  requery, retreat, Screen, sending, signal, stored, sum, t, Table, vocabulary, when, word,
} from '../kit.js';

/**
 * @typedef {import('../types.js').Schemas} Schemas
 * @typedef {Schemas['TeamProposal']} Proposal
 * @typedef {Schemas['ProposedPlace']} Seat
 * @typedef {import('../types.js').Match} Match
 * @typedef {import('../types.js').Listed} Listed
 */
/**
 * @typedef {Schemas['RoundSummary']} Summary
 * @typedef {Schemas['RoundDetails']} Round
 * @typedef {Schemas['RoundDifference']} Difference
 * @typedef {Schemas['RoundAssignment']} Assignment
 * @typedef {Schemas['RoundSlot']} Slot
 * @typedef {Schemas['RoundTotals']} Totals
 * @typedef {Schemas['RoundSeat']} Place
 */
/** @template T @typedef {import('../../parts/view.js').Signal<T>} Signal */

const split = (/** @type {string|undefined} */ text) => (text ? text.split('~') : []);
const pins = () => split(query().pins).map((one) => ({ worker_id: one.slice(0, 36), role: one.slice(37) }));
const bans = () => split(query().bans);
/** What is asked; all of it is in the address. */
const rules = () => ({ shared_day_parts: Number(query().shared ?? 0),
  most_of_employer: Number(query().employer ?? 0) || null, min_fit_ppm: Number(query().min ?? 0) * 10_000, pins: pins(),
  banned_worker_ids: bans() });

/** @param {string} id @param {string} role */
function pin(id, role) {
  const kept = split(query.peek().pins).filter((one) => !one.startsWith(id));
  requery({ pins: [...kept, `${id}.${role}`].join('~'),
    bans: split(query.peek().bans).filter((one) => one !== id).join('~') });
}
/** @param {string} id @param {string[]} [banned] */
const free = (id, banned = []) => requery({ pins: split(query.peek().pins).filter((one) => !one.startsWith(id)).join('~'),
  bans: [...split(query.peek().bans).filter((one) => one !== id), ...banned].join('~') });
const ban = (/** @type {string} */ id) => free(id, [id]);

/** Where somebody may be dropped. @param {(id: string) => void} take */
function dropping(take) {
  const is = signal(false),
    mark = (/** @type {boolean} */ now) => (/** @type {DragEvent} */ e) => {
    if (e.dataTransfer?.types.includes('text/worker')) { e.preventDefault(); is.set(now); } };
  return { is, over: mark(true), leave: mark(false),
    drop: (/** @type {DragEvent} */ e) => { mark(false)(e); take(e.dataTransfer?.getData('text/worker') ?? ''); } };
}
const drag = (/** @type {string} */ id) => (/** @type {DragEvent} */ e) => { e.dataTransfer?.setData('text/worker', id);
  if (e.dataTransfer) e.dataTransfer.effectAllowed = 'move'; };

/** P chooses who has the focus, X excludes them, Backspace undoes both. @param {string} id @param {string} role */
const onKeys = (id, role) => (/** @type {KeyboardEvent} */ e) => {
  if (e.metaKey || e.ctrlKey || e.altKey) return;
  const run = { p: () => pin(id, role), x: () => ban(id),
    Backspace: () => free(id) }[e.key.length > 1 ? e.key : e.key.toLowerCase()];
  if (run) { e.preventDefault(); run(); }
};

/** The best for a place by fit alone. @param {object} place @param {AbortSignal} [stop] */
const candidatesFor = (place, stop) => ask('matches/preview', { ...place, need: {}, fairness: 'off', counts: false }, stop);

/** @param {() => Proposal|null} team */
function Week(team) {
  const all = () => [...(team()?.best?.places.map((one) => one.worker) ?? []),
    ...(team()?.members.flatMap((one) => one.worker ?? []) ?? [])];
  const named = (/** @type {string[]} */ ids) => all().filter((one) => ids.includes(one.id)).map((one) => one.name)
    .join(t().comma);
  const cell = (/** @type {string} */ day, /** @type {string} */ part) => {
    const one = () => team()?.week.find((cell) => cell.day_part === `${day}_${part}`);
    const said = () => { const now = one();
      return now ? t().team.cell(now.worker_ids.length, all().length, now.unanswered_worker_ids.length) : ''; };
    return html`<td data-needed=${() => one()?.needed ?? false} data-shared=${() => one()?.shared ?? false}
      title=${() => named(one()?.worker_ids ?? [])}>
      <i style=${() => ({ height: `${((one()?.worker_ids.length ?? 0) / Math.max(1, all().length)) * 100}%` })}
      data-imputed=${() => Boolean(one()?.unanswered_worker_ids.length)}>
      </i>
      <span class="num" aria-hidden="true">${() => one()?.worker_ids.length || ''}
      ${() => (one()?.unanswered_worker_ids.length ? '?' : '')}
      </span>
      <span class="sr">
      ${() => `${said()} ${one()?.needed ? t().team.needed : ''} ${one()?.shared ? t().team.shared : ''}`}
      </span>
      </td>`;
  };
  return html`<section class="card pad" aria-labelledby="week-title"><h2 id="week-title">${() => t().team.week}</h2>
    <table class="week">
    <thead>
    <tr><td></td>
    ${DAYS.map((_, i) => html`<th scope="col">${() => date(`2026-06-0${i + 1}`, { weekday: 'short' })}</th>`)}
    </tr>
    </thead>
    <tbody>
    ${PARTS.map((part,
      i) => html`<tr><th scope="row">${() => t().team.parts[i]}</th>${DAYS.map((day) => cell(day, part))}</tr>`)}
    </tbody>
    </table>
    <p class="small quiet key"><i data-shared></i>${() => t().team.shared}<i data-needed></i>${() => t().team.needed}
    <i>?</i>${() => t().team.unanswered}
    </p>
    </section>`;
}

/** @param {string} id */
export function TeamScreen(id) {
  const asked = memo(() => JSON.stringify(rules()));
  /** Names of people that answers have told. @type {Map<string, string>} */
  const names = new Map();
  /** What the sum was before. */
  let last = 0;
  const delta = signal(0);
  /** The last rules that were answered, as they are in the address. @type {{asked: string, query: Record<string, string>}|null} */
  let good = null;
  const refused = signal(/** @type {Error|null} */ (null));
  const { shown, trouble } = reading(async (stop) => {
    const now = { asked: asked(), query: query.peek() }, body = JSON.parse(now.asked);
    const team = /** @type {Proposal} */ (await ask(`deliverables/${id}/team`, body, stop).catch((error) => {
      if (isAbort(error) || !good || good.asked === now.asked) throw error;
      /** What could not be had goes back to where it was, and it is said why. */
      refused.set(error);
      retreat(good.query);
      throw new DOMException('', 'AbortError');
    }));
    if (good?.asked !== now.asked) refused.set(null);
    good = now;
    for (const one of [...(team.best?.places ?? []),
      ...(team.runner_up?.places ?? [])]) names.set(one.worker.id, one.worker.name);
    const unknown = [...body.pins.map((/** @type {any} */ one) => one.worker_id),
      ...body.banned_worker_ids].filter((one) => !names.has(one));
    if (unknown.length &&
      may('workers:read')) for (const one of (await get('workers', { ids: unknown.join(',') },
      stop)).items) names.set(one.id,
      one.alias);
    const fit = team.best?.fit_ppm ?? 0;
    delta.set(last ? fit - last : 0);
    last = fit;
    return team;
  }, ['deliverable', 'application', 'worker', 'weights']);
  const best = () => shown()?.best;
  const roles = memo(() => (shown()?.deliverable.open_places ?? []).filter((one) => one.left > 0));
  const listed = memo(() => roles().map((one) => one.role).join());
  /** @type {Signal<Map<string, Match[]>>} */
  const candidates = signal(new Map());
  effect(() => {
    const stop = new AbortController(), codes = listed().split(',').filter(Boolean);
    language();
    void Promise.all(codes.map(async (role) => /** @type {const} */ ([role,
      (await candidatesFor({ deliverable_id: id, role, weights: null, limit: 12 }, stop.signal)).items])))
      .then((read) => {
        for (const [, items] of read) for (const one of items) names.set(one.worker.id, one.worker.name);
        candidates.set(new Map(read)); },
      () => {});
    onRemove(() => stop.abort());
  });
  const out = dropping(ban), send = sending(trouble);

  const seat = (/** @type {Signal<Seat>} */ of) => html`<li class="seat card" data-pinned=${() => of().pinned}
    draggable="true" @dragstart=${(/** @type {DragEvent} */ e) => drag(of.peek().worker.id)(e)}
    @keydown=${(/** @type {KeyboardEvent} */ e) => onKeys(of.peek().worker.id, of.peek().role)(e)}>
    <header>
    <a lang="ja" data-seat href=${() => href(`requests/${id}/ranking`, { worker: of().worker.id, role: of().role })}>
    ${() => of().worker.name}
    </a><b class="num">${() => points(of().fit_ppm)}</b>
    </header>
    ${Bar({ scores: () => of().components, fit: () => of().fit_ppm, owner: of.peek().worker.id })}
    <p class="small quiet">${() => of().replacement?.because ?? t().team.noReplacement}</p>
    <p class="moves">
    <button class="button slim check" aria-pressed=${() => String(of().pinned)}
    @click=${() => (of.peek().pinned ? free(of.peek().worker.id) : pin(of.peek().worker.id, of.peek().role))}>
    ${() => t().team.pin}<span class="sr"> ${() => of().worker.name}</span>
    </button>
      <button class="button slim" data-ban @click=${() => ban(of.peek().worker.id)}>${() => t().team.ban}
      <span class="sr"> ${() => of().worker.name}</span>
      </button>
      </p>
      </li>`;
  const other = (/** @type {string} */ role) => (/** @type {Signal<Match>} */ of) => html`<li draggable="true"
    @dragstart=${(/** @type {DragEvent} */ e) => drag(of.peek().worker.id)(e)}
    @keydown=${(/** @type {KeyboardEvent} */ e) => onKeys(of.peek().worker.id, role)(e)}>
    <button data-candidate @click=${() => pin(of.peek().worker.id, role)}><span lang="ja">${() => of().worker.name}
    </span><b class="num">${() => points(of().fit_ppm)}</b><span class="sr">${() => t().team.pin}</span>
    </button>
    </li>`;
  const column = (/** @type {Signal<{role: string, left: number}>} */ of) => {
    const { role } = of.peek(), into = dropping((who) => who && pin(who, role));
    const seats = () => (best()?.places ?? []).filter((one) => one.role === role);
    const others = () => { const taken = new Set([...(best()?.places ?? []).map((one) => one.worker.id), ...bans()]);
      return (candidates().get(role) ?? []).filter((one) => !taken.has(one.worker.id)).slice(0, 6); };
    return html`<section class="column" data-over=${into.is} aria-labelledby=${`role-${role}`} @dragover=${into.over}
      @dragleave=${into.leave} @drop=${into.drop}>
      <header><h2 id=${`role-${role}`}>${() => name('roles', role)}</h2>
      <span class="num quiet">${() => t().request.places(of().left)}</span>
      </header>
      <ul class="seats">${each(seats, (one) => one.worker.id, seat)}</ul>
      ${when(() => shown() && !seats().length, () => html`<p class="none small">${() => t().team.empty}</p>`)}
      <h3>${() => t().team.others}</h3><ul class="others">${each(others, (one) => one.worker.id, other(role))}</ul>
      </section>`;
  };
  const chip = (/** @type {string} */ who,
    /** @type {string} */ what) => html`<button class="button slim" @click=${() => free(who)}>
    ${what}: <span lang="ja">${names.get(who) ?? '…'}</span>${Icon('close')}<span class="sr">${t().team.undo}</span>
    </button>`;
  const choice = (/** @type {string} */ param, /** @type {() => string} */ label, /** @type {number[]} */ values,
    /** @type {(n: number) => string} */ say) => html`<label class="rule"><span>${label}</span>
    <select class="select" data-rule=${param} .value=${() => query()[param] ?? '0'}
    @change=${(/** @type {any} */ e) => requery({ [param]: e.target.value === '0' ? '' : e.target.value })}>
    ${values.map((n) => html`<option value=${String(n)}>${() => say(n)}</option>`)}
    </select>
    </label>`;
  const any = (/** @type {(n: number) => string} */ say) => (/** @type {number} */ n) => (n ? say(n) : t().team.any);
  const makeRound = () => send(async () => {
    const proposal = /** @type {Proposal} */ (shown.peek());
    const made = await post('rounds',
      { title: proposal.deliverable.title, deliverable_ids: [id],
      bans: rules().banned_worker_ids.map((worker_id) => ({ worker_id })),
      pins: (proposal.best?.places ?? []).map((one) => ({ deliverable_id: id, role: one.role,
      worker_id: one.worker.id })) });
    go(`rounds/${made.id}`);
  });
  const differing = () => { const kept = new Set(best()?.places.map((one) => one.worker.id));
    return (shown()?.runner_up?.places ?? []).filter((one) => !kept.has(one.worker.id)); };
  return Screen({ shown, trouble }, 'request team', () => html`
    <header class="title">
    <p class="crumbs small"><a href="#/requests">${() => t().requests.title}</a>${Icon('next')}
    <a href=${href(`requests/${id}`)} lang="ja">${() => shown()?.deliverable.title}</a>
    </p>
      <div class="title-line"><h1>${() => t().team.title}</h1>
      ${when(best, () => html`<span class="badge accent num">${() => t().team.sum(sum(best()?.fit_ppm))}</span>`)}
      ${when(delta,
        () => html`<span class=${() => `num ${delta() < 0 ? 'late' : 'gain'}`}>${() => change(delta())}</span>`)}
      </div>
      <p role="status">${() => shown()?.because}</p></header>
    ${Fault(trouble)}${Fault(refused)}
    <div class="card pad rules" role="group" aria-label=${() => t().team.rules}>
      ${choice('shared', () => t().team.sharedParts, [0, 1, 2, 3, 4], any((n) => t().team.atLeast(n)))}
      ${choice('employer', () => word('TeamRule', 'most_of_employer'), [0, 1, 2, 3], any((n) => t().team.atMost(n)))}
      ${choice('min', () => word('TeamRule', 'min_fit'), [0, 30, 40, 50, 60, 70], any((n) => t().team.from(n)))}
      ${when(() => may('rounds:write') && best(),
        () => html`<button class="button main" data-round disabled=${send.is} @click=${makeRound}>
        ${() => t().team.makeRound}
        </button>`)}
      <p class="chips" data-over=${out.is} @dragover=${out.over} @dragleave=${out.leave} @drop=${out.drop}>
      ${() => { shown();
        return [...pins().map((one) => chip(one.worker_id, t().team.pinned)),
        ...bans().map((who) => chip(who, t().team.banned))];
        }}
      <span class="small quiet">${() => t().team.dropHere}</span>
      </p>
      </div>
    ${when(() => shown() && !roles().length, () => html`<p class="empty">${() => t().team.full}</p>`)}
    <div class="seatings">${each(roles, (one) => one.role, column)}</div>
    <div class="columns">${Week(shown)}
      <div class="stacked">
        ${when(() => shown()?.rules.length,
          () => html`<section class="card pad"><h2>${() => t().team.costs}</h2>
          <ul class="lines">${() => shown()?.rules.map((one) => html`<li>${one.because}</li>`)}</ul>
          </section>`)}
        ${when(() => shown()?.runner_up,
          () => html`<section class="card pad"><h2>${() => t().team.runnerUp}</h2>
          <ul class="lines">
          ${() => differing()
          .map((one) => html`<li>
          <span><span lang="ja">${one.worker.name}</span> <span class="small quiet">${name('roles', one.role)}</span>
          </span>
          <button class="button slim" @click=${() => pin(one.worker.id, one.role)}>${t().team.pin}
          <span class="sr"> ${one.worker.name}</span>
          </button>
          </li>`)}
          </ul><p class="small num">${() => t().team.loses(sum(shown()?.runner_up?.loss_ppm))}</p>
          </section>`)}
        ${when(() => shown()?.uncovered.length,
          () => html`<section class="card pad"><h2>${() => t().team.uncovered}</h2>
          <ul class="lines">${() => shown()?.uncovered.map((one) => html`<li>${one.because}</li>`)}</ul>
          </section>`)}
        ${when(() => shown()?.members.length,
          () => html`<section class="card pad"><h2>${() => t().team.members}</h2>
          <ul class="lines">
          ${() => shown()?.members.map((one) => html`<li><span lang="ja">${one.worker?.name ?? t().applications.erased}
          </span>
          <span class="small quiet">${name('roles', one.application.role)}${t().comma}
          ${word('ApplicationStatus', one.application.status)}
          </span>
          </li>`)}
          </ul>
          </section>`)}
      </div></div>
  `);
}

export function RoundsScreen() {
  const of = listing('rounds', () => ({ limit: 50 }), ['round']);
  const line = (/** @type {Signal<Summary>} */ of) => html`<tr>
    <th scope="row">
    <a data-ticket href=${() => href(`rounds/${of().id}`)} lang="ja">${() => of().title ?? t().rounds.untitled}</a>
    </th>
    <td><span class=${() => `badge ${of().status === 'draft' ? '' : 'good'}`}>${() => word('RoundStatus', of().status)}
    </span>
    </td>
    <td>${() => word('RoundObjective', of().objective)}</td><td class="num">${() => `${of().filled} / ${of().places}`}
    </td><td class="num">${() => sum(of().fit_ppm)}</td><td class="num">${() => moment(of().updated_at)}</td>
    </tr>`;
  return html`<main class="screen requests" id="main" tabindex="-1">
    <header class="title"><h1>${() => t().rounds.title}</h1><p class="quiet small">${() => t().rounds.hint}</p>
      ${when(() => may('rounds:write'),
        () => html`<a class="button main end" href="#/rounds/new">${() => t().rounds.make}</a>`)}
      </header>
    ${Table({ of, label: () => t().rounds.title, head: () => t().rounds.head, line, none: () => t().rounds.none })}
    </main>`;
}

const BLANK = { title: '', objective: 'fill_then_fit', min: 0, past: 0, fill_all: false,
  off: /** @type {string[]} */ ([]) };

/**
 * How much earlier places weigh, as a slider.
 * @param {{value: () => number, of: string, onValue: (n: number) => void, disabled?: () => boolean}} of
 */
const Past = ({ value, of, onValue, disabled }) => Field({ label: () => t().rounds.past, of,
  hint: () => t().rounds.pastHint,
  control: html`<span class="slid">
  <input id=${of} type="range" min="0" max="50" step="5" disabled=${disabled} .value=${() => String(value())}
  @change=${(/** @type {any} */ e) => onValue(e.target.valueAsNumber)} />
  <output class="num" for=${of}>${() => percent(value() * 10_000)}</output>
  </span>` });

export function NewRoundScreen() {
  const kept = stored('round'), draft = /** @type {typeof BLANK} */ ({ ...BLANK, ...kept.read() });
  const keep = (/** @type {Partial<typeof BLANK>} */ change) => kept.write(Object.assign(draft, change));
  const filters = memo(() => JSON.stringify({ family: query().family, area: query().area, format: query().format }));
  const { shown,
    trouble } = reading((stop) => get('deliverables',
    { ...JSON.parse(filters()), status: 'open', sort: 'ends_on', limit: 200 }, stop),
    ['deliverable']);
  const off = signal(new Set(draft.off)), past = signal(draft.past), send = sending(trouble);
  const open = () => /** @type {Listed[]} */ (shown()?.items ??
    []).filter((one) => one.places.filled < one.places.needed);
  const chosen = () => open().filter((one) => !off().has(one.id));
  const set = (/** @type {Iterable<string>} */ ids) => { off.set(new Set(ids)); keep({ off: [...off.peek()] }); };
  const make = (/** @type {Event} */ event) => { event.preventDefault(); void send(async () => {
    const made = await post('rounds',
      { title: draft.title || null, deliverable_ids: chosen().map((one) => one.id), objective: draft.objective,
      min_fit_ppm: draft.min * 10_000, past_placement_ppm: draft.past * 10_000, fill_all: draft.fill_all });
    kept.write({});
    if (path.peek() === 'rounds/new') go(`rounds/${made.id}`);
  }); };
  const line = (/** @type {Signal<Listed>} */ of) => html`<li>
    <label class="choice">
    <input type="checkbox" .checked=${() => !off().has(of().id)}
    @change=${() => set(off.peek().has(of.peek().id) ? [...off.peek()].filter((one) => one !== of.peek().id)
    : [...off.peek(), of.peek().id])}
    />
    <span><b lang="ja">${() => of().title}</b>
    <span class="small quiet facts"><span lang="ja">${() => of().organization.name}</span>
    <span>${() => name('areas', of().area)}</span><span>${() => date(of().ends_on)}</span>
    </span>
    </span><span class="badge num">${() => t().requests.places(of().places.filled, of().places.needed)}</span>
    </label>
    </li>`;
  return Screen({ shown, trouble }, 'request', () => html`
    <header class="title"><p class="crumbs small"><a href="#/rounds">${() => t().rounds.title}</a></p>
    <h1>${() => t().rounds.make}</h1>
    </header>
    <form class="columns" @submit=${make}>
      <section class="card pad" aria-labelledby="choose-title">
      <h2 id="choose-title">
      ${() => t().rounds.choose(chosen().length,
        chosen().reduce((n, one) => n + one.places.needed - one.places.filled, 0))}
      </h2>
        <p class="moves">${Filter('family', () => named('families'))}${Filter('area', () => named('areas'))}
        ${Filter('format', () => named('formats'))}
        <button type="button" class="button plain" @click=${() => set([])}>${() => t().rank.all}</button>
        <button type="button" class="button plain" @click=${() => set(open().map((one) => one.id))}>
        ${() => t().rounds.noneChosen}
        </button>
        </p>
        <ul class="choices">${each(open, (one) => one.id, line)}</ul>
        ${when(() => shown() && !open().length, () => html`<p class="empty">${() => t().requests.noneFound}</p>`)}
        </section>
      <section class="card form">
        ${Field({ label: () => t().newRequest.name, of: 'title',
          control: html`<input class="input" id="title" maxlength="200" .value=${draft.title}
          @input=${(/** @type {any} */ e) => keep({ title: e.target.value })} />` })}
        <fieldset class="labelled"><legend>${() => t().rounds.objective}</legend>
        ${Object.keys(vocabulary.peek().RoundObjective ?? {})
          .map((code) => html`<label class="radio">
          <input type="radio" name="objective" .checked=${draft.objective === code}
          @change=${() => keep({ objective: code })} />
          <span>${() => word('RoundObjective', code)}
          <span class="small quiet"> ${() => t().rounds.objectives[/** @type {'fit'} */ (code)]}</span>
          </span>
          </label>`)}
        </fieldset>
        ${Field({ label: () => word('TeamRule', 'min_fit'), of: 'min',
          control: html`<select class="select" id="min" .value=${String(draft.min)}
          @change=${(/** @type {any} */ e) => keep({ min: Number(e.target.value) })}>
          ${[0, 30, 40, 50, 60, 70].map((n) => html`<option value=${String(n)}>
          ${() => (n ? t().team.from(n) : t().team.any)}
          </option>`)}
          </select>` })}
        ${Past({ value: past, of: 'past', onValue: (n) => { past.set(n); keep({ past: n }); } })}
        <label class="radio">
        <input type="checkbox" .checked=${draft.fill_all}
        @change=${(/** @type {any} */ e) => keep({ fill_all: e.target.checked })} />
        ${() => t().rounds.fillAll}
        </label>
        ${Fault(trouble)}
        <p class="actions">
        <button class="button main" disabled=${() => send.is() || !chosen().length}>
        ${() => (send.is() ? t().rounds.computing : t().rounds.compute)}
        </button>
        </p>
        </section>
    </form>`);
}

/** @type {Signal<Round|null>} */
const held = signal(null);
export const roundTitle = () => held()?.title ?? t().rounds.title;
const SHOWN = 40;

/** @param {string} id */
export function RoundScreen(id) {
  const { shown, trouble, load } = reading((stop) => /** @type {Promise<Round>} */ (get(`rounds/${id}`, {}, stop)),
    ['round']);
  effect(() => held.set(shown()));
  onRemove(() => held.set(null));
  const send = sending(trouble), more = signal(SHOWN);
  /**
   * What the last change brought, and the request before it.
   * @type {Signal<{by: Difference, undo: object|null}|null>}
   */
  const changed = signal(null);
  /** @type {Signal<{slot: Slot, items: import('../types.js').Match[]|null}|null>} */
  const choosing = signal(null);
  const isPublishing = signal(false);
  /** Why publishing was refused. @type {Signal<{worker?: {name: string}|null, reason: string}[]>} */
  const refused = signal([]);
  /** @type {Signal<import('../types.js').Schemas['RoundVerdict']|null>} */ const verdict = signal(null);
  /** @type {Signal<import('../types.js').Schemas['RoundEasings']|null>} */ const easings = signal(null);
  const round = () => /** @type {Round} */ (shown());
  const isDraft = () => shown()?.status === 'draft' && may('rounds:write');
  const request = () => /** @type {any} */ (round().request);

  /** Changes the question; the answer tells the difference. @param {object} patch @param {boolean} [isUndo] */
  const patch = (patch, isUndo = false) => send(async () => {
    const now = round(), undo = Object.fromEntries(Object.keys(patch).map((key) => [key, request()[key]]));
    try {
      const answer = await call('PATCH', `rounds/${id}`, { match: now.version, body: patch });
      shown.set(answer.round);
      changed.set({ by: answer.difference, undo: isUndo || !Object.keys(patch).length ? null : undo });
      verdict.set(null);
      easings.set(null);
    } catch (error) {
      if (error instanceof Problem && error.status === 412) void load().then(() => trouble.set(error));
      throw error;
    }
  });
  const isSame = (/** @type {any} */ one, /** @type {string} */ deliverable,
    /** @type {string} */ worker) => one.worker_id === worker &&
    (!one.deliverable_id || one.deliverable_id === deliverable);
  const pin = (/** @type {string} */ deliverable_id, /** @type {string} */ role,
    /** @type {string} */ worker_id) => patch({ pins: [...request().pins.filter((/** @type {any} */ one) => !isSame(one,
    deliverable_id, worker_id)),
    { deliverable_id, role, worker_id }],
    bans: request().bans.filter((/** @type {any} */ one) => !isSame(one, deliverable_id, worker_id)) });
  const unpin = (/** @type {Assignment} */ one) => patch({ pins: request().pins.filter((/** @type {any} */ pin) => !isSame(pin,
    one.deliverable_id, one.worker?.id ?? '')) });
  const ban = (/** @type {Assignment} */ one) => patch({ bans: [...request().bans,
    { worker_id: one.worker?.id, deliverable_id: one.deliverable_id }],
    pins: request().pins.filter((/** @type {any} */ pin) => !isSame(pin, one.deliverable_id, one.worker?.id ?? '')) });

  const titles = memo(() => new Map((shown()?.deliverables ?? []).map((one) => [one.id, one.title])));
  const place = (/** @type {Place} */ one) => html`<span><span lang="ja">${titles().get(one.deliverable_id) ?? ''}
    </span> <span class="quiet">${name('roles', one.role)}</span>
    </span>`;
  const places = (/** @type {Place[]} */ list) => (list.length ? list.map(place)
    : html`<span class="quiet">${t().rounds.noPlace}</span>`);
  const Moves = (/** @type {() => Difference|undefined} */ by) => html`<p class="num">
    <b class=${() => ((by()?.fit_ppm ?? 0) < 0 ? 'late' : 'gain')}>
    ${() => t().rounds.differs(change(by()?.fit_ppm ?? 0), by()?.places ?? 0)}
    </b>
    </p>
    <ul class="lines moved">
    ${() => by()?.moved.map((one) => html`<li><b lang="ja">${one.worker.name}</b>
      <span class="small">${places(one.from)}${Icon('next')}${places(one.to)}</span>
      </li>`)}
    ${() => by()?.emptied.map((one) => html`<li class="late"><b>${t().rounds.emptied(one.places)}</b>
      <span class="small">${place(one)}</span>
      </li>`)}
    ${() => by() && !by()?.moved.length && !by()?.emptied.length &&
      html`<li class="quiet">${t().rounds.nobodyMoves}</li>`}
    </ul>`;

  const person = (/** @type {Signal<Assignment>} */ of) => html`<li class="seat" data-pinned=${() => of().pinned}>
    <header>
    ${() => { const one = of();
    return one.worker
    ? html`<a lang="ja"
    href=${href(`requests/${one.deliverable_id}/ranking`, { worker: one.worker.id, role: one.role })}>
    ${one.worker.name}
    </a>`
    : html`<span>${t().applications.erased}</span>`;
    }}
      <b class="num">${() => points(of().fit_ppm)}
      ${() => { const { weighed_fit_ppm: weighed, fit_ppm } = of();
        return weighed !== null && weighed !== undefined && weighed !== fit_ppm
        ? html`<small class="quiet"> → ${points(weighed)}</small>` : null;
        }}
      </b>
      </header>
    <p class="small quiet">${() => of().because}</p>
    ${when(() => isDraft() && of().worker,
      () => html`<p class="moves">
      <button class="button slim check" data-pin disabled=${send.is} aria-pressed=${() => String(of().pinned)}
      @click=${() => { const one = of.peek();
      return one.pinned ? unpin(one) : pin(one.deliverable_id, one.role, one.worker?.id ?? ''); }}>
      ${() => t().team.pin}<span class="sr"> ${() => of().worker?.name}</span>
      </button>
      <button class="button slim" data-ban disabled=${send.is} @click=${() => ban(of.peek())}>${() => t().team.ban}
      <span class="sr"> ${() => of().worker?.name}</span>
      </button>
      </p>`)}
      </li>`;
  const choose = (/** @type {Slot} */ slot) => {
    choosing.set({ slot, items: null });
    candidatesFor({ deliverable_id: slot.deliverable_id, role: slot.role, weights: request().weights, limit: 30 })
      .then((page) => { if (choosing.peek()?.slot === slot) choosing.set({ slot, items: page.items }); },
      (error) => { choosing.set(null); trouble.set(error); });
  };
  const slot = (/** @type {Signal<Slot>} */ of) => {
    const people = () => round().assignments.filter((one) => one.deliverable_id === of().deliverable_id &&
      one.role === of().role);
    return html`<section class="column">
      <header><h3>${() => name('roles', of().role)}</h3>
      <span class="num small">${() => `${of().places - of().empty} / ${of().places}`}</span>
      </header>
      ${when(() => of().scarce || of().empty > 0,
        () => html`<p><span class="badge warn">${() => (of().empty ? word('WhyEmpty', of().why) : t().rounds.scarce)}
        </span>
        </p>`)}
      <ul class="seats">${each(people, (one) => `${one.worker?.id} ${one.fit_ppm}`, person)}</ul>
      <p class="small quiet">${() => of().because}</p>
      ${when(isDraft,
        () => html`<button class="button slim" data-choose disabled=${send.is} @click=${() => choose(of.peek())}>
        ${() => t().rounds.chooseOther}<span class="sr"> ${() => name('roles', of().role)}</span>
        </button>`)}
      </section>`;
  };
  /** @type {Record<string, (one: Slot) => boolean>} */
  const views = { all: () => true, empty: (one) => one.empty > 0, scarce: (one) => one.scarce,
    pinned: (one) => round().assignments.some((who) => who.pinned && who.deliverable_id === one.deliverable_id &&
    who.role === one.role) };
  const view = () => (views[query().show] ? query().show : 'all');
  const deliverables = memo(() => { const now = shown(); if (!now) return [];
    const kept = new Set(now.slots.filter(views[view()]).map((one) => one.deliverable_id));
    return now.deliverables.filter((one) => kept.has(one.id)); });
  const card = (/** @type {Signal<Round['deliverables'][number]>} */ of) => html`<section class="card pad demand">
    <h2><a lang="ja" href=${() => href(`requests/${of().id}`)}>${() => of().title}
    </a> <span class="small quiet">${() => name('areas', of().area)}</span>
    </h2>
    <div class="seatings">
    ${each(() => round().slots.filter((one) => one.deliverable_id === of().id && views[view()](one)), (one) => one.role,
      slot)}
    </div>
    </section>`;

  const figure = (/** @type {() => string} */ label, /** @type {() => string} */ value,
    /** @type {() => string} */ more = () => '') => html`<div class="card figure"><span>${label}</span>
    <b class="num">${value}</b><small class="num quiet">${more}</small>
    </div>`;
  const withoutPast = (/** @type {(report: Round['report']) => string} */ say) => { const past = round().without_past;
    return past ? t().rounds.withoutPast(say(past.report)) : ''; };
  const Comparison = (/** @type {string} */ with_) => {
    const other = with_ === 'each' ? undefined : with_;
    const comparison = reading((stop) => get(`rounds/${id}/comparison`, { with: other }, stop), ['round']);
    const rounds = reading((stop) => get('rounds', { limit: 50 }, stop), []);
    const row = (/** @type {() => string} */ label,
      /** @type {(one: Totals) => string} */ say) => html`<tr><th scope="row">${label}</th>
      <td class="num">${() => comparison.shown() && say(comparison.shown().round)}</td>
      <td class="num">${() => comparison.shown() && say(comparison.shown().with)}</td>
      </tr>`;
    return html`<section class="card pad" aria-labelledby="comparison-title">
      <h2 id="comparison-title">${() => t().rounds.comparison}</h2>
      <p class="moves">
      <select class="select" aria-label=${() => t().rounds.compareWith}
      @change=${(/** @type {any} */ e) => requery({ compare: e.target.value })}>
      <option value="each">${() => t().rounds.each}</option>
      ${() => (rounds.shown()?.items ?? []).filter((/** @type {any} */ one) => one.id !== id)
        .map((/** @type {any} */ one) => html`<option value=${one.id} selected=${one.id === with_}>
        ${one.title ?? moment(one.created_at)}
        </option>`)}
      </select><button class="button slim" @click=${() => requery({ compare: '' })}>${() => t().close}</button>
      </p>
      ${Fault(comparison.trouble)}
      ${when(comparison.shown,
        () => html`<table class="table pair-table">
        <thead>
        <tr><td></td><th scope="col">${() => t().rounds.this}</th>
        <th scope="col">${() => (other ? t().rounds.other : t().rounds.each)}</th>
        </tr>
        </thead>
        <tbody>${row(() => t().rounds.filled, (one) => `${one.filled} / ${one.places}`)}
        ${row(() => t().rounds.fit, (one) => sum(one.fit_ppm))}
        ${row(() => t().rounds.lowest, (one) => points(one.lowest_fit_ppm))}
        </tbody>
        </table>${Moves(() => comparison.shown()?.difference)}`)}
      </section>`;
  };
  const publish = () => send(async () => {
    try {
      await post(`rounds/${id}/publish`, undefined);
      changed.set(null);
      /** What opened the dialog is gone by the time it gives the focus back. */
      await load();
      isPublishing.set(false);
    } catch (error) {
      if (error instanceof Problem && error.code === 'changed_since') { refused.set(error.body.assignments ?? []);
        void load(); }
      else isPublishing.set(false);
      throw error;
    }
  });
  const remove = () => {
    if (confirm(t.peek().rounds.deleteAsk)) void send(async () => {
      await call('DELETE', `rounds/${id}`, { match: round().version });
      go('rounds');
    });
  };
  const setting = () => html`<section class="card form question" aria-labelledby="question-title">
    <h2 id="question-title">${() => t().rounds.question}</h2>
    ${Field({ label: () => t().rounds.objective, of: 'objective',
      hint: () => t().rounds.objectives[/** @type {'fit'} */ (round().objective)],
      control: html`<select class="select" id="objective" disabled=${send.is} .value=${() => round().objective}
      @change=${(/** @type {any} */ e) => patch({ objective: e.target.value })}>
      ${Object.keys(vocabulary.peek().RoundObjective ?? {})
      .map((code) => html`<option value=${code}>${() => word('RoundObjective', code)}</option>`)}
      </select>` })}
    ${Field({ label: () => word('TeamRule', 'min_fit'), of: 'min',
      control: html`<select class="select" id="min" disabled=${send.is}
      .value=${() => String((request().min_fit_ppm ?? 0) / 10_000)}
      @change=${(/** @type {any} */ e) => patch({ min_fit_ppm: Number(e.target.value) * 10_000 })}>
      ${() => [...new Set([0, 30, 40, 50, 60, 70, (request().min_fit_ppm ?? 0) / 10_000])].sort((a, b) => a - b)
      .map((n) => html`<option value=${String(n)}>${n ? t().team.from(n) : t().team.any}</option>`)}
      </select>` })}
    ${Past({ value: () => (request().past_placement_ppm ?? 0) / 10_000, of: 'past', disabled: send.is,
      onValue: (n) => patch({ past_placement_ppm: n * 10_000 }) })}
    ${when(() => request().bans.length,
      () => html`<ul class="lines">
      ${() => request().bans.map((/** @type {any} */ one) => html`<li>
      <span>${t().team.banned}: <span lang="ja">${known(one.worker_id)}</span></span>
      <button class="button slim" disabled=${send.is}
      @click=${() => patch({ bans: request().bans.filter((/** @type {any} */ other) => other !== one) })}>
      ${t().team.undo}
      </button>
      </li>`)}
      </ul>`)}
    <p class="actions">
    <button class="button" data-again disabled=${send.is} @click=${() => patch({})}>
    ${() => (send.is() ? t().rounds.computing : t().rounds.again)}
    </button>
    </p>
    </section>`;
  /** Names of who was excluded: from before, or asked for. @type {Signal<Map<string, string>>} */
  const names = signal(new Map());
  const known = (/** @type {string} */ who) => names().get(who) ?? '…';
  effect(() => {
    const now = shown();
    if (!now) return;
    const next = new Map(names.peek());
    for (const one of now.assignments) if (one.worker) next.set(one.worker.id, one.worker.name);
    const lacking = /** @type {any} */ (now.request).bans.map((/** @type {any} */ one) => one.worker_id)
      .filter((/** @type {string} */ who) => !next.has(who));
    names.set(next);
    if (lacking.length &&
      may('workers:read')) get('workers', { ids: [...new Set(lacking)].slice(0, 200).join(',') })
      .then((page) => names.set(new Map([...names.peek(),
      ...page.items.map((/** @type {any} */ one) => [one.id, one.alias])])),
      () => {});
  });
  const tab = (/** @type {string} */ of) => html`<button aria-pressed=${() => String(view() === of)}
    @click=${() => requery({ show: of === 'all' ? '' : of })}>
    ${() => t().rounds.views[/** @type {'all'} */ (of)]} <span class="num">
    ${() => (shown() ? round().slots.filter(views[of]).length : '')}
    </span>
    </button>`;

  return Screen({ shown, trouble }, 'request round', () => html`
    <header class="title"><p class="crumbs small"><a href="#/rounds">${() => t().rounds.title}</a></p>
      <div class="title-line"><h1><span lang="ja">${() => shown()?.title ?? t().rounds.untitled}</span></h1>
      <span class="badge accent">${() => word('RoundStatus', shown()?.status)}</span>
        ${when(() => shown()?.proven, () => html`<span class="badge good">${() => t().rounds.proven}</span>`)}</div>
      <p>${() => shown()?.because}</p>
      ${when(shown,
        () => html`<p class="moves">
        ${when(isDraft,
        () => html`<button class="button main" data-publish disabled=${() => send.is() || !round().filled}
        @click=${() => { refused.set([]); isPublishing.set(true); }}>
        ${Icon('send')}${() => t().rounds.publish}
        </button>`)}
        <button class="button" data-compare aria-pressed=${() => String(Boolean(query().compare))}
        @click=${() => requery({ compare: query.peek().compare ? '' : 'each' })}>
        ${() => t().rounds.compare}
        </button>
        <button class="button" disabled=${send.is}
        @click=${() => send(async () => verdict.set(await ask(`rounds/${id}/verify`, undefined)))}>
        ${() => t().rounds.verify}
        </button>
        <button class="button" disabled=${send.is}
        @click=${() => send(async () => easings.set(await get(`rounds/${id}/easings`)))}>
        ${() => t().gates.ease}
        </button>
        ${when(isDraft,
          () => html`<button class="button plain" data-delete disabled=${send.is} @click=${remove}>${() => t().rounds.delete}
          </button>`)}
        </p>`)}
        </header>
    ${Fault(trouble)}
    ${when(verdict, () => html`<p class="notice" role="status">${() => verdict()?.because}</p>`)}
    ${when(changed,
      () => html`<section class="card pad difference" role="status" aria-label=${() => t().rounds.difference}>
      ${Moves(() => changed()?.by)}
      <p class="moves">
      ${when(() => changed()?.undo,
      () => html`<button class="button slim" data-undo disabled=${send.is}
      @click=${() => patch(/** @type {any} */ (changed.peek()).undo, true)}>
      ${() => t().gates.undo}
      </button>`)}
      <button class="button slim" @click=${() => changed.set(null)}>${() => t().close}</button>
      </p>
      </section>`)}
    ${when(shown,
      () => html`<div class="figures">
      ${figure(() => t().rounds.filled, () => `${round().filled} / ${round().places}`,
      () => t().rounds.insteadOf(`${round().one_after_another.filled}`))}
        ${figure(() => t().rounds.fit, () => sum(round().totals.fit_ppm),
          () => t().rounds.insteadOf(sum(round().one_after_another.fit_ppm)))}
        ${figure(() => t().rounds.lowest, () => points(round().totals.lowest_fit_ppm),
          () => t().rounds.insteadOf(points(round().one_after_another.lowest_fit_ppm)))}
        ${figure(() => t().rounds.newcomers, () => `${round().report.newcomers} / ${round().report.workers}`,
          () => withoutPast((past) => String(past.newcomers)))}
        ${figure(() => t().rounds.gini, () => sum(round().report.gini_ppm),
          () => withoutPast((past) => sum(past.gini_ppm)))}
        ${figure(() => t().rounds.areas, () => `${round().report.areas_served} / ${round().report.areas_asking}`)}
        </div>
      ${keyed(() => query().compare ?? '', (with_) => with_ && Comparison(with_))}
      ${when(easings,
        () => html`<section class="card pad"><h2>${() => t().gates.ease}</h2>
        <ul class="lines">
        ${() => easings()?.items.map((one) => html`<li><a href=${href(`requests/${one.deliverable_id}`)}>${one.because}
        </a><b class="num">${t().rounds.morePlaces(one.additional_places)}</b>
        </li>`)}
        ${() => easings()?.items.length === 0 && html`<li class="quiet">${t().gates.none}</li>`}
        </ul>
        </section>`)}
      ${when(isDraft, setting)}
      <div class="switch" role="group" aria-label=${() => t().requests.view}>${Object.keys(views).map(tab)}</div>
      ${each(() => deliverables().slice(0, more()), (one) => one.id, card)}
      ${when(() => !deliverables().length, () => html`<p class="empty">${() => t().none}</p>`)}
      ${when(() => deliverables().length > more(),
        () => html`<p class="beyond">
        <button class="button" @click=${() => more.set(more.peek() + SHOWN)}>${() => t().rank.more}</button>
        </p>`)}`)}
    ${when(choosing,
      () => Dialog({ title: () => { const now = choosing();
      return now ? `${titles().get(now.slot.deliverable_id)} ${name('roles', now.slot.role)}` : ''; },
      onClose: () => choosing.set(null),
      content: html`<ul class="others">
      ${() => { const now = choosing();
      return now &&
      (now.items?.map((one) => html`<li>
      <button data-candidate
      @click=${(/** @type {any} */ e) => { e.target.closest('dialog').close();
      void pin(now.slot.deliverable_id, now.slot.role, one.worker.id); }}>
      <span lang="ja">${one.worker.name}</span><b class="num">${points(one.fit_ppm)}</b>
      <span class="small quiet">
      ${round().assignments.filter((who) => who.worker?.id === one.worker.id)
      .map((who) => t().rounds.nowIn(titles().get(who.deliverable_id) ?? ''))}
      </span>
      </button>
      </li>`) ??
      html`<li class="quiet">${t().loading}</li>`);
      }}
      </ul>` }))}
    ${when(isPublishing,
      () => Dialog({ title: () => t().rounds.publish, onClose: () => isPublishing.set(false),
      content: html`<div class="form"><p>${() => t().rounds.invites(round().filled)}</p>
      ${when(() => refused().length,
        () => html`<div class="notice bad" role="alert"><p>${() => t().rounds.refused}</p>
        <ul>
        ${() => refused().map((one) => html`<li><span lang="ja">${one.worker?.name ?? ''}</span> ${one.reason}</li>`)}
        </ul>
        </div>`)}
      <p class="actions">
      ${when(() => refused().length,
        () => html`<button class="button main" data-again disabled=${send.is}
        @click=${() => { isPublishing.set(false); void patch({}); }}>
        ${() => t().rounds.again}
        </button>`,
        () => html`<button class="button main" data-sure disabled=${send.is} @click=${publish}>
        ${() => (send.is() ? t().sending : t().rounds.publish)}
        </button>`)}
      </p>
      </div>` }))}
  `);
}
