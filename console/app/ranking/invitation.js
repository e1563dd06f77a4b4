// @ts-check
/** Inviting a candidate: the place, and a message that stays typed whatever the service answers. */
import { html, signal, when } from '../../parts/view.js';
import { Dialog } from '../../parts/dialog.js';
import { Fault, Field } from '../../parts/form.js';
import { t } from '../../words/index.js';
import { post } from '../api.js';
import { name } from '../catalogue.js';
import { deliverable, refresh } from './store.js';

/** What was typed for whom, so that closing by accident loses nothing. @type {Map<string, string>} */
const drafts = new Map();

/** @param {{worker: {worker: {id: string, alias: string}, role: string}, onClose: () => void}} of */
export function Invitation({ worker: { worker, role }, onClose }) {
  const roles = (deliverable.peek()?.open_places ?? []).filter((one) => one.left > 0);
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  const isSending = signal(false);
  async function send(/** @type {any} */ event) {
    event.preventDefault();
    const form = event.target, data = new FormData(form);
    isSending.set(true);
    try {
      await post('applications', { deliverable_id: deliverable.peek()?.id, worker_id: worker.id, role: data.get('role'), direction: 'invitation', message: data.get('message') || null });
      drafts.delete(worker.id);
      form.closest('dialog')?.close();
      await refresh();
    } catch (error) {
      trouble.set(/** @type {Error} */ (error));
    } finally {
      isSending.set(false);
    }
  }
  return Dialog({ title: () => t().invite.title(worker.alias), onClose, content: html`<form class="form" @submit=${send}>
    ${Field({ label: () => t().invite.role, control: html`<select class="select" id="invite-role" name="role" .value=${roles.some((one) => one.role === role) ? role : (roles[0]?.role ?? '')}>${roles.map((one) => html`<option value=${one.role}>${() => t().invite.left(name('roles', one.role), one.left)}</option>`)}</select>`, of: 'invite-role' })}
    ${Field({ label: () => t().invite.message, control: html`<textarea id="invite-message" name="message" rows="6" maxlength="2000" data-first .value=${drafts.get(worker.id) ?? ''} @input=${(/** @type {any} */ e) => drafts.set(worker.id, e.target.value)}></textarea>`, of: 'invite-message' })}
    <p class="small quiet">${() => t().invite.hint}</p>
    ${when(trouble, () => Fault(trouble))}
    <p class="actions"><button class="button main" disabled=${() => isSending() || !roles.length}>${() => (isSending() ? t().sending : t().invite.send)}</button></p></form>` });
}
