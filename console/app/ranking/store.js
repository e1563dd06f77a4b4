/**
 * What the ranking screen knows. The ranking as it is comes from the request's own list, which the service records as
 * shown; everything on trial (weights, eased requirements) comes from previews, which record and change nothing.
 */
import { ask, batch, get, go, isAbort, memo, ORDER, path, query, replace, requery, signal } from '../kit.js';

/**
 * @typedef {import('../types.js').Ranking} Ranking
 * @typedef {import('../types.js').Relaxation} Relaxation
 * @typedef {import('../types.js').RelaxationList} RelaxationList
 */
/**
 * @typedef {import('../types.js').Component} Component
 * @typedef {import('../types.js').Deliverable} Deliverable
 * @typedef {Record<Component, number>} Weights
 */
/** @template T @typedef {import('../../parts/view.js').Signal<T>} Signal */

/** @param {number[]} list @returns {Weights} */
const weightsOf = (list) => /** @type {Weights} */ (Object.fromEntries(ORDER.map((name, i) => [name, list[i]])));

/** The weights that the service uses, and some to start from. In the order of ORDER; the service's own are read. */
export const PRESETS = /** @type {Signal<Record<string, Weights>>} */ (signal({
  standard: weightsOf([34, 12, 8, 3, 12, 10, 10, 7, 4]),
  skill: weightsOf([60, 10, 5, 3, 8, 4, 4, 4, 2]),
  near: weightsOf([24, 8, 6, 2, 12, 36, 4, 4, 4]),
  proven: weightsOf([22, 30, 22, 2, 8, 4, 4, 4, 4]),
  wish: weightsOf([14, 6, 4, 2, 16, 12, 24, 16, 6]),
}));

/** @type {Signal<Deliverable|null>} */ export const deliverable = signal(null);
/** @type {Signal<RelaxationList|null>} */ export const relaxations = signal(null);
/** @type {Signal<Ranking|null>} */ export const ranking = signal(null);
/** The ranks under the service's weights and the request as it is saved. @type {Signal<Map<string, number>|null>} */ export const before = signal(null);
/** @type {Signal<Weights>} */ export const weights = signal(PRESETS.peek().standard);
/** The requirements that are eased on trial. @type {Signal<Relaxation[]>} */ export const trials = signal([]);
/** @type {Signal<string|null>} */ export const role = signal(null);
/** @type {Signal<boolean>} */ export const isFair = signal(true);
/** @type {Signal<Component|null>} */ export const alone = signal(null);
/** @type {Signal<string>} */ export const sought = signal('');
/** @type {Signal<string|null>} */ export const current = signal(null);
/** @type {Signal<string[]>} */ export const picked = signal([]);
/** @type {Signal<Error|null>} */ export const trouble = signal(null);
/** Counts how often the list has come to rest. */
export const settled = signal(0);
const limit = signal(50);

export const isCustom = memo(() => ORDER.some((name) => weights()[name] !== PRESETS().standard[name]));
export const total = memo(() => ORDER.reduce((sum, name) => sum + weights()[name], 0));
export const opened = memo(() => query().worker ?? null);

/** @type {AbortController} */
let stop = new AbortController();

/** What every preview of this request asks for. @param {boolean} asSaved */
export function trial(asSaved = false) {
  const need = Object.assign({}, ...trials.peek().map((one) => one.patch));
  return {
    deliverable_id: deliverable.peek()?.id, role: role.peek(),
    need: asSaved ? {} : need, weights: asSaved || !isCustom.peek() ? null : weights.peek(),
  };
}
const shape = () => ({ limit: limit.peek(), fairness: isFair.peek() ? 'on' : 'off' });

let isFlying = false, isAsked = false, inputAt = 0, answeredAt = 0;
/**
 * @type
 * {{of: string, considered: number|null, passed: number|null, removed: Ranking['removed'], passed_by_role: Ranking['passed_by_role']}|null}
 */
let counted = null;
/** @type {Map<string, Ranking>} */
const standard = new Map();

/**
 * Asks for the ranking of now. One request is under way at most; what changes meanwhile is asked for once it is back.
 */
async function rerank() {
  isAsked = true;
  if (isFlying) return;
  isFlying = true;
  while (isAsked) {
    isAsked = false;
    const { signal: mine } = stop;
    if (total.peek() === 0 || !deliverable.peek()) break;
    try {
      const isPlain = !isCustom.peek() && !trials.peek().length;
      const key = `${role.peek()} ${isFair.peek()} ${limit.peek()}`;
      /** Weights move nobody through a gate: while only they differ, the counts hold and needn't be counted anew. */
      const gates = `${role.peek()} ${JSON.stringify(trials.peek())}`;
      const known = counted?.of === gates ? counted : null;
      const id = /** @type {Deliverable} */ (deliverable.peek()).id;
      /** @type {Ranking} */
      let answer = (isPlain && standard.get(key)) || (isPlain
        ? await get(`deliverables/${id}/matches`, { role: role.peek(), ...shape() }, mine)
        : await ask('matches/preview', { ...trial(), ...shape(), counts: !known }, mine));
      if (!isPlain &&
        !standard.has(key)) standard.set(key, await ask('matches/preview', { ...trial(true), ...shape() }, mine));
      if (mine.aborted) continue;
      if (answer.removed) counted = { of: gates, considered: answer.considered, passed: answer.passed,
        removed: answer.removed, passed_by_role: answer.passed_by_role };
      else if (known) answer = { ...answer, considered: known.considered, passed: known.passed, removed: known.removed,
        passed_by_role: known.passed_by_role };
      if (isPlain) standard.set(key, answer);
      const base = /** @type {Ranking} */ (standard.get(key));
      answeredAt = performance.now();
      batch(() => {
        if (isPlain) readStandard(answer.weights);
        ranking.set(answer);
        before.set(new Map(base.items.map((one) => [one.worker.id, one.rank])));
        trouble.set(null);
      });
    } catch (error) {
      if (!isAbort(error) && !mine.aborted) trouble.set(Object.assign(/** @type {Error} */ (error), { again: rerank }));
    }
  }
  isFlying = false;
  if (inputAt) {
    const start = inputAt;
    inputAt = 0;
    requestAnimationFrame(() => {
      performance.measure('musubi.settled', { start, end: performance.now() });
      performance.measure('musubi.drawn', { start: answeredAt, end: performance.now() });
      settled.set(settled.peek() + 1);
    });
  }
}

/** @param {Ranking['weights']} applied */
function readStandard(applied) {
  const read = weightsOf(ORDER.map((name) => Math.round(applied[name] / 10_000)));
  const old = PRESETS.peek().standard;
  if (ORDER.every((name) => read[name] === old[name])) return;
  if (!isCustom.peek()) weights.set(read);
  PRESETS.set({ ...PRESETS.peek(), standard: read });
}

/** @param {Partial<Weights>} change */
export function weigh(change) {
  inputAt = performance.now();
  weights.set({ ...weights.peek(), ...change });
  void rerank();
}

let timer = 0;
/**
 * Writes the weights into the address once the slider rests: that takes long, and Safari refuses 100 in half a minute.
 */
export function keepWeights() {
  clearTimeout(timer);
  timer = setTimeout(() => requery({ w: isCustom.peek() ? ORDER.map((name) => weights.peek()[name]).join('-')
    : undefined }), 300);
}

/** @param {Relaxation} one */
export function ease(one) {
  trials.set([...trials.peek(), one]);
  void rerank();
  void findRelaxations();
}
export function unease() {
  trials.set([]);
  void rerank();
  void findRelaxations();
}
/** @param {string|null} code */
export function choose(code) {
  role.set(code);
  requery({ role: code });
  void rerank();
  void findRelaxations();
}
export function toggleFair() {
  isFair.set(!isFair.peek());
  void rerank();
}
export function showMore() {
  limit.set(200);
  void rerank();
}

const isWide = matchMedia('(min-width: 1181px)');

/**
 * Chooses somebody to compare, three at most. Where there is room beside the list, two are compared at once.
 * @param {string} id
 */
export function pick(id) {
  const now = picked.peek();
  picked.set(now.includes(id) ? now.filter((one) => one !== id) : [...now, id].slice(-3));
  if (isWide.matches || picked.peek().length < 2) compare();
}
export function compare() {
  const isEnough = picked.peek().length > 1;
  requery({ vs: isEnough ? picked.peek().join('~') : undefined, worker: isEnough ? undefined : query.peek().worker });
}
/** Whether candidates are compared at the moment. */
export const isVersus = memo(() => Boolean(query().vs) && picked().length > 1);
export function unpick() {
  picked.set([]);
  requery({ vs: undefined });
}
/** Opens somebody's panel; the first is a step in the history, so that Back closes it. @param {string|null} id */
export function open(id) {
  batch(() => {
    picked.set([]);
    (id && !opened.peek() ? go : replace)(path.peek(), { ...query.peek(), worker: id, vs: undefined });
  });
}

async function findRelaxations() {
  const { signal: mine } = stop;
  relaxations.set(await ask('matches/preview/relaxations', { ...trial(), weights: null }, mine).catch(() => null));
}

/** Reads everything of a request anew, and keeps what is on trial. */
export async function refresh() {
  const id = deliverable.peek()?.id;
  if (!id) return;
  standard.clear();
  counted = null;
  deliverable.set(await get(`deliverables/${id}`, {}, stop.signal));
  await Promise.all([rerank(), findRelaxations()]);
}

/** @param {string} id */
export async function load(id) {
  stop.abort();
  stop = new AbortController();
  const { signal: mine } = stop;
  const asked = (query.peek().w ?? '').split('-').map(Number), isBack = deliverable.peek()?.id === id;
  standard.clear();
  counted = null;
  batch(() => {
    for (const one of [deliverable, ranking, before, relaxations, trouble]) one.set(null);
    role.set(query.peek().role ?? null);
    weights.set(asked.length === ORDER.length && asked.every((n) => n >= 0 && n <= 100) ? weightsOf(asked)
      : PRESETS.peek().standard);
    picked.set(query.peek().vs ? query.peek().vs.split('~').slice(0, 3) : []);
    /** Who comes back from a profile goes on where they were. */
    if (isBack) return;
    for (const one of [alone, current]) one.set(null);
    trials.set([]);
    sought.set('');
    limit.set(50);
  });
  try {
    const found = await get(`deliverables/${id}`, {}, mine);
    deliverable.set(found);
    await rerank();
    await findRelaxations();
  } catch (error) {
    if (!isAbort(error)) trouble.set(Object.assign(/** @type {Error} */ (error), { again: () => load(id) }));
  }
}

export const leave = () => { clearTimeout(timer); stop.abort(); };
