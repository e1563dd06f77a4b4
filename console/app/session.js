/**
 * Who uses the console. The refresh token is in a cookie that no script can read; the access token is held here, in
 * memory, and fetched anew before it ends. Tabs share the cookie, and a refresh token works once: so only one tab
 * refreshes at a time, with the CSRF token of that moment.
 */
import { signal } from '../parts/view.js';
import { language } from '../words/index.js';

/** @typedef {import('./types.js').Schemas['CurrentUser']} CurrentUser */

/** Null until somebody is known. @type {import('../parts/view.js').Signal<CurrentUser|null>} */
export const user = signal(null);

/** Whether to ask for the password: over the screen, which keeps what was typed. */
export const isAsked = signal(false);

/** Remembers that this browser has a session, so that nobody is asked for one where there is none. */
const KEY = 'musubi.session';
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
export async function access() {
  if (token && Date.now() < endsAt) return token;
  if (isAsked.peek() || !(await resume())) await ask();
  return token;
}

/** The service refused the token. */
export function drop() {
  token = '';
}

/** Waits until somebody has logged in. @returns {Promise<void>} */
function ask() {
  isAsked.set(true);
  return new Promise((done) => { waiting.push(done); });
}

/** @param {string} email @param {string} password */
export async function logIn(email, password) {
  const answer = await send('POST', 'auth/login', { email, password, cookie: true });
  if (answer.ok) take(await answer.json());
  return answer;
}

/**
 * Uses a link that logs in once: an invitation, accepted with a password that nobody needs to know.
 * @param {string} secret
 */
export async function logInOnce(secret) {
  const shown = await send('POST', 'auth/invitations/show', { token: secret });
  if (!shown.ok) return false;
  const { email } = await shown.json();
  const password = [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(36)).join('-');
  const accepted = await send('POST', 'auth/invitations/accept', { token: secret, password });
  return accepted.ok && (await logIn(email, password)).ok;
}

export async function logOut() {
  await navigator.locks.request('musubi.refresh', async () => {
    const session = await send('GET', 'auth/session');
    if (session.ok) await send('POST', 'auth/logout', {}, { 'x-csrf-token': (await session.json()).csrf_token });
  });
  end();
  location.reload();
}

/** Whether the user has a scope, for all records or some. @param {string} scope */
export const may = (scope) => user()?.permissions.some((one) => one.scope === scope) ?? false;
