/**
 * Files to be imported: a new one, which is checked first; how its columns were understood, its first rows with what was
 * found in their cells, and how it goes on.
 */
import {
  all, call, codes, effect, events, Fault, Form, get, go, href, html, Icon, isAbort, language, listing, may, memo, moment,
  name, named, number, onRemove, percent, post, query, reading, replace, requery, save, Screen, sending, signal, stored, t,
  Table, untracked, vocabulary, when, word,
} from '../kit.js';

/**
 * @typedef {import('../types.js').Schemas['Import']} Import
 * @typedef {import('../types.js').Schemas['ImportFinding']} Finding
 */

/** The same file with other options; the service has it. @param {Import} one @param {import('../api.js').Asked} options @returns {Promise<Import>} */
const sendAgain = ({ id, kind, source, on_conflict, on_absent, strict, area, encoding, sheet, file_name },
  options) => call('POST', 'imports', { query: { file_of: id, kind, source, on_conflict, on_absent, strict, area, encoding,
  sheet, file_name, ...options } });

/** The file that was dropped, until it is sent. @type {import('../../parts/view.js').Signal<File|null>} */
const chosen = signal(null);
addEventListener('beforeunload', (event) => { if (chosen.peek()) event.preventDefault(); });

/** Its status in words; what was only checked did not succeed in part. @param {Import} one */
const statusOf = ({ mode, status }) => (mode === 'dry_run' && ['succeeded', 'partial'].includes(status)
  ? t().imports.done : word('ImportStatus', status));

/** How many records an import writes, or would write. @param {Import} one */
const written = ({ progress }) => progress.created + progress.updated + progress.archived;

function Drop() {
  const isOver = signal(false);
  const over = (/** @type {boolean} */ is) => (/** @type {DragEvent} */ e) => { e.preventDefault(); isOver.set(is); };
  const drop = (/** @type {DragEvent} */ e) => { e.preventDefault(); isOver.set(false);
    const file = e.dataTransfer?.files[0]; if (file) chosen.set(file); };
  return html`<label class="drop" data-over=${isOver} @dragover=${over(true)} @dragleave=${over(false)} @drop=${drop}>
    <b>${() => chosen()?.name ?? t().imports.drop}</b><span class="small quiet">${() => t().imports.formats}</span>
    <input class="sr" type="file" id="import-file" accept=".csv,.tsv,.txt,.xlsx,.xls,.ods,.json,.ndjson"
    @change=${(/** @type {any} */ e) => { if (e.target.files[0]) chosen.set(e.target.files[0]); }} />
    </label>`;
}

function NewImport() {
  const check = async (/** @type {Record<string, any>} */ { kind, source, area, on_conflict, on_absent, strict }) => {
    const file = chosen.peek();
    if (!file) throw new Error(t.peek().imports.choose);
    const made = await call('POST', 'imports', { body: file,
      query: { kind, source, area, on_conflict, on_absent, strict: strict || undefined, mode: 'dry_run',
      file_name: file.name } });
    chosen.set(null);
    go(`imports/${made.id}`);
  };
  const areas = () => [/** @type {import('../../parts/form.js').Option} */ (['', () => t().imports.noArea]),
    ...named('areas')];
  return html`<section class="card form" aria-labelledby="new-import"><h2 id="new-import">${() => t().imports.new}</h2>
    ${Drop()}
    ${Form({ id: 'import', kind: 'wide',
      start: { kind: 'workers', source: 'roster', area: '', on_conflict: 'update', on_absent: 'keep' },
      label: () => t().imports.check, send: check, items: [
      { name: 'kind', kind: 'select', label: () => t().imports.kind, options: () => codes('ImportKind') },
      { name: 'source', label: () => t().imports.source, required: true, most: 100,
        hint: () => t().imports.sourceHint },
      { name: 'area', kind: 'select', label: () => t().imports.area, options: areas },
      { name: 'on_conflict', kind: 'select', label: () => t().imports.conflict,
        options: () => codes('ConflictPolicy') },
      { name: 'on_absent', kind: 'select', label: () => t().imports.absent, options: () => codes('AbsentPolicy') },
      { name: 'strict', kind: 'check', label: () => t().imports.strict },
    ], more: html`<span class="small quiet">${() => t().imports.hint}</span>` })}</section>`;
}

/** @param {import('../../parts/view.js').Signal<Import>} of */
const Line = (of) => html`<tr>
  <th scope="row">
  <a data-ticket href=${() => href(`imports/${of().id}`)} lang="ja">
  ${() => of().file_name ?? word('ImportKind', of().kind)}
  </a><span class="small quiet">${() => of().source}</span>
  </th>
  <td>${() => word('ImportKind', of().kind)}</td><td>${() => word('ImportMode', of().mode)}</td>
  <td><span class="badge">${() => statusOf(of())}</span></td><td class="num">${() => number(written(of()))}</td>
  <td class="num">${() => number(of().progress.rejected)}</td><td class="num">${() => moment(of().created_at)}</td>
  </tr>`;

export function ImportsScreen() {
  const list = listing('imports', () => ({ limit: 30 }), ['worker', 'organization', 'deliverable', 'application']);
  return html`<main class="screen request" id="main" tabindex="-1">
    <header class="title"><h1>${() => t().imports.title}</h1></header>
    ${when(() => may('imports:write'), NewImport)}<h2>${() => t().imports.last}</h2>
    ${Table({ of: list, label: () => t().imports.last, head: () => t().imports.head, line: Line })}
    </main>`;
}

/** How many rows are shown without findings, and at most; how many findings. */
const FIRST = 12, SHOWN = 150, FINDINGS = 1000;
const RUNS = ['receiving', 'queued', 'running', 'undoing'];
/** The vocabulary of a kind's fields: ProjectWorkField has those of project_work. @param {string} kind */
const fieldsOf = (kind) => `${kind.replace(/s$/, '').replace(/(?:^|_)(.)/g, (all, first) => first.toUpperCase())}Field`;

/** A suggestion may be a code of the catalogue. @param {string} code */
const suggested = (code) => ['skills', 'themes', 'roles', 'deliverable-types', 'formats', 'areas'].map((of) => name(of, code))
  .find(Boolean) ??
  code;

/** @typedef {{sheet: string|null, line: number, cells: string[]}} Row */
/** @param {string} id @param {AbortSignal} stop @returns {Promise<Row[]>} */
const rowsOf = async (id, stop) => (await (await call('GET', `imports/${id}/annotated-file`,
  { query: { rows: true }, raw: true, stop })).text()).split('\n').filter(Boolean).map((/** @type {string} */ line) => JSON.parse(line));

/** @param {string} id @param {AbortSignal} stop @returns {Promise<Finding[]>} */
const findingsOf = (id, stop) => all(`imports/${id}/findings`, { limit: 200 }, FINDINGS, stop);

/**
 * @param {{one: () => Import, mapping: import('../../parts/view.js').Signal<Record<string, string>>, table:
 * {rows: Row[], findings: Finding[]}}} of
 */
function Rows({ one, mapping, table: { rows, findings } }) {
  const headings = one().progress.headings ?? [], sheet = () => query().sheet ?? one().detected?.read_sheets?.[0] ?? null,
    isHere = (/** @type {{sheet?: string|null}} */ f) => !f.sheet || f.sheet === sheet();
  const fields = fieldsOf(one().kind), codes = Object.keys(vocabulary.peek()[fields] ?? {});
  const isEditable = one().mode === 'dry_run' && codes.length > 0 && may('imports:write');
  const at = (/** @type {string|null|undefined} */ column) => headings.findIndex((heading) => heading.heading === column);
  const byLine = memo(() => Map.groupBy(findings.filter(isHere), (f) => f.line));
  const isOnlyFound = () => query().rows === 'found';
  const shown = memo(() => rows.filter(isHere).filter((row, i) => byLine().has(row.line) || (i < FIRST && !isOnlyFound())).slice(0,
    SHOWN));
  const lines = () => new Set(shown().map((row) => row.line));
  const elsewhere = () => findings.filter((f) => !isHere(f) || !lines().has(f.line));
  const note = (/** @type {Finding} */ f) => html`<span class=${`found-note ${f.severity}`}>${f.message}
    ${f.suggestion && html` <b>→ ${f.code === 'unused_column' ? fieldName(f.suggestion) : suggested(f.suggestion)}</b>`}
    </span>`;
  const choose = (/** @type {string} */ heading) => (/** @type {any} */ e) => {
    const { [heading]: old, ...rest } = mapping.peek();
    mapping.set(e.target.value === '?' ? rest : { ...rest, [heading]: e.target.value }); };
  const column = (/** @type {NonNullable<typeof headings>[number]} */ heading) => {
    const guess = heading.field ? fieldName(heading.field) : t().imports.unused;
    return html`<th scope="col"><span lang="ja">${heading.heading || '–'}</span>
      ${isEditable
      ? html`<select class=${() => `select ${mapping()[heading.heading] === undefined ? '' : 'on'}`}
      aria-label=${() => t().imports.meaning(heading.heading)} @change=${choose(heading.heading)}
      .value=${() => mapping()[heading.heading] ?? '?'}>
      <option value="?">${guess}</option><option value="">${() => t().imports.leaveOut}</option>
      ${codes.map((code) => html`<option value=${code}>${() => fieldName(code)}</option>`)}
      </select>`
      : html`<span class="small">${guess}</span>`}
      <span class="small quiet num">
      ${heading.field ? t().imports.sure(percent(heading.confidence_ppm))
        : heading.nearest ? t().imports.nearest(fieldName(heading.nearest)) : ''}
      </span>
      </th>`;
  };
  const fieldName = (/** @type {string} */ code) => word(fields, code);
  /** Columns of a JSON document are called by their codes. */
  const columnName = (/** @type {string|null|undefined} */ column) => (codes.includes(column ?? '') ? fieldName(column ?? '') : column ?? '');
  const line = (/** @type {Row} */ row) => {
    const found = byLine().get(row.line) ?? [], whole = found.filter((f) => at(f.column) < 0);
    return html`<tr class=${found.some((f) => f.severity === 'error') ? 'rejected' : ''}>
      <th scope="row" class="num">${row.line}${whole.map(note)}</th>${headings.map((heading, i) => {
      const own = found.filter((f) => at(f.column) === i),
        worst = own.some((f) => f.severity === 'error') ? 'error' : own.length ? 'warning' : '';
      return html`<td class=${worst} lang="ja">${row.cells[i] ?? ''}${own.map(note)}</td>`;
    })}</tr>`;
  };
  const view = (/** @type {string|undefined} */ which,
    /** @type {() => string} */ label) => html`<button aria-pressed=${() => String(query().rows === which)}
    @click=${() => requery({ rows: which })}>
    ${label}
    </button>`;
  return html`<section><header class="title-line"><h2>${() => t().imports.rows}</h2>
      <div class="switch" role="group" aria-label=${() => t().requests.view}>${view(undefined, () => t().imports.first)}
      ${view('found', () => t().imports.found)}
      </div>
      ${when(() => (one().detected?.read_sheets?.length ?? 0) > 1,
        () => html`<select class="select" aria-label=${() => t().imports.sheet}
        @change=${(/** @type {any} */ e) => requery({ sheet: e.target.value })} .value=${sheet}>
        ${one().detected?.read_sheets?.map((title) => html`<option value=${title}>${title}</option>`)}
        </select>`)}
      </header>
    <div class="card table-box sheet" tabindex="0" role="region" aria-label=${() => t().imports.rows}>
    <table class="table"><thead><tr><th scope="col">${() => t().imports.line}</th>${() => headings.map(column)}</tr>
    </thead><tbody>${() => shown().map(line)}</tbody>
    </table>
    </div>
    ${when(() => elsewhere().length,
      () => html`<h3>${() => t().imports.elsewhere}</h3>
      <ul class="card findings">
      ${() => elsewhere().slice(0, 100)
      .map((f) => html`<li><span class="num quiet small">${[f.sheet, t().request.row(f.line)].filter(Boolean).join(' ')}
      </span><div><b lang="ja">${columnName(f.column)}</b> ${f.value && html`<span lang="ja">「${f.value}」</span>`} ${note(f)}
      </div>
      </li>`)}
      </ul>`)}
    </section>`;
}

/** @param {string} id */
export function ImportScreen(id) {
  const of = reading((stop) => /** @type {Promise<Import>} */ (get(`imports/${id}`, {}, stop)), []),
    one = () => /** @type {Import} */ (of.shown());
  const trouble = signal(/** @type {Error|null} */ (null)), act = sending(trouble), follows = new AbortController();
  const table = signal(/** @type {{rows: Row[], findings: Finding[]}|null} */ (null)),
    tableTrouble = signal(/** @type {Error|null} */ (null));
  const isAll = signal(false), isKept = signal(true);
  /** What was mapped by hand, until the file is looked at again. */
  const kept = stored(`mapping ${id}`), mapping = signal(/** @type {Record<string, string>} */ (kept.read()));
  effect(() => kept.write(mapping()));
  onRemove(() => follows.abort());
  const status = memo(() => of.shown()?.status), runs = () => RUNS.includes(status() ?? '');

  /** Follows the import until it has ended; the stream may break off. */
  async function follow() {
    while (!follows.signal.aborted && RUNS.includes(of.shown.peek()?.status ?? '')) {
      try {
        for await (const { data } of events(`imports/${id}/events`, {},
          follows.signal)) if (data) of.shown.set(JSON.parse(data));
      } catch (error) {
        if (isAbort(error)) return;
        await new Promise((done) => { setTimeout(done, 1000); });
        await of.load();
      }
    }
  }
  let isFollowing = false;
  effect(() => {
    if (runs() && !isFollowing) { isFollowing = true; void follow().finally(() => { isFollowing = false; }); } });
  effect(() => {
    language();
    /** Undoing may erase the file, with the people in it. */
    if (!status() || runs() || status() === 'undone' || !untracked(() => one().detected)) return;
    const stop = new AbortController();
    onRemove(() => stop.abort());
    Promise.all([rowsOf(id, stop.signal), findingsOf(id, stop.signal)])
      .then(([rows, findings]) => { table.set({ rows, findings }); tableTrouble.set(null); },
      (error) => { if (!isAbort(error)) tableTrouble.set(error); });
  });

  /** @param {string} mode */
  const again = (mode) => act(async () => {
    const old = one(), all = { ...old.mapping, ...mapping.peek() };
    if (mode !== 'dry_run' && isKept.peek() &&
      Object.keys(all).length) await call('PUT', `import-mappings/${old.kind}/${old.source}`,
      { body: { mapping: all } });
    const made = await sendAgain(old, { mode, mapping: Object.keys(all).length ? JSON.stringify(all) : undefined });
    /** What was only tried out is done with. */
    if (old.mode === 'dry_run') await call('DELETE', `imports/${id}`).catch(() => {});
    kept.write({});
    replace(`imports/${made.id}`);
  });
  const tell = (/** @type {string} */ what) => act(async () => of.shown.set(await post(`imports/${id}/${what}`,
    undefined)));
  const remove = () => act(async () => { await call('DELETE', `imports/${id}`); replace('imports'); });
  const download = () => act(() => save(`imports/${id}/annotated-file`, {}));
  const button = (/** @type {() => string} */ label, /** @type {() => unknown} */ run, kind = '',
    ask = /** @type {(() => string)|null} */ (null)) => html`<button class="button ${kind}" disabled=${act.is}
    @click=${() => { if (!ask || confirm(ask())) void run(); }}>
    ${label}
    </button>`;
  const isDry = () => one().mode === 'dry_run', isMapped = () => Object.keys(mapping()).length > 0;
  const counts = /** @type {const} */ (['created', 'updated', 'unchanged', 'skipped', 'rejected', 'findings']);
  return Screen(of, 'request',
    () => html`<header class="title">
    <p class="crumbs small"><a href="#/imports">${() => t().imports.title}</a>${Icon('next')}<span>${() => one().source}
    </span>
    </p>
      <div class="title-line"><h1><span lang="ja">${() => one().file_name ?? word('ImportKind', one().kind)}</span></h1>
      <span class="badge">${() => word('ImportKind', one().kind)}</span>
      <span class="badge">${() => word('ImportMode', one().mode)}</span>
      <span class="badge accent" role="status">${() => statusOf(one())}</span>
      </div>
      <p class="small quiet facts"><span>${() => moment(one().created_at)}</span>
      <span class="num">${() => t().imports.read(number(one().progress.rows_read), one().progress.total)}</span>
      <span>${() => one().detected?.encoding ?? ''}</span>
      </p>
      </header>
    ${when(runs,
      () => html`<div class="meter" aria-hidden="true">
      <i
      style=${() => ({ width: `${(one().progress.rows_read / Math.max(1,
      one().progress.total ?? one().progress.rows_read * 2)) * 100}%` })}>
      </i>
      </div>`)}
    ${when(() => one().error, () => html`<p class="notice bad" role="alert">${() => one().error?.[language()]}</p>`)}
    <div class="figures num">
    ${counts.map((what) => html`<div
      class=${() => `card figure ${what === 'rejected' && one().progress.rejected ? 'late' : ''}`}>
      <span class="quiet">${() => ({ ...t().imports.counts, ...(isDry() && t().imports.would) })[what]}</span>
      <b data-what=${what}>${() => number(one().progress[what])}</b>
      </div>`)}
    </div>
    ${Fault(trouble)}
    ${when(() => may('imports:write'),
      () => html`<div class="card pad run-box">
      ${when(runs,
      () => html`<p>${() => t().imports.running}</p>
      ${when(() => status() !== 'undoing', () => button(() => t().imports.cancel, () => tell('cancel')))}`,
      () => html`
      ${when(() => !isMapped() && one().progress.rejected && one().detected && status() !== 'undone',
        () => html`<p>${() => t().imports.mend(number(one().progress.rejected))}</p>`)}
      ${when(isDry,
        () => html`<p>${() => (isMapped() ? t().imports.mapped : t().imports.checked)}</p>
        ${when(isMapped, () => button(() => t().imports.look, () => again('dry_run'), 'main'),
        () => html`<label class="radio">
        <input type="checkbox" .checked=${isAll} @change=${(/** @type {any} */ e) => isAll.set(e.target.checked)}
        /> ${() => t().imports.all}
        </label>
        ${when(() => Object.keys(one().mapping).length,
          () => html`<label class="radio">
          <input type="checkbox" .checked=${isKept} @change=${(/** @type {any} */ e) => isKept.set(e.target.checked)}
          /> ${() => t().imports.keep}
          </label>`)}
        ${button(() => (act.is() ? t().sending : t().imports.run),
          () => again(isAll.peek() ? 'all_or_nothing' : 'best_effort'), 'main')}`)}`)}
      ${when(() => !isDry() && status() !== 'undone' && written(one()) > 0,
        () => button(() => t().imports.undo, () => tell('undo'), '', () => t().imports.undoAsk))}
      ${when(() => !isDry() && status() !== 'undone' && one().detected,
        () => button(() => t().imports.look, () => again('dry_run')))}
      ${when(() => one().detected && one().progress.findings, () => button(() => t().imports.download, download))}
      ${button(() => t().imports.remove, remove, 'plain', () => t().imports.removeAsk)}`)}
      </div>`)}
    ${Fault(tableTrouble)}
    ${() => { const now = table();
      return now && !runs() && status() !== 'undone' ? untracked(() => Rows({ one, mapping, table: now })) : null; }}`);
}
