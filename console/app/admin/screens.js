/** Administration: users, partners, webhooks, the catalogue, the audit, and whether the service is well. */
import {
  by, call, Choice, codes, Dialog, each, Fault, Filter, Form, get, href, html, keyed, listing, load, may, memo, moment, name, named,
  number, Once, onRemove, post, query, reading, RETIRED, secret, send, sending, signal, startOf, t, Table, Tabs, user,
  valuesOf, when, word,
} from '../kit.js';

/** @typedef {import('../../parts/view.js').Signal<any>} Of */

const PLACES = /** @type {[string, string, () => string][]} */ (['users', 'partners', 'webhooks', 'catalogue', 'audit',
  'health'].map((one) => [one,
  { users: 'users:read', partners: 'partners:read', webhooks: 'webhooks:read', audit: 'audit:read' }[one] ?? '',
  () => t().admin.places[/** @type {'users'} */ (one)]]));
const places = () => PLACES.filter(([, scope]) => !scope || may(scope));
export const isAdmin = () => may('users:read');

/** @param {string} at @param {any} content */
const Frame = (at,
  content) => html`<main class="screen request" id="main" tabindex="-1">
  <header class="title"><h1>${() => t().menuItems.admin}</h1>
  ${Tabs(() => t().menuItems.admin, places().map(([one, , title]) => [`admin/${one}`, title]), `admin/${at}`)}
  </header>${content()}${Once()}
  </main>`;

/** Of a form: what is only asked of a new record. @param {any} draft */
const isNew = (draft) => !draft.version;
/** @param {string} path @param {any} one @param {unknown} body */
const change = (path, one, body) => call('PATCH', `${path}/${one.id ?? one.code}`, { match: one.version, body });

/**
 * A list with a form for a new record, the same form to change one, and with what else can be done to each.
 * @param
 * {{path: string, label: () => string, title: () => string, head: () => string[], cells: (one: Of) => unknown, scope: string, items?: import('../../parts/form.js').Item[], start?: (one: any) => any, body?: (draft: any, one: any) => Record<string, any>, shape?: (values: any) => Record<string, any>, told?: (made: any) => string, onSaved?: () => unknown, doings?: (one: any) => [string, () => Promise<unknown>][], asked?: () => Record<string, any>}}
 * of
 */
function Managed({ path, label, title, head, cells, scope, items = [], start = (one) => one,
  body = (draft) => valuesOf(items, draft), shape = (values) => values, told, onSaved, doings = () => [], asked = () => ({ limit: 50 }) }) {
  const of = listing(path, asked, [path.slice(0, -1), 'catalogue']), act = sending(of.trouble),
    shown = signal(/** @type {Record<string, any>|null} */ (null)), keyOf = (/** @type {any} */ one) => one.id ?? one.code;
  const save = async (/** @type {any} */ draft, /** @type {(values: any) => any} */ only) => {
    /** As it is by now; what was removed meanwhile is refused, not made anew. */
    const one = isNew(draft) ? null : of.items().find((/** @type {any} */ other) => keyOf(other) === keyOf(draft)) ?? draft,
      all = body(draft, one), changed = one ? only(all) : all;
    /** Another role belongs to something else. */
    const made = one ? await change(path, one, shape(changed.role ? all : changed)) : await post(path, shape(all));
    if (!one && told) secret.set({ title: title(), value: told(made) });
    await Promise.all([of.load(), onSaved?.()]); };
  const open = async (/** @type {any} */ one) => shown.set({ ...startOf(items, await start(one)), id: one.id, code: one.code,
    version: one.version });
  const line = (/** @type {Of} */ one) => html`<tr>${cells(one)}
    ${when(() => may(scope),
    () => html`<td><div class="moves">
    <button class="button slim" data-do="edit" @click=${() => act(() => open(one.peek()))}>${() => t().projects.edit}</button>
    ${each(() => doings(one()), ([what]) => what, (doing) => html`<button class="button slim" disabled=${act.is}
    data-do=${() => doing()[0]}
    @click=${() => act(() => of.anew(async () => { await doing.peek()[1](); await onSaved?.(); }))}>
    ${() => t().admin.doings[/** @type {'link'} */ (doing()[0])]}
    </button>`)}
    </div>
    </td>`)}
    </tr>`;
  return html`${when(() => may(scope), () => html`<p><button class="button main" data-new
    @click=${() => shown.set(startOf(items))}>${title}</button></p>`)}
    ${Table({ of, label, head: () => [...head(), ...(may(scope) ? [t().admin.actions] : [])], line, key: keyOf })}
    ${when(shown, () => { const now = /** @type {any} */ (shown.peek()), name = isNew(now) ? title : () => t().projects.edit;
      return Dialog({ title: name, onClose: () => shown.set(null),
        content: Form({ id: isNew(now) ? `new-${path}` : path, key: `${path} ${keyOf(now)}`, items, start: now,
          label: isNew(now) ? title : () => t().projects.save, send: save, onRefused: of.load }) }); })}`;
}
const sure = async (/** @type {() => Promise<unknown>} */ run) => { if (confirm(t.peek().admin.sure)) await run(); };
/**
 * Suspends what is active, and the other way round.
 * @param {string} path
 * @param {any} one
 * @returns {[string, () => Promise<unknown>]}
 */
const toggle = (path,
  one) => [one.status === 'active' ? 'suspend' : 'activate',
  () => change(path, one, { status: one.status === 'active' ? 'suspended' : 'active' })];

/** Who it is, as a field of a form shows them. @param {string} path @param {string|null} id */
const who = async (path, id) => { if (!id) return null;
  const one = await get(`${path}/${id}`); return { id, name: one.name ?? one.alias }; };
const Users = () => html`<div class="filters">
  ${Filter('role', () => codes('UserRole'))}
  </div>${Managed({
  path: 'users', label: () => t().admin.places.users, title: () => t().admin.add.users, scope: 'users:write',
  asked: () => ({ role: query().role, limit: 50 }), head: () => t().admin.users,
  cells: (one) => html`<th scope="row">${() => one().name}<span class="small quiet">${() => one().email}</span></th>
    <td>${() => word('UserRole', one().role)}
    <span class="small quiet">${() => one().areas.map((/** @type {string} */ area) => name('areas', area)).join(t().comma)}</span>
    </td>
    <td><span class="badge">${() => word('UserStatus', one().status)}</span></td>
    <td class="num">${() => (one().last_login_at ? moment(one().last_login_at) : '–')}</td>`,
  items: [
    { name: 'name', label: () => t().admin.name, required: true, most: 100 },
    { name: 'email', kind: 'email', label: () => t().login.email, required: true },
    { name: 'role', kind: 'select', label: () => t().requests.any.role, start: 'coordinator',
      options: () => codes('UserRole').filter(([code]) => code !== 'partner') },
    { name: 'areas', kind: 'checks', label: () => t().requests.any.area, options: () => named('areas'),
      isFor: (draft) => draft.role === 'coordinator' },
    { name: 'organization_id', kind: 'pick', from: 'organizations', required: true,
      label: () => word('ChangeSubject', 'organization'), isFor: (draft) => draft.role === 'organization' },
    { name: 'worker_id', kind: 'pick', from: 'workers', required: true, label: () => word('ChangeSubject', 'worker'),
      isFor: (draft) => draft.role === 'worker' },
  ],
  start: async (one) => ({ ...one, organization_id: await who('organizations', one.organization_id),
    worker_id: await who('workers', one.worker_id) }),
  body: ({ name: called, email, role, areas, organization_id: of, worker_id: worker }) => ({ name: called, email, role,
    areas: role === 'coordinator' ? areas : [], organization_id: role === 'organization' ? of?.id : null,
    worker_id: role === 'worker' ? worker?.id : null }),
  told: (made) => made.invitation.link ?? made.invitation.token,
  doings: (one) => [['link',
    async () => { const made = await post(`users/${one.id}/invitations`, {});
    secret.set({ title: one.name, value: made.link ?? made.token }); }],
    /** Nobody locks themselves out. */
    .../** @type {any} */ (one.id === user()?.user?.id ? [] : [toggle('users', one),
    ['remove', () => sure(() => call('DELETE', `users/${one.id}`, { match: one.version }))]])],
})}`;

const Partners = () => Managed({
  path: 'partners', label: () => t().admin.places.partners, title: () => t().admin.add.partners, scope: 'partners:write',
  head: () => t().admin.partners,
  cells: (one) => html`<th scope="row">${() => one().name}
    <span class="small quiet">${() => one().code} ${() => one().id}</span>
    </th><td><span class="badge">${() => word('PartnerStatus', one().status)}</span></td>
    <td class="num">${() => number(one().quota_per_minute)} / ${() => number(one().quota_per_day)}</td>
    <td>
    <ul>
    ${() => one().secrets.map((/** @type {any} */ key) => html`<li class="num small">${moment(key.created_at)}
      ${may('partners:write') &&
      html` <button class="button slim plain" data-do="revoke"
      @click=${() => sure(() => call('DELETE', `partners/${one.peek().id}/secrets/${key.id}`)
      .then(() => one.set({ ...one.peek(),
      secrets: one.peek().secrets.filter((/** @type {any} */ other) => other !== key) })))}>
      ${() => t().admin.doings.revoke}
      </button>`}
      </li>`)}
    </ul>
    </td>`,
  items: [{ name: 'name', label: () => t().admin.name, required: true, most: 200 },
    { name: 'code', label: () => t().admin.code, required: true, most: 50, isFor: isNew },
    { name: 'families', kind: 'checks', label: () => t().requests.any.family, options: () => named('families') },
    { name: 'sandbox', kind: 'check', label: () => t().admin.sandbox, isFor: isNew }],
  told: (made) => made.client_secret ?? made.secret?.client_secret ?? '',
  doings: (one) => [['secret',
    async () => secret.set({ title: one.name, value: (await post(`partners/${one.id}/secrets`, {})).client_secret })],
    toggle('partners', one)],
});

const state = (/** @type {any} */ one) => (one.switched_off ? word('WebhookOffReason', one.switched_off.reason)
  : t().admin[one.enabled ? 'on' : 'off']);
const Webhooks = () => Managed({
  path: 'webhooks', label: () => t().admin.places.webhooks, title: () => t().admin.add.webhooks, scope: 'webhooks:write',
  head: () => t().admin.webhooks,
  cells: (one) => html`<th scope="row"><a href=${() => `#/admin/webhooks/${one().id}`}>${() => one().url}</a>
    <span class="small quiet">
    ${() => one().types.map((/** @type {string} */ type) => word('ChangeSubject', type)).join(t().comma)}
    </span>
    </th><td><span class="badge">${() => state(one())}</span></td><td class="num">${() => number(one().waiting)}</td>
    <td class="num">${() => number(one().failures)}</td>`,
  items: [{ name: 'url', kind: 'url', label: () => 'URL', required: true },
    { name: 'types', kind: 'checks', label: () => t().admin.types, start: ['deliverable'],
    options: () => codes('ChangeSubject') }],
  told: (made) => made.secret.secret,
  doings: (one) => [[one.enabled ? 'suspend' : 'activate', () => change('webhooks', one, { enabled: !one.enabled })],
    ['secret',
    async () => secret.set({ title: one.url, value: (await post(`webhooks/${one.id}/secrets`, {})).secret })],
    ['remove', () => sure(() => call('DELETE', `webhooks/${one.id}`, { match: one.version }))]],
});

/** @param {string} id */
function Webhook(id) {
  const of = reading((stop) => get(`webhooks/${id}`, {}, stop), []),
    list = listing(`webhooks/${id}/deliveries`, () => ({ status: query().status, limit: 50 })),
    act = sending(of.trouble);
  const tell = (/** @type {string} */ path) => act(async () => { await post(`webhooks/${id}/${path}`, {});
    await Promise.all([of.load(), list.load()]); });
  const button = (/** @type {string} */ path, /** @type {'test'|'replay'|'again'|'refresh'} */ what,
    kind = '') => html`<button class="button ${kind}" disabled=${act.is} data-do=${what} @click=${() => tell(path)}>
    ${() => t().admin.doings[what]}
    </button>`;
  const line = (/** @type {Of} */ one) => html`<tr>
    <th scope="row">${() => one().type}<span class="small quiet">${() => one().message_id}</span></th>
    <td>
    <span class=${() => `badge ${one().status === 'failed' ? 'warn' : ''}`}>
    ${() => word('WebhookDeliveryStatus', one().status)}
    </span>
    </td><td class="num">${() => one().attempts}</td>
    <td>
    ${() => [one().outcome?.status_code, word('WebhookFault', one().outcome?.fault),
    one().outcome?.answer].filter(Boolean)
    .join(' ')}
    </td><td class="num">${() => moment(one().created_at)}</td>
    <td>${when(() => may('webhooks:write'), () => button(`deliveries/${one.peek().id}/replay`, 'again', 'slim'))}</td>
    </tr>`;
  return html`<h2>${() => of.shown()?.url ?? t().loading}</h2>${Fault(of.trouble)}
    ${when(() => may('webhooks:write'),
    () => html`<p class="moves">${button('test', 'test', 'main')}${button('replay', 'replay')}
    <button class="button plain" data-do="refresh" @click=${list.load}>${() => t().admin.doings.refresh}</button>
    </p>`)}
    <div class="filters">
    ${Filter('status', () => codes('WebhookDeliveryStatus'))}
    </div>
    ${Table({ of: list, label: () => t().admin.deliveries, head: () => [...t().admin.deliveryHead, t().admin.actions],
      line })}`;
}

const LISTS = ['deliverable-types', 'skills', 'roles', 'themes', 'families', 'formats', 'areas'];
/** A name in one of the languages. @param {'ja'|'en'} code @param {number} at @returns {import('../../parts/form.js').Item} */
const nameItem = (code, at) => ({ name: code, label: () => t().admin.catalogue[at], required: true, most: 200 });
/** What else a kind of entry has. @type {Record<string, import('../../parts/form.js').Item[]>} */
const MORE = {
  skills: [{ name: 'parent', kind: 'select', label: () => t().admin.parent, isFor: isNew,
    options: () => [['', () => '–'], ...named('skills')] }],
  'deliverable-types': [
    { name: 'family', kind: 'select', label: () => t().requests.any.family, options: () => named('families'), required: true,
      isFor: isNew },
    { name: 'format', kind: 'select', label: () => t().requests.any.format, options: () => named('formats'), required: true },
    { name: 'hours_per_week', kind: 'number', label: () => word('DeliverableField', 'hours_per_week'), start: 4, least: 1,
      most: 60, required: true },
    { name: 'weeks', kind: 'number', label: () => t().admin.weeks, start: 4, least: 1, most: 104, required: true },
    { name: 'roles', kind: 'checks', label: () => word('WorkerField', 'roles'), options: () => named('roles') }],
};
/** @param {string} path */
function Entries(path) {
  const items = [{ ...nameItem('ja', 2), name: 'code', isFor: isNew, most: 64 }, nameItem('ja', 0), nameItem('en', 1),
    /** @type {import('../../parts/form.js').Item} */ ({ name: 'aliases', kind: 'area',
      label: () => word('OrganizationField', 'aliases'), hint: () => t().admin.aliases }), ...(MORE[path] ?? [])];
  return Managed({ path, items, label: () => t().admin.lists[/** @type {'skills'} */ (path)],
    title: () => t().projects.add(t().admin.lists[/** @type {'skills'} */ (path)].replace(/ies$/, 'y').replace(/s$/, '')),
    scope: RETIRED.includes(path) ? 'catalogue:write' : '', asked: () => ({ include_retired: RETIRED.includes(path) || null }),
    head: () => t().admin.catalogue, onSaved: load,
    cells: (one) => html`<th scope="row">${() => one().names.ja}</th><td>${() => one().names.en}</td>
      <td><code>${() => one().code}</code></td><td>${() => (one().family ? name('families', one().family) : '')}</td>
      <td>${() => (one().retired ? t().admin.retired : '')}</td>`,
    start: (one) => ({ ...one, ...one.names, aliases: one.aliases?.join('\n'),
      roles: one.roles?.map((/** @type {any} */ wish) => wish.role) }),
    body: (draft, one) => { const { aliases, roles, ...values } = valuesOf(items, draft);
      return { ...values, aliases: aliases?.split('\n').filter((/** @type {string} */ text) => text.trim()) ?? [],
        /** Who stays on the usual team keeps what they are to know. */
        ...(roles && { roles: roles.map((/** @type {string} */ role) => one?.roles.find(
          (/** @type {any} */ wish) => wish.role === role) ?? { role, places: 1, skills: [] }) }) }; },
    shape: ({ ja, en, ...values }) => ({ ...values, ...((ja || en) && { names: { ja, en } }) }),
    doings: (one) => [[one.retired ? 'revive' : 'retire', () => change(path, one, { retired: !one.retired })]] });
}
function Catalogue() {
  const of = () => (LISTS.includes(query().of) ? query().of : LISTS[0]);
  return html`<nav class="subnav" aria-label=${() => t().admin.places.catalogue}>
    ${LISTS.map((one) => html`<a href=${href('admin/catalogue', { of: one })}
    aria-current=${() => (of() === one ? 'page' : null)}>
    ${() => t().admin.lists[/** @type {'skills'} */ (one)]}
    </a>`)}
    </nav>${keyed(of, Entries)}`;
}

/** Whether the entry's hash is that of its text and the entry before it. @param {any} one @param {any} before */
async function isIntact({ hash, seq, occurred_at, actor, action, operation, subjects }, before) {
  const digest = await crypto.subtle.digest('SHA-256',
    new TextEncoder().encode(`${before.hash}\n${JSON.stringify({ seq, occurred_at, actor, action, operation,
    subjects })}`));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('') === hash;
}

function Audit() {
  const of = listing('audit', () => ({ action: query().action, subject_id: query().subject, limit: 100 })),
    act = sending(of.trouble), marks = signal(/** @type {Map<number, boolean>} */ (new Map()));
  memo(() => {
    const items = of.items();
    void Promise.all(items.slice(0, -1)
      .map(async (one,
      i) => (items[i + 1].seq === one.seq - 1 && crypto.subtle
      ? [/** @type {[number, boolean]} */ ([one.seq, await isIntact(one, items[i + 1])])] : [])))
      .then((found) => marks.set(new Map(found.flat())));
  });
  const mark = (/** @type {any} */ one) => { const is = marks().get(one.seq);
    return is === undefined ? ''
    : html`<span class=${`badge ${is ? 'good' : 'warn'}`}>${is ? `✓ ${t().admin.intact}` : t().admin.broken}</span>`;
    };
  const line = (/** @type {Of} */ one) => html`<tr>
    <th scope="row">${() => word('AuditAction', one().action)}<span class="small quiet">${() => one().operation ?? ''}
    </span>
    </th><td class="num">${() => one().seq}</td><td class="num">${() => moment(one().occurred_at)}</td>
    <td>${() => by(one().actor)}<span class="small quiet">${() => one().actor}</span></td><td class="num">${() => one().subjects.length}</td>
    <td>${() => mark(one())}</td>
    </tr>`;
  /**
   * How far the whole log was followed, from its last entry to its first.
   * @type {import('../../parts/view.js').Signal<{n: number, hash: string, broken: number, isOver: boolean}|null>}
   */
  const whole = signal(null);
  let isLeft = false;
  onRemove(() => { isLeft = true; });
  async function verify() {
    /** @type {any} */ let newer = null;
    let n = 0, hash = '', cursor;
    const fails = async (/** @type {any} */ before) => newer &&
      (before.seq !== newer.seq - 1 || !await isIntact(newer, before));
    do {
      const page = await get('audit', { limit: 200, cursor });
      for (const one of page.items) {
        if (await fails(one)) return whole.set({ n, hash, broken: newer.seq, isOver: true });
        newer = one;
        hash ||= one.hash;
        n += 1;
      }
      whole.set({ n, hash, broken: 0, isOver: false });
      cursor = page.next;
    } while (cursor && !isLeft);
    whole.set({ n, hash, broken: (await fails({ seq: 0, hash: '' })) ? newer.seq : 0, isOver: true });
  }
  const state = () => { const now = whole();
    return now &&
    (now.broken ? t().admin.brokenAt(now.broken)
    : now.isOver ? `✓ ${t().admin.allIntact(number(now.n), now.hash.slice(0, 16))}`
    : t().admin.verifying(number(now.n)));
    };
  return html`<p class="quiet">${() => t().admin.auditHint}</p>
    <p class="moves">
    <button class="button" data-do="verify" disabled=${() => !crypto.subtle || whole()?.isOver === false}
    @click=${() => act(verify)}>
    ${() => t().admin.verifyAll}
    </button> <span role="status" data-whole=${() => whole()?.isOver && !whole()?.broken}
    class=${() => (whole()?.broken ? 'late' : '')}>
    ${state}
    </span>
    </p>
    <div class="filters">
    ${Choice('action', () => t().admin.audit[0], () => codes('AuditAction'))}
    </div>
    ${Table({ of, label: () => t().admin.places.audit, head: () => t().admin.audit, line,
      key: (one) => String(one.seq) })}`;
}

function HealthOf() {
  const of = reading(() => Promise.all(['healthz', 'readyz'].map(async (path) => {
    const answer = await send('GET', `../${path}`).catch(() => null), body = await answer?.json().catch(() => null) ?? {};
    return { path, isWell: Boolean(answer?.ok), says: answer?.ok ? '' : body.detail ?? body.status ?? '' }; })),
    []);
  return html`<ul class="card pad lines">
    ${() => of.shown()
    ?.map((one) => html`<li><b>${t().admin.health[/** @type {'healthz'} */ (one.path)]}</b>
    <span class="small quiet">${one.says}</span>
    <span class=${`badge ${one.isWell ? 'good' : 'warn'}`}>${one.isWell ? t().admin.well : t().admin.unwell}</span>
    </li>`)}
    </ul><p><button class="button" @click=${of.load}>${() => t().again}</button></p>`;
}

/** @param {string} at @param {string} [id] @returns {unknown} */
export const AdminScreen = (at, id) => (places().some(([one]) => one === at)
  ? Frame(at, id && at === 'webhooks' ? () => Webhook(id)
    : { users: Users, partners: Partners, webhooks: Webhooks, catalogue: Catalogue, audit: Audit, health: HealthOf }[at])
  : AdminScreen(places()[0][0]));
