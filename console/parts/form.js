/** Parts of forms. */
import { each, effect, html, onRemove, signal, when } from './view.js';
import { Dialog } from './controls.js';
import { holdFocus } from './focus.js';
import { t } from '../words/index.js';
import { Problem, get, user } from '../app/api.js';

/** A control with its label. @param {{label: () => string, control: unknown, of: string, hint?: () => unknown}} of */
export const Field = ({ label, control, of, hint }) => html`<div class="labelled"><label for=${of}>${label}</label>
  ${control}${hint && html`<p class="small quiet">${hint}</p>`}
  </div>`;

/**
 * Why something was refused, in the service's words, and in which field of a form; what was typed stays. What could not be
 * read can be read again.
 * @param {() => Error|null} trouble
 * @param {Item[]} [items]
 */
export function Fault(trouble, items = []) {
  return () => {
    const error = /** @type {Error & {again?: () => Promise<void>, isGone?: boolean}|null} */ (trouble());
    if (!error) return null;
    const faults = error instanceof Problem ? error.errors : [];
    const isStale = error instanceof Problem && error.status === 412;
    return html`<div class="notice bad" role="alert">
      <div>${(isStale || !faults.length) && html`<p>${isStale ? t().changedMeanwhile : error.message}</p>`}
      ${faults.length > 0 && html`<ul>${faults.map((one) => {
      const at = items.find(({ name }) => one.pointer?.split('/').includes(name));
      return html`<li>${at && `${at.label()}: `}${one.message}</li>`; })}</ul>`}</div>
      ${error.again && !error.isGone && html`<button class="button slim" data-again @click=${error.again}>${t().again}</button>`}</div>`;
  };
}

/** @typedef {[string, () => string]} Option a code and its name */
/**
 * @typedef
 * {{name: string, label: () => string, kind?: 'text'|'area'|'select'|'checks'|'levels'|'check'|'pick'|'number'|'date'|'email'|'url'|'datetime-local'|'file'|'ways', start?: unknown, options?: () => Option[], from?: string, required?: boolean, isFirst?: boolean, most?: number|string, least?: number, hint?: () => string, isFor?: (draft: Record<string, any>) => boolean}}
 * Item
 */

/**
 * What was typed where, so that leaving by accident loses nothing, and what it began with; whether it is being sent, so that
 * who closes a form that waits for the network and opens it again doesn't send it twice.
 * @typedef {{draft: import('./view.js').Signal<Record<string, any>>, start: Record<string, any>, isSending: import('./view.js').Signal<boolean>, trouble: import('./view.js').Signal<Error|null>}} Draft
 * @type {Map<string, Draft>}
 */
const drafts = new Map();

/** Those of the values that aren't as the form began. @param {Record<string, any>} values @param {Record<string, any>} draft @param {Record<string, any>} start */
const typedOf = (values, draft, start) => Object.fromEntries(Object.entries(values).filter(([name]) => {
  const [is, was] = [draft, start].map(({ [name]: one }) => (Array.isArray(one) ? one.join() : typeof one === 'object' ? JSON.stringify(one ?? '') : String(one ?? '')));
  return is !== was; }));

/**
 * What this tab keeps over a reload, for whoever typed it.
 * @param {string} key
 */
export function stored(key) {
  const at = `musubi.draft.${user.peek()?.user?.id} ${key}`;
  return { /** @returns {any} */ read: () => JSON.parse(sessionStorage.getItem(at) ?? '{}'),
    write: (/** @type {Record<string, any>} */ values) => (Object.keys(values).length
      ? sessionStorage.setItem(at, JSON.stringify(values)) : sessionStorage.removeItem(at)) };
}
const isFile = (/** @type {unknown} */ one) => one instanceof File;
/** A file can't be kept: whoever would lose it is asked. */
addEventListener('beforeunload', (event) => {
  if ([...drafts.values()].some(({ draft }) => Object.values(draft.peek()).some(isFile))) event.preventDefault(); });

/** What was typed there stays; all else is as it is now. @param {string} key @param {Record<string, any>} start */
function draftOf(key, start) {
  const old = drafts.get(key), kept = old?.draft.peek() ?? {}, { read, write } = stored(key);
  const draft = signal({ ...start, ...(old ? typedOf(kept, kept, old.start) : read()) });
  effect(() => { const now = draft();
    write(Object.fromEntries(Object.entries(typedOf(now, now, start)).filter(([, one]) => !isFile(one)))); });
  const { isSending, trouble } = old?.isSending.peek() ? old
    : { isSending: signal(false), trouble: signal(/** @type {Error|null} */ (null)) };
  const made = /** @type {Draft} */ ({ draft, start, isSending, trouble });
  drafts.set(key, made);
  return made;
}

/**
 * A record that is sought by its name.
 * @param {{id: string, from: string, value: () => {id: string, name: string}|null, onPick: (one: any) => void, required?: boolean}} of what is
 * picked is null again while another is sought, where it isn't required
 */
export function Picker({ id, from, value, onPick, required }) {
  const found = signal(/** @type {any[]} */ ([])), typed = signal(value()?.name ?? '');
  let isComposing = false, asked = 0;
  const seek = async (/** @type {any} */ e) => {
    typed.set(e.target.value);
    if (!required && value()) onPick(null);
    e.target.setCustomValidity(required || typed.peek() ? t.peek().newRequest.choose : '');
    const turn = asked += 1, q = typed.peek().trim();
    const page = isComposing || !q ? { items: [] } : await get(from, { q, limit: 6 }).catch(() => ({ items: [] }));
    if (turn === asked) found.set(page.items);
  };
  const pick = (/** @type {any} */ one,
    /** @type {any} */ e) => { const name = one.name ?? one.alias;
    e.currentTarget.closest('.picker').querySelector('input').setCustomValidity(''); onPick({ id: one.id, name });
    e.currentTarget.closest('.picker').querySelector('input').focus();
    typed.set(name); found.set([]); };
  return html`<div class="picker">
    <input class="input" id=${id} autocomplete="off" required=${Boolean(required)} .value=${typed}
    @compositionstart=${() => { isComposing = true; }}
    @compositionend=${(/** @type {any} */ e) => { isComposing = false; void seek(e); }} @input=${seek} />
    <ul class="found" aria-live="polite">
    ${each(found, (one) => one.id,
      (of) => html`<li>
      <button type="button" class="button" lang="ja" @click=${(/** @type {any} */ e) => pick(of.peek(), e)}>
      ${() => of().name ?? of().alias}
      </button>
      </li>`)}
    </ul>
    </div>`;
}

/** @param {Item} item @param {string} id @param {import('./view.js').Signal<Record<string, any>>} draft */
function Control(item, id, draft) {
  const { name, kind = 'text', options = () => [], required = false, most, least } = item;
  const value = () => draft()[name] ?? '',
    write = (/** @type {unknown} */ next) => draft.set({ ...draft.peek(), [name]: next });
  const typed = (/** @type {any} */ e) => write(e.target.value);
  if (kind === 'checks') {
    const flip = (/** @type {string} */ code) => (/** @type {any} */ e) => {
      const rest = (draft.peek()[name] ?? []).filter((/** @type {string} */ one) => one !== code);
      write(e.target.checked ? [...rest, code] : rest); };
    return html`<fieldset class="checks"><legend>${item.label}</legend>
      ${options()
      .map(([code, title]) => html`<label class="radio">
      <input type="checkbox" .checked=${() => value().includes(code)} @change=${flip(code)} /> <span>${title}</span>
      </label>`)}
      ${item.hint && html`<p class="small quiet">${item.hint}</p>`}
      </fieldset>`;
  }
  if (kind === 'levels') {
    const rate = (/** @type {string} */ code) => (/** @type {any} */ e) => {
      const { [code]: old, ...rest } = draft.peek()[name];
      write(e.target.value ? { ...rest, [code]: Number(e.target.value) } : rest); };
    return html`<fieldset class="checks"><legend>${item.label}</legend>
      ${options()
      .map(([code, title]) => html`<label class="radio">
      <select class="select" @change=${rate(code)} .value=${() => String(value()[code] ?? '')}>
      <option value="">–</option>${[1, 2, 3, 4, 5].map((level) => html`<option>${level}</option>`)}
      </select> <span>${title}</span>
      </label>`)}
      </fieldset>`;
  }
  if (kind === 'ways') {
    return html`<fieldset class="checks"><legend>${item.label}</legend>
      ${options()
      .map(([code, title]) => html`<label class="radio">
      <input type="radio" name=${id} required=${required} value=${code} .checked=${() => String(value()) === code}
      @change=${typed} /> <span>
      ${title}
      </span>
      </label>`)}
      </fieldset>`;
  }
  if (kind === 'file') return Field({ label: item.label, of: id, hint: item.hint,
    control: html`<input class="input" type="file" id=${id} required=${required} accept=${item.from}
    @change=${(/** @type {any} */ e) => write(e.target.files[0])} />` });
  if (kind === 'check') return html`<label class="radio">
    <input type="checkbox" .checked=${() => Boolean(value())}
    @change=${(/** @type {any} */ e) => write(e.target.checked)} /> <span>
    ${item.label}
    </span>
    </label>`;
  const control = kind === 'pick'
    ? Picker({ id, from: item.from ?? '', value: () => draft.peek()[name], onPick: write, required })
    : kind === 'select'
      ? html`<select class="select" id=${id} required=${required} @change=${typed} .value=${value}>
      ${options().map(([code, title]) => html`<option value=${code}>${title}</option>`)}
      </select>`
      : kind === 'area'
        ? html`<textarea id=${id} data-first=${item.isFirst} rows="4" maxlength=${most ?? 2000} required=${required}
          .value=${value}
        @input=${typed}>
        </textarea>`
        : html`<input class="input" id=${id} type=${kind} maxlength=${kind === 'date' ? null : most ?? null}
          min=${least ?? null} max=${kind === 'number' || kind === 'date' ? most ?? null : null} required=${required}
          autocomplete="off" .value=${value} @input=${typed} />`;
  return Field({ label: item.label, of: id, hint: item.hint, control });
}

/**
 * What a record has of these fields, as a form begins with it; an instant as clocks in Tokyo show it.
 * @param {Item[]} items
 * @param {any} [one]
 */
export const startOf = (items, one = {}) => Object.fromEntries(items.map(({ name, kind, start }) => {
  const value = one[name] ?? start ?? (kind === 'checks' ? [] : kind === 'check' ? false : '');
  return [name,
    kind === 'datetime-local' && value ? new Date(Date.parse(value) + 9 * 3_600_000).toISOString().slice(0, 16)
    : value];
}));

/** What is sent of them: nothing where nothing was entered. @param {Item[]} items @param {Record<string, any>} draft */
export const valuesOf = (items,
  draft) => Object.fromEntries(items.filter(({ kind, isFor }) => kind !== 'file' && (isFor?.(draft) ?? true))
  .map(({ name, kind }) => {
  const value = draft[name];
  return [name,
    (value ?? '') === '' ? null : kind === 'number' ? Number(value) : kind === 'datetime-local' ? `${value}:00+09:00` : value];
}));

/**
 * A form over a draft, which outlives it until it was sent. What corrects a record sends `only` what was changed in the
 * form: others may have changed the rest meanwhile.
 * @param {{id: string, key?: string, items: Item[], start?: Record<string, any>, label: () => string, send: (draft: Record<string, any>, only: (values: Record<string, any>) => Record<string, any>) => Promise<unknown>, onRefused?: () => unknown, kind?: string, more?: unknown, busy?: () => string}} of
 */
export function Form({ id, key = id, items, start = startOf(items), label, send, onRefused, kind = '', more = null,
  busy = () => t().sending }) {
  const mine = draftOf(key, start), { draft, isSending, trouble } = mine, isUnderWay = isSending.peek();
  /** @type {HTMLElement} */ let form;
  if (isUnderWay) effect(() => { if (!isSending() && !drafts.has(key)) form.closest('dialog')?.close(); });
  async function submit(/** @type {any} */ event) {
    event.preventDefault();
    if (isSending.peek()) return;
    const giveBack = holdFocus();
    isSending.set(true);
    try {
      await send(draft.peek(), (values) => typedOf(values, draft.peek(), start));
      drafts.delete(key);
      stored(key).write({});
      trouble.set(null);
      event.target.closest('dialog')?.close();
      const folded = event.target.closest('details');
      if (folded) { folded.open = false; event.target.reset(); drafts.set(key, mine); draft.set(start);
        folded.querySelector('summary').focus(); }
    } catch (error) {
      trouble.set(/** @type {Error} */ (error));
      await onRefused?.();
    } finally {
      isSending.set(false);
      setTimeout(giveBack);
    }
  }
  return html`<form class=${`form ${kind}`} ref=${(/** @type {HTMLElement} */ el) => { form = el; }} @submit=${submit}>
    ${items.map((item) => (item.isFor
    ? when(() => item.isFor?.(draft()), () => Control(item, `${id}-${item.name}`, draft))
    : Control(item, `${id}-${item.name}`, draft)))}
    ${when(trouble, () => Fault(trouble, items))}
    <p class="actions">${more}
    <button class="button main" disabled=${isSending}>${() => (isSending() ? busy() : label())}</button>
    </p>
    </form>`;
}

/** A form that is folded away. @param {Parameters<typeof Form>[0]} of */
export const Add = (of) => html`<details class="adder"><summary class="button slim">${of.label}</summary>${Form(of)}
  </details>`;

/**
 * What is done in a dialog. Its title is also on the button that sends it, where nothing else is said.
 * @type {import('./view.js').Signal<{title: () => string, form: Omit<Parameters<typeof Form>[0], 'label'> & {label?: () => string}}|null>}
 */
export const doing = signal(null);
/** The dialog; what it sent is read anew, also where it was refused. @param {(run: () => Promise<unknown>) => Promise<unknown>} anew */
export function Doing(anew) {
  onRemove(() => doing.set(null));
  return when(doing, () => {
    const now = /** @type {NonNullable<ReturnType<typeof doing>>} */ (doing.peek()), { title, form } = now;
    /** Where sending has led to another screen, the old dialog closes late: what is done there by then stays open. */
    const onClose = () => { if (doing.peek() === now) doing.set(null); };
    return Dialog({ title, kind: form.kind, onClose,
      content: Form({ label: title, ...form, send: (draft, only) => anew(() => form.send(draft, only)) }) });
  });
}

/** What is shown once: a link or a secret. @type {import('./view.js').Signal<{title: string, value: string}|null>} */
export const secret = signal(null);
export const Once = () => when(secret,
  () => { const { title, value } = /** @type {{title: string, value: string}} */ (secret.peek());
  return Dialog({ title: () => title, onClose: () => secret.set(null),
  content: html`<div class="form"><p>${() => t().admin.once}</p>
  <p class="moves">
  <input class="input" readonly data-first aria-label=${title} .value=${value}
  @focus=${(/** @type {any} */ e) => e.target.select()} />
  <button class="button" @click=${() => navigator.clipboard?.writeText(value)}>${() => t().admin.copy}</button>
  </p>
  </div>` });
  });
