// @ts-check
/** The screen on which a task is done. */

/** @param {import('../types.js').Task} task @returns {string|null} */
export function taskHref(task) {
  return task.deliverable_id ? `requests/${task.deliverable_id}` : null;
}
