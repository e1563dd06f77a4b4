/**
 * What the ranking screen knows; what is looked at is in the address. The ranking as it is comes from the request's own list, which the service records as
 * shown; everything on trial (weights, eased requirements) comes from previews, which record and change nothing.
 */
import { ask, batch, get, isAbort, may, memo, ORDER, query, requery, signal, untracked } from '../kit.js';

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
/** @type {Signal<string|null>} */ export const current = signal(null);
/** @type {Signal<Error|null>} */ export const trouble = signal(null);
/** What is looked at is in the address. */
export const role = memo(() => query().role ?? null);
export const isFair = memo(() => query().fairness !== 'off');
export const alone = memo(() => ORDER.find((name) => name === query().only) ?? null);
export const sought = memo(() => query().q ?? '');
export const picked = memo(() => (query().vs ? query().vs.split('~').slice(0, 3) : []));
/** Who is sought has a row, where that is among the first. */
const limit = memo(() => (query().more || sought().trim() ? 200 : 50));
/** Counts how often the list has come to rest. */
export const settled = signal(0);
export const isCustom = memo(() => ORDER.some((name) => weights()[name] !== PRESETS().standard[name]));
export const total = memo(() => ORDER.reduce((sum, name) => sum + weights()[name], 0));
export const opened = memo(() => query().worker ?? null);

/** @type {AbortController} */
let stop = new AbortController();

const needOf = (/** @type {Relaxation[]} */ of) => Object.assign({}, ...of.map((one) => one.patch));

/** Whether the weights are the service's. Without any, nothing can be ranked, and what is shown is the ranking as it is. */
const isPlain = () => !isCustom.peek() || total.peek() === 0;

/** What every preview of this request asks for. @param {boolean} asSaved */
export function trial(asSaved = false) {
  return {
    deliverable_id: deliverable.peek()?.id, role: role.peek(),
    need: asSaved ? {} : needOf(trials.peek()), weights: asSaved || isPlain() ? null : weights.peek(),
  };
}
/** The first and the last row that is seen. */
export const seen = [0, 20];
/** While a slider is dragged, no more is asked for than is seen; the rest follows once it rests. */
let resting = 0, isPart = false;
const mayBePart = () => resting > 0 && !['worker', 'vs', 'fair', 'q'].some((one) => query.peek()[one]);
const shape = (isWhole = true) => ({ limit: isWhole ? limit.peek() : Math.min(limit.peek(), seen[1] + 10),
  fairness: isFair.peek() ? 'on' : 'off' });

let isFlying = false, isAsked = false, inputAt = 0, answeredAt = 0, drawnAt = 0;
/**
 * @type
 * {{of: string, considered: number|null, passed: number|null, removed: Ranking['removed'], passed_by_role: Ranking['passed_by_role']}|null}
 */
let counted = null;
/** @type {Map<string, Ranking>} */
const standard = new Map();
/** What `before` is of. @type {Ranking|null} */
let based = null;

/**
 * Asks for the ranking of now. One request is under way at most; what changes meanwhile is asked for once it is back.
 */
async function rerank() {
  isAsked = true;
  if (isFlying) return;
  isFlying = true;
  while (isAsked) {
    isAsked = false;
    const { signal: mine } = stop, since = inputAt;
    if (!deliverable.peek()) break;
    try {
      const isSaved = isPlain() && !trials.peek().length;
      isPart = !isSaved && mayBePart();
      const key = `${role.peek()} ${isFair.peek()} ${limit.peek()}`;
      /** Weights move nobody through a gate: while only they differ, the counts hold and needn't be counted anew. */
      const gates = `${role.peek()} ${JSON.stringify(trials.peek())}`;
      const known = counted?.of === gates ? counted : null;
      const id = /** @type {Deliverable} */ (deliverable.peek()).id;
      /** @type {Ranking} */
      let answer = (isSaved && standard.get(key)) || (isSaved
        ? await get(`deliverables/${id}/matches`, { role: role.peek(), ...shape() }, mine)
        : await ask('matches/preview', { ...trial(), ...shape(!isPart), counts: !known }, mine));
      if (!isSaved &&
        !standard.has(key)) standard.set(key, await ask('matches/preview', { ...trial(true), ...shape() }, mine));
      if (mine.aborted) continue;
      if (answer.removed) counted = { of: gates, considered: answer.considered, passed: answer.passed,
        removed: answer.removed, passed_by_role: answer.passed_by_role };
      else if (known) answer = { ...answer, considered: known.considered, passed: known.passed, removed: known.removed,
        passed_by_role: known.passed_by_role };
      if (isSaved) standard.set(key, answer);
      const base = /** @type {Ranking} */ (standard.get(key)), was = ranking.peek(), old = was?.items ?? [];
      if (was && isPart && answer.items.length < old.length) {
        const ids = new Set(answer.items.map((one) => one.worker.id));
        answer = { ...answer, next: was.next, items: [...answer.items, ...old.filter((one) => !ids.has(one.worker.id))].slice(0, old.length) };
      }
      /** Where drawing is slow, what is overtaken by now is drawn for a third of the time at most: the last is soon there. */
      const took = drawnAt - answeredAt;
      if (isAsked && took > 30 && performance.now() - drawnAt < 2 * took) continue;
      answeredAt = performance.now();
      requestAnimationFrame(() => { drawnAt = performance.now(); });
      batch(() => {
        if (isSaved) readStandard(answer.weights);
        ranking.set(answer);
        if (base !== based) before.set(new Map(base.items.map((one) => [one.worker.id, one.rank])));
        based = base;
        trouble.set(null);
      });
      if (since && since === inputAt) note(since);
    } catch (error) {
      if (!isAbort(error) && !mine.aborted) trouble.set(Object.assign(/** @type {Error} */ (error), { again: rerank }));
    }
  }
  isFlying = false;
}

/** Notes how long it took since the last movement of a slider, once what is seen is in order. @param {number} start */
function note(start) {
  inputAt = 0;
  requestAnimationFrame(() => {
    performance.measure('musubi.settled', { start, end: performance.now() });
    performance.measure('musubi.drawn', { start: answeredAt, end: performance.now() });
    settled.set(settled.peek() + 1);
  });
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
  clearTimeout(resting);
  resting = setTimeout(() => { resting = 0; if (isPart) void rerank(); }, 250);
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

const patches = (/** @type {Relaxation[]} */ of) => (of.length ? JSON.stringify(of.map((one) => one.patch)) : undefined);
/** @param {Relaxation} one */
export const ease = (one) => requery({ ease: patches([...trials.peek(), one]) });
export const unease = () => requery({ ease: undefined });

const isWide = matchMedia('(min-width: 1181px)');

/**
 * Chooses somebody to compare, three at most. Where there is room beside the list, two are compared at once.
 * @param {string} id
 */
export function pick(id) {
  const now = picked.peek(), next = now.includes(id) ? now.filter((one) => one !== id) : [...now, id].slice(-3);
  requery({ vs: next.join('~'), ...(next.length > 1 ? isWide.matches && VERSUS : { duel: undefined }) });
}
const VERSUS = { duel: '1', worker: undefined };
export const compare = () => requery(VERSUS);
/** Whether candidates are compared at the moment. */
export const isVersus = memo(() => Boolean(query().duel) && picked().length > 1);
/** Opens somebody's panel, or none. @param {string|null} id */
export const open = (id) => requery({ worker: id, vs: undefined, duel: undefined });

/** The weights of the address. @returns {Weights} */
function asked() {
  const list = (query.peek().w ?? '').split('-').map(Number);
  return list.length === ORDER.length && list.every((n) => n >= 0 && n <= 100) ? weightsOf(list) : PRESETS.peek().standard;
}

/** Reads what the eased requirements of the address say, one after the other, as they were found. @param {AbortSignal} mine */
async function recall(mine) {
  const { ease: text } = query.peek(), known = [...trials.peek(), ...relaxations.peek()?.items ?? []];
  /** @type {Relaxation[]} */
  const found = [];
  try {
    for (const patch of text ? JSON.parse(text) : []) {
      const isIt = (/** @type {Relaxation} */ one) => JSON.stringify(one.patch) === JSON.stringify(patch);
      const one = known.find(isIt) ?? (await ask('matches/preview/relaxations', { ...trial(), need: needOf(found), weights: null }, mine)).items.find(isIt);
      if (one) found.push(one);
    }
  } catch (error) { if (isAbort(error)) throw error; }
  return found;
}

let shaped = '';
/** Shows what the address asks for. Each change of it comes here, Back included. */
export function follow() {
  const next = JSON.stringify([role(), query().ease, query().w, isFair(), limit()]), { signal: mine } = stop;
  untracked(() => { if (deliverable.peek() && next !== shaped) void show(next, mine).catch(() => {}); });
}
/** @param {string} next @param {AbortSignal} mine */
async function show(next, mine) {
  const [was, is] = [shaped || '[]', next].map((one) => JSON.parse(one));
  shaped = next;
  const found = is[1] === was[1] ? trials.peek() : await recall(mine), w = asked();
  if (mine.aborted || shaped !== next) return;
  const isMoved = is[2] !== was[2] && ORDER.some((name) => w[name] !== weights.peek()[name]);
  batch(() => { trials.set(found); if (isMoved) weights.set(w); });
  if (isMoved || is.some((/** @type {unknown} */ one, /** @type {number} */ i) => i !== 2 && one !== was[i])) await rerank();
  if (is[0] !== was[0] || is[1] !== was[1]) await findRelaxations();
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
  standard.clear();
  counted = based = null;
  shaped = '';
  batch(() => {
    for (const one of [deliverable, ranking, before, relaxations, trouble, current]) one.set(null);
    trials.set([]);
    weights.set(asked());
  });
  try {
    deliverable.set(await get(`deliverables/${id}`, {}, mine));
    follow();
  } catch (error) {
    if (!isAbort(error)) trouble.set(Object.assign(/** @type {Error} */ (error), { again: () => load(id) }));
  }
}

export const leave = () => { clearTimeout(timer); clearTimeout(resting); resting = 0; stop.abort(); };
