// A project: what is to be done, by when, and who is missing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, invite, launch, open } from './support.mjs';

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
  await page.fill('#new-milestones-title', '中間の確認');
  await page.fill('#new-milestones-due_on', '2027-01-20');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => [...document.querySelectorAll('[data-state]')].some((one) => one.textContent.includes('中間の確認')));
  assert.ok((await milestones()).some((one) => one.due_on === '2027-01-20'));

  // A colleague hands something in: it is seen without asking for it.
  const artifact = await api('POST', `${path}/artifacts`, { title: '地図入りの紙面', link: 'https://example.jp/plan', status: 'submitted' });
  const line = '.lines > li:has-text("地図入りの紙面")';
  await page.click(`${line} [data-do=return]`);
  await page.fill('#ask-words', '地図を加えてください。');
  assert.deepEqual(await accessibility(page), []);
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  const returned = await api('GET', `${path}/artifacts/${artifact.id}`);
  assert.deepEqual([returned.status, returned.answer], ['returned', '地図を加えてください。']);
  await api('PATCH', `${path}/artifacts/${artifact.id}`, { status: 'submitted' }, { 'content-type': 'application/merge-patch+json' });
  await page.click(`${line} [data-do=accept]`);
  await page.click('dialog .main');
  await page.waitForSelector(`${line} [data-do]`, { state: 'detached' });
  assert.equal((await api('GET', `${path}/artifacts/${artifact.id}`)).status, 'accepted');
  assert.deepEqual(await accessibility(page), []);

  await page.click('[data-move=cancelled]');
  await page.waitForSelector('#ask-reason');
  assert.deepEqual(await accessibility(page), []);
  await page.keyboard.press('Escape');
  assert.equal((await api('GET', path)).status, 'in_progress');
  await page.goto(`${base}/#/requests/${id}`);
  await page.waitForSelector('.history li');
  assert.match(await page.textContent('.history'), /進捗中/, 'the history of the request tells how the work went');
  await page.goto(`${base}/#/${path}`);
  await page.waitForSelector('.stone');

  // Somebody leaves: the page says so and leads to who could come instead.
  const { items: [member] } = await api('GET', `applications?deliverable_id=${id}&status=agreed&limit=1`);
  await api('PATCH', `applications/${member.id}`, { status: 'withdrawn', reason: 'health' }, { 'content-type': 'application/merge-patch+json' });
  await page.click('[data-replace]');
  await page.waitForSelector('.row');
  assert.match(page.url(), new RegExp(`requests/${id}/ranking`));
  assert.deepEqual(faults, []);
});

test('a file is handed in and sent back, and meetings, hours, notes and risks are written and changed', async () => {
  const project = (await api('GET', 'projects?kind=deliverable&status=in_progress&limit=1')).items[0], path = `projects/${project.id}`;
  const list = async (of) => (await api('GET', `${path}/${of}?limit=200`)).items;
  const { page, faults } = await open(browser, { acceptDownloads: true });
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/${path}`);
  await page.waitForSelector('.history li');
  const section = (of) => page.locator(`section[aria-labelledby=${of}-title]`);
  const add = async (of, fill) => {
    const before = (await list(of)).length;
    await section(of).locator('.adder summary').click();
    await fill(section(of));
    await section(of).locator('.adder .main').click();
    await page.waitForFunction(([of, n]) => document.querySelectorAll(`section[aria-labelledby=${of}-title] .lines > li`).length === n && !document.querySelector(`section[aria-labelledby=${of}-title] details[open]`), [of, before + 1]);
    assert.equal((await list(of)).length, before + 1);
  };
  await add('artifacts', () => page.fill('#new-artifacts-title', '配布する紙面'));
  const line = section('artifacts').locator('li', { hasText: '配布する紙面' });
  await line.locator('[data-do=upload]').click();
  await page.setInputFiles('#ask-file', { name: '紙面.pdf', mimeType: 'application/pdf', buffer: Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(300_000, 0x20)]) });
  assert.deepEqual(await accessibility(page), []);
  await page.click('dialog .main');
  await line.locator('[data-download]').waitFor();
  const artifact = (await list('artifacts')).find((one) => one.title === '配布する紙面');
  assert.deepEqual([artifact.status, artifact.revision, artifact.file.type], ['submitted', 1, 'pdf']);
  await line.locator('.facts.num span:nth-child(2)').waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), line.locator('[data-download]').click()]);
  assert.equal(file.suggestedFilename(), '配布する紙面.pdf');
  await line.locator('[data-do=upload]').click();
  await page.setInputFiles('#ask-file', { name: '大きい.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(20 * 2 ** 20 + 1) });
  await page.click('dialog .main');
  await page.waitForSelector('dialog .notice.bad');
  await page.keyboard.press('Escape');

  await add('meetings', async () => {
    await page.fill('#new-meetings-title', '二回目の打ち合わせ');
    await page.fill('#new-meetings-starts_at', '2026-11-20T19:00');
    await section('meetings').locator('.adder input[type=checkbox]').first().check();
    await page.fill('#new-meetings-guests', '2');
  });
  const met = (await list('meetings')).find((one) => one.title === '二回目の打ち合わせ');
  assert.deepEqual([met.starts_at, met.guests, met.attendee_ids.length], ['2026-11-20T10:00:00.000000Z', 2, 1]);
  // Minutes are written later, by keyboard.
  await section('meetings').locator('li', { hasText: '二回目の打ち合わせ' }).locator('[data-edit]').press('Enter');
  await page.fill('#ask-minutes', '紙面の大きさを決めた。');
  assert.deepEqual(await accessibility(page), []);
  await page.locator('dialog .main').press('Enter');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal((await list('meetings')).find((one) => one.id === met.id).minutes, '紙面の大きさを決めた。');

  await add('notes', async () => { await page.fill('#new-notes-text', '団体の担当者が交代する。'); await page.selectOption('#new-notes-visibility', 'coordinators'); });
  assert.equal((await list('notes')).find((one) => one.text === '団体の担当者が交代する。').visibility, 'coordinators');
  await add('hours', async () => { await page.fill('#new-hours-minutes', '90'); });
  assert.ok((await list('hours')).some((one) => one.minutes === 90));
  await add('risks', async () => { await page.fill('#new-risks-title', '印刷が間に合わない'); await page.selectOption('#new-risks-level', 'high'); });
  const risk = section('risks').locator('li', { hasText: '印刷が間に合わない' });
  await risk.locator('[data-edit]').click();
  page.once('dialog', (dialog) => dialog.accept());
  await page.click('[data-remove]');
  await risk.waitFor({ state: 'detached' });
  assert.ok(!(await list('risks')).some((one) => one.title === '印刷が間に合わない'));
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('an organization and a volunteer see what is theirs to do, and review each other after the delivery', async () => {
  const project = (await api('GET', 'projects?kind=deliverable&status=in_progress&limit=200')).items.at(-1), path = `projects/${project.id}`;
  const change = (body) => api('PATCH', path, body, { 'content-type': 'application/merge-patch+json' });
  await api('POST', `${path}/artifacts`, { title: '仕上げた紙面', link: 'https://example.jp/final', status: 'submitted' });
  const organization = await open(browser, { link: (await invite({ role: 'organization', organization_id: project.organization_id })).link });
  const page = organization.page, section = (of, at = page) => at.locator(`section[aria-labelledby=${of}-title]`);
  await page.waitForSelector('.nav a');
  await page.goto(`${base}/#/${path}`);
  await page.waitForSelector('.history li');
  assert.deepEqual(await page.$$eval('.adder', (all) => all.map((one) => one.closest('section').getAttribute('aria-labelledby').split('-')[0])), ['artifacts', 'meetings', 'notes', 'risks']);
  assert.equal(await page.locator('[data-move]').count(), 0);
  assert.equal(await page.locator('#new-notes-visibility').count(), 0);
  // Of what the team hands in, it answers; what a member of it gives to the team, that member hands in.
  const doings = (title) => section('artifacts').locator('li', { hasText: title }).locator('[data-do], [data-edit]')
    .evaluateAll((all) => all.map((one) => one.dataset.do ?? 'edit'));
  assert.deepEqual(await doings('仕上げた紙面'), ['accept', 'return']);
  await section('artifacts').locator('summary').click();
  await page.fill('#new-artifacts-title', '団体のロゴ');
  await page.keyboard.press('Enter');
  await section('artifacts').locator('li', { hasText: '団体のロゴ' }).waitFor();
  assert.deepEqual(await doings('団体のロゴ'), ['upload', 'edit']);
  await section('artifacts').locator('li', { hasText: '仕上げた紙面' }).locator('[data-do=accept]').click();
  await page.fill('#ask-words', 'とてもよい紙面です。');
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.deepEqual(await accessibility(page), []);

  await change({ status: 'delivered' });
  await section('reviews').locator('[data-do=review]').click();
  for (const scale of ['communication', 'quality', 'reliability', 'again']) await page.check(`[name=ask-${scale}][value="5"]`);
  await page.fill('#ask-message', 'ありがとうございました。');
  assert.deepEqual(await accessibility(page), []);
  await page.click('dialog .main');
  await section('reviews').locator('.lines li').waitFor();
  assert.deepEqual((await api('GET', `${path}/reviews`)).items.map((one) => [one.author, one.scales.quality]), [['organization', 5]]);
  assert.ok(await section('followUps').locator('li').count());
  await page.goto(`${base}/#/requests/${project.id}`);
  await page.waitForSelector('.history li');
  assert.match(await page.textContent('.history'), /納品済み.*事務局/, 'who closed it');
  await page.goto(`${base}/#/${path}`);
  await section('followUps').waitFor();
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(organization.faults, []);

  const worker = await open(browser, { link: (await invite({ role: 'worker', worker_id: project.members.find((one) => !one.left_at).worker_id })).link });
  await worker.page.waitForSelector('.nav a');
  await worker.page.goto(`${base}/#/${path}`);
  await worker.page.waitForSelector('.history li');
  assert.equal(await section('followUps', worker.page).count(), 0);
  await section('hours', worker.page).locator('summary').click();
  await worker.page.fill('#new-hours-minutes', '45');
  await worker.page.keyboard.press('Enter');
  await section('hours', worker.page).locator('li', { hasText: '0.75' }).waitFor();
  assert.deepEqual(await accessibility(worker.page), []);
  assert.deepEqual(worker.faults, []);
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
  await card.locator('#new-card-title').fill('はじめての人に届く紙面');
  await card.locator('#new-card-story').fill('五人のチームが半年かけて作りました。');
  await card.locator('#new-card-note').fill('事務局から書面で');
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
