/**
 * Calls of the API. What passes by itself is waited for here: no network, a server that restarts or is busy, a session that
 * has ended. Meanwhile the shell says so, and the caller's promise waits; nothing typed is lost. A write bears a key, so
 * that sending it again does it once. What needs a decision is thrown as a `Problem`.
 */
import { signal } from '../parts/view.js';
import { language } from '../words/index.js';

/** @typedef {{pointer?: string|null, parameter?: string|null, code: string, message: string}} Refusal */

/** What the service refuses, as RFC 9457 says it. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, title?: string, detail?: string, errors?: Refusal[], [more: string]: any}} body
   * @param {string|null} [etag]
   */
  constructor(status, body, etag = null) {
    /** A fault of the service bears the number under which it is found there. */
    super([body.detail ?? body.title ?? status, status >= 500 && body.request_id].filter(Boolean).join(' '));
    this.status = status;
    this.code = body.code ?? '';
    this.errors = body.errors ?? [];
    this.etag = etag;
    this.body = body;
  }
}

/**
 * Why calls wait at the moment: no connection, or a server that is busy.
 * @type {import('../parts/view.js').Signal<{kind: 'offline'|'busy', detail: string}|null>}
 */
export const waitingFor = signal(null);
let waiters = 0;

/** @param {number} ms @param {AbortSignal} [stop] */
export function pause(ms, stop) {
  return new Promise((done, fail) => {
    const end = () => { clearTimeout(timer); removeEventListener('online', end);
      stop?.removeEventListener('abort', give); done(undefined); };
    const give = () => { end(); fail(stop?.reason); };
    const timer = setTimeout(end, ms);
    addEventListener('online', end);
    stop?.addEventListener('abort', give);
  });
}

/**
 * Like `fetch`, and says how much was sent: `fetch` can't.
 * @param {(part: number) => void} tell @returns {(url: URL, of: {method: string, headers: Record<string, string>, body?: any, signal?: AbortSignal}) => Promise<Response>}
 */
const sending = (tell) => (url, { method, headers, body }) => new Promise((done, fail) => {
  const request = new XMLHttpRequest();
  request.open(method, url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.onprogress = ({ loaded, total }) => tell(loaded / total);
  request.onload = () => done(new Response(request.response,
    { status: request.status, headers: { 'retry-after': request.getResponseHeader('retry-after') ?? '' } }));
  request.onerror = fail;
  request.send(body);
});

/** @typedef {Record<string, string|number|boolean|null|undefined>} Asked */
/**
 * @param {string} method @param {string} path
 * @param {{query?: Asked, body?: unknown, stop?: AbortSignal, match?: number|string|null, headers?: Record<string, string>, raw?: boolean, quiet?: boolean, reads?: boolean, tell?: (part: number) => void}} [options]
 * @returns {Promise<any>}
 */
export async function call(method, path,
  { query = {}, body, stop, match, headers = {}, raw = false, quiet = false, reads = false, tell } = {}) {
  const url = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== null &&
    value !== '') url.searchParams.set(name, String(value));
  const key = method === 'POST' && !reads ? crypto.randomUUID() : null;
  const isFile = body instanceof Blob;
  let isWaiting = false, tries = 0;
  const wait = async (/** @type {'offline'|'busy'} */ kind, /** @type {string} */ detail, /** @type {number} */ ms) => {
    if (!quiet && !isWaiting) { isWaiting = true; waiters += 1; }
    if (!quiet) waitingFor.set({ kind, detail });
    await pause(ms, stop);
  };
  try {
    for (;;) {
      tries += 1;
      let answer, read = null;
      try {
        const token = await access();
        stop?.throwIfAborted();
        answer = await (tell ? sending(tell) : fetch)(url, {
          method, signal: stop,
          headers: {
            authorization: `Bearer ${token}`, 'accept-language': language.peek(),
            ...(body === undefined || isFile ? {}
              : { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }),
            ...(key ? { 'idempotency-key': key } : {}),
            ...(match === undefined || match === null ? {}
              : { 'if-match': typeof match === 'number' ? `"${match}"` : match }),
            ...headers,
          },
          body: body === undefined ? undefined : isFile ? /** @type {Blob} */ (body) : JSON.stringify(body),
        });
        /** It can break off in the middle, too. */
        if (answer.ok && answer.status !== 204 && !raw) read = await answer.json();
      } catch (error) {
        if (stop?.aborted || error instanceof SyntaxError) throw error;
        await wait('offline', '', Math.min(8000, 500 * 2 ** Math.min(tries, 4)));
        continue;
      }
      if (answer.ok) return raw ? answer : read;
      if (answer.status === 401 && tries < 20) { drop(); continue; }
      const problem = await answer.json().catch(() => ({}));
      const isBusy = answer.status === 503 || answer.status === 502 ||
        (answer.status === 429 && problem.code !== 'quota_exceeded') || problem.code === 'request_in_progress';
      if (isBusy) {
        await wait('busy', problem.detail ?? '',
        1000 * Math.min(30, Number(answer.headers.get('retry-after') ?? 1) || 1));
        continue; }
      throw new Problem(answer.status, problem, answer.headers.get('etag'));
    }
  } finally {
    if (isWaiting && --waiters === 0) waitingFor.set(null);
  }
}

/** @param {string} path @param {Asked} [query] @param {AbortSignal} [stop] */
export const get = (path, query, stop) => call('GET', path, { query, stop });
/** A POST that changes nothing. @param {string} path @param {unknown} body @param {AbortSignal} [stop] */
export const ask = (path, body, stop) => call('POST', path, { body, stop, reads: true });
/** @param {string} path @param {unknown} body @param {number} [match] the version that is meant */
export const post = (path, body, match) => call('POST', path, { body, match });

/**
 * The items of a list, page by page: all where it is known to be short, or about so many. `next` is null where there are
 * no more.
 * @param {string} path @param {Asked} [query] @param {number} [most] @param {AbortSignal} [stop]
 */
export async function all(path, query = {}, most = Infinity, stop) {
  const items = /** @type {any[]} */ ([]);
  let next;
  do {
    const page = await get(path, { ...query, cursor: next }, stop);
    items.push(...page.items);
    next = page.next;
  } while (next && items.length < most);
  return Object.assign(items, { next: /** @type {string|null} */ (next) });
}

/** The organization of a record, where the user may see it: a neighbour's may be elsewhere. @param {{organization_id: string}} of @param {AbortSignal} stop */
export const organizationOf = async ({ organization_id: ids }, stop) => (await get('organizations', { ids, include_archived: true }, stop)).items[0];

/** Whether a call was given up on purpose. @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === 'AbortError';

/**
 * Saves what the service sends as a file.
 * @param {string} path
 * @param {Asked} query
 * @param {string} [name] instead of the service's
 */
export async function save(path, query, name) {
  const answer = await call('GET', path, { query, raw: true, headers: { accept: '*/*' } });
  const disposition = answer.headers.get('content-disposition') ?? '', encoded = disposition.match(/filename\*=UTF-8''([^;]+)/)?.[1];
  const download = name ?? (encoded ? decodeURIComponent(encoded)
    : disposition.match(/filename="?([^";]+)/)?.[1] ?? '');
  offer(await answer.blob(), download);
}

/** Offers a file for download. @param {Blob} file @param {string} download */
export function offer(file, download) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(file), download });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @typedef {{type: string, id: string, action: string, at: string, position: string, href?: string|null}} Change */

/** The latest change. @type {import('../parts/view.js').Signal<Change|null>} */
export const latest = signal(null);

/** Where the stream began: the position of now, asked once. @type {Promise<string>|null} */
let begun = null;

export function begin() {
  begun ??= call('GET', 'changes', { quiet: true }).then(({ position }) => { void follow(position); return position; });
  return begun;
}

/**
 * The events of a stream until it ends.
 * @param {string} path @param {import('./api.js').Asked} [query] @param {AbortSignal} [stop] @returns {AsyncGenerator<{id: string, event: string, data: string}>}
 */
export async function* events(path, query = {}, stop) {
  const answer = await call('GET', path,
    { query, headers: { accept: 'text/event-stream' }, raw: true, quiet: true, stop });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    const blocks = held.split('\n\n');
    held = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (/** @type {string} */ name) => block.split('\n').filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).trimStart())
        .join('\n');
      yield { id: field('id'), event: field('event'), data: field('data') };
    }
  }
}

/** @param {string} position */
async function follow(position) {
  let last = position;
  for (;;) {
    try {
      for await (const { id, event, data } of events('changes/events', { after: last })) {
        if (id) last = id;
        if (event === 'change') latest.set(JSON.parse(data));
      }
    } catch (error) {
      if (!(error instanceof Problem)) { await pause(1000); continue; }
      /** With 410 the position is too old, or the permissions have changed: go on from now. */
      if (error.status !== 410) return;
      last = (await call('GET', 'changes', { quiet: true })).position;
    }
    await pause(1000);
  }
}

/** Runs a while after the last change of these kinds. @param {string[]} types @param {() => void} run */
export function onChange(types, run) {
  let timer = 0, seen = latest.peek();
  return () => {
    const change = latest();
    if (!change || change === seen) return;
    seen = change;
    if (!types.includes(change.type)) return;
    clearTimeout(timer);
    timer = setTimeout(run, 400);
  };
}

/**
 * Who uses the console. The refresh token is in a cookie that no script can read; the access token is held here, in
 * memory, and fetched anew before it ends. Tabs share the cookie, and a refresh token works once: so only one tab
 * refreshes at a time, with the CSRF token of that moment.
 */
/** @typedef {import('./types.js').Schemas['CurrentUser']} CurrentUser */

/** Null until somebody is known. @type {import('../parts/view.js').Signal<CurrentUser|null>} */
export const user = signal(null);

/** Whether to ask for the password: over the screen, which keeps what was typed. */
export const isAsked = signal(false);

/** Remembers that this browser has a session, so that nobody is asked for one where there is none. */
const KEY = 'musubi.session';
/** Tabs share the cookie: where somebody else logs in or the user logs out, the others begin anew. */
const WHO = 'musubi.user';
addEventListener('storage', ({ key, newValue }) => {
  if (key === WHO && user.peek() && newValue !== (user.peek()?.user?.id ?? '')) location.reload();
});
/** @param {CurrentUser} me */
export function know(me) {
  localStorage.setItem(WHO, me.user?.id ?? '');
  user.set(me);
}

let token = '', endsAt = 0;
/** @type {(() => void)[]} */
let waiting = [];

/** @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
export function send(method, path, body, headers = {}) {
  return fetch(new URL(`v1/${path}`, document.baseURI), {
    method,
    headers: { 'accept-language': language.peek(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** @param {{access_token: string, expires_in: number}} tokens */
export function take(tokens) {
  token = tokens.access_token;
  endsAt = Date.now() + (tokens.expires_in - 60) * 1000;
  localStorage.setItem(KEY, '1');
  isAsked.set(false);
  for (const done of waiting.splice(0)) done();
}

function end() {
  localStorage.removeItem(KEY);
  return false;
}

/** Continues the session of the cookie. Answers whether there is one. */
async function refresh() {
  if (!localStorage.getItem(KEY)) return false;
  const attempt = async () => {
    const session = await send('GET', 'auth/session');
    if (!session.ok) return session.status === 401 ? end() : Promise.reject(session);
    const { csrf_token } = await session.json();
    const answer = await send('POST', 'auth/refresh', {}, { 'x-csrf-token': csrf_token });
    if (!answer.ok) return answer.status === 401 || answer.status === 403 ? end() : Promise.reject(answer);
    take(await answer.json());
    return true;
  };
  return navigator.locks ? navigator.locks.request('musubi.refresh', attempt) : attempt();
}

/** @type {Promise<boolean>|null} */
let running = null;

/** Answers whether there is a session now. */
export function resume() {
  running ??= refresh().finally(() => { running = null; });
  return running;
}

/** The access token; waits for the user to log in where there is no session. @returns {Promise<string>} */
async function access() {
  if (token && Date.now() < endsAt) return token;
  if (isAsked.peek() || !(await resume())) await logInAgain();
  return token;
}

/** The service refused the token. */
export function drop() {
  token = '';
}

/** Waits until somebody has logged in. @returns {Promise<void>} */
function logInAgain() {
  isAsked.set(true);
  return new Promise((done) => { waiting.push(done); });
}

/** @param {string} email @param {string} password */
export async function logIn(email, password) {
  const answer = await send('POST', 'auth/login', { email, password, cookie: true });
  if (!answer.ok) return answer;
  /** What waits and what is on the screen is the first user's. */
  if (user.peek() && user.peek()?.user?.email.toLowerCase() !== email.trim().toLowerCase()) {
    localStorage.setItem(KEY, '1');
    location.reload();
  } else take(await answer.json());
  return answer;
}

/**
 * Uses a link that logs in once: an invitation, accepted with a password that nobody needs to know. What it returns can be
 * tried until it answers whether somebody is logged in: a step that is done, or whose answer got lost, isn't in the way.
 * @param {string} secret
 */
export function logInOnce(secret) {
  const password = [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(36)).join('-');
  const isBusy = (/** @type {Response} */ answer) => { if (answer.status === 429 || answer.status >= 500) throw answer; return answer; };
  let email = '', isAccepted = false;
  return async () => {
    if (!email) {
      const shown = isBusy(await send('POST', 'auth/invitations/show', { token: secret }));
      if (!shown.ok) return false;
      ({ email } = await shown.json());
    }
    isAccepted ||= isBusy(await send('POST', 'auth/invitations/accept', { token: secret, password })).ok;
    return isBusy(await logIn(email, password)).ok;
  };
}

export async function logOut() {
  await navigator.locks.request('musubi.refresh', async () => {
    const session = await send('GET', 'auth/session');
    if (session.ok) await send('POST', 'auth/logout', {}, { 'x-csrf-token': (await session.json()).csrf_token });
  });
  end();
  sessionStorage.clear();
  localStorage.removeItem(WHO);
  location.reload();
}

/** Whether the user has a scope, for all records or some. @param {string} scope */
export const may = (scope) => user()?.permissions.some((one) => one.scope === scope) ?? false;
/** Whether a record of this area is the user's own: others may be seen, because of an application, but not changed. @param {string|null|undefined} area */
export const covers = (area) => user()?.areas?.includes(area ?? '') ?? true;
