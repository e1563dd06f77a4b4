// What coordinators do besides ranking: a request from words, answers to applications, possible duplicates.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, launch, open, openRequest, rest } from './support.mjs';

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
  await page.locator(row(1)).getByText(/終了（.+）/).waitFor();
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('two records side by side are merged, and parted again', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/?kind=decide_duplicate`);
  await page.waitForFunction(() => { const all = [...document.querySelectorAll('section[aria-labelledby=tasks-title] b')]; return all.length && all.every((one) => one.textContent.includes(' / ')); });
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

test('a request to which people have agreed is cancelled with a reason, and the history says why', async () => {
  const { organization_id } = await openRequest();
  const { id } = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: '取りやめるチラシ', status: 'open', roles: [{ role: 'designer', places: 1 }] });
  const { items: [{ worker, role }] } = await api('GET', `deliverables/${id}/matches?limit=1`);
  const made = await api('POST', 'applications', { deliverable_id: id, worker_id: worker.id, role });
  for (const status of ['offered', 'agreed']) await api('PATCH', `applications/${made.id}`, { status }, { 'content-type': 'application/merge-patch+json' });
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${id}`);
  await page.locator('[data-move=cancelled]').press('Enter');
  await page.waitForSelector('dialog[open]');
  assert.deepEqual(await accessibility(page), []);
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal((await api('GET', `deliverables/${id}`)).status, 'matched', 'nothing happens by closing');
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-move=cancelled]')));
  await page.click('[data-move=cancelled]');
  await page.selectOption('#cancel-reason', { index: 0 });
  const reason = await page.locator('#cancel-reason option:checked').textContent();
  await page.click('dialog .main');
  await page.waitForFunction(() => document.querySelector('.title .badge')?.textContent === '取り下げ');
  await page.waitForFunction((text) => document.querySelector('.history').textContent.includes(text), reason.trim());
  assert.equal(await page.locator('[data-move]').count(), 0, 'nothing follows');
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('a decision about two records that is refused says why, and what is decided is found again', async () => {
  const name = `試験 重複子${Date.now() % 10_000}`, personal = { name, kana: 'しけん ちょうふくこ', email: `chofuku-${Date.now()}@example.jp`, phone: '03-1234-5678' };
  const [a, b] = [await api('POST', 'workers', { alias: name, area: '131041', personal }), await api('POST', 'workers', { alias: name, area: '131041', personal })];
  let pair;
  for (let i = 0; i < 60 && !pair; i += 1) { pair = (await api('GET', 'duplicates?kind=worker&limit=200')).items.find((one) => one.records.some(({ id }) => id === b.id)); await new Promise((done) => { setTimeout(done, 500); }); }
  assert.ok(pair, 'the two are proposed');
  const { page, faults, expected } = await open(browser, {});
  expected.push(/409|412/);
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/duplicates/${pair.id}`);
  await page.waitForSelector('.pair-table td');
  await page.route('**/v1/duplicates/*', (route) => (route.request().method() === 'PATCH' ? route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ code: 'already_merged', detail: 'どちらかの記録が、すでに別の記録と統合されています。' }) }) : route.continue()), { times: 1 });
  await page.click('.moves .button');
  await page.waitForSelector('.notice.bad');
  assert.match(await page.textContent('.notice.bad'), /すでに別の記録と統合/);
  await page.unroute('**/v1/duplicates/*');
  // A colleague was quicker: what they decided is shown.
  await api('PATCH', `duplicates/${pair.id}`, { status: 'distinct' }, { 'content-type': 'application/merge-patch+json' });
  await page.click('.moves .button >> nth=0');
  await page.waitForSelector('.notice.bad');
  await page.waitForFunction(() => document.querySelectorAll('.moves .button').length === 1);
  assert.equal((await api('GET', `duplicates/${pair.id}`)).status, 'distinct');
  assert.deepEqual(await accessibility(page), []);
  await page.goto(`${base}/#/duplicates`);
  await page.selectOption('.filters select', 'distinct');
  await page.waitForSelector(`a[href="#/duplicates/${pair.id}"]`);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
  for (const one of [a, b]) await api('DELETE', `workers/${one.id}`);
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

for (const width of [1280, 390]) test(`who comes back to a ranking (${width} px) is where they were: how far down, the weights, what is on trial; also after an invitation`, async () => {
  const { organization_id } = await openRequest();
  const request = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: '戻ってくるチラシ', status: 'open' });
  const { page, faults } = await open(browser, { width, height: 500 }), isNarrow = width < 900;
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.waitForSelector('.easings .button', { state: 'attached' });
  if (isNarrow) await page.click('.sheet-open');
  await page.locator('#w-distance').press('End');
  await page.locator('.easings .button').first().press('Enter');
  await page.waitForSelector('.middle > .notice');
  await page.waitForFunction(() => location.hash.includes('w='));
  if (isNarrow) await page.click('.rail-close');
  await rest(page);
  const id = await page.locator('.row:not(:has(.badge.good))').nth(14).getAttribute('data-key'), row = page.locator(`.row[data-key="${id}"]`);
  await row.scrollIntoViewIfNeeded();
  await row.locator('.name').click();
  await page.waitForSelector('[data-invite]');
  await page.waitForTimeout(400);
  const y = await page.evaluate(() => scrollY), there = () => page.waitForFunction((y) => Math.abs(scrollY - y) < 3, y);
  assert.ok(y > 300);
  await page.click('[data-invite]');
  await page.fill('#invite-message', 'お待ちしています。');
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  await page.waitForSelector(`.row[data-key="${id}"] .badge.good`, { state: 'attached' });
  await there();
  assert.ok(await page.evaluate(() => document.querySelector('.panel').contains(document.activeElement)), 'the focus is in the panel');
  await page.click('.panel-head .link');
  await page.waitForSelector('.facts-list');
  await page.waitForFunction(() => scrollY === 0);
  await page.goBack();
  await page.waitForSelector(`.row[data-key="${id}"][data-open]`);
  await there();
  assert.equal(await page.inputValue('#w-distance'), '100');
  assert.ok(await page.isVisible('.middle > .notice'), 'what is on trial is still on trial');
  await page.goForward();
  await page.waitForSelector('.facts-list');
  await page.waitForFunction(() => scrollY === 0);
  assert.deepEqual(faults, []);
});
