/**
 * What changes while one looks: the stream of changes, read with the access token, and taken up again where it broke
 * off.
 */
import { signal } from '../parts/view.js';
import { Problem, call } from './api.js';

/** @typedef {{type: string, id: string, action: string, at: string, position: string, href?: string|null}} Change */

/** The latest change. @type {import('../parts/view.js').Signal<Change|null>} */
export const latest = signal(null);

const pause = () => new Promise((done) => { setTimeout(done, 1000); });

/** Where the stream began: the position of now, asked once. @type {Promise<string>|null} */
let begun = null;

export function begin() {
  begun ??= call('GET', 'changes', { quiet: true }).then(({ position }) => { void follow(position); return position; });
  return begun;
}

/**
 * The events of a stream until it ends.
 * @param {string} path @param {import('./api.js').Asked} [query] @param {AbortSignal} [stop] @returns {AsyncGenerator<{id: string, event: string, data: string}>}
 */
export async function* events(path, query = {}, stop) {
  const answer = await call('GET', path,
    { query, headers: { accept: 'text/event-stream' }, raw: true, quiet: true, stop });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    const blocks = held.split('\n\n');
    held = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (/** @type {string} */ name) => block.split('\n').filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).trimStart())
        .join('\n');
      yield { id: field('id'), event: field('event'), data: field('data') };
    }
  }
}

/** @param {string} position */
async function follow(position) {
  let last = position;
  for (;;) {
    try {
      for await (const { id, event, data } of events('changes/events', { after: last })) {
        if (id) last = id;
        if (event === 'change') latest.set(JSON.parse(data));
      }
    } catch (error) {
      if (!(error instanceof Problem)) { await pause(); continue; }
      /** With 410 the position is too old, or the permissions have changed: go on from now. */
      if (error.status !== 410) return;
      last = (await call('GET', 'changes', { quiet: true })).position;
    }
    await pause();
  }
}

/** Runs a while after the last change of these kinds. @param {string[]} types @param {() => void} run */
export function onChange(types, run) {
  let timer = 0, seen = latest.peek();
  return () => {
    const change = latest();
    if (!change || change === seen) return;
    seen = change;
    if (!types.includes(change.type)) return;
    clearTimeout(timer);
    timer = setTimeout(run, 400);
  };
}
