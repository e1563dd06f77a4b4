// @ts-check
/** A request from words: while the trouble is typed, types are proposed, with reasons and with questions to ask. */
import { each, effect, html, onRemove, signal, when } from '../../parts/view.js';
import { Fault, Field, Picker } from '../../parts/form.js';
import { percent, t } from '../../words/index.js';
import { ask, get, post } from '../api.js';
import { entries, name } from '../catalogue.js';
import { go } from '../route.js';
import { user } from '../session.js';

/** @typedef {import('../types.js').Schemas['TriageResult']} Triage */

const KEY = 'musubi.draft';
/** What is typed, kept in this tab until it is sent. */
const draft = (() => { try { return JSON.parse(sessionStorage.getItem(KEY) ?? 'null'); } catch { return null; } })() ?? { trouble: '', title: '', type: '', organization_id: '', organization: '' };
const keep = () => sessionStorage.setItem(KEY, JSON.stringify(draft));

export function NewRequestScreen() {
  const trouble = signal(String(draft.trouble)), type = signal(String(draft.type));
  /** @type {import('../../parts/view.js').Signal<Triage|null>} */
  const proposed = signal(null);
  const chosen = signal({ id: String(draft.organization_id), name: String(draft.organization) });
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const refused = signal(null);
  const isSending = signal(false);
  let isComposing = false;
  effect(() => {
    const text = trouble().trim(), stop = new AbortController();
    if (text.length < 4) { proposed.set(null); return; }
    const timer = setTimeout(() => ask('triage', { trouble: text, limit: 4 }, stop.signal).then((answer) => proposed.set(answer), () => {}), 250);
    onRemove(() => { clearTimeout(timer); stop.abort(); });
  });
  const write = (/** @type {any} */ e) => { draft.trouble = e.target.value; keep(); if (!isComposing) trouble.set(draft.trouble); };
  const choose = (/** @type {string} */ code) => { draft.type = code; keep(); type.set(code); };
  const own = user.peek()?.user?.organization_id;
  if (own && !chosen.peek().id) void get(`organizations/${own}`).then(({ id, name: title }) => chosen.set({ id, name: title }));
  async function send(/** @type {any} */ event) {
    event.preventDefault();
    isSending.set(true);
    try {
      const made = await post('deliverables', { organization_id: chosen.peek().id, type: type.peek(), title: draft.title, trouble: draft.trouble || null, status: event.submitter?.value === 'draft' ? 'draft' : 'submitted' });
      Object.assign(draft, { trouble: '', title: '', type: '', organization_id: '', organization: '' });
      sessionStorage.removeItem(KEY);
      go(`requests/${made.id}`);
    } catch (error) {
      refused.set(/** @type {Error} */ (error));
    } finally {
      isSending.set(false);
    }
  }
  const proposal = (/** @type {import('../../parts/view.js').Signal<Triage['items'][number]>} */ of) => html`<li><label class="proposal" data-on=${() => type() === of().type}><input type="radio" name="proposal" .checked=${() => type() === of().type} @change=${() => choose(of.peek().type)} />
    <span><b>${() => name('deliverable-types', of().type)}</b> <span class="num small quiet">${() => percent(of().confidence_ppm)}</span><span class="small quiet because">${() => of().because}</span></span></label></li>`;
  return html`<main class="screen request" id="main" tabindex="-1"><header class="title"><p class="crumbs small"><a href="#/requests">${() => t().requests.title}</a></p><h1>${() => t().newRequest.title}</h1></header>
    <form class="columns" @submit=${send}>
      <section class="card form">
        ${Field({ label: () => t().newRequest.trouble, of: 'trouble', hint: () => t().newRequest.hint, control: html`<textarea id="trouble" rows="7" maxlength="4000" .value=${draft.trouble} @compositionstart=${() => { isComposing = true; }} @compositionend=${(/** @type {any} */ e) => { isComposing = false; write(e); }} @input=${write}></textarea>` })}
        ${when(() => own, () => html`<p lang="ja">${() => chosen().name}</p>`, () => Field({ label: () => t().newRequest.organization, of: 'organization', control: Picker({ id: 'organization', from: 'organizations', required: true, value: () => (chosen.peek().id ? chosen.peek() : null), onPick: (one) => { Object.assign(draft, { organization_id: one.id, organization: one.name }); keep(); chosen.set(one); } }) }))}
        ${Field({ label: () => t().newRequest.name, of: 'title', control: html`<input class="input" id="title" required maxlength="200" .value=${draft.title} @input=${(/** @type {any} */ e) => { draft.title = e.target.value; keep(); }} />` })}
        ${when(refused, () => Fault(refused))}
        <p class="actions"><button class="button" value="draft" disabled=${() => isSending() || !chosen().id || !type()}>${() => t().newRequest.draft}</button><button class="button main" value="submitted" disabled=${() => isSending() || !chosen().id || !type()}>${() => (isSending() ? t().sending : t().newRequest.submit)}</button></p>
      </section>
      <section class="card form" aria-live="polite"><h2>${() => t().newRequest.type}</h2>
        ${when(() => proposed()?.items.length, () => html`<ul class="proposals">${each(() => proposed()?.items ?? [], (one) => one.type, proposal)}</ul>`, () => html`<p class="quiet small">${() => (proposed() ? t().newRequest.nothing : t().newRequest.start)}</p>`)}
        ${Field({ label: () => t().newRequest.other, of: 'type', control: html`<select class="select" id="type" .value=${type} @change=${(/** @type {any} */ e) => choose(e.target.value)}><option value="">–</option>${[...entries('deliverable-types').values()].filter((one) => !one.retired).map((one) => html`<option value=${one.code}>${() => name('deliverable-types', one.code)}</option>`)}</select>` })}
        ${when(() => proposed()?.questions.length, () => html`<h2>${() => t().newRequest.questions}</h2><ul class="questions">${() => proposed()?.questions.map((one) => html`<li>${one}</li>`)}</ul>`)}
      </section>
    </form></main>`;
}
