// @ts-check
/** The screen on which a task is done. */
import { user } from '../session.js';

/** @param {import('../types.js').Task} task @returns {string|null} */
export function taskHref(task) {
  if (task.kind === 'decide_duplicate') return `duplicates/${task.id}`;
  if (['answer_invitation', 'answer_offer'].includes(task.kind) && user()?.user?.worker_id) return 'applications';
  if (task.kind === 'answer_joint_invitation') return 'requests';
  if (task.kind === 'repair_webhook') return `admin/webhooks/${task.id}`;
  if (task.kind === 'repair_import') return `imports/${task.id}`;
  const [, list, id] = /(projects|programmes)\/([\w-]+)/.exec(task.href) ?? [];
  if (list) return list === 'projects' ? `projects/${id}` : `programme/${id}`;
  return task.deliverable_id ? `requests/${task.deliverable_id}` : null;
}
