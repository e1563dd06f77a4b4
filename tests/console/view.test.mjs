// The view layer and the words, in the browser they are for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFile } from 'node:fs/promises';
import { base, launch, open } from './support.mjs';

let browser, page, faults, folder;
before(async () => {
  browser = await launch();
  ({ page, faults } = await open(browser, { link: base }));
  folder = await page.evaluate(() => document.querySelector('link[rel=modulepreload]').href.replace(/(console\/\w+\/).*/, '$1'));
});
after(() => browser?.close());

/** Runs in the page, with the view layer and an empty element. */
const inPage = (body) => page.evaluate(`(async () => {
  const view = await import('${folder}parts/view.js');
  const into = document.body.appendChild(document.createElement('div'));
  try { return await (${body})(view, into); } finally { into.remove(); }
})()`);

test('a live place follows its signal, and nothing else is written again', async () => {
  const seen = await inPage(({ html, mount, signal }, into) => {
    const name = signal('one'), kind = signal('a');
    mount(into, () => html`<p class=${() => `x ${kind()}`}>Hello ${name}, <b>bold</b></p>`);
    const bold = into.querySelector('b'), before = into.innerHTML.length > 0 && into.textContent;
    name.set('two');
    kind.set('b');
    return [before, into.textContent, into.querySelector('p').className, bold === into.querySelector('b')];
  });
  assert.deepEqual(seen, ['Hello one, bold', 'Hello two, bold', 'x b', true]);
});

test('data is text, whatever it looks like', async () => {
  const seen = await inPage(({ html, mount }, into) => {
    mount(into, () => html`<p title=${'<i>"&'}>${'<img src=x onerror=alert(1)>'}</p>`);
    return [into.querySelector('img'), into.textContent, into.querySelector('p').title];
  });
  assert.deepEqual(seen, [null, '<img src=x onerror=alert(1)>', '<i>"&']);
});

test('several signals set in a batch are one change, and no effect sees an old memo', async () => {
  const seen = await inPage(({ batch, effect, memo, signal }) => {
    const a = signal(1), b = signal(2), sum = memo(() => a() + b()), log = [];
    effect(() => { log.push([a(), b(), sum()]); });
    batch(() => { a.set(10); b.set(20); });
    a.set(11);
    return log;
  });
  assert.deepEqual(seen, [[1, 2, 3], [10, 20, 30], [11, 20, 31]]);
});

test('a memo is up to date within a batch, through other memos, too', async () => {
  const seen = await inPage(({ batch, memo, signal }) => {
    const a = signal(1), double = memo(() => a() * 2), more = memo(() => double() + 1);
    return batch(() => { a.set(5); return [more.peek(), double()]; });
  });
  assert.deepEqual(seen, [11, 10]);
});

test('what is removed no longer runs, and says so once', async () => {
  const seen = await inPage(({ effect, html, mount, onRemove, signal, when }, into) => {
    const is = signal(true), n = signal(0), log = [];
    mount(into, () => html`${when(is, () => { effect(() => { log.push(n()); }); onRemove(() => log.push('removed')); return html`<p>shown</p>`; }, () => 'hidden')}`);
    n.set(1);
    is.set(false);
    n.set(2);
    const text = into.textContent;
    is.set(true);
    return [log, text, into.textContent];
  });
  assert.deepEqual(seen, [[0, 1, 'removed', 2], 'hidden', 'shown']);
});

test('a condition that stays the same keeps its elements', async () => {
  const seen = await inPage(({ html, mount, signal, when }, into) => {
    const n = signal(1);
    mount(into, () => html`${when(n, () => html`<input value="x" />`)}`);
    const first = into.querySelector('input');
    n.set(2);
    return first === into.querySelector('input');
  });
  assert.equal(seen, true);
});

test('a list keeps its elements, their focus and what is typed while the order changes', async () => {
  const seen = await inPage(({ each, html, mount, signal }, into) => {
    const list = signal(['a', 'b', 'c', 'd'].map((id, i) => ({ id, n: i })));
    mount(into, () => html`<ul>${each(list, (one) => one.id, (one, index) => html`<li><input aria-label=${() => one().id} /><i>${() => one().n} ${index}</i></li>`)}</ul>`);
    const field = into.querySelector('[aria-label=c]');
    field.focus();
    field.value = 'typed';
    list.set([{ id: 'd', n: 9 }, { id: 'c', n: 8 }, { id: 'e', n: 7 }, { id: 'a', n: 6 }]);
    return [[...into.querySelectorAll('input')].map((one) => one.ariaLabel).join(''), [...into.querySelectorAll('i')].map((one) => one.textContent).join(' '), document.activeElement === field, into.querySelector('[aria-label=c]').value];
  });
  assert.deepEqual(seen, ['dcea', '9 0 8 1 7 2 6 3', true, 'typed']);
});

test('where what had the focus is gone, the next in its place has it', async () => {
  const seen = await inPage(({ each, html, mount, signal, when }, into) => {
    const list = signal(['a', 'b', 'c']), is = signal(true), words = signal('x');
    mount(into, () => html`<section tabindex="-1"><ul>${each(list, (one) => one, (one) => html`<li><button>edit ${one}</button><button>delete ${one}</button></li>`)}</ul>
      ${when(is, () => html`<p><button>old</button></p>`, () => html`<p><button>new</button></p>`)}${() => html`<p><i>${words()}</i><button>live</button></p>`}</section>`);
    const buttons = () => [...into.querySelectorAll('button')], at = () => document.activeElement.textContent || document.activeElement.tagName;
    const log = [], look = (text, change) => { buttons().find((one) => one.textContent === text).focus(); change(); log.push(at()); };
    look('delete b', () => list.set(['a', 'c']));
    look('delete c', () => list.set(['a']));
    look('delete a', () => list.set([]));
    look('old', () => is.set(false));
    look('live', () => words.set('y'));
    return log;
  });
  assert.deepEqual(seen.slice(0, 2), ['delete c', 'delete a']);
  assert.equal(seen[2].slice(0, 3), 'old', 'of an empty list, what is around it');
  assert.deepEqual(seen.slice(3), ['new', 'live']);
});

test('what has the same key twice is there twice', async () => {
  const seen = await inPage(({ each, html, mount, signal }, into) => {
    const list = signal(['a', 'b', 'a']);
    mount(into, () => html`<ul>${each(list, (one) => one, (one) => html`<li>${() => one()}</li>`)}</ul>`);
    const before = into.textContent;
    list.set(['c', 'a', 'a', 'b']);
    const between = into.textContent;
    list.set(['a', 'c']);
    return [before, between, into.textContent];
  });
  assert.deepEqual(seen, ['aba', 'caab', 'ac']);
});

test('one row that rises is the only one that moves, and what is the same is not written again', async () => {
  const seen = await inPage(async ({ each, html, mount, signal }, into) => {
    const list = signal(['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, n: 1 })));
    mount(into, () => html`<ul>${each(list, (one) => one.id, (one) => html`<li title=${() => one().n}>${() => one().id}</li>`)}</ul>`);
    const moved = new Set(), written = [];
    const watch = new MutationObserver((records) => { for (const { type, addedNodes, target } of records) { if (type === 'childList') for (const node of addedNodes) moved.add(node.textContent); else written.push(target.title ?? target.data); } });
    watch.observe(into, { subtree: true, childList: true, attributes: true, characterData: true });
    list.set(['d', 'a', 'b', 'c', 'e'].map((id) => ({ id, n: id === 'b' ? 2 : 1 })));
    await new Promise((done) => { setTimeout(done); });
    watch.disconnect();
    return [into.textContent, [...moved], written];
  });
  assert.deepEqual(seen, ['dabce', ['d'], ['2']]);
});

test('events are one batch, properties are properties, and drawings are drawings', async () => {
  const seen = await inPage(({ effect, html, mount, signal }, into) => {
    const a = signal(0), b = signal(0), log = [];
    effect(() => { log.push(a() + b()); });
    mount(into, () => html`<button disabled=${() => a() > 5} .hidden=${false} style=${{ '--x': '3px' }} @click=${() => { a.set(1); b.set(1); }}>go</button><svg viewBox="0 0 1 1"><path d="M0 0" /></svg>`);
    into.querySelector('button').click();
    return [log, into.querySelector('button').hasAttribute('disabled'), into.querySelector('button').style.getPropertyValue('--x'), into.querySelector('path').namespaceURI];
  });
  assert.deepEqual(seen, [[0, 2], false, '3px', 'http://www.w3.org/2000/svg']);
});

test('a template that is not closed is refused', async () => {
  const refused = await inPage(({ html }) => { try { html`<p><b></p>`; return false; } catch { return true; } });
  assert.equal(refused, true);
});

test('Japanese and English have the same texts', async () => {
  const [ja, en] = await page.evaluate(async (url) => {
    const keys = (value, path = '') => (value !== null && typeof value === 'object' ? Object.entries(value).flatMap(([key, one]) => keys(one, `${path}.${key}`)) : [`${path} ${typeof value}`]);
    return Promise.all(['ja', 'en'].map(async (one) => keys((await import(`${url}words/${one}.js`)).default).sort()));
  }, folder);
  assert.deepEqual(ja, en);
  assert.ok(ja.length > 100);
});

test('what is sent without its spaces says the same', async () => {
  const said = (value) => (typeof value === 'object' ? Object.entries(value).map(([key, one]) => `${key}: ${said(one)}`).join('\n') : String(typeof value === 'function' ? value(...'ABCDE') : value));
  for (const one of ['ja', 'en']) {
    const written = await readFile(new URL(`../../console/words/${one}.js`, import.meta.url), 'utf8');
    const sent = await page.evaluate(`(async () => { const said = ${said}; return said((await import('${folder}words/${one}.js')).default); })()`);
    assert.equal(sent, said((await import(`data:text/javascript,${encodeURIComponent(written)}`)).default));
  }
});

test('nothing was logged, and nothing broke the policy', () => assert.deepEqual(faults, []));
