// What coordinators do besides ranking: a request from words, answers to applications, possible duplicates.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, launch, open, openRequest } from './support.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

test('a request from words', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.keyboard.press('g');
  await page.keyboard.press('n');
  await page.fill('#trouble', '会員が減っていて、若い人に知ってもらいたい。');
  await page.waitForSelector('.proposal');
  assert.ok(await page.textContent('.proposal .because'));
  assert.ok(await page.locator('.questions li').count() > 0);
  await page.fill('#title', '若い人に知ってもらう提案');
  await page.reload();
  await page.waitForSelector('.proposal');
  assert.equal(await page.inputValue('#title'), '若い人に知ってもらう提案', 'what was typed survives a reload');
  const { organization_id } = await openRequest();
  const { name } = await api('GET', `organizations/${organization_id}`);
  await page.fill('#organization', name);
  await page.click('.found .button');
  await page.check('.proposal input');
  assert.deepEqual(await accessibility(page), []);
  await page.click('.actions .main');
  await page.waitForFunction(() => /requests\/[0-9a-f-]{36}$/.test(location.hash));
  const made = await api('GET', `deliverables/${page.url().split('/').pop()}`);
  assert.deepEqual([made.title, made.status, made.organization_id], ['若い人に知ってもらう提案', 'submitted', organization_id]);
  await page.goto(`${base}/#/requests/new`);
  await page.waitForSelector('#title');
  assert.equal(await page.inputValue('#title'), '', 'a sent draft is gone');
  assert.deepEqual(faults, []);
});

test('a request is moved on, corrected and withdrawn', async () => {
  const { organization_id } = await openRequest();
  const made = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: '直すチラシ', status: 'draft' });
  const { page, faults } = await open(browser, {});
  const status = (text) => page.waitForFunction((text) => document.querySelector('.title .badge')?.textContent === text, text);
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${made.id}`);
  await page.waitForSelector('.history li');
  await page.locator('[data-move=submitted]').press('Enter');
  await status('確認待ち');
  await page.click('[data-move=screening]');
  await status('審査中');
  await page.click('[data-edit]');
  await page.fill('#need-title', '直したチラシ');
  await page.fill('#need-ends_on', '2027-03-20');
  assert.deepEqual(await accessibility(page), []);
  await page.press('#need-title', 'Enter');
  await page.waitForSelector('dialog', { state: 'detached' });
  const { title, ends_on, type, roles } = await api('GET', `deliverables/${made.id}`);
  assert.deepEqual([title, ends_on, type, roles], ['直したチラシ', '2027-03-20', 'flyer', made.roles], 'only what was changed is sent');
  page.once('dialog', (dialog) => dialog.accept());
  await page.click('[data-move=cancelled]');
  await status('取り下げ');
  await page.waitForFunction(() => !document.querySelector('[data-edit]'));
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('an application is shortlisted, offered and agreed, another declined', async () => {
  const { organization_id } = await openRequest();
  const request = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: '応募のあるチラシ', status: 'open' });
  const { items } = await api('GET', `deliverables/${request.id}/matches?limit=2`);
  const made = [];
  for (const { worker, role } of items) made.push(await api('POST', 'applications', { deliverable_id: request.id, worker_id: worker.id, role }));
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}`);
  const row = (index) => `.applications > li:has(a[href$="worker=${items[index].worker.id}"])`;
  const move = async (index, to) => {
    await page.click(`${row(index)} [data-move=${to}]`);
    await page.waitForSelector('dialog[open]');
    assert.deepEqual(await accessibility(page), []);
    if (to === 'agreed') { await page.fill('#move-goal', '会員を10人ふやす。'); await page.fill('#move-schedule', '土曜の午前に作業する。'); }
    await page.fill('#move-note', 'よろしくお願いします。');
    await page.click('dialog .main');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.equal((await api('GET', `applications/${made[index].id}`)).status, to);
  };
  await move(0, 'shortlisted');
  await page.waitForSelector(`${row(0)} [data-move=offered]`);
  await move(0, 'offered');
  await page.waitForSelector(`${row(0)} [data-move=agreed]`);
  await move(0, 'agreed');
  await move(1, 'declined');
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('two records side by side are merged, and parted again', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.click('.nav a[href="#/workers"]');
  await page.click('.subnav a[href="#/duplicates"]');
  await page.waitForSelector('.queue a');
  assert.deepEqual(await accessibility(page), []);
  await page.click('.queue ol a');
  await page.waitForSelector('.differs');
  assert.deepEqual(await accessibility(page), []);
  const id = page.url().split('/').pop();
  await page.click('.moves .button');
  await page.waitForFunction(() => document.querySelectorAll('.moves .button').length === 1);
  assert.equal((await api('GET', `duplicates/${id}`)).status, 'merged');
  const merged = await page.textContent('.badge.accent');
  await page.click('.moves .button');
  await page.waitForFunction((old) => document.querySelector('.badge.accent')?.textContent !== old, merged);
  assert.notEqual((await api('GET', `duplicates/${id}`)).status, 'merged');
  assert.deepEqual(faults, []);
});

test('the ranking with and without fairness, side by side', async () => {
  const request = await openRequest();
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.click('[data-both]');
  await page.waitForSelector('.both div:first-child li');
  assert.match(page.url(), /fair=both/);
  for (const [i, fairness] of ['off', 'on'].entries()) {
    const { items } = await api('POST', 'matches/preview', { deliverable_id: request.id, need: {}, limit: 30, fairness });
    assert.deepEqual(await page.locator(`.both > div >> nth=${i}`).locator('button').allTextContents(), items.map((one) => one.worker.alias));
  }
  assert.deepEqual(await accessibility(page), []);
  await page.click('.both li:nth-child(2) button');
  await page.waitForSelector('.panel .parts');
  assert.deepEqual(faults, []);
});
