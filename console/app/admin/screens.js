/** Administration: users, partners, webhooks, the catalogue, the audit, and whether the service is well. */
import {
  call, Choice, codes, Dialog, each, entries, Fault, Form, get, href, html, listing, may, memo, moment, name, named,
  number, Once, onRemove, post, query, reading, secret, send, sending, signal, t, Table, Tabs, user, when, word,
} from '../kit.js';

/** @typedef {import('../../parts/view.js').Signal<any>} Of */

const PLACES = /** @type {[string, string, () => string][]} */ (['users', 'partners', 'webhooks', 'catalogue', 'audit',
  'health'].map((one) => [one,
  { users: 'users:read', partners: 'partners:read', webhooks: 'webhooks:read', audit: 'audit:read' }[one] ?? '',
  () => t().admin.places[/** @type {'users'} */ (one)]]));
const places = () => PLACES.filter(([, scope]) => !scope || may(scope));
export const isAdmin = () => may('users:read');

/** @param {string} at @param {() => unknown} content */
const Frame = (at,
  content) => html`<main class="screen request" id="main" tabindex="-1">
  <header class="title"><h1>${() => t().menuItems.admin}</h1>
  ${Tabs(() => t().menuItems.admin, places().map(([one, , title]) => [`admin/${one}`, title]), `admin/${at}`)}
  </header>${content()}${Once()}
  </main>`;

/**
 * A list with a form for a new record, and with what can be done to each.
 * @param
 * {{path: string, head: () => string[], cells: (one: Of) => unknown, items: import('../../parts/form.js').Item[], start: Record<string, any>, body: (draft: Record<string, any>) => Record<string, any>, told: (made: any) => string, doings: (one: any) => [string, () => Promise<unknown>][], scope: string, asked?: () => Record<string, any>}}
 * of
 */
function Managed({ path, head, cells, items, start, body, told, doings, scope, asked = () => ({}) }) {
  const of = listing(path, () => ({ limit: 50, ...asked() }), [path.slice(0, -1)]), act = sending(of.trouble),
    isNew = signal(false);
  const title = () => t().admin.add[/** @type {'users'} */ (path)];
  const create = async (/** @type {Record<string, any>} */ draft) => { const made = await post(path, body(draft));
    secret.set({ title: title(), value: told(made) }); await of.load(); };
  const line = (/** @type {Of} */ one) => html`<tr>${cells(one)}
    <td>
    ${when(() => may(scope),
    () => html`<div class="moves">
    ${() => doings(one())
    .map(([what, run]) => html`<button class="button slim" disabled=${act.is} data-do=${what}
    @click=${() => act(async () => { await run(); await of.load(); })}>
    ${() => t().admin.doings[/** @type {'link'} */ (what)]}
    </button>`)}
    </div>`)}
    </td>
    </tr>`;
  return html`${when(() => may(scope),
    () => html`<p><button class="button main" data-new @click=${() => isNew.set(true)}>${title}</button></p>`)}
    ${Table({ of, label: () => t().admin.places[/** @type {'users'} */ (path)],
    head: () => [...head(), t().admin.actions], line })}
    ${when(isNew,
      () => Dialog({ title, onClose: () => isNew.set(false),
      content: Form({ id: `new-${path}`, items, start, label: title, send: create }) }))}`;
}
const change = (/** @type {string} */ path, /** @type {any} */ one,
  /** @type {unknown} */ body) => call('PATCH', `${path}/${one.id}`, { match: one.version, body });
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

const Users = () => html`<div class="filters">
  ${Choice('role', () => t().request.role, () => codes('UserRole'))}
  </div>${Managed({
  path: 'users', scope: 'users:write', asked: () => ({ role: query().role }), head: () => t().admin.users,
  cells: (one) => html`<th scope="row">${() => one().name}<span class="small quiet">${() => one().email}</span></th>
    <td>${() => word('UserRole', one().role)}</td>
    <td><span class="badge">${() => word('UserStatus', one().status)}</span></td>
    <td class="num">${() => (one().last_login_at ? moment(one().last_login_at) : '–')}</td>`,
  items: [
    { name: 'name', label: () => t().admin.name, required: true, most: 200 },
    { name: 'email', kind: 'email', label: () => t().login.email, required: true },
    { name: 'role', kind: 'select', label: () => t().request.role,
      options: () => codes('UserRole').filter(([code]) => code !== 'partner') },
    { name: 'areas', kind: 'checks', label: () => t().requests.any.area, options: () => named('areas'),
      isFor: (draft) => draft.role === 'coordinator' },
    { name: 'organization', kind: 'pick', from: 'organizations', required: true,
      label: () => t().newRequest.organization, isFor: (draft) => draft.role === 'organization' },
    { name: 'worker', kind: 'pick', from: 'workers', required: true, label: () => t().programme.worker,
      isFor: (draft) => draft.role === 'worker' },
  ], start: { role: 'coordinator', areas: [] },
  body: ({ name: called, email, role, areas, organization, worker }) => ({ name: called, email, role,
    ...(role === 'coordinator' ? { areas }
    : role === 'organization' ? { organization_id: organization?.id }
    : role === 'worker' ? { worker_id: worker?.id } : {}) }),
  told: (made) => made.invitation.link ?? made.invitation.token,
  doings: (one) => [['link',
    async () => { const made = await post(`users/${one.id}/invitations`, {});
    secret.set({ title: one.name, value: made.link ?? made.token }); }],
    /** Nobody locks themselves out. */
    .../** @type {any} */ (one.id === user()?.user?.id ? [] : [toggle('users', one),
    ['remove', () => sure(() => call('DELETE', `users/${one.id}`, { match: one.version }))]])],
})}`;

const Partners = () => Managed({
  path: 'partners', scope: 'partners:write', head: () => t().admin.partners,
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
    { name: 'code', label: () => t().admin.code, required: true, most: 50 },
    { name: 'families', kind: 'checks', label: () => t().requests.any.family, options: () => named('families') },
    { name: 'sandbox', kind: 'check', label: () => t().admin.sandbox }],
  start: { families: [] },
  body: ({ name: called, code, families, sandbox }) => ({ name: called, code, families, sandbox: Boolean(sandbox) }),
  told: (made) => made.client_secret ?? made.secret?.client_secret ?? '',
  doings: (one) => [['secret',
    async () => secret.set({ title: one.name, value: (await post(`partners/${one.id}/secrets`, {})).client_secret })],
    toggle('partners', one)],
});

const state = (/** @type {any} */ one) => (one.switched_off ? word('WebhookOffReason', one.switched_off.reason)
  : t().admin[one.enabled ? 'on' : 'off']);
const Webhooks = () => Managed({
  path: 'webhooks', scope: 'webhooks:write', head: () => t().admin.webhooks,
  cells: (one) => html`<th scope="row"><a href=${() => `#/admin/webhooks/${one().id}`}>${() => one().url}</a>
    <span class="small quiet">
    ${() => one().types.map((/** @type {string} */ type) => word('ChangeSubject', type)).join(t().comma)}
    </span>
    </th><td><span class="badge">${() => state(one())}</span></td><td class="num">${() => number(one().waiting)}</td>
    <td class="num">${() => number(one().failures)}</td>`,
  items: [{ name: 'url', kind: 'url', label: () => 'URL', required: true },
    { name: 'types', kind: 'checks', label: () => t().admin.types, options: () => codes('ChangeSubject') }],
  start: { types: ['deliverable'] },
  body: ({ url, types }) => ({ url, types }), told: (made) => made.secret.secret,
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
    ${Choice('status', () => t().requests.any.status, () => codes('WebhookDeliveryStatus'))}
    </div>
    ${Table({ of: list, label: () => t().admin.deliveries, head: () => [...t().admin.deliveryHead, t().admin.actions],
      line })}`;
}

const LISTS = ['deliverable-types', 'skills', 'roles', 'themes', 'families', 'formats', 'areas'];
function Catalogue() {
  const of = () => query().of ?? LISTS[0];
  return html`<nav class="subnav" aria-label=${() => t().admin.places.catalogue}>
    ${LISTS.map((one) => html`<a href=${href('admin/catalogue', { of: one })}
    aria-current=${() => (of() === one ? 'page' : null)}>
    ${() => t().admin.lists[/** @type {'skills'} */ (one)]}
    </a>`)}
    </nav>
    <div class="card table-box" tabindex="0" role="region" aria-label=${() => t().admin.places.catalogue}>
    <table class="table">
    <thead><tr>${() => t().admin.catalogue.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
    <tbody>
    ${each(() => [...entries(of()).values()], (one) => one.code,
      (one) => html`<tr><th scope="row">${() => one().names.ja}</th><td>${() => one().names.en}</td>
      <td><code>${() => one().code}</code></td><td>${() => (one().family ? name('families', one().family) : '')}</td>
      <td>${() => (one().retired ? t().admin.retired : '')}</td>
      </tr>`)}
    </tbody>
    </table>
    </div>`;
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
    <td class="small">${() => one().actor}</td><td class="num">${() => one().subjects.length}</td>
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
    return { path, isWell: Boolean(answer?.ok), says: body.detail ?? body.status ?? '' }; })),
    []);
  return html`<ul class="card pad lines">
    ${() => of.shown()
    ?.map((one) => html`<li><b>${t().admin.health[/** @type {'healthz'} */ (one.path)]}</b>
    <span class="small quiet">${one.says}</span>
    <span class=${`badge ${one.isWell ? 'good' : 'warn'}`}>${one.isWell ? t().admin.well : t().admin.unwell}</span>
    </li>`)}
    </ul><p><button class="button" @click=${of.load}>${() => t().again}</button></p>`;
}

/** @param {string} at @param {string} [id] */
export const AdminScreen = (at,
  id) => Frame(at,
  id && at === 'webhooks' ? () => Webhook(id)
  : { users: Users, partners: Partners, webhooks: Webhooks, catalogue: Catalogue, audit: Audit,
  health: HealthOf }[at] ??
  Users);
