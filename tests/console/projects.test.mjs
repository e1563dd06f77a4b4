// A project: what is to be done, by when, and who is missing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, launch, open } from './support.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

test('a project is found, and its milestones, meetings and artifacts are dealt with', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/projects?status=in_progress`);
  await page.waitForSelector('.table tbody tr');
  await page.selectOption('.filters select:nth-child(2)', 'deliverable');
  await page.waitForFunction(() => location.hash.includes('kind=deliverable') && document.querySelectorAll('.table tbody tr').length === 1);
  assert.deepEqual(await accessibility(page), []);
  await page.click('.table a');
  await page.waitForSelector('.history li');
  const id = page.url().split('/').pop();
  const path = `projects/${id}`;
  const milestones = async () => (await api('GET', `${path}/milestones`)).items;

  const before = (await milestones()).filter((one) => one.done_on).length;
  await page.click('.project [data-state=open] input');
  await page.waitForFunction((n) => document.querySelectorAll('.stone[data-state=done]').length === n, before + 1);
  assert.equal((await milestones()).filter((one) => one.done_on).length, before + 1);

  await page.click('.adder summary');
  await page.fill('#title-new', '中間の確認');
  await page.fill('#due_on-new', '2027-01-20');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => [...document.querySelectorAll('[data-state]')].some((one) => one.textContent.includes('中間の確認')));
  assert.ok((await milestones()).some((one) => one.due_on === '2027-01-20'));

  // A colleague hands something in: it is seen without asking for it.
  const artifact = await api('POST', `${path}/artifacts`, { title: '地図入りの紙面', link: 'https://example.jp/plan', status: 'submitted' });
  const line = '.lines > li:has-text("地図入りの紙面")';
  await page.click(`${line} [data-return]`);
  await page.fill('#words', '地図を加えてください。');
  assert.deepEqual(await accessibility(page), []);
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  const returned = await api('GET', `${path}/artifacts/${artifact.id}`);
  assert.deepEqual([returned.status, returned.answer], ['returned', '地図を加えてください。']);
  await api('PATCH', `${path}/artifacts/${artifact.id}`, { status: 'submitted' }, { 'content-type': 'application/merge-patch+json' });
  await page.click(`${line} [data-accept]`);
  await page.waitForSelector(`${line} [data-accept]`, { state: 'detached' });
  assert.equal((await api('GET', `${path}/artifacts/${artifact.id}`)).status, 'accepted');
  assert.deepEqual(await accessibility(page), []);

  await page.click('[data-move=cancelled]');
  await page.waitForSelector('#why');
  assert.deepEqual(await accessibility(page), []);
  await page.keyboard.press('Escape');
  assert.equal((await api('GET', path)).status, 'in_progress');

  // Somebody leaves: the page says so and leads to who could come instead.
  const { items: [member] } = await api('GET', `applications?deliverable_id=${id}&status=agreed&limit=1`);
  await api('PATCH', `applications/${member.id}`, { status: 'withdrawn', reason: 'health' }, { 'content-type': 'application/merge-patch+json' });
  await page.click('[data-replace]');
  await page.waitForSelector('.row');
  assert.match(page.url(), new RegExp(`requests/${id}/ranking`));
  assert.deepEqual(faults, []);
});

test('a card is published with the consent of the organization, and taken back', async () => {
  const shown = new Set((await api('GET', 'showcase?limit=200')).items.map((one) => one.project_id));
  const project = (await api('GET', 'projects?status=in_progress,delivered&limit=200')).items.find((one) => !shown.has(one.id));
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/projects/${project.id}`);
  await page.waitForSelector('.history li');
  const card = page.locator('section[aria-labelledby=card-title]');
  await card.locator('summary').click();
  await card.locator('[name=title]').fill('はじめての人に届く紙面');
  await card.locator('[name=story]').fill('五人のチームが半年かけて作りました。');
  await card.locator('[name=note]').fill('事務局から書面で');
  await page.keyboard.press('Enter');
  await card.locator('.ticket').waitFor();
  const cards = async () => (await (await fetch(`${base}/v1/showcase`)).json()).items.filter((one) => one.project_id === project.id);
  assert.deepEqual((await cards()).map((one) => one.title), ['はじめての人に届く紙面']);
  assert.deepEqual(await accessibility(page), []);
  const before = await card.locator('.badge').textContent();
  await card.locator('[data-publish]').click();
  await page.waitForFunction((old) => document.querySelector('section[aria-labelledby=card-title] .badge').textContent !== old, before);
  assert.deepEqual(await cards(), []);
  assert.deepEqual(faults, []);
});
