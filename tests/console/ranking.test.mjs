// What is looked at in a ranking: who is sought, weights of zero, and Back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, invite, launch, open, openRequest, rest } from './support.mjs';

const merge = { 'content-type': 'application/merge-patch+json' };
let browser, request;
before(async () => { [browser, request] = [await launch(), await openRequest()]; });
after(() => browser?.close());

const ranks = (page) => page.$$eval('.row', (rows) => rows.map((row) => row.dataset.key).join());
/** The address without what is nobody's choice. */
const hash = (page) => decodeURIComponent(page.url().split('#')[1]);

test('whoever the user may see is found, by alias, name and id, with their row or what they are instead', async () => {
  const { organization_id } = request, mine = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: 'さがすチラシ', status: 'open' });
  const ranked = (await api('GET', `deliverables/${mine.id}/matches?limit=200`)).items, listed = new Set(ranked.map((one) => one.worker.id));
  const all = (await api('GET', 'workers?limit=200')).items, gated = all.find((one) => !listed.has(one.id) && one.personal?.name);
  const out = ranked.at(-1), agreed = await api('GET', `workers/${out.worker.id}`), { id } = await api('POST', 'applications', { deliverable_id: mine.id, worker_id: agreed.id, role: out.role });
  for (const status of ['shortlisted', 'offered', 'agreed']) await api('PATCH', `applications/${id}`, { status }, merge);
  // Those at the end, as other tests need the best, and of another role, whose place is still open.
  const [{ worker: { id: last } }, { worker: applied, role }] = ranked.filter((one) => one.role !== out.role).slice(-2);
  await api('POST', 'applications', { deliverable_id: mine.id, worker_id: applied.id, role });
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${mine.id}/ranking`);
  await page.waitForSelector('.row');
  const seek = async (text) => { await page.fill('[data-search]', ''); await page.waitForFunction(() => !location.hash.includes('q=')); await page.fill('[data-search]', text); };
  for (const one of [await api('GET', `workers/${last}`), await api('GET', `workers/${applied.id}`)]) for (const text of [one.id, one.personal.name, one.alias]) {
    await seek(text);
    // An alias is not one person's.
    await page.waitForFunction(([id, isOne]) => (!isOne || document.querySelector('.rows').children.length < 30) && document.querySelector(`.row[data-key="${id}"]`), [one.id, text !== one.alias]);
  }
  for (const one of [gated, agreed]) for (const text of [one.id, one.personal.name]) {
    await seek(text);
    const found = page.locator('.missing li', { hasText: one.alias }).first();
    await found.locator('.badge').waitFor();
    assert.ok((await found.locator('.badge').textContent()).length > 1, 'why they have no row');
  }
  assert.deepEqual(await accessibility(page), []);
  await page.press('[data-search]', 'Enter');
  await page.waitForSelector('.panel .fails li');
  await seek('だれでもない人');
  await page.waitForFunction(() => document.querySelector('.empty')?.textContent.includes('だれでもない人'));
  assert.deepEqual(faults, []);
});

test('a coordinator finds who is ranked, too, and nobody beyond', async () => {
  const { link } = await invite({ role: 'coordinator', areas: [request.area] }), { page, faults } = await open(browser, { link });
  await page.waitForSelector('.queue');
  const ranked = (await api('GET', `deliverables/${request.id}/matches?limit=200`)).items, elsewhere = ranked.findLast((one) => one.worker.area && one.worker.area !== request.area);
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.waitForSelector('.row');
  await page.fill('[data-search]', elsewhere.worker.alias);
  await page.waitForSelector(`.row[data-key="${elsewhere.worker.id}"]`);
  await page.click(`.row[data-key="${elsewhere.worker.id}"] .name`);
  await page.waitForSelector('.panel .parts li');
  // Whom their list of workers leaves out, and who has no row, is found by the id, with what keeps them from one.
  const listed = new Set(ranked.map((one) => one.worker.id)), all = (await api('GET', 'workers?limit=200&status=active')).items;
  const beyond = all.find((one) => !listed.has(one.id) && one.consent && one.area && one.area !== request.area);
  await page.fill('[data-search]', beyond.id);
  const found = page.locator('.missing li', { hasText: beyond.alias });
  await found.locator('.badge').waitFor();
  assert.ok((await found.locator('.badge').textContent()).length > 1);
  assert.deepEqual(faults, []);
});

for (const width of [1280, 390]) test(`weights of zero are said, and everything goes on (${width} px)`, async () => {
  const { page, faults } = await open(browser, { width, height: 844 });
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}/ranking?w=${Array(9).fill(0).join('-')}`);
  await page.waitForSelector('.row');
  await page.waitForSelector('.middle > .notice:has-text("0より大きく")');
  assert.deepEqual(await accessibility(page), []);
  await page.locator('.row .name').first().click();
  await page.waitForSelector('.panel .parts li');
  await page.locator('.panel-head button').last().click();
  if (width < 900) await page.click('.sheet-open');
  const before = await ranks(page);
  await page.locator('#w-distance').press('End');
  await page.waitForSelector('.middle > .notice', { state: 'detached' });
  await page.waitForFunction((old) => [...document.querySelectorAll('.row')].map((row) => row.dataset.key).join() !== old, before);
  await page.waitForURL(/w=0-.*100/);
  await page.locator('#w-distance').press('Home');
  await page.waitForSelector('.middle > .notice');
  await page.waitForURL(/w=0-0-0-0-0-0-0-0-0/);
  await page.reload();
  await page.waitForSelector('.row');
  await page.waitForSelector('.middle > .notice');
  assert.deepEqual(faults, []);
});

test('once a slider rests, every row is where the service has it, also those that nobody saw move', async () => {
  const { page, faults } = await open(browser, { width: 390, height: 844 });
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.waitForSelector('.row');
  await rest(page);
  await page.click('.sheet-open');
  await page.locator('#w-distance').press('End');
  for (let i = 0; i < 12; i += 1) await page.locator('#w-skill').press('ArrowLeft');
  await page.waitForURL(/w=22-/);
  const names = ['skill', 'experience', 'reliability', 'text', 'availability', 'distance', 'theme', 'format', 'responsiveness'], list = /w=([\d-]+)/.exec(page.url())[1].split('-').map(Number);
  const { items, weights } = await api('POST', 'matches/preview', { deliverable_id: request.id, need: {}, limit: 50, fairness: 'on', weights: Object.fromEntries(names.map((one, i) => [one, list[i]])) });
  assert.ok(weights && items.length > 30);
  await page.waitForFunction((ids) => [...document.querySelectorAll('.row')].map((row) => `${row.dataset.key} ${row.querySelector('.place b').textContent}`).join() === ids, items.map((one) => `${one.worker.id} ${one.rank}`).join());
  assert.deepEqual(faults, []);
});

test('a search in a ranking that is overtaken is no fault, and one that fails is made again', async () => {
  const { page, faults, expected } = await open(browser, {}), asked = [];
  expected.push(/500/);
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.waitForSelector('.row');
  await page.route('**/v1/workers?*', (route) => { asked.push(route); });
  for (const text of ['ぬぬぬ', 'ぬぬぬぬ']) await Promise.all([page.waitForRequest('**/v1/workers?*'), page.fill('[data-search]', text)]);
  while (asked.length < 2) await page.waitForTimeout(20);
  await asked[1].fulfill({ status: 500, contentType: 'application/problem+json', body: '{"code":"internal","detail":"内部エラーです。","request_id":"01a2-7"}' });
  await page.waitForSelector('.notice.bad');
  await page.unroute('**/v1/workers?*');
  await page.click('.notice.bad [data-again]');
  await page.waitForSelector('.notice.bad', { state: 'detached' });
  await page.waitForFunction(() => document.querySelector('.ranking .empty')?.textContent.includes('ぬぬぬぬ'));
  assert.deepEqual(faults, []);
});

test('each step in a ranking is in the address, and Back undoes it', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.waitForSelector('.easings .button');
  await rest(page);
  const state = () => page.evaluate(() => JSON.stringify([...document.querySelectorAll('.row')].map((row) => [row.dataset.key, row.dataset.open, row.dataset.picked])
    .concat([...document.querySelectorAll('main [aria-pressed=true], main [aria-selected=true]')].map((one) => one.textContent.trim()),
      [...document.querySelectorAll('.slider input')].map((one) => one.value), [Boolean(document.querySelector('.panel')), document.querySelector('.versus') !== null, document.querySelectorAll('.easings [data-on]').length,
        document.querySelector('[data-search]').value, Boolean(document.querySelector('dialog'))])));
  const seen = [[hash(page), await state()]];
  const steps = {
    weigh: () => page.locator('#w-distance').press('End'), only: () => page.click('.chip[data-c=skill]'), all: () => page.click('.legend .button'),
    role: () => page.locator('[role=tab]').nth(1).click(), ease: () => page.locator('.easings .button').first().click(), fair: () => page.click('.bar-top .button.check'),
    open: () => page.locator('.row .name').first().click(), next: () => page.locator('.row .name').nth(1).click(), close: () => page.locator('.panel-head button').last().click(),
    pick: () => page.locator('.row .pick input').nth(0).click(), versus: () => page.locator('.row .pick input').nth(1).click(), end: () => page.locator('.versus .panel-head button').click(),
    seek: () => page.locator('[data-search]').pressSequentially('区の', { delay: 80 }), both: () => page.click('[data-both]'),
  };
  for (const [name, step] of Object.entries(steps)) {
    const old = hash(page);
    await step();
    await page.waitForFunction((before) => decodeURIComponent(location.hash.slice(1)) !== before, old);
    await page.waitForTimeout(700);
    await rest(page);
    assert.notEqual(hash(page), old, name);
    seen.push([hash(page), await state()]);
  }
  await page.reload();
  await page.waitForSelector('.both li');
  const names = Object.keys(steps);
  for (let i = seen.length - 2; i >= 0; i -= 1) {
    await page.goBack();
    await page.waitForFunction((now) => decodeURIComponent(location.hash.slice(1)) === now, seen[i][0]);
    for (let n = 0; n < 20 && await state() !== seen[i][1]; n += 1) await page.waitForTimeout(250);
    assert.equal(await state(), seen[i][1], `Back undoes “${names[i]}”`);
  }
  assert.deepEqual(faults, []);
});
