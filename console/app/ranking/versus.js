// @ts-check
/** Two or three candidates, component by component. */
import { html, memo } from '../../parts/view.js';
import { Icon } from '../../parts/icon.js';
import { ORDER } from '../../parts/components.js';
import { percent, points, t } from '../../words/index.js';
import { name } from '../catalogue.js';
import { picked, ranking, unpick } from './store.js';
import { close } from './panel.js';

/** @typedef {import('../types.js').Match} Match */

export function Versus() {
  const matches = memo(() => picked().flatMap((id) => ranking()?.items.find((one) => one.worker.id === id) ?? []));
  const stop = () => { const [id] = picked.peek(); unpick(); close(id); };
  const row = (/** @type {string} */ label, /** @type {(number|null|undefined)[]} */ values, /** @type {(value: number) => string} */ say) => {
    const top = Math.max(...values.map((one) => one ?? -1));
    return html`<tr><th scope="row">${label}</th>${values.map((one) => html`<td class=${`num ${one === top ? 'ahead' : ''}`}>${one === null || one === undefined ? '–' : say(one)}</td>`)}</tr>`;
  };
  const table = () => {
    const all = matches();
    const score = (/** @type {Match} */ one, /** @type {string} */ c) => one.components.find((part) => part.name === c);
    const most = Math.max(1, ...all.flatMap((one) => one.components.map((part) => part.contribution_ppm)));
    return html`<table class="duel">
      <thead><tr><td></td>${all.map((one) => html`<th scope="col"><b lang="ja">${one.worker.alias}</b><span class="small quiet">${name('roles', one.role)}</span><strong class="num">${points(one.fit_ppm)}</strong></th>`)}</tr></thead>
      <tbody>${ORDER.map((c) => {
        const values = all.map((one) => score(one, c)?.contribution_ppm ?? 0), top = Math.max(...values);
        return html`<tr data-c=${c}><th scope="row"><i class="swatch"></i>${t().component[c]}</th>${all.map((one, i) => html`<td><span class=${`num ${values[i] === top && top > 0 ? 'ahead' : ''}`}>${points(values[i])}</span>
          <i class="meter" aria-hidden="true"><i data-imputed=${score(one, c)?.known === false} style=${{ width: `${(values[i] / most) * 100}%` }}></i></i><p class="small">${score(one, c)?.because ?? ''}</p></td>`)}</tr>`;
      })}</tbody>
      <tfoot>${row(t().side.organization, all.map((one) => one.organization_side_ppm), points)}${row(t().side.worker, all.map((one) => one.worker_side_ppm), points)}${row(t().rank.known, all.map((one) => one.completeness_ppm), percent)}</tfoot></table>`;
  };
  return html`<aside class="panel card versus" aria-label=${() => t().versus.title} @keydown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape') stop(); }}>
    <header class="panel-head"><h2 tabindex="-1">${() => t().versus.title}</h2><button class="button plain square" aria-label=${() => t().close} @click=${stop}>${Icon('close')}</button></header>
    <div class="panel-body" tabindex="0">${table}</div></aside>`;
}
