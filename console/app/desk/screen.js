/** What waits for me, what changed lately, and how many requests there are. Follows the stream of changes. */
import {
  begin, date, each, effect, Fault, get, href, html, isAbort, language, latest, may, moment, number, onRemove, query,
  requery, signal, t, user, when, word,
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
/** @typedef {{key: string, type: string, action: string, at: string, title: string, to: string|null}} Told */

/**
 * @type {import('../../parts/view.js').Signal<{tasks: Task[], hasMore: boolean, counts: TaskCount[], statuses:
 * {status: string, total: number}[], changes: Told[]}|null>}
 */
const desk = signal(null);
const STATUSES = ['draft', 'submitted', 'screening', 'hearing', 'open', 'matched', 'in_progress', 'delivered'];
const SHOWN = 12;

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

/** The latest changes, each record once, with its name. @param {AbortSignal} stop @returns {Promise<Told[]>} */
async function recent(stop) {
  if (!may('changes:read')) return [];
  const now = latest.peek()?.position ?? (await begin());
  const [last, suffix] = now.split('-');
  const page = await get('changes',
    { after: `${Math.max(0, Number(last) - 200)}-${suffix}`, types: Object.keys(NAMED).join(','), limit: 200 }, stop);
  /** @type {Map<string, Change>} */
  const newest = new Map();
  for (const one of page.items) { const key = `${one.type} ${one.id}`; newest.delete(key); newest.set(key, one); }
  const chosen = [...newest.entries()].reverse().filter(([, one]) => one.action !== 'removed').slice(0, SHOWN);
  const names = new Map();
  await Promise.all(Object.entries(NAMED).map(async ([type, [list, scope, title]]) => {
    const ids = chosen.filter(([, one]) => one.type === type).map(([, one]) => one.id);
    if (!ids.length || !may(scope)) return;
    for (const item of (await get(list, { ids: ids.join(',') }, stop)).items) names.set(item.id,
      { title: title(item), item });
  }));
  return chosen.flatMap(([key, one]) => {
    const named = names.get(one.id);
    if (!named) return [];
    const request = one.type === 'deliverable' ? one.id : one.type === 'application' ? named.item.deliverable_id : null;
    return [{ key, type: one.type, action: one.action, at: one.at, title: named.title,
      to: request && `requests/${request}` }];
  });
}

/** @param {AbortSignal} stop */
async function read(stop) {
  const [tasks, counts, statuses, changes] = await Promise.all([
    get('tasks', { kind: query.peek().kind, limit: 100 }, stop), get('tasks/counts', {}, stop),
    may('statistics:read') ? get('statistics/deliverables', { group_by: 'status', include_demo: true }, stop)
      : { items: [] },
    recent(stop),
  ]);
  const byDay = [...tasks.items].sort((a, b) => (a.due_on < b.due_on ? -1 : a.due_on > b.due_on ? 1 : 0));
  desk.set({ tasks: byDay, hasMore: Boolean(tasks.next), counts: counts.items, statuses: statuses.items, changes });
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
  let stop = new AbortController(), timer = 0;
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  const load = () => {
    stop.abort();
    stop = new AbortController();
    read(stop.signal).then(() => trouble.set(null), (error) => { if (!isAbort(error)) trouble.set(error); });
  };
  let seen = latest.peek();
  effect(() => { language(); query().kind; load(); });
  effect(() => { const change = latest(); if (change === seen) return; seen = change; clearTimeout(timer);
    timer = setTimeout(load, 400); });
  onRemove(() => { clearTimeout(timer); stop.abort(); });
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
  return html`<main class="screen desk" id="main" tabindex="-1" aria-busy=${() => String(!desk() && !trouble())}>
    <header class="title"><h1>${() => t().desk.title}</h1>
    <p class="quiet">${() => date(new Date(), { dateStyle: 'full' })}</p>
    </header>
    ${Fault(trouble)}
    ${when(desk, () => html`
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
            <span class="small quiet facts"><span>${() => word('ChangeSubject', of().type)}</span>
            <span>${() => word('ChangeAction', of().action)}</span>
            </span><time class="num small" datetime=${() => of().at}>${() => moment(of().at)}</time>`;
            return html`<li>
              ${when(() => of().to, () => html`<a href=${() => `#/${of().to}`}>${line()}</a>`,
              () => html`<div class="item">${line()}</div>`)}
              </li>`;
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
      </div>`, () => when(() => !trouble(), () => html`<p class="empty">${() => t().loading}</p>`))}
  </main>`;
}
