/** The shell around the screens: who it is, where they can go, and what everything waits for at the moment. */
import {
  begin, Dialog, effect, get, html, isAbort, isAsked, keyed, Keys, know, language, load, logInOnce, logOut, Mark, may, mount, onChange, path, query,
  replace, resume, send, signal, speak, t, user, vocabulary, waitingFor, when,
} from './kit.js';
import { LoginForm, LoginScreen, notice } from './login/screen.js';
import { SCREENS, screenOf } from './screens.js';

const isOffline = signal(!navigator.onLine);
for (const name of ['online', 'offline']) addEventListener(name, () => isOffline.set(!navigator.onLine));
const isReady = signal(false), waits = signal(/** @type {'offline'|'busy'|null} */ (null));
/** What went wrong where nobody told it. */
const failed = signal('');
addEventListener('unhandledrejection', ({ reason }) => {
  if (!isAbort(reason)) failed.set(reason?.message ?? String(reason)); });
/** A link that logs in once, in a tab that has the console already. */
addEventListener('hashchange', () => { if (query.peek().once) location.reload(); });

const found = () => screenOf(path());

function Banner() {
  const kind = () => (isOffline() ? 'offline' : waits() ?? waitingFor()?.kind ?? null);
  return html`<div class="banner" role="status">
    ${when(kind,
    () => html`<p>${() => (kind() === 'busy' ? t().busy : t().offline)} ${() => waitingFor()?.detail ?? ''}</p>`)}
    ${when(failed, () => html`<p role="alert">${failed}</p>`)}
    </div>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Shell() {
  const link = (/** @type {typeof SCREENS[number]} */ { path: to, title }) => html`<a href=${`#/${to}`}
    aria-current=${() => (found().menu === to ? 'page' : null)}>
    ${title}
    </a>`;
  return html`<div class="shell"><a class="skip" href="#main" @click=${skip}>${() => t().skip}</a>
    <header class="top">
    <a class="brand" href="#/" aria-label=${() => t().brand}>${Mark()}<span>${() => t().brand}</span></a>
      <nav class="nav" aria-label=${() => t().menu}>
      ${() => (user() ? SCREENS.filter((one) => one.isFor()).map(link) : null)}
      </nav>
      <div class="tools">
      <button class="button plain" lang=${() => (language() === 'ja' ? 'en' : 'ja')}
      @click=${() => speak(language.peek() === 'ja' ? 'en' : 'ja')}>
      ${() => t().otherLanguage}
      </button>
        ${when(user,
          () => html`<button class="button plain" title=${() => user()?.user?.email ?? ''} @click=${logOut}>
          ${() => t().logOut}
          </button>`)}
        ${Keys()}
        </div>
        </header>
    ${Banner()}
    ${when(() => isReady() && (user() || isAsked()), () => when(user, () => keyed(() => found().key, () => found().render()), LoginScreen),
      () => html`<main class="screen" id="main" tabindex="-1" aria-busy="true"></main>`)}
    ${when(() => user() && isAsked(),
      () => Dialog({ title: () => t().login.again, kind: 'narrow', content: LoginForm() }))}
  </div>`;
}

effect(() => {
  document.documentElement.lang = language();
  document.title = `${user() ? found().title() : t().login.title} – ${t().brand}`;
});
/** Where a menu is wider than the screen, the current place is within sight. `scrollIntoView` would also move the place from
 * which Tab goes on. */
effect(() => {
  void [user(), path()];
  requestAnimationFrame(() => {
    for (const menu of document.querySelectorAll('nav')) {
      const at = menu.querySelector('[aria-current]')?.getBoundingClientRect(), whole = menu.getBoundingClientRect();
      if (at) menu.scrollLeft += (at.left + at.right - whole.left - whole.right) / 2;
    }
  });
});
/** Scrolls there once the screen reaches so far, unless the user is quicker. @param {number} y */
function descend(y) {
  const stop = new AbortController(), give = () => { stop.abort(); watch.disconnect(); };
  const watch = new ResizeObserver(() => { if (document.documentElement.scrollHeight - innerHeight >= y) { give(); scrollTo(0, y); } });
  for (const name of ['wheel', 'pointerdown', 'keydown', 'hashchange']) addEventListener(name, give, { signal: stop.signal });
  watch.observe(document.body);
}
let last = path.peek();
effect(() => {
  const now = found().key;
  failed.set('');
  if (now !== last) {
    const y = history.state?.y ?? 0, had = document.activeElement !== document.body;
    queueMicrotask(() => { scrollTo(0, 0);
      if (had && (document.activeElement ?? document.body) === document.body) document.getElementById('main')?.focus({ preventScroll: true });
      if (y) descend(y);
    });
  }
  last = now;
});
mount(document.body, Shell);

/** @template T @param {() => Promise<T>} run @returns {Promise<T>} */
async function untilReached(run) {
  for (;;) {
    try {
      const result = await run();
      waits.set(null);
      return result;
    } catch (error) {
      waits.set(error instanceof Response ? 'busy' : 'offline');
      await new Promise((done) => { setTimeout(done, 1500); });
    }
  }
}

/** @returns {Promise<void>} */
async function start() {
  const words = untilReached(async () => {
    const answer = await send('GET', 'vocabulary');
    if (!answer.ok) throw answer;
    vocabulary.set((await answer.json()).sets); });
  const { once } = query.peek();
  let isIn = false;
  if (once) {
    /** It stays in the address until it was used: whoever reloads while the server is busy has it still. */
    isIn = await untilReached(logInOnce(once));
    if (query.peek().once) replace('', {});
    if (!isIn) notice.set('linkUsed');
  }
  isIn ||= await untilReached(resume);
  await words;
  if (isIn) notice.set(null);
  else isAsked.set(true);
  isReady.set(true);
  const [me] = await Promise.all([get('auth/me'), load()]);
  know(me);
  if (path.peek() === 'login') replace('', {});
  if (may('changes:read')) { void begin(); effect(onChange(['catalogue'], load)); }
}
void start();
