/** Logging in: as a separate page, and over the screen where a session has ended meanwhile. */
import { Field, html, logIn, Mark, signal, t, when } from '../kit.js';

/** What is to be said above the form. @type {import('../../parts/view.js').Signal<'linkUsed'|null>} */
export const notice = signal(null);

export function LoginForm() {
  const trouble = signal(''), isSending = signal(false);
  async function send(/** @type {any} */ event) {
    event.preventDefault();
    const data = new FormData(event.target);
    isSending.set(true);
    trouble.set('');
    try {
      const answer = await logIn(String(data.get('email')), String(data.get('password')));
      if (answer.ok) return;
      const problem = await answer.json().catch(() => ({}));
      trouble.set(problem.errors?.[0]?.message ?? problem.detail ?? String(answer.status));
    } catch {
      trouble.set(t.peek().offline);
    } finally {
      isSending.set(false);
    }
  }
  return html`<form class="form" @submit=${send}>
    ${when(notice,
      () => html`<p class="notice" role="alert">${() => { const said = notice(); return said && t().login[said]; }}
      </p>`)}
    ${Field({ label: () => t().login.email, of: 'email',
      control: html`<input class="input" id="email" name="email" type="email" autocomplete="username" required
      data-first />` })}
    ${Field({ label: () => t().login.password, of: 'password',
      control: html`<input class="input" id="password" name="password" type="password" autocomplete="current-password"
      required />` })}
    ${when(trouble, () => html`<p class="notice bad" role="alert">${trouble}</p>`)}
    <p class="actions">
    <button class="button main" disabled=${isSending}>${() => (isSending() ? t().sending : t().login.title)}</button>
    </p>
  </form>`;
}

export const LoginScreen = () => html`<main class="screen login" id="main" tabindex="-1"><section class="card">
  <h1>${Mark()}${() => t().login.title}</h1>${LoginForm()}<p class="small quiet">${() => t().login.forgotten}</p>
  </section>
  </main>`;
