/** Open requests for a worker, the best first, with reasons; and applying. */
import {
  Bar, Dialog, each, Fault, Form, html, inOrder, keyed, listing, may, name, points, post, query, requery, signal, t,
  user, when, word,
} from '../kit.js';

/** @typedef {import('../types.js').Schemas['DeliverableMatch']} Match */

/** @param {{match: Match, worker: string, onClose: () => void, onDone: () => Promise<void>}} of */
const Apply = ({ match: { deliverable, role }, worker, onClose, onDone }) => Dialog({ title: () => t().openings.applyTo(deliverable.title), onClose, content: Form({
  id: `apply-${deliverable.id}`, start: { role, message: '' }, label: () => t().openings.apply,
  send: async (draft) => { await post('applications', { deliverable_id: deliverable.id, worker_id: worker, role: draft.role, message: draft.message || null }); await onDone(); },
  items: [{ name: 'role', kind: 'select', label: () => t().request.role, options: () => deliverable.open_places.map((one) => [one.role, () => t().invite.left(name('roles', one.role), one.left)]) }, { name: 'message', kind: 'area', label: () => t().invite.message }],
}) });

/** @param {string} worker */
export function OpeningsScreen(worker) {
  const of = listing(`workers/${worker}/matches`, () => ({ include: 'organization', limit: 20 }), ['deliverable', 'application', 'worker']);
  const applying = signal(/** @type {Match|null} */ (null));
  const isOwn = user.peek()?.user?.worker_id === worker, organization = (/** @type {string} */ id) => of.shown()?.included?.organizations?.find((/** @type {any} */ one) => one.id === id)?.name ?? '';
  const reasons = (/** @type {Match} */ one) => inOrder(one.components).map((part) => html`<li data-c=${part.name}><span class="part-name"><i class="swatch"></i>${t().component[part.name]}</span><p class="small">${part.because}</p><b class="num">+${points(part.contribution_ppm)}</b></li>`);
  const opening = (/** @type {import('../../parts/view.js').Signal<Match>} */ one) => {
    const id = one.peek().deliverable.id, isOpen = () => query().open === id;
    return html`<li class="card pad opening"><div class="opening-head"><div><h2><a href=${`#/requests/${id}`} lang="ja">${() => one().deliverable.title}</a></h2>
        <p class="small quiet facts"><span lang="ja">${() => organization(one().deliverable.organization_id)}</span><span>${() => name('deliverable-types', one().deliverable.type)}</span><span>${() => name('formats', one().deliverable.format)}</span><span>${() => name('areas', one().deliverable.area)}</span><span>${() => name('roles', one().role)}</span></p></div>
      <b class="fit-of num" aria-label=${() => `${t().rank.head.fit} ${points(one().fit_ppm)}`}>${() => points(one().fit_ppm)}</b></div>
      ${Bar({ scores: () => one().components, fit: () => one().fit_ppm, owner: id, alone: () => null, most: () => 1_000_000 })}
      <ul class="parts-of">${() => (isOpen() ? reasons(one()) : [...one().components].sort((a, b) => b.contribution_ppm - a.contribution_ppm).slice(0, 2).map((part) => html`<li class="small"><i class="swatch" data-c=${part.name}></i>${part.because}</li>`))}</ul>
      ${when(() => one().unconfirmed.length, () => html`<p class="small quiet">${() => t().panel.unconfirmed}: ${() => one().unconfirmed.map((code) => word('Unconfirmed', code)).join(t().comma)}</p>`)}
      <p class="moves"><button class="button slim" aria-expanded=${() => String(isOpen())} @click=${() => requery({ open: isOpen() ? undefined : id })}>${() => t().openings.reasons}</button>
        ${when(() => one().application, () => html`<span class="badge good">${() => word('ApplicationStatus', one().application?.status)}</span>`, () => when(() => may('applications:submit'), () => html`<button class="button slim main" data-apply @click=${() => applying.set(one.peek())}>${() => (isOwn ? t().openings.apply : t().openings.applyFor)}</button>`))}</p></li>`;
  };
  return html`<main class="screen request" id="main" tabindex="-1" aria-busy=${() => String(!of.shown() && !of.trouble())}><header class="title"><h1>${() => t().openings.title}</h1><p class="quiet">${() => t().openings.hint}</p></header>
    ${when(of.trouble, () => Fault(of.trouble))}<ol class="stack">${each(of.items, (one) => one.deliverable.id, opening)}</ol>
    ${when(() => of.shown() && !of.items().length, () => html`<p class="empty">${() => t().openings.none}</p>`)}${of.more}
    ${keyed(() => applying()?.deliverable.id, () => { const match = applying.peek(); return match && Apply({ match, worker, onClose: () => applying.set(null), onDone: of.load }); })}</main>`;
}
