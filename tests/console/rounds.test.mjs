// A team for one request, and a round over many: what is tried, what it costs, and publishing it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, launch, open, openRequest } from './support.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const NAMES = '.seat [data-seat]';
const changes = (page, selector, old) => page.waitForFunction(([one, was]) => [...document.querySelectorAll(one)].map((found) => found.textContent).join() !== was, [selector, old]);
const texts = async (page, selector) => (await page.locator(selector).allTextContents()).join();

async function made(title, roles) {
  const { organization_id } = await openRequest();
  return api('POST', 'deliverables', { organization_id, type: 'flyer', title, status: 'open', ...(roles && { roles }) });
}

test('a team is tried by keyboard and by dragging, and made into a round', async () => {
  const request = await made('みんなで作るチラシ');
  const { page, faults } = await open(browser, { width: 1280, height: 1400 });
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}`);
  await page.click('.team-open');
  await page.waitForSelector('.others [data-candidate]');
  assert.deepEqual(await accessibility(page), []);
  const first = await texts(page, NAMES);
  const candidate = page.locator('.column:first-child [data-candidate]').first();
  const who = await candidate.locator('span[lang]').textContent();
  await candidate.focus();
  await page.keyboard.press('p');
  await changes(page, NAMES, first);
  await page.waitForSelector('.seat[data-pinned]');
  assert.ok((await texts(page, '.seat[data-pinned]')).includes(who));
  assert.match(page.url(), /pins=/, 'what is on trial is in the address');
  assert.ok(await page.locator('.title .late').count(), 'the cost is told');
  assert.ok(await page.locator('.stacked .lines li').count());
  const pinned = await texts(page, NAMES);
  await page.focus('.seat[data-pinned] [data-seat]');
  await page.keyboard.press('Backspace');
  await changes(page, NAMES, pinned);
  assert.equal(await texts(page, NAMES), first);
  await page.dragAndDrop('.column:nth-child(2) .seat', '.chips');
  await changes(page, NAMES, first);
  assert.match(page.url(), /bans=/);
  const banned = await texts(page, NAMES);
  await page.reload();
  await page.waitForSelector(NAMES);
  assert.equal(await texts(page, NAMES), banned, 'the address says all');
  await page.dragAndDrop('.column:first-child .others li', '.column:first-child');
  await page.waitForSelector('.seat[data-pinned]');
  await page.selectOption('[data-rule=min]', '70');
  await page.waitForFunction(() => document.querySelector('.column .none') || document.querySelectorAll('.seat').length);
  await page.selectOption('[data-rule=min]', '0');
  await page.selectOption('[data-rule=shared]', '1');
  await page.waitForSelector('.week [data-shared]');
  const team = await texts(page, NAMES);
  await page.click('[data-round]');
  await page.waitForSelector('.round .seat[data-pinned]');
  for (const one of team.split(',')) assert.ok((await texts(page, '.round .seat')).includes(one));
  assert.deepEqual(faults, []);
});

test('a round is made by choosing, changed, compared, checked and published', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/rounds/new`);
  await page.waitForSelector('.choice');
  assert.deepEqual(await accessibility(page), []);
  await page.fill('#title', '春の割り当て');
  await page.click('.pad .moves button:last-of-type');
  const chosen = await page.locator('.choice input').all();
  for (const one of chosen.slice(0, 3)) await one.check();
  await page.reload();
  await page.waitForSelector('.choice');
  assert.equal(await page.inputValue('#title'), '春の割り当て', 'what was chosen survives a reload');
  assert.equal(await page.locator('.choice input:checked').count(), 3);
  await page.click('.actions .main');
  await page.waitForSelector('.demand .seat');
  const id = page.url().split('/').pop();
  assert.equal((await api('GET', `rounds/${id}`)).request.deliverable_ids.length, 3);
  assert.deepEqual(await accessibility(page), []);

  await page.click('.seat [data-ban]');
  await page.waitForSelector('.difference .moved li');
  assert.equal((await api('GET', `rounds/${id}`)).request.bans.length, 1);
  assert.deepEqual(await accessibility(page), []);
  await page.click('.difference [data-undo]');
  await page.waitForFunction(() => !document.querySelector('.difference [data-undo]'));
  assert.equal((await api('GET', `rounds/${id}`)).request.bans.length, 0);
  await page.click('.demand [data-choose]');
  await page.waitForSelector('dialog [data-candidate]');
  assert.deepEqual(await accessibility(page), []);
  await page.click('dialog li:nth-child(3) [data-candidate]');
  await page.waitForSelector('.seat[data-pinned]');
  await page.click('.switch button:last-child');
  await page.waitForFunction(() => document.querySelectorAll('.demand').length === 1);
  assert.match(page.url(), /show=pinned/);
  await page.click('[data-compare]');
  await page.waitForSelector('.pair-table td.num');
  assert.match(page.url(), /compare=each/);
  assert.deepEqual(await accessibility(page), []);

  // A colleague was quicker: what is shown is read anew, and nothing is overwritten.
  const { version } = await api('GET', `rounds/${id}`);
  await page.route('**/v1/rounds/*', async (route) => (route.request().method() === 'PATCH' ? route.continue({ headers: { ...route.request().headers(), 'if-match': `"${version - 1}"` } }) : route.continue()));
  await page.selectOption('#objective', 'fit');
  await page.waitForSelector('.notice.bad');
  assert.equal((await api('GET', `rounds/${id}`)).objective, 'fill_then_fit');
  await page.unroute('**/v1/rounds/*');

  await page.click('[data-publish]');
  await page.click('[data-sure]');
  await page.waitForFunction(() => !document.querySelector('[data-publish]'));
  const round = await api('GET', `rounds/${id}`);
  assert.equal(round.status, 'published');
  assert.ok(round.assignments.every((one) => one.application_id));
  assert.deepEqual(faults.filter((one) => !/412/.test(one)), []);
});

test('where somebody has changed since, nobody is invited, and the round is computed again', async () => {
  const request = await made('あとで変わるチラシ');
  const round = await api('POST', 'rounds', { title: '急ぎの割り当て', deliverable_ids: [request.id] });
  const { assignments } = await api('GET', `rounds/${round.id}`);
  const worker = await api('GET', `workers/${assignments[0].worker.id}`);
  await api('PATCH', `workers/${worker.id}`, { status: 'paused' }, { 'content-type': 'application/merge-patch+json' });
  const { page, faults, expected } = await open(browser, {});
  expected.push(/409/);
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/rounds/${round.id}`);
  await page.click('[data-publish]');
  await page.click('[data-sure]');
  await page.waitForSelector('dialog .notice li');
  assert.ok((await texts(page, 'dialog .notice')).includes(assignments[0].worker.name));
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual((await api('GET', `applications?deliverable_id=${request.id}`)).items, []);
  await page.click('dialog [data-again]');
  await page.waitForSelector('.difference .moved li');
  await page.click('[data-publish]');
  await page.click('[data-sure]');
  await page.waitForFunction(() => !document.querySelector('[data-publish]'));
  assert.equal((await api('GET', `applications?deliverable_id=${request.id}`)).items.length, 3);
  assert.deepEqual(faults, []);
});

test('a round is deleted once it is meant, and the list lacks it', async () => {
  const request = await made('消す割り当てのチラシ');
  const round = await api('POST', 'rounds', { title: '消す割り当て', deliverable_ids: [request.id] });
  const { page, faults, expected } = await open(browser, {});
  expected.push(/404|412/);
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/rounds/${round.id}`);
  await page.waitForSelector('[data-publish]');
  page.once('dialog', (dialog) => dialog.dismiss());
  await page.click('[data-delete]');
  assert.equal((await api('GET', `rounds/${round.id}`)).status, 'draft');
  // A colleague has changed it: nothing that one hasn't seen is deleted.
  await page.route('**/v1/rounds/*', (route) => (route.request().method() === 'DELETE' ? route.continue({ headers: { ...route.request().headers(), 'if-match': '"99"' } }) : route.continue()));
  page.on('dialog', (dialog) => dialog.accept());
  await page.click('[data-delete]');
  await page.waitForSelector('.notice.bad');
  assert.equal((await api('GET', `rounds/${round.id}`)).status, 'draft');
  await page.unroute('**/v1/rounds/*');
  await page.locator('[data-delete]').press('Enter');
  await page.waitForFunction(() => location.hash === '#/rounds');
  await page.waitForSelector('.table-box[aria-busy=false]');
  await page.waitForTimeout(700);
  assert.equal(await page.locator(`a[href="#/rounds/${round.id}"]`).count(), 0);
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY', 'the focus is on the screen');
  assert.equal(await page.locator('.banner p').count(), 0);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});
