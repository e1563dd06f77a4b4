/** What waits for me, what changed lately, and how many requests there are. Follows the stream of changes. */
import {
  begin, date, each, Fault, get, href, html, latest, may, moment, number, query, reading, requery, Screen, signal, t,
  user, vocabulary, when, word,
} from '../kit.js';

/** The screen on which a task is done. */
/** @param {import('../types.js').Task} task @returns {string|null} */
function taskHref(task) {
  if (task.kind === 'decide_duplicate') return `duplicates/${task.id}`;
  if (['answer_invitation', 'answer_offer', 'check_turn'].includes(task.kind) &&
    user()?.user?.worker_id) return 'applications';
  if (task.kind === 'answer_joint_invitation') return 'requests';
  if (task.kind === 'repair_webhook') return `admin/webhooks/${task.id}`;
  if (task.kind === 'repair_import') return `imports/${task.id}`;
  const [, list, id] = /(projects|programmes|events)\/([\w-]+)/.exec(task.href) ?? [];
  if (list) return { projects: 'projects/', programmes: 'programme/', events: 'programme/events/' }[list] + id;
  return task.deliverable_id ? `requests/${task.deliverable_id}` : null;
}

/**
 * @typedef {import('../types.js').Task} Task
 * @typedef {import('../types.js').Schemas['TaskCount']} TaskCount
 * @typedef {import('../api.js').Change} Change
 */
/** @typedef {{key: string, type: string, action: string, at: string, title: string, more: number, to: string}} Told */

/**
 * @type {import('../../parts/view.js').Signal<{tasks: Task[], hasMore: boolean, counts: TaskCount[], statuses:
 * {status: string, total: number}[], changes: Told[]}|null>}
 */
const desk = signal(null);
const STATUSES = ['draft', 'submitted', 'screening', 'hearing', 'open', 'matched', 'in_progress', 'delivered'];
/** Lines that are shown, records of a kind that are lines of their own, and how far back it looks. */
const SHOWN = 12, FEW = 3, PAGE = 200, LOOKS = 5;

/**
 * Where each kind of record is listed, and what it is called there.
 * @type {Record<string, [string, string, (one: any) => string]>}
 */
const NAMED = {
  deliverable: ['deliverables', 'deliverables:read', (one) => one.title],
  application: ['applications', 'applications:read',
    (one) => [one.worker_alias, one.deliverable_title].filter(Boolean).join(' – ')],
  organization: ['organizations', 'organizations:read', (one) => one.name],
  worker: ['workers', 'workers:read', (one) => one.alias],
};

/** Whether they are of one piece of work, as an import writes many lines. @param {Change} a @param {Change} b */
const isSame = (a, b) => a.type === b.type && a.action === b.action &&
  Math.abs(Date.parse(a.at) - Date.parse(b.at)) < 60_000;

/**
 * The latest changes, each record once, with its name. Many of a kind at a time are one line, and what lies behind them is
 * looked for, too.
 * @param {AbortSignal} stop @returns {Promise<Told[]>}
 */
async function recent(stop) {
  if (!may('changes:read')) return [];
  const [last, suffix] = (latest.peek()?.position ?? (await begin())).split('-');
  /** @type {Map<string, Change>} */
  const newest = new Map();
  /** @type {Change[][]} */
  let runs = [];
  for (let from = Number(last), looks = 0; from > 0 && runs.length < SHOWN && looks < LOOKS; looks += 1) {
    from = Math.max(0, from - PAGE);
    const { items } = await get('changes', { after: `${from}-${suffix}`, types: Object.keys(NAMED).join(','), limit: PAGE },
      stop);
    for (const one of items.reverse()) {
      if (Number(one.position.split('-')[0]) > from + PAGE || newest.has(`${one.type} ${one.id}`)) continue;
      newest.set(`${one.type} ${one.id}`, one);
      if (one.action === 'removed') continue;
      const run = runs.find((of) => isSame(of[of.length - 1], one));
      if (run) run.push(one); else runs.push([one]);
    }
  }
  runs = runs.slice(0, SHOWN).flatMap((run) => (run.length > FEW ? [run] : run.map((one) => [one])))
    .sort(([a], [b]) => Date.parse(b.at) - Date.parse(a.at)).slice(0, SHOWN);
  const names = new Map();
  await Promise.all(Object.entries(NAMED).map(async ([type, [list, scope, title]]) => {
    const ids = runs.filter(([one]) => one.type === type).map(([one]) => one.id);
    if (!ids.length || !may(scope)) return;
    for (const item of (await get(list, { ids: ids.join(',') }, stop)).items) names.set(item.id,
      { title: title(item), item });
  }));
  return runs.flatMap(([one, ...more]) => {
    const named = names.get(one.id);
    if (!named) return [];
    const request = one.type === 'deliverable' ? one.id : one.type === 'application' ? named.item.deliverable_id : null;
    return [{ key: `${one.type} ${one.id}`, type: one.type, action: one.action, at: one.at, title: named.title,
      more: more.length, to: request ? `requests/${request}` : `${NAMED[one.type][0]}/${one.id}` }];
  });
}

/** @param {AbortSignal} stop */
async function read(stop) {
  const [tasks, counts, statuses, changes] = await Promise.all([
    get('tasks', { kind: query().kind, limit: 100 }, stop), get('tasks/counts', {}, stop),
    may('statistics:read') ? get('statistics/deliverables', { group_by: 'status', include_demo: true }, stop)
      : { items: [] },
    recent(stop),
  ]);
  /** A task about duplicates has no title of its own: it is called by the two records. */
  const pairs = tasks.items.filter((/** @type {Task} */ one) => one.kind === 'decide_duplicate');
  if (pairs.length && may('duplicates:read')) {
    const { items } = await get('duplicates', { ids: pairs.map((/** @type {Task} */ one) => one.id).join() }, stop);
    for (const one of pairs) one.title = items
      .find((/** @type {any} */ pair) => pair.id === one.id)?.records.map((/** @type {any} */ record) => record.name).join(' / ');
  }
  const byDay = [...tasks.items].sort((a, b) => (a.due_on < b.due_on ? -1 : a.due_on > b.due_on ? 1 : 0));
  return { tasks: byDay, hasMore: Boolean(tasks.next), counts: counts.items, statuses: statuses.items, changes };
}

/** @param {import('../../parts/view.js').Signal<Task>} of */
function Line(of) {
  const to = () => taskHref(of());
  const content = () => html`<b lang="ja">${() => of().title ?? word('TaskKind', of().kind)}</b>
    <span class="small quiet facts"><span>${() => (of().title ? word('TaskKind', of().kind) : '')}</span>
    <span>${() => t().desk.since(date(of().since))}</span>
    </span>
    <span class=${() => `num due ${of().overdue ? 'late' : ''}`}>
    ${() => (of().overdue ? t().desk.overdue : '')} ${() => date(of().due_on)}
    </span>`;
  return html`<li>
    ${when(to, () => html`<a data-ticket href=${() => `#/${to()}`}>${content()}</a>`,
    () => html`<div class="item">${content()}</div>`)}
    </li>`;
}

export function DeskScreen() {
  const { trouble } = reading(read, Object.keys(vocabulary.peek().ChangeSubject ?? {}), desk);
  const chosen = () => query().kind ?? '';
  const waiting = () => (desk()?.counts ?? []).filter((one) => one.count > 0);
  const tile = (/** @type {import('../../parts/view.js').Signal<TaskCount>} */ of) => html`<button class="card tile"
    aria-pressed=${() => String(chosen() === of().kind)}
    @click=${() => requery({ kind: chosen() === of.peek().kind ? undefined : of.peek().kind })}>
    <span>${() => word('TaskKind', of().kind)}</span><b class="num">${() => number(of().count)}</b>
    <small class="late">${() => (of().overdue ? t().desk.ofThemLate(of().overdue) : '')}</small>
    </button>`;
  const statuses = () => STATUSES.flatMap((status) => {
    const found = desk()?.statuses.find((one) => one.status === status);
    return found?.total ? [{ status, total: found.total }] : []; });
  const most = () => Math.max(1, ...statuses().map((one) => one.total));
  return Screen({ shown: desk, trouble }, 'desk', () => html`<header class="title"><h1>${() => t().desk.title}</h1>
    <p class="quiet">${() => date(new Date(), { dateStyle: 'full' })}</p>
    </header>
    ${Fault(trouble)}
    ${when(() => waiting().length,
        () => html`<div class="tiles" role="group" aria-label=${() => t().desk.counts}>
        ${each(waiting, (one) => one.kind, tile)}
        </div>`)}
      <section class="card queue" aria-labelledby="tasks-title">
      <h2 id="tasks-title">${() => t().desk.tasks}
      ${when(chosen,
        () => html`<button class="button slim" @click=${() => requery({ kind: undefined })}>${() => t().desk.allKinds}
        </button>`)}
      </h2>
        ${when(() => desk()?.tasks.length,
          () => html`<ol>${each(() => desk()?.tasks ?? [], (one) => `${one.kind} ${one.id}`, Line)}</ol>`,
          () => html`<p class="empty">${() => t().desk.nothing}</p>`)}
        ${when(() => desk()?.hasMore, () => html`<p class="small quiet">${() => t().desk.more}</p>`)}</section>
      <div class="pair">
        <section class="card queue" aria-labelledby="changes-title"><h2 id="changes-title">${() => t().desk.changes}
        </h2>
          ${when(() => desk()?.changes.length,
            () => html`<ol>
            ${each(() => desk()?.changes ?? [], (one) => one.key,
            (of) => {
            const line = () => html`<b lang="ja">${() => of().title}</b>
            <span class="small quiet facts"><span>${() => (of().type === 'deliverable' ? t().desk.request : word('ChangeSubject', of().type))}</span>
            <span>${() => word('ChangeAction', of().action)}</span>
            <span>${() => (of().more ? t().requests.moreOf(of().more) : '')}</span>
            </span><time class="num small" datetime=${() => of().at}>${() => moment(of().at)}</time>`;
            return html`<li><a href=${() => `#/${of().to}`}>${line()}</a></li>`;
            })}
            </ol>`,
            () => html`<p class="empty">${() => t().desk.noChanges}</p>`)}
            </section>
        ${when(() => statuses().length,
          () => html`<section class="card bars" aria-labelledby="statuses-title">
          <h2 id="statuses-title">${() => t().desk.statuses}</h2>
          <ul>
          ${each(statuses, (one) => one.status,
            (of) => html`<li>
            <a href=${() => href('requests', { view: 'table', status: of().status })}>
            <span>${() => word('DeliverableStatus', of().status)}</span>
            <i class="meter" aria-hidden="true"><i style=${() => ({ width: `${(of().total / most()) * 100}%` })}></i>
            </i><b class="num">${() => number(of().total)}</b>
            </a>
            </li>`)}
          </ul>
          </section>`)}
      </div>`);
}
