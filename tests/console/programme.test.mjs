// The programme: its calendar, events with who came, the map of coverage, and figures with their table.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { accessibility, api, base, launch, open, rest } from './support.mjs';

let browser, programme, event;
before(async () => {
  browser = await launch();
  programme = await api('POST', 'programmes', { title: '試験のプログラム', kind: 'pro_bono', fiscal_year: 2026, areas: [], calendar: [{ kind: 'applications_open', on: '2026-05-01' }, { kind: 'hearing', on: '2027-02-22', until: '2027-03-10' }] });
  event = await api('POST', 'events', { kind: 'seminar', title: 'はじめての説明会', status: 'published', areas: [], times: [{ starts_at: '2026-11-20T19:00:00+09:00' }], capacity: 40, takes_registrations: true, programme_id: programme.id });
});
after(() => browser?.close());

test('a step of the calendar is done, and an event is found in its month', async () => {
  const { page, faults } = await open(browser, { acceptDownloads: true });
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/programme/${programme.id}`);
  await page.waitForSelector('.year .step');
  assert.equal(await page.locator('.year > li').count(), 12);
  assert.deepEqual(await accessibility(page), []);
  await page.check('.year li:nth-child(2) .step input');
  await page.waitForFunction(() => !document.querySelector('.step[data-late]'));
  assert.equal((await api('GET', `programmes/${programme.id}`)).calendar[0].done, true);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-save]')]);
  assert.equal(file.suggestedFilename(), 'report-2026.html');
  await page.click('.year > li:nth-child(8) a');
  await page.waitForSelector('.event .figures');
  assert.ok(page.url().endsWith(event.id));
  assert.deepEqual(faults, []);
});

test('events are filtered, and attendance is taken', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/programme/events`);
  await page.waitForSelector('.table tbody tr');
  await page.selectOption('.filters select:first-child', 'conference');
  await page.waitForFunction(() => [...document.querySelectorAll('.table tbody tr')].every((one) => one.children[2].textContent === '大会・総会'));
  assert.match(page.url(), /kind=conference/);
  assert.deepEqual(await accessibility(page), []);
  await page.goto(`${base}/#/programme/events/${event.id}`);
  await page.waitForSelector('.adder');
  await page.click('.adder summary');
  await page.fill('#name-new', '高橋 一郎');
  await page.fill('#affiliation-new', '地域包括支援センター');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-mark=attended][aria-pressed=true]');
  await page.click('[data-mark=absent]');
  await page.waitForSelector('[data-mark=absent][aria-pressed=true]');
  const { items } = await api('GET', `events/${event.id}/registrations`);
  assert.deepEqual(items.map((one) => [one.name, one.status]), [['高橋 一郎', 'absent']]);
  await page.click('.adder:last-child summary');
  await page.fill('#declared_attendance-new', '27');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => [...document.querySelectorAll('.figure b')].some((one) => one.textContent === '27'));
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('the map is read when it is opened, follows what is measured, and has its table, credits and file', async () => {
  const { page, faults } = await open(browser, { acceptDownloads: true });
  const outlines = [];
  page.on('request', (request) => { if (request.url().endsWith('.topo.json')) outlines.push(request.url()); });
  await page.waitForSelector('.queue');
  assert.deepEqual(outlines, []);
  await page.goto(`${base}/#/programme/coverage`);
  await page.waitForSelector('.map .area');
  assert.equal(outlines.length, 1);
  const { items } = await api('GET', 'statistics/coverage?include_demo=true');
  assert.equal(await page.locator('.map .area').count(), items.length);
  assert.equal(await page.locator('.map .inset').count(), 9, 'islands are in an inset');
  const within = await page.evaluate(() => { const box = document.querySelector('.map').getBoundingClientRect(); return [...document.querySelectorAll('.map .area')].every((one) => { const { left, right, top, bottom, width } = one.getBoundingClientRect(); return width > 2 && left >= box.left && right <= box.right && top >= box.top && bottom <= box.bottom; }); });
  assert.ok(within, 'everything is drawn within the map');
  assert.match(await page.textContent('figcaption'), /国土数値情報/);
  assert.deepEqual(await accessibility(page), []);
  await page.selectOption('.filters select:first-child', 'need');
  const most = items.reduce((a, b) => (b.need.value > a.need.value ? b : a));
  await page.waitForFunction((name) => document.querySelector('.atlas tbody th').textContent === name, most.name);
  await page.click('.atlas tbody [data-pick]');
  await page.waitForSelector('.area[data-on]');
  assert.match(page.url(), new RegExp(`measure=need.*at=${most.area}`));
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-save]')]);
  assert.ok((await readFile(await file.path(), 'utf8')).split('\n').length > items.length);
  assert.deepEqual(faults, []);
});

test('figures are drawn, told in a table, and saved', async () => {
  const { page, faults } = await open(browser, { acceptDownloads: true });
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/programme/statistics`);
  await page.waitForSelector('.chart rect');
  assert.deepEqual(await accessibility(page), []);
  await page.selectOption('[data-choose=by]', 'family');
  const { items } = await api('GET', 'statistics/deliverables?group_by=family&include_demo=true');
  await page.waitForFunction((n) => document.querySelectorAll('.chart rect').length === n && document.querySelectorAll('.table tbody tr').length === n, items.length);
  await page.selectOption('[data-choose=of]', 'outcomes');
  await page.waitForFunction(() => document.querySelectorAll('.table thead th').length === 4);
  await rest(page);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-save]')]);
  assert.equal(file.suggestedFilename(), 'outcomes.csv');
  assert.deepEqual(faults, []);
});
