/**
 * The view layer: signals, templates to DOM, keyed lists. Nothing is compared but lists and what was written: a function
 * in a template is live, and where a signal that it read changes, only its place is written again. A component is a
 * function that is called once. Text becomes text nodes and attributes only; nothing parses markup from data.
 */
import { holdFocus } from './focus.js';
import { ascending } from './moving.js';
/** @template T @typedef {(() => T) & {peek(): T, set(next: T): void}} Signal */
/** @typedef {{insert: (parent: Node, before: Node|null) => void}} List */

/** Owns what is built in it, and ends it all at once. */
class Scope {
  /** @type {(() => void)[]} */ ends = [];
  end() { for (const end of this.ends.splice(0)) end(); }
}

/** A function that runs again after a signal changed that it read. */
class Reaction extends Scope {
  static count = 0;
  id = Reaction.count++;
  isOver = false;
  /** @type {Set<Set<Reaction>>} */ sources = new Set();
  /** @param {() => void} run @param {Set<Reaction>} queue */
  constructor(run, queue) {
    super();
    this.run = run;
    this.queue = queue;
    owner?.ends.push(() => { this.isOver = true; this.stop(); });
    this.again();
  }
  stop() {
    this.queue.delete(this);
    for (const readers of this.sources) readers.delete(this);
    this.sources.clear();
    this.end();
  }
  again() { this.stop(); within(this, this, this.run); }
}

/** @type {Reaction|null} */ let running = null;
/** @type {Scope|null} */ let owner = null;
/** @type {Set<Reaction>} */ const memos = new Set(), /** @type {Set<Reaction>} */ effects = new Set();
let batches = 0, isSettling = false;
/** @template T @param {Scope|null} scope @param {Reaction|null} reaction @param {() => T} run @returns {T} */
function within(scope, reaction, run) {
  const before = /** @type {const} */ ([owner, running]);
  [owner, running] = [scope, reaction];
  try { return run(); } finally { [owner, running] = before; }
}

const inTurn = (/** @type {Set<Reaction>} */ of) => [...of].sort((a, b) => a.id - b.id);
const attempt = (/** @type {Reaction} */ one) => { try { one.again(); } catch (error) { reportError(error); } };
const settleMemos = () => { while (memos.size) for (const one of inTurn(memos)) if (memos.has(one)) attempt(one); };

/** Runs what waits: memos first, so that no effect sees an old one; the outer effects before those they contain. */
function settle() {
  if (isSettling || batches || !(memos.size || effects.size)) return;
  isSettling = true;
  const giveBack = holdFocus();
  do {
    settleMemos();
    for (const effect of inTurn(effects)) {
      settleMemos();
      if (!effect.isOver && effects.has(effect)) attempt(effect);
    }
  } while (memos.size || effects.size);
  isSettling = false;
  giveBack();
}

/** A value that its readers follow. @template T @param {T} value @returns {Signal<T>} */
export function signal(value) {
  const readers = /** @type {Set<Reaction>} */ (new Set());
  const read = () => { if (running) { readers.add(running); running.sources.add(readers); } return value; };
  return Object.assign(read, {
    peek: () => value,
    set: (/** @type {T} */ next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const reader of readers) reader.queue.add(reader);
      settle();
    },
  });
}

/** A signal that follows others; a reader within a batch has it up to date, too. @template T @param {() => T} compute @returns {Signal<T>} */
export function memo(compute) {
  const held = signal(/** @type {T} */ (/** @type {unknown} */ (undefined)));
  new Reaction(() => held.set(compute()), memos);
  const fresh = () => { settleMemos(); return held; };
  return Object.assign(() => fresh()(), { peek: () => fresh().peek(), set: held.set });
}

/** Runs now, and again whenever a signal changed that it read. @param {() => void} run */
export const effect = (run) => { new Reaction(run, effects); };
/** Runs without following what is read. @template T @param {() => T} run @returns {T} */
export const untracked = (run) => within(owner, null, run);
/** Sets several signals as one change. @template T @param {() => T} run @returns {T} */
export function batch(run) {
  batches += 1;
  try { return run(); } finally { batches -= 1; settle(); }
}

/** Runs when the place is removed in which it is called. @param {() => void} end */
export const onRemove = (end) => { owner?.ends.push(end); };
/** Renders anew only when the key changes. @template K @param {() => K} key @param {(key: K) => unknown} render */
export const keyed = (key, render) => { const held = memo(key); return () => { const now = held(); return untracked(() => render(now)); }; };

/** @param {() => unknown} test @param {() => unknown} yes @param {() => unknown} [no] */
export const when = (test, yes, no) => keyed(() => Boolean(test()), (is) => (is ? yes() : no?.()));

/**
 * One element for each item. An item that stays keeps its element, with focus and all; the element follows its signal.
 * @template T @param {() => readonly T[]} items @param {(item: T) => string} key
 * @param {(item: Signal<T>, index: Signal<number>) => Node} render @param {() => void} [after] runs once the rows are in place
 * @returns {List}
 */
export function each(items, key, render, after) {
  return { insert(parent, before) {
    const end = document.createComment('');
    let rows = /** @type {Map<string, {node: Element, item: Signal<T>, index: Signal<number>, scope: Scope}>} */ (new Map());
    parent.insertBefore(end, before);
    onRemove(() => { for (const { scope } of rows.values()) scope.end(); });
    effect(() => {
      const list = items(), next = new Map(), were = /** @type {number[]} */ ([]), place = /** @type {Node & {moveBefore?: Function}} */ (end.parentNode);
      const focused = /** @type {HTMLElement|null} */ (document.activeElement);
      list.forEach((item, i) => {
        let id = key(item);
        while (next.has(id)) id += ' again';
        let row = rows.get(id); rows.delete(id);
        were[i] = row ? row.index.peek() : -1;
        if (row) { row.item.set(item); row.index.set(i); } else {
          const scope = new Scope(), own = signal(item), index = signal(i);
          const made = within(scope, null, () => render(own, index));
          const node = /** @type {Element} */ (made instanceof DocumentFragment ? made.firstElementChild : made);
          row = { node, item: own, index, scope };
        }
        next.set(id, row);
      });
      for (const { node, scope } of rows.values()) { scope.end(); node.remove(); }
      rows = next;
      const kept = ascending(were);
      let after_ = /** @type {Node} */ (end), i = next.size;
      for (const { node } of [...next.values()].reverse()) {
        if (!kept.has(i -= 1)) {
          if (node.isConnected && place.moveBefore) place.moveBefore(node, after_); else place.insertBefore(node, after_);
        }
        after_ = node;
      }
      if (focused && focused !== document.activeElement && place.contains(focused)) focused.focus({ preventScroll: true });
      if (after) queueMicrotask(after);
    });
  } };
}

/** @typedef {{tag: string, attributes: [string, (string|number)[]][], children: Part[]}} Tag */
/** @typedef {Tag|string|number} Part a number is the place of a value */
const HOLE = '\u0001', SVG = 'http://www.w3.org/2000/svg';
const TOKENS = /<\/([\w-]*)>|<([\w-]+)((?:\s+[^\s=>/]+(?:=(?:"[^"]*"|[^\s">/]+))?)*)\s*(\/?)>|([^<]+)/g;
/** @type {WeakMap<TemplateStringsArray, Part[]>} */
const parsed = new WeakMap();

/** @param {TemplateStringsArray} strings */
function parse(strings) {
  const root = /** @type {Tag} */ ({ tag: '', attributes: [], children: [] }), open = [root], source = strings.join(HOLE);
  let hole = 0, at = 0;
  const split = (/** @type {string} */ text) => text.split(HOLE).flatMap((piece, i) => (i ? [hole++, piece] : [piece])).filter((piece) => piece !== '');
  for (const token of source.matchAll(TOKENS)) {
    const [all, closed, tag, attributes, isWhole, text] = token, inside = open[open.length - 1];
    if (token.index !== at) throw new Error(`Template not understood near: ${source.slice(at, at + 80)}`);
    at += all.length;
    if (text !== undefined) inside.children.push(...split(text.replace(/\s*\n\s*/g, '')));
    else if (closed !== undefined) { if (closed && closed !== inside.tag) throw new Error(`</${closed}> closes another tag`); open.pop(); } else {
      const pairs = [...attributes.matchAll(/([^\s=]+)(?:=(?:"([^"]*)"|(\S+)))?/g)];
      const made = /** @type {Tag} */ ({ tag, attributes: pairs.map(([, name, quoted, bare]) => [name, split(quoted ?? bare ?? '')]), children: [] });
      inside.children.push(made);
      if (!isWhole) open.push(made);
    }
  }
  if (open.length !== 1 || at !== source.length) throw new Error(`Template not closed: ${source.slice(0, 80)}`);
  return root.children;
}

/** @param {Part} part @param {unknown[]} values @param {Node} parent @param {boolean} isSvg */
function build(part, values, parent, isSvg) {
  if (typeof part === 'number') return insert(parent, values[part], null);
  if (typeof part === 'string') return void parent.appendChild(document.createTextNode(part));
  const svg = isSvg || part.tag === 'svg';
  const element = svg ? document.createElementNS(SVG, part.tag) : document.createElement(part.tag);
  for (const child of part.children) build(child, values, element, svg && part.tag !== 'foreignObject');
  for (const [name, pieces] of part.attributes) {
    if (pieces.length < 2) { bind(element, name, typeof pieces[0] === 'number' ? values[pieces[0]] : pieces[0] ?? true); continue; }
    const value = () => pieces.map((piece) => { const one = typeof piece === 'number' ? values[piece] : piece; return typeof one === 'function' ? one() : one; }).join('');
    bind(element, name, pieces.some((piece) => typeof piece === 'number' && typeof values[piece] === 'function') ? value : value());
  }
  parent.appendChild(element);
}

/** `@event`, `.property`, `ref`, or an attribute; what is the same isn't written, because browsers would lay it out again. @param {Element} element @param {string} name @param {any} value */
function bind(element, name, value) {
  if (name === 'ref') value(element);
  else if (name[0] === '@') element.addEventListener(name.slice(1), (event) => batch(() => value(event)));
  else if (typeof value === 'function') effect(() => put(element, name, value()));
  else put(element, name, value);
}

/** @param {any} element @param {string} name @param {any} value */
function put(element, name, value) {
  if (name[0] === '.') { if (element[name.slice(1)] !== value) element[name.slice(1)] = value; }
  else if (name === 'style') for (const [property, one] of Object.entries(value)) element.style.setProperty(property, one);
  else if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== (value === true ? '' : String(value))) element.setAttribute(name, value === true ? '' : value);
}

/** @param {Node} parent @param {any} value @param {Node|null} before */
function insert(parent, value, before) {
  if (value === null || value === undefined || typeof value === 'boolean') return;
  if (typeof value === 'function') return live(parent, value, before);
  if (Array.isArray(value)) for (const one of value) insert(parent, one, before);
  else if (typeof value.insert === 'function') value.insert(parent, before);
  else parent.insertBefore(value instanceof Node ? value : document.createTextNode(String(value)), before);
}

/** @param {Node} parent @param {() => unknown} render @param {Node|null} before */
function live(parent, render, before) {
  const start = document.createTextNode(''), end = document.createTextNode('');
  for (const one of [start, end]) parent.insertBefore(one, before);
  effect(() => {
    const value = render();
    const isText = typeof value === 'string' || typeof value === 'number', held = start.nextSibling;
    if (isText && held !== end && held?.nextSibling === end && held instanceof Text) { if (held.data !== String(value)) held.data = String(value); return; }
    while (start.nextSibling && start.nextSibling !== end) start.nextSibling.remove();
    insert(/** @type {Node} */ (end.parentNode), value, end);
  });
}

/** A template. `html\`<p class=${kind} @click=${go}>${text}</p>\`` @param {TemplateStringsArray} strings @param {unknown[]} values */
export function html(strings, ...values) {
  let parts = parsed.get(strings);
  if (!parts) parsed.set(strings, parts = parse(strings));
  const made = document.createDocumentFragment();
  for (const part of parts) build(part, values, made, false);
  return made;
}

/** Shows the view in the element until the function is called that it returns. @param {Element} into @param {() => unknown} view */
export function mount(into, view) {
  const scope = new Scope();
  within(scope, null, () => insert(into, view(), null));
  return () => { scope.end(); into.replaceChildren(); };
}
