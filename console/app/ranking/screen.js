/** The ranking: weights and gates beside the list, the list, one candidate, and candidates side by side. */
import {
  ask as askFor, Bar, batch, Dialog, each, effect, Fault, focus, Form, get, gliding, href, html, Icon, inOrder, isAbort, keyed, language,
  may, memo, name, onChange, onRemove, ORDER, percent, pointed, points, post, query, requery, Search, SIDES, signal,
  t, Tip, Waiting, when, word,
} from '../kit.js';
import {
  PRESETS, alone, before, compare, current, deliverable, ease, follow, isCustom, isFair, isVersus, keepWeights, leave,
  load, open, opened, pick, picked, ranking, refresh, relaxations,
  role, seen, settled, sought, total, trial, trials, trouble, unease, weigh, weights,
} from './store.js';

/**
 * @typedef {import('../types.js').Component} Component
 * @typedef {import('../types.js').Match} Match
 * @typedef {import('../types.js').Side} Side
 */
/**
 * @typedef {import('../types.js').Explanation} Explanation
 * @typedef {import('../types.js').ImprovementList} ImprovementList
 * @typedef {import('../types.js').Score} Score
 */

/** @param {Component} of */
function Slider(of) {
  const own = memo(() => weights()[of]), share = memo(() => (total() ? percent((own() / total()) * 1_000_000) : '–'));
  const standard = () => PRESETS().standard[of];
  return html`<div class="slider" data-c=${of}>
    <label for=${`w-${of}`}><i class="swatch"></i>${() => t().component[of]}</label>
    <input id=${`w-${of}`} type="range" min="0" max="100" step="1" .value=${() => String(own())}
    aria-valuetext=${() => t().weights.share(share())}
      style=${() => ({ '--at': `${own()}%`, '--was': `${standard()}%` })}
      @input=${(/** @type {any} */ e) => weigh({ [of]: e.target.valueAsNumber })} @change=${keepWeights}
      @dblclick=${() => { weigh({ [of]: standard() }); keepWeights(); }} />
    <output class="num" for=${`w-${of}`} aria-hidden="true">${share}</output>
  </div>`;
}

function Weights() {
  const is = (/** @type {string} */ key) => Object.entries(PRESETS()[key])
    .every(([c, n]) => weights()[/** @type {Component} */ (c)] === n);
  const set = (/** @type {string} */ key) => { weigh(PRESETS.peek()[key]); keepWeights(); };
  return html`<section class="block" aria-labelledby="weights-title">
    <header><h2 id="weights-title">${() => t().weights.title}</h2>
      ${when(isCustom,
        () => html`<button class="button slim" @click=${() => set('standard')}>${() => t().weights.reset}</button>`,
        () => html`<span class="small quiet">${() => t().weights.hint}</span>`)}
      </header>
    <div class="presets" role="group" aria-label=${() => t().weights.presets}>
    ${Object.keys(PRESETS.peek())
      .map((key) => html`<button class="button slim" aria-pressed=${() => String(is(key))} @click=${() => set(key)}>
      ${() => t().weights.preset[/** @type {'near'} */ (key)]}
      </button>`)}
    </div>
    ${/** @type {const} */ (['organization', 'both', 'worker']).map((side) => html`<div class="sliders">
      <p class="cap">${() => t().side[side]}</p>${SIDES[side].map(Slider)}
      </div>`)}
    ${Zero()}
  </section>`;
}
/** Without any weight nothing can be ranked. */
const Zero = () => when(() => total() === 0, () => html`<p class="notice" role="alert">${() => t().weights.zero}</p>`);

/** Short names of gates; the service's sentence is the title. @param {string} code */
const gateName = (code) => t().gate[/** @type {'too_far'} */ (code)] ?? word('Gate', code);

function Gates() {
  const considered = () => ranking()?.considered ?? 0, passed = () => ranking()?.passed ?? 0;
  const width = (/** @type {number} */ n) => ({ width: `${(n / Math.max(1, considered())) * 100}%` });
  const steps = memo(() => {
    let left = considered();
    return (ranking()?.removed ?? []).map(({ gate, count }) => ({ gate: String(gate), count, left: (left -= count) }));
  });
  const because = (/** @type {string} */ gate) => relaxations()?.gates.find((one) => one.gate === gate)?.because ??
    word('Gate', gate);
  return when(() => ranking()?.removed, () => html`<section class="block" aria-labelledby="gates-title">
    <header><h2 id="gates-title">${() => t().gates.title}</h2></header>
    <ol class="funnel num">
      <li class="edge"><span>${() => t().gates.considered}</span><i class="pipe"><i style=${{ width: '100%' }}></i></i>
      <b>${considered}</b>
      </li>
      ${each(steps, (one) => one.gate, (one) => html`<li title=${() => because(one().gate)}>
        <span>${() => gateName(one().gate)}</span>
        <i class="pipe" aria-hidden="true"><i style=${() => width(one().left)}></i>
        <i class="out" style=${() => width(one().count)}></i>
        </i>
        <b><span aria-hidden="true">−${() => one().count}</span>
        <span class="sr">${() => t().gates.left(gateName(one().gate), one().count, one().left)}</span>
        </b>
        </li>`)}
      <li class="edge last"><span>${() => t().gates.passed}</span><i class="pipe"><i style=${() => width(passed())}></i>
      </i><b>${passed}</b>
      </li>
    </ol>
    <h3>${() => t().gates.ease}</h3>
    ${when(() => trials().length,
      () => html`<ul class="easings">${() => trials().map((one) => html`<li data-on><p>${one.because}</p></li>`)}
      <li><button class="button slim on" @click=${unease}>${() => t().gates.undo}</button></li>
      </ul>`)}
    ${when(() => relaxations()?.items.length === 0, () => html`<p class="small quiet">${() => t().gates.none}</p>`)}
    <ul class="easings">${each(() => relaxations()?.items ?? [], (one) => JSON.stringify(one.patch), (one) => html`<li>
      <p>${() => one().because}</p><b class="num" aria-hidden="true">${() => t().gates.more(one().additional_passed)}
      </b>
      <button class="button slim" aria-label=${() => `${t().gates.try}: ${one().because}`}
      @click=${() => ease(one.peek())}>
      ${() => t().gates.try}
      </button>
      </li>`)}
      </ul>
  </section>`);
}

const folded = (/** @type {string} */ text) => text.normalize('NFKC').toLowerCase();

/**
 * Who is sought among all whom the user may see, by alias, name or id; what each is, where they have no row.
 * @type {import('../../parts/view.js').Signal<{id: string, alias: string, why: Explanation|null}[]|null>}
 */
const found = signal(null);

/** The rows that are shown: the found ones where something is sought. */
const rows = memo(() => {
  const all = ranking()?.items ?? [], q = folded(sought().trim()), ids = new Set(found()?.map((one) => one.id));
  return q
    ? all.filter((one) => ids.has(one.worker.id) || folded(`${one.worker.name} ${one.worker.alias} ${name('roles', one.role)} ${name('areas',
    one.worker.area)}`)
    .includes(q))
    : all;
});
/** Who was found and has no row. */
const missing = memo(() => { const listed = new Set(ranking()?.items.map((one) => one.worker.id));
  return (found() ?? []).filter((one) => !listed.has(one.id)); });

/** The most that the lone component adds to anyone, so that its bars fill the track. */
const most = memo(() => {
  const only = alone();
  return only
    ? Math.max(10_000,
    ...rows().map((one) => one.components.find((score) => score.name === only)?.contribution_ppm ?? 0))
    : 1_000_000;
});

/** How far somebody has moved; up is above zero. @param {number} by */
const moved = (by) => html`<span class=${`delta ${by > 0 ? 'rose' : 'fell'}`}>
  <span aria-hidden="true">${by > 0 ? '▲' : '▼'}${Math.abs(by)}</span>
  <span class="sr">${by > 0 ? t().rank.up(by) : t().rank.down(-by)}</span>
  </span>`;

/** How far a row has moved against the ranking as saved. @param {() => Match} match */
function Delta(match) {
  const by = memo(() => {
    const was = before();
    if (!was) return 0;
    const old = was.get(match().worker.id);
    return old === undefined ? null : old - match().rank;
  });
  return () => {
    const n = by();
    if (n === null) return html`<span class="delta fresh"><span aria-hidden="true">＋</span>
      <span class="sr">${t().rank.fresh}</span>
      </span>`;
    return n ? moved(n) : null;
  };
}

/** @param {() => readonly string[]} codes */
function Unconfirmed(codes) {
  const said = memo(() => codes()
    .map((code) => t().unconfirmed[/** @type {'hours'} */ (code)] ?? word('Unconfirmed', code))
    .join(t().comma));
  const many = memo(() => codes().length);
  return () => {
    const list = said(), count = many();
    if (!count) return null;
    const all = t().rank.unconfirmed(list);
    return html`<span class="badge warn" title=${all}>
      <span aria-hidden="true">${count > 1 ? t().rank.open(count) : list}</span><span class="sr">${all}</span>
      </span>`;
  };
}

/** @param {() => number} ppm */
const Points = (ppm) => html`<b class="fit num">${() => points(ppm()).split('.')[0]}
  <small>.${() => points(ppm()).split('.')[1]}</small>
  </b>`;

/** The places of the rows that are seen. @type {Map<Element, {index: () => number, isSeen: boolean}>} */
const placed = new Map();
const watch = new IntersectionObserver((changed) => {
  for (const { target, isIntersecting } of changed) { const one = placed.get(target); if (one) one.isSeen = isIntersecting; }
  const all = [...placed.values()].filter((one) => one.isSeen).map((one) => one.index());
  if (all.length) [seen[0], seen[1]] = [Math.min(...all), Math.max(...all)];
});

/** While a slider is dragged, rows that nobody sees follow once it rests. @type {Set<() => void>} */
const behind = new Set();
let catching = 0;
const catchUp = () => batch(() => { for (const follow of behind) follow(); behind.clear(); });

/** The row that Tab comes to. */
const first = memo(() => current() ?? rows()[0]?.worker.id);

/** @param {import('../../parts/view.js').Signal<Match>} given @param {import('../../parts/view.js').Signal<number>} index */
function Row(given, index) {
  const match = signal(given.peek()), follow = () => match.set(given.peek());
  onRemove(() => behind.delete(follow));
  effect(() => {
    const next = given(), i = index();
    behind.delete(follow);
    if (i >= seen[0] && i <= seen[1]) return match.set(next);
    behind.add(follow);
    clearTimeout(catching);
    catching = setTimeout(catchUp, 200);
  });
  const place = (/** @type {Element} */ row) => {
    placed.set(row, { index: index.peek, isSeen: false });
    watch.observe(row);
    onRemove(() => { watch.unobserve(row); placed.delete(row); });
  };
  const { id } = match.peek().worker;
  const isOpen = () => opened() === id, isPicked = () => picked().includes(id);
  const lone = () => match().components.find((one) => one.name === alone());
  return html`<li class="row" data-key=${id} data-open=${isOpen} data-picked=${isPicked} ref=${place}>
    <div class="place num"><b>${() => match().rank}</b>${Delta(match)}</div>
    <div class="who">
      <button class="name" data-row=${id} lang="ja" tabindex=${() => (first() === id ? 0 : -1)}
      aria-expanded=${() => String(isOpen())}
        @click=${() => open(isOpen() ? null : id)} @focus=${() => current.set(id)}>${() => match().worker.alias}
        </button>
      <div class="marks"><span class="small quiet">${() => name('roles', match().role)}</span>
        ${when(() => match().application,
          () => html`<span class="badge good">${() => word('ApplicationStatus', match().application?.status)}</span>`)}
        ${when(() => match().newcomer, () => html`<span class="badge accent">${() => t().rank.newcomer}</span>`)}
        ${when(() => match().swap?.swapped, () => html`<span class="badge open">${() => t().rank.swapped}</span>`)}
        </div>
    </div>
    ${Bar({ scores: () => match().components, fit: () => match().fit_ppm, owner: id, alone, most })}
    <span class="side num"><span class="sr">${() => t().rank.head.organization}</span>
    ${() => points(match().organization_side_ppm)}
    </span>
    <span class="side num"><span class="sr">${() => t().rank.head.worker}</span>${() => points(match().worker_side_ppm)}
    </span>
    <span class="side num known">
    <span><span class="sr">${() => t().rank.known}</span>${() => percent(match().completeness_ppm)}</span>
    ${Unconfirmed(() => match().unconfirmed)}
    </span>
    ${when(alone, () => html`<b class="fit num lone">+${() => points(lone()?.contribution_ppm ?? 0)}</b>`,
      () => Points(() => match().fit_ppm))}
    <label class="pick">
    <input type="checkbox" .checked=${isPicked} tabindex="-1" @change=${() => pick(id)}
    aria-label=${() => t().rank.pick(match().worker.alias)} />
    </label>
  </li>`;
}

/** The components by side; pressing one leaves it alone in every bar. */
function Legend() {
  const chip = (/** @type {Component} */ c) => html`<button class="chip" data-c=${c}
    aria-pressed=${() => String(alone() === c)} @click=${() => requery({ only: alone.peek() === c ? '' : c })}>
    <i class="swatch"></i>${() => t().component[c]}
    </button>`;
  const side = (/** @type {Side} */ of) => html`<div class="legend-side"><span class="cap">${() => t().side[of]}</span>
    <div>${SIDES[of].map(chip)}</div>
    </div>`;
  return html`<div class="legend" role="group" aria-label=${() => t().rank.legend}>
    ${/** @type {const} */ (['organization', 'both', 'worker']).map(side)}
    ${when(alone,
      () => html`<button class="button slim" @click=${() => requery({ only: '' })}>${() => t().rank.all}</button>`)}
    </div>`;
}

/** @param {KeyboardEvent & {target: HTMLElement, currentTarget: HTMLElement}} e */
function onKeys(e) {
  const id = e.target.dataset.row;
  if (!id || e.metaKey || e.ctrlKey || e.altKey || e.isComposing) return;
  const shown = rows.peek(), i = shown.findIndex((one) => one.worker.id === id), scores = inOrder(shown[i].components);
  const list = e.currentTarget;
  const go = (/** @type {number} */ to) => {
    pointed.set(null);
    const next = shown[Math.min(Math.max(0, to), shown.length - 1)];
    if (next) /** @type {HTMLElement|null} */ (list.querySelector(`[data-row="${next.worker.id}"]`))?.focus();
  };
  switch (e.key) {
    case 'ArrowDown': case 'j': go(i + 1); break;
    case 'ArrowUp': case 'k': go(i - 1); break;
    case 'Home': go(0); break;
    case 'End': go(shown.length - 1); break;
    case 'c': case 'C': pick(id); break;
    case 'ArrowRight': case 'ArrowLeft': {
      const by = e.key === 'ArrowRight' ? 1 : -1, now = pointed.peek();
      const at = now?.owner === id ? scores.findIndex((one) => one.name === now.score.name)
        : by > 0 ? -1 : scores.length;
      const score = scores[(at + by + scores.length) % scores.length];
      const seg = list.querySelector(`[data-owner="${id}"] [data-c="${score.name}"]`);
      if (seg) pointed.set({ score, at: seg.getBoundingClientRect(), owner: id });
      break;
    }
    default: return;
  }
  e.preventDefault();
}

/** @param {any} e */
function onPoint(e) {
  const seg = e.target.closest?.('.seg');
  const owner = seg?.parentElement.dataset.owner;
  const score = owner &&
    rows.peek().find((one) => one.worker.id === owner)?.components.find((one) => one.name === seg.dataset.c);
  pointed.set(score ? { score, at: seg.getBoundingClientRect(), owner } : null);
}

/** @param {any} e */
function onPress(e) {
  const owner = e.target.closest?.('.bar')?.dataset.owner;
  if (owner && matchMedia('(hover: hover)').matches) open(opened.peek() === owner ? null : owner);
}

function List() {
  /** @type {HTMLElement} */ let list;
  const axis = () => { const only = alone();
    return only ? html`<b>${t().component[only]}</b>` : [0, 25, 50, 75, 100].map((n) => html`<i>${n}</i>`); };
  const hasMore = () => { const now = ranking(); return now && now.next && now.items.length < 200 && !sought(); };
  return html`<div>
    <div class="head" aria-hidden="true"><span>${() => t().rank.head.rank}</span><span>${() => t().rank.head.who}</span>
    <span class="axis num">${axis}</span>
      <span class="side">${() => t().rank.head.organization}</span><span class="side">${() => t().rank.head.worker}
      </span><span class="side known">${() => t().rank.head.known}</span>
      <span class="end">${() => (alone() ? t().rank.contribution : t().rank.head.fit)}</span><span></span>
      </div>
    <ol class="rows" aria-label=${() => t().rank.title} ref=${(/** @type {HTMLElement} */ el) => { list = el; }}
    @keydown=${onKeys} @pointerover=${onPoint}
      @pointerleave=${() => pointed.set(null)} @focusout=${() => pointed.set(null)} @click=${onPress}>
      ${each(rows, (one) => one.worker.id, Row, gliding(() => list))}
      </ol>
    ${when(() => ranking() && !rows().length && !missing().length,
      () => html`<p class="empty" role="status">${() => (!sought().trim() ? t().rank.none : found() ? t().rank.noneFound(sought().trim())
      : t().loading)}</p>`)}
    ${when(hasMore,
      () => html`<p class="beyond"><button class="button" @click=${() => requery({ more: '1' })}>${() => t().rank.more}</button></p>`)}
  </div>`;
}

/** @param {{worker: {worker: {id: string, alias: string}, role: string}, onClose: () => void}} of */
function Invitation({ worker: { worker, role }, onClose }) {
  const roles = (deliverable.peek()?.open_places ?? []).filter((one) => one.left > 0);
  const options = () => roles
    .map((one) => /** @type {[string, () => string]} */ ([one.role,
      () => t().invite.left(name('roles', one.role), one.left)]));
  return Dialog({ title: () => t().invite.title(worker.alias), onClose, content: Form({
    id: 'invite', key: `invite ${worker.id}`,
    start: { role: (roles.find((one) => one.role === role) ?? roles[0])?.role, message: '' },
    items: [{ name: 'role', kind: 'select', label: () => t().requests.any.role, options, required: true },
      { name: 'message', kind: 'area', label: () => t().invite.message, hint: () => t().invite.hint, isFirst: true }],
    label: () => t().invite.send,
    send: async (draft) => {
      await post('applications', { deliverable_id: deliverable.peek()?.id, worker_id: worker.id, role: draft.role,
        direction: 'invitation', message: draft.message || null });
      await refresh();
    },
  }) });
}

/**
 * The two points of view, and the fit that they make.
 * @param {() => {organization_side_ppm?: number|null, worker_side_ppm?: number|null, fit_ppm: number}} of
 */
function Sides(of) {
  const side = (/** @type {'organization'|'worker'} */ which, /** @type {string} */ hue) => {
    const value = () => (which === 'organization' ? of().organization_side_ppm : of().worker_side_ppm);
    return html`<div data-c=${hue}><span>${() => t().side[which]}</span><b>${() => points(value())}</b>
      <div class="meter"><i style=${() => ({ width: `${(value() ?? 0) / 10_000}%` })}></i></div>
      </div>`;
  };
  return html`<div class="two num">${side('organization', 'skill')}${side('worker', 'theme')}
    <div class="whole"><span>${() => t().rank.head.fit}</span><b>${() => points(of().fit_ppm)}</b></div>
    <p class="small quiet">${() => t().panel.harmonic}</p>
    </div>`;
}

/** @param {string} id */
function Panel(id) {
  /** @type {import('../../parts/view.js').Signal<{why: Explanation, better: ImprovementList}|null>} */
  const told = signal(null);
  /** @type {import('../../parts/view.js').Signal<Error|null>} */
  const trouble = signal(null);
  const isInviting = signal(false);
  const match = memo(() => ranking()?.items.find((one) => one.worker.id === id) ?? null);
  const seen = memo(() => match() ?? told()?.why ?? null);
  let stop = new AbortController(), timer = 0;
  effect(() => {
    void [weights(), trials(), role(), deliverable(), ranking()?.at_change];
    clearTimeout(timer);
    /** While a slider is dragged, the reasons follow once it rests. */
    timer = setTimeout(ask, told.peek() ? 250 : 0);
  });
  onRemove(() => { clearTimeout(timer); stop.abort(); });
  async function ask() {
    stop.abort();
    stop = new AbortController();
    try {
      const [why,
        better] = await Promise.all([askFor(`matches/preview/workers/${id}`, trial(), stop.signal),
        askFor(`matches/preview/workers/${id}/improvements`, trial(), stop.signal)]);
      told.set({ why, better });
      trouble.set(null);
    } catch (error) {
      if (!isAbort(error)) trouble.set(Object.assign(/** @type {Error} */ (error), { again: ask }));
    }
  }
  const order = () => rows().map((one) => one.worker.id);
  const step = (/** @type {number} */ by) => () => { const ids = order(), i = ids.indexOf(id);
    return i < 0 ? null : (ids[i + by] ?? null); };
  const button = (/** @type {'up'|'down'} */ icon, /** @type {() => string|null} */ to,
    /** @type {() => string} */ label) => html`<button class="button plain square" disabled=${() => !to()}
    aria-label=${label} @click=${() => open(to())}>
    ${Icon(icon)}
    </button>`;
  const place = () => { const one = match(), why = told()?.why;
    return one ? t().rankNo(one.rank)
    : why && !why.is_ranked ? t().panel.wouldRank(why.rank) : why ? t().rankNo(why.rank) : '';
    };
  const application = () => seen()?.application ?? null;
  const canInvite = () => may('applications:write') && deliverable()?.status === 'open' && seen() && !application() &&
    told()?.why.is_ranked;

  const part = (/** @type {Score} */ one,
    /** @type {number} */ top) => html`<li data-c=${one.name}>
    <span class="part-name"><i class="swatch"></i>${t().component[one.name]}</span>
    <i class="meter" aria-hidden="true">
    <i data-imputed=${!one.known} style=${{ width: `${(one.contribution_ppm / top) * 100}%` }}></i>
    </i><b class="num">+${points(one.contribution_ppm)}</b>
    <p class="small">${one.because}</p><small class="num quiet">${points(one.value_ppm)} × ${percent(one.weight_ppm)}
    </small>
    </li>`;
  const parts = () => {
    const scores = seen()?.components ?? [], top = Math.max(1, ...scores.map((one) => one.contribution_ppm));
    return inOrder(scores).map((one) => part(one, top));
  };
  const failed = () => told()?.why.failed_gates ?? [];
  const improvements = () => told()?.better.items ?? [];

  return html`<aside class="panel card" aria-label=${() => t().panel.title} aria-busy=${() => String(!told())}
    @keydown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape' && !isInviting.peek()) close(id); }}>
    <header class="panel-head">
      <div>
      <h2 tabindex="-1" lang="ja"
      ref=${(/** @type {HTMLElement} */ el) => {
        if (matchMedia('(max-width: 1180px)').matches) queueMicrotask(() => el.focus()); }}>
      ${() => seen()?.worker.alias ?? t().loading}
      </h2>
        <p class="small quiet facts"><span>${() => name('roles', seen()?.role)}</span><span>${place}</span>
        <span lang="ja">${() => seen()?.worker.name.split(' ').pop() ?? ''}</span>
        <a class="link" href=${`#/workers/${id}`}>${() => t().people.profile}</a>
        </p>
        </div>
      ${button('up', step(-1), () => t().panel.previous)}${button('down', step(1), () => t().panel.next)}
      <button class="button plain square" aria-label=${() => t().close} @click=${() => close(id)}>${Icon('close')}
      </button>
    </header>
    <div class="panel-body" tabindex="0">
      ${Fault(trouble)}
      ${when(() => failed().length,
        () => html`<section><h3>${() => t().panel.failed}</h3>
        <ul class="fails">
        ${() => failed()
        .map((one) => html`<li><span class="badge warn">${gateName(one.gate)}</span>${one.because}</li>`)}
        </ul>
        </section>`)}
      ${when(seen, () => html`
        ${when(canInvite,
          () => html`<p>
          <button class="button main" data-invite @click=${() => isInviting.set(true)}>${Icon('send')}
          ${() => t().invite.open}
          </button>
          </p>`)}
        ${when(application,
          () => html`<p class="facts"><span class="badge good">${() => word('ApplicationStatus', application()?.status)}
          </span><span>${() => name('roles', application()?.role)}</span>
          </p>`)}
        <section><h3>${() => t().panel.sides}</h3>${Sides(() => /** @type {any} */ (seen() ?? { fit_ppm: 0 }))}
        </section>
        <section>
        <h3>${() => t().panel.parts}
        <span class="quiet small num">${() => t().rank.known} ${() => percent(seen()?.completeness_ppm ?? 0)}</span>
        </h3><ul class="parts">${parts}</ul>
        </section>
        ${when(() => seen()?.other_roles.length,
          () => html`<section><h3>${() => t().panel.otherRoles}</h3>
          <ul class="changes">
          ${() => seen()?.other_roles.map((one) => html`<li><b class="num">${points(one.fit_ppm)}</b>
          <span>${name('roles', one.role)}</span>
          </li>`)}
          </ul>
          </section>`)}
        ${when(() => seen()?.unconfirmed.length,
          () => html`<section><h3>${() => t().panel.unconfirmed}</h3>
          <ul class="fails">
          ${() => seen()?.unconfirmed.map((code) => html`<li>
          <span class="badge warn">${word('Unconfirmed', code)}</span>
          ${t().panel.ask(word('Unconfirmed', code))}
          </li>`)}
          </ul>
          </section>`)}`)}
      ${when(told,
        () => html`<section><h3>${() => (told()?.why.is_ranked ? t().panel.changes : t().panel.changesPass)}</h3>
        ${when(() => isCustom() || trials().length, () => html`<p class="small quiet">${() => t().panel.onTrial}</p>`)}
        ${when(() => improvements().length,
          () => html`<ul class="changes">
          ${() => improvements()
          .map((one) => html`<li><b class="num">${t().rankNo(one.rank)}</b><span>${one.because}</span>
          <span class="num quiet small">${points(one.fit_ppm)}</span>
          </li>`)}
          </ul>`,
          () => html`<p class="quiet">${() => t().panel.noChange}</p>`)}
        </section>`)}
    </div>
    ${when(isInviting,
      () => Invitation({ worker: /** @type {any} */ (seen.peek()), onClose: () => isInviting.set(false) }))}
  </aside>`;
}

/** @param {string} id */
function close(id) {
  open(null);
  requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector(`[data-row="${id}"]`))?.focus());
}

function Versus() {
  const matches = memo(() => picked().flatMap((id) => ranking()?.items.find((one) => one.worker.id === id) ?? []));
  const stop = () => close(picked.peek()[0]);
  const row = (/** @type {string} */ label, /** @type {(number|null|undefined)[]} */ values,
    /** @type {(value: number) => string} */ say) => {
    const top = Math.max(...values.map((one) => one ?? -1));
    return html`<tr><th scope="row">${label}</th>
      ${values.map((one) => html`<td class=${`num ${one === top ? 'ahead' : ''}`}>
      ${one === null || one === undefined ? '–' : say(one)}
      </td>`)}
      </tr>`;
  };
  const table = () => {
    const all = matches();
    const score = (/** @type {Match} */ one, /** @type {string} */ c) => one.components.find((part) => part.name === c);
    const most = Math.max(1, ...all.flatMap((one) => one.components.map((part) => part.contribution_ppm)));
    return html`<table class="duel">
      <thead>
      <tr><td></td>
      ${all.map((one) => html`<th scope="col"><b lang="ja">${one.worker.alias}</b>
        <span class="small quiet">${name('roles', one.role)}</span><strong class="num">${points(one.fit_ppm)}</strong>
        </th>`)}
      </tr>
      </thead>
      <tbody>${ORDER.map((c) => {
        const values = all.map((one) => score(one, c)?.contribution_ppm ?? 0), top = Math.max(...values);
        return html`<tr data-c=${c}><th scope="row"><i class="swatch"></i>${t().component[c]}</th>
          ${all.map((one,
          i) => html`<td><span class=${`num ${values[i] === top && top > 0 ? 'ahead' : ''}`}>${points(values[i])}</span>
          <i class="meter" aria-hidden="true">
          <i data-imputed=${score(one, c)?.known === false} style=${{ width: `${(values[i] / most) * 100}%` }}></i>
          </i><p class="small">${score(one, c)?.because ?? ''}</p>
          </td>`)}
          </tr>`;
      })}</tbody>
      <tfoot>${row(t().side.organization, all.map((one) => one.organization_side_ppm), points)}
      ${row(t().side.worker, all.map((one) => one.worker_side_ppm), points)}
      ${row(t().rank.known, all.map((one) => one.completeness_ppm), percent)}
      </tfoot>
      </table>`;
  };
  return html`<aside class="panel card versus" aria-label=${() => t().versus.title}
    @keydown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape') stop(); }}>
    <header class="panel-head"><h2 tabindex="-1">${() => t().versus.title}</h2>
    <button class="button plain square" aria-label=${() => t().close} @click=${stop}>${Icon('close')}</button>
    </header>
    <div class="panel-body" tabindex="0">${table}</div></aside>`;
}

const SHOWN = 30, STEP = 40;

/** Both orders, and who moves: one is the ranking as it stands, the other a preview, which records nothing. */
function SideBySide() {
  /** @type {import('../../parts/view.js').Signal<Match[]>} */
  const other = signal([]);
  effect(() => {
    if (!ranking()) return;
    const stop = new AbortController();
    askFor('matches/preview', { ...trial(), limit: 50, fairness: isFair.peek() ? 'off' : 'on', counts: false },
      stop.signal)
      .then((page) => other.set(page.items),
      () => {});
    onRemove(() => stop.abort());
  });
  const both = memo(() => { const mine = ranking()?.items ?? [];
    return (isFair() ? [other(), mine] : [mine, other()]).map((one) => one.slice(0, SHOWN)); });
  const at = (/** @type {0|1} */ side,
    /** @type {string} */ id) => both()[side].findIndex((one) => one.worker.id === id);
  const row = (/** @type {0|1} */ side) => (/** @type {import('../../parts/view.js').Signal<Match>} */ of,
    /** @type {import('../../parts/view.js').Signal<number>} */ index) => html`<li
    data-open=${() => opened() === of().worker.id}>
    <span class="num quiet">${() => index() + 1}</span>
    <button lang="ja" @click=${() => open(of.peek().worker.id)}>${() => of().worker.alias}</button>
    ${() => { const was = at(0, of().worker.id), by = was - index();
      return side && by && was >= 0 ? moved(by) : null;
      }}
    <b class="num">${() => points(of().fit_ppm)}</b>
    </li>`;
  const column = (/** @type {0|1} */ side) => html`<div><h3>${() => (side ? t().rank.withFair : t().rank.withoutFair)}
    </h3><ol>${each(() => both()[side], (one) => one.worker.id, row(side))}</ol>
    </div>`;
  const lines = () => both()[1].map((one,
    i) => { const was = at(0, one.worker.id);
    return was < 0 ? null
    : html`<svg><line data-moved=${was !== i} x1="0" x2="100%" y1=${was * STEP + STEP / 2} y2=${i * STEP + STEP / 2} />
    </svg>`;
    });
  return html`<div class="both">${column(0)}<svg aria-hidden="true" height=${() => both()[1].length * STEP}>${lines}
    </svg>${column(1)}
    </div>`;
}

/** Looks for who is sought: those in the ranking have a row, of the others it says their rank or why they have none. */
function seek() {
  const q = sought().trim(), stop = new AbortController();
  void [trials(), role()];
  if (!q) return found.set(null);
  const look = async () => {
    try {
      const isId = /^[0-9a-f-]{36}$/i.test(q);
      const { items } = await get('workers', { [isId ? 'ids' : 'q']: q, limit: 12 }, stop.signal);
      /** Whom the list leaves out may be ranked all the same. */
      if (isId && !items.length) items.push({ id: q.toLowerCase() });
      const listed = new Set(ranking.peek()?.items.map((one) => one.worker.id));
      const all = await Promise.all(items.map(async (/** @type {any} */ { id, alias }) => {
        const why = listed.has(id) ? null
          : await askFor(`matches/preview/workers/${id}`, trial(), stop.signal).catch(() => null);
        return { id, alias: alias ?? why?.worker.alias ?? '', why };
      }));
      if (stop.signal.aborted) return;
      found.set(all.filter((one) => one.alias || listed.has(one.id)));
      if (/** @type {any} */ (trouble.peek())?.again === look) trouble.set(null);
    } catch (error) {
      if (!isAbort(error)) trouble.set(Object.assign(/** @type {Error} */ (error), { again: look }));
    }
  };
  const timer = setTimeout(look, 250);
  onRemove(() => { clearTimeout(timer); stop.abort(); });
}

/** Tells a screen reader what the order became, once it rests, and what the keys are on. */
function Said() {
  const said = signal('');
  effect(() => {
    if (!settled()) return;
    const timer = setTimeout(() => { const [first] = ranking.peek()?.items ?? [];
      if (first) said.set(t.peek().rank.settled(first.worker.alias, points(first.fit_ppm))); },
      700);
    onRemove(() => clearTimeout(timer));
  });
  const part = () => { const now = pointed()?.score;
    return now
    ? t().rank.part(t().component[now.name], points(now.contribution_ppm), now.because, points(now.value_ppm),
    percent(now.weight_ppm))
    : '';
    };
  return html`<p class="sr" role="status">${said}</p><p class="sr" role="status">${part}</p>`;
}

/** @param {KeyboardEvent & {currentTarget: HTMLElement}} e */
function onTabs(e) {
  const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
  if (!by) return;
  const tabs = /** @type {HTMLElement[]} */ ([...e.currentTarget.children]),
    at = tabs.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = tabs[(at + by + tabs.length) % tabs.length];
  to.focus();
  to.click();
  e.preventDefault();
}

/** @param {string} id */
export function RankingScreen(id) {
  const isSheet = () => Boolean(query().sheet);
  void load(id);
  effect(follow);
  /** In another language, all is read anew, and what is on trial stays. */
  effect(() => { language(); void refresh().catch(() => {}); });
  effect(seek);
  effect(onChange(['deliverable', 'application', 'worker', 'weights'], () => { void refresh().catch(() => {}); }));
  onRemove(leave);
  const isBoth = () => query().fair === 'both';
  /** The sheet covers what opens it: the focus goes in with it, and comes back. */
  const turn = (/** @type {boolean} */ is) => { requery({ sheet: is ? '1' : '' });
    queueMicrotask(() => focus(is ? '.rail-close' : '.sheet-open')); };
  const openSheet = () => { turn(true); document.querySelector('.rows')?.scrollIntoView({ block: 'start' }); };
  const passed = (/** @type {string|null} */ code) => {
    const n = code ? ranking()?.passed_by_role?.find((one) => one.role === code)?.passed : ranking()?.passed;
    return n === undefined || n === null ? '' : n; };
  const tab = (/** @type {string|null} */ code) => html`<button role="tab"
    aria-selected=${() => String(role() === code)} tabindex=${() => (role() === code ? 0 : -1)}
    @click=${() => requery({ role: code })}>
    ${() => (code ? name('roles', code) : t().rank.allRoles)}<span class="num count">${() => passed(code)}</span>
    </button>`;
  const search = () => Search({ value: sought, label: () => t().rank.find,
    onText: (q) => requery({ q }, 'q'),
    onEnter: () => { const id = rows.peek()[0]?.worker.id ?? missing.peek()[0]?.id;
    if (id) open(id); } });

  const isRead = memo(() => Boolean(deliverable() && ranking()));
  return html`<main class="screen ranking" id="main" tabindex="-1"
    data-panel=${() => Boolean(opened()) || isVersus()} data-versus=${isVersus} data-sheet=${isSheet}
    aria-busy=${() => String(!isRead() && !trouble())}>
    ${when(isRead, () => html`<header class="title">
      <p class="crumbs small"><a href=${href('requests')}>${() => t().requests.title}</a>${Icon('next')}
      <a href=${href(`requests/${id}`)} lang="ja">${() => deliverable()?.title}</a>
      </p>
      <div class="title-line"><h1><span lang="ja">${() => deliverable()?.title}</span></h1>
      <span class="badge accent">${() => word('DeliverableStatus', deliverable()?.status)}</span>
      </div>
      <p class="small quiet facts"><span>${() => name('deliverable-types', deliverable()?.type)}</span>
      <span>${() => name('formats', deliverable()?.format)}</span><span>${() => name('areas', deliverable()?.area)}
      </span><b class="num">${() => t().rank.passed(ranking()?.passed ?? 0, ranking()?.considered ?? 0)}</b>
      </p>
    </header>
    <div class="rail" id="rail"
    @keydown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape' && query.peek().sheet) turn(false); }}>
    <button class="button plain square rail-close" aria-label=${() => t().close} @click=${() => turn(false)}>
    ${Icon('close')}
    </button>${Weights()}${Gates()}
    </div>
    <section class="middle card" aria-labelledby="list-title">
      <h2 class="sr" id="list-title">${() => t().rank.title}</h2>
      <div class="bar-top">
        <div class="tabs" role="tablist" aria-label=${() => word('WorkerField', 'roles')} @keydown=${onTabs}>${tab(null)}
        ${(deliverable.peek()?.roles ?? []).map((one) => tab(one.role))}
        </div>
        ${search()}
        <button class="button check" aria-pressed=${() => String(isFair())} title=${() => t().rank.fairHint}
        @click=${() => requery({ fairness: isFair.peek() ? 'off' : '' })}>
        ${() => t().rank.fair}
        </button>
        <button class="button check" data-both aria-pressed=${() => String(isBoth())}
        @click=${() => requery({ fair: isBoth() ? '' : 'both' })}>
        ${() => t().rank.both}
        </button>
      </div>
      ${when(() => trials().length,
        () => html`<p class="notice" role="status"><span>${() => t().gates.onTrial}</span>
        <button class="button slim" @click=${unease}>${() => t().gates.undo}</button>
        </p>`)}
      ${Zero()}${Fault(trouble)}
      ${when(isBoth, SideBySide, () => html`${Legend()}${List()}`)}
      ${when(() => missing().length,
        () => html`<section class="missing"><h3>${() => t().rank.notListed}</h3>
        <ul>
        ${() => missing().map(({ id, alias, why }) => html`<li>
        <button class="button" @click=${() => open(id)}><span lang="ja">${alias}</span>
        ${why && html`<span class="badge">${why.is_ranked ? t().rankNo(why.rank) : why.failed_gates.map((one) => gateName(one.gate)).join(t().comma)}</span>`}
        </button>
        </li>`)}
        </ul>
        </section>`)}
    </section>
    ${keyed(() => (isVersus() ? '' : opened()), (who) => (who ? Panel(who) : null))}${when(isVersus, Versus)}
    ${when(() => picked().length > 1 && !isVersus(),
      () => html`<button class="button main compare-open" @click=${compare}>${() => t().versus.open(picked().length)}
      </button>`)}
    <button class="button main sheet-open" aria-expanded=${() => String(isSheet())} aria-controls="rail"
    @click=${openSheet}>
    ${Icon('sliders')}${() => t().weights.sheet}${() => (isCustom() ? ' •' : '')}
    </button>
    ${Tip()}${Said()}`,
    () => Waiting(trouble))}
  </main>`;
}
