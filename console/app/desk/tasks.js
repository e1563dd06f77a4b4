// @ts-check
/** The screen on which a task is done. */

/** @param {import('../types.js').Task} task @returns {string|null} */
export function taskHref(task) {
  if (task.kind === 'decide_duplicate') return `duplicates/${task.id}`;
  const [, list, id] = /(projects|programmes)\/([\w-]+)/.exec(task.href) ?? [];
  if (list) return list === 'projects' ? `projects/${id}` : `programme/${id}`;
  return task.deliverable_id ? `requests/${task.deliverable_id}` : null;
}
