// @ts-check
/** Parts of forms. */
import { html } from './view.js';
import { t } from '../words/index.js';
import { Problem } from '../app/api.js';

/** A control with its label. @param {{label: () => string, control: unknown, of: string, hint?: () => string}} of */
export const Field = ({ label, control, of, hint }) => html`<div class="labelled"><label for=${of}>${label}</label>${control}${hint && html`<p class="small quiet">${hint}</p>`}</div>`;

/** Why something was refused, in the service's words; what was typed stays. @param {() => Error|null} trouble */
export function Fault(trouble) {
  return () => {
    const error = trouble();
    if (!error) return null;
    const faults = error instanceof Problem ? error.errors : [];
    const isStale = error instanceof Problem && error.status === 412;
    return html`<div class="notice bad" role="alert"><div>${(isStale || !faults.length) && html`<p>${isStale ? t().changedMeanwhile : error.message}</p>`}
      ${faults.length > 0 && html`<ul>${faults.map((one) => html`<li>${one.message}</li>`)}</ul>`}</div></div>`;
  };
}
