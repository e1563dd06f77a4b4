// Workers and organizations, what each role sees, and administration.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createServer } from 'node:http';
import { accessibility, api, base, invite, launch, open, openRequest, rest } from './support.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const menu = (page) => page.$$eval('.nav a', (links) => links.map((one) => one.getAttribute('href')));

/** Somebody with a role, who is logged in. */
async function as(role, details) {
  const { link } = await invite({ role, ...details });
  const opened = await open(browser, { link });
  await opened.page.waitForSelector('.nav a');
  await opened.page.waitForSelector('main.desk');
  return opened;
}

test('people are sought, filtered and opened; the address says what is shown', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  const { items: [worker] } = await api('GET', 'workers?area=131041&limit=1&status=active');
  await page.goto(`${base}/#/workers?area=131041`);
  await page.waitForSelector('.table tbody tr');
  await page.fill('[data-search]', worker.personal.name);
  await page.waitForFunction((id) => document.querySelectorAll('.table tbody tr').length < 4 && document.querySelector(`a[href="#/workers/${id}"]`), worker.id);
  assert.match(decodeURIComponent(page.url()), new RegExp(`area=131041.*${worker.personal.name.split(' ')[0]}`));
  assert.deepEqual(await accessibility(page), []);
  await page.click(`a[href="#/workers/${worker.id}"]`);
  await page.waitForSelector('.consents .history li');
  assert.deepEqual(await accessibility(page), []);
  await page.click('[data-edit]');
  await page.waitForSelector('dialog[open]');
  assert.deepEqual(await accessibility(page), []);
  await api('PATCH', `workers/${worker.id}`, { last_active_on: '2026-04-01' }, { 'content-type': 'application/merge-patch+json' });
  await page.fill(`#worker-${worker.id}-hours_per_week`, '7');
  await page.click('dialog .main');
  // The stream may have brought the newest version before; otherwise it is said, and what was typed stays.
  await page.waitForFunction(() => !document.querySelector('dialog') || document.querySelector('dialog .notice'));
  if (await page.locator('dialog').count()) { assert.equal(await page.inputValue(`#worker-${worker.id}-hours_per_week`), '7'); await page.click('dialog .main'); }
  await page.waitForSelector('dialog', { state: 'detached' });
  const now = await api('GET', `workers/${worker.id}`);
  assert.equal(now.hours_per_week, 7);
  assert.deepEqual(now.skills, worker.skills, 'levels stay');
  assert.deepEqual(now.personal, worker.personal);
  await page.goto(`${base}/#/organizations`);
  await page.waitForSelector('.table tbody tr a');
  await page.click('.table tbody tr a');
  await page.waitForSelector('.columns .facts-list div');
  await rest(page);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults.filter((one) => !one.includes('412')), []);
});

test('a volunteer applies, answers an offer and withdraws a consent', async () => {
  const worker = await api('POST', 'workers', { alias: '新宿区の試験デザイナー', area: '131041', roles: ['designer'], skills: [{ skill: 'graphic_design', level: 5 }, { skill: 'illustration', level: 4 }], accepted_formats: ['one_day', 'one_month', 'mid_long'], remote: true, hours_per_week: 10, consent: { purpose: 'matching', given_on: '2026-04-01', text_version: '2026-04' }, personal: { name: '試験 泉', email: `izumi-${Date.now()}@example.jp` } });
  const { page, faults } = await as('worker', { worker_id: worker.id });
  assert.deepEqual((await menu(page)).filter((one) => /openings|applications|profile|workers|imports|admin|requests|rounds/.test(one)), ['#/openings', '#/applications', '#/profile']);
  await page.click('.nav a[href="#/openings"]');
  await page.waitForSelector('.opening');
  assert.ok(await page.textContent('.opening .parts-of li'));
  await page.click('.opening [aria-expanded]');
  await page.waitForSelector('.opening .part-name');
  assert.match(page.url(), /open=/);
  assert.deepEqual(await accessibility(page), []);
  await page.click('[data-apply]');
  await page.fill('dialog textarea', 'ぜひお手伝いしたいです。');
  await page.click('dialog .main');
  await page.waitForSelector('.opening .badge.good');
  const { items: [application] } = await api('GET', `applications?worker_id=${worker.id}`);
  assert.equal(application.message, 'ぜひお手伝いしたいです。');
  for (const status of ['shortlisted', 'offered']) await api('PATCH', `applications/${application.id}`, { status }, { 'content-type': 'application/merge-patch+json' });
  await page.click('.nav a[href="#/applications"]');
  await page.click('[data-move=agreed]');
  await page.fill('#move-goal', 'チラシを一枚作る。');
  await page.fill('#move-schedule', '土曜の午前');
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal((await api('GET', `applications/${application.id}`)).worker_agrees, true);
  await rest(page);
  assert.deepEqual(await accessibility(page), []);
  await page.click('.nav a[href="#/profile"]');
  await page.waitForSelector('.consents .badge.good');
  page.on('dialog', (dialog) => dialog.accept());
  await page.click('.consents .slim');
  await page.waitForFunction(() => !document.querySelector('.consents .badge.good'));
  assert.equal((await api('GET', `workers/${worker.id}`)).consent, null);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('an organization sees its own requests, and asks for something new', async () => {
  const { organization_id } = await openRequest();
  const others = (await api('GET', 'organizations?limit=2')).items.filter((one) => one.id !== organization_id);
  // Only a member's naming of another organization is an invitation.
  const send = async (path, body, headers = {}) => { const answer = await fetch(`${base}/v1/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }); return answer.status === 204 ? null : answer.json(); };
  const { email, link } = await invite({ role: 'organization', organization_id: others[0].id }), password = 'tsukimi-dango-to-susuki';
  await send('auth/invitations/accept', { token: link.split('once=')[1], password });
  const { access_token: token } = await send('auth/login', { email, password });
  const joint = await send('deliverables', { organization_id: others[0].id, type: 'flyer', title: '一緒に作るチラシ', status: 'submitted', joint_organization_ids: [organization_id] }, { authorization: `Bearer ${token}` });
  const { page, faults } = await as('organization', { organization_id });
  assert.ok(!(await menu(page)).some((one) => /imports|admin|rounds|duplicates|workers/.test(one)));
  await page.goto(`${base}/#/profile`);
  await page.waitForSelector('.facts-list div');
  assert.ok(await page.locator('[data-edit]').count(), 'it corrects what is said of it');
  await page.goto(`${base}/#/programme/events`);
  await page.click('[data-do=event]');
  await page.fill('#event-title', '団体の見学会');
  await page.fill('#event-starts_at', '2027-02-10T10:00');
  await page.click('dialog .main');
  await page.waitForSelector('.event');
  await page.click('[data-do=published]');
  await page.waitForFunction(() => document.querySelector('.badge.accent').textContent === '公開の確認待ち');
  const held = await api('GET', `events/${page.url().split('/').pop()}`);
  assert.deepEqual([held.host_ids, held.status], [[organization_id], 'submitted']);
  assert.equal(await page.locator('[data-do=published]').count(), 0, 'a coordinator releases it');
  await page.click('.nav a[href="#/requests"]');
  await page.waitForSelector('.ticket');
  await page.click('.lines .button');
  await page.waitForSelector(`.ticket[href$="${joint.id}"]`);
  await page.click('.title a.main');
  await page.fill('#trouble', '会員が減っていて、若い人に知ってもらいたい。');
  await page.waitForSelector('.proposal');
  await page.check('.proposal input');
  await page.fill('#title', '団体からの依頼');
  await page.click('.actions .main');
  await page.waitForFunction(() => /requests\/[0-9a-f-]{36}$/.test(location.hash));
  assert.equal((await api('GET', `deliverables/${page.url().split('/').pop()}`)).organization_id, organization_id);
  await rest(page);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('an organization is registered and corrected', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/organizations`);
  await page.locator('[data-new]').press('Enter');
  await page.fill('#group-name', '試験の見守り隊');
  await page.selectOption('#group-area', '131041');
  await page.fill('#group-contact_email', 'mimamori@example.jp');
  assert.deepEqual(await accessibility(page), []);
  await page.click('dialog .main');
  await page.waitForFunction(() => /organizations\/[0-9a-f-]{36}$/.test(location.hash));
  await page.click('[data-edit]');
  await page.fill('#group-contact_person', '佐藤');
  await page.fill('#group-description', '団地を歩いて声をかけています。');
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  const { name, contact, description, kind } = await api('GET', `organizations/${page.url().split('/').pop()}`);
  assert.deepEqual([name, contact, description, kind], ['試験の見守り隊', { person: '佐藤', email: 'mimamori@example.jp', phone: null }, '団地を歩いて声をかけています。', 'voluntary_group']);
  await page.waitForFunction(() => document.querySelector('.facts-list').textContent.includes('佐藤'));
  const happened = await page.locator('.history b').allTextContents();
  assert.ok(happened.includes('登録') && happened.includes('更新'), happened.join());
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('a worker is registered, and the history says so', async () => {
  // Nothing more is known of somebody.
  await api('POST', 'workers', { alias: '名前だけの人', personal: { name: '試験 無口' } });
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/workers`);
  await page.locator('[data-new]').press('Enter');
  await page.fill('#worker-new-name', '試験 朔太郎');
  await page.selectOption('#worker-new-area', '131041');
  await page.check('dialog fieldset input[type=checkbox] >> nth=0');
  assert.deepEqual(await accessibility(page), []);
  await page.press('#worker-new-name', 'Enter');
  await page.waitForFunction(() => /workers\/[0-9a-f-]{36}$/.test(location.hash));
  await page.waitForSelector('.history li');
  const made = await api('GET', `workers/${page.url().split('/').pop()}`);
  assert.deepEqual([made.personal.name, made.area, made.status, made.roles.length], ['試験 朔太郎', '131041', 'active', 1]);
  assert.deepEqual([made.day_parts, made.themes, made.accepted_formats, made.skills?.length ?? 0], [null, null, null, 0], 'what was left blank is unanswered');
  assert.ok((await page.locator('.history b').allTextContents()).includes('登録'));
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('what others saved meanwhile stays, and what isn’t answered, too', async () => {
  const merge = { 'content-type': 'application/merge-patch+json' };
  const one = await api('POST', 'workers', { alias: '重なる人', area: '131041', personal: { name: '試験 重子', employer: '試験社' } });
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/workers/${one.id}`);
  const field = (name) => `#worker-${one.id}-${name}`;
  await page.click('[data-edit]');
  await page.fill(field('kana'), 'しけん しげこ');
  await api('PATCH', `workers/${one.id}`, { alias: '重なった人', hours_per_week: 9, personal: { phone: '03-0000-0000' } }, merge);
  await page.waitForFunction(() => document.querySelector('h1').textContent.includes('重なった人'));
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  const now = await api('GET', `workers/${one.id}`);
  assert.deepEqual([now.hours_per_week, now.personal.phone, now.personal.kana, now.personal.employer], [9, '03-0000-0000', 'しけん しげこ', '試験社']);
  for (const field of ['day_parts', 'themes', 'roles', 'accepted_formats']) assert.deepEqual(now[field], one[field], field);

  const { organization_id } = await openRequest();
  const request = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: '初めの題', status: 'open' });
  await page.goto(`${base}/#/requests/${request.id}`);
  await page.click('[data-edit]');
  await page.fill('#need-hours_per_week', '3');
  await page.keyboard.press('Escape');
  await api('PATCH', `deliverables/${request.id}`, { title: '直した題' }, merge);
  await page.waitForFunction(() => document.querySelector('h1').textContent.includes('直した題'));
  await page.click('[data-edit]');
  assert.deepEqual([await page.inputValue('#need-title'), await page.inputValue('#need-hours_per_week')], ['直した題', '3'], 'a draft has what was typed, and all else as it is');
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  const { title, hours_per_week } = await api('GET', `deliverables/${request.id}`);
  assert.deepEqual([title, hours_per_week], ['直した題', 3]);
  assert.deepEqual(faults, []);
});

test('what was erased leaves the screen', async () => {
  const [mine, theirs] = await Promise.all(['自分で消す人', 'ほかで消える人'].map((alias) => api('POST', 'workers', { alias, personal: { name: `${alias}の名前` } })));
  const { page, faults, expected } = await open(browser, {});
  expected.push(/404/);
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/workers/${mine.id}`);
  page.on('dialog', (dialog) => dialog.accept());
  await page.click('.moves .late');
  await page.waitForFunction(() => location.hash === '#/workers' && !document.body.textContent.includes('自分で消す人の名前'));
  await page.goto(`${base}/#/workers/${theirs.id}`);
  await page.waitForSelector('.facts-list');
  await api('DELETE', `workers/${theirs.id}`);
  await page.waitForSelector('.notice.bad');
  assert.ok(!(await page.textContent('body')).includes('ほかで消える人'));
  assert.deepEqual(faults, []);
});

test('an auditor looks and changes nothing', async () => {
  const { link } = await invite({ role: 'auditor' });
  const { page, faults } = await open(browser, { link });
  await page.waitForSelector('.ticket');
  assert.ok(!(await menu(page)).includes('#/'), 'who has no tasks has no desk');
  await page.click('.nav a[href="#/admin"]');
  await page.waitForSelector('tbody tr');
  assert.equal(await page.locator('[data-new], [data-do]').count(), 0);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('users and partners are registered, their secrets shown once; the audit is verified', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/admin/users`);
  await page.click('[data-new]');
  await page.fill('#new-users-name', '試験 調');
  await page.fill('#new-users-email', `shirabe-${Date.now()}@example.jp`);
  await page.click('dialog fieldset input');
  assert.deepEqual(await accessibility(page), []);
  await page.click('dialog .main');
  await page.waitForSelector('dialog input[readonly]');
  assert.match(await page.inputValue('dialog input[readonly]'), /once=|[\w-]{20}/);
  assert.deepEqual(await accessibility(page), []);
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  await page.click('.subnav a[href="#/admin/partners"]');
  await page.click('[data-new]');
  await page.fill('#new-partners-name', '試験アプリ');
  await page.fill('#new-partners-code', `trial${Date.now() % 100_000}`);
  await page.click('dialog .main');
  await page.waitForSelector('dialog input[readonly]');
  assert.ok((await page.inputValue('dialog input[readonly]')).length > 20);
  await page.keyboard.press('Escape');
  await page.click('[data-do=suspend]');
  await page.waitForSelector('[data-do=activate]');
  await rest(page);
  assert.deepEqual(await accessibility(page), []);
  await page.click('.subnav a[href="#/admin/audit"]');
  await page.waitForSelector('.badge.good');
  await page.waitForFunction(() => document.querySelectorAll('tbody .badge.good').length >= document.querySelectorAll('tbody tr').length - 1);
  assert.equal(await page.locator('tbody .badge.warn').count(), 0);
  await page.locator('[data-do=verify]').press('Enter');
  await page.waitForSelector('[data-whole]');
  const { items: [last] } = await api('GET', 'audit?limit=1');
  assert.match(await page.textContent('[data-whole]'), new RegExp(`${last.seq.toLocaleString('ja-JP')}件.*${last.hash.slice(0, 16)}`));
  assert.deepEqual(await accessibility(page), []);
  for (const place of ['catalogue', 'health']) {
    await page.click(`.subnav a[href="#/admin/${place}"]`);
    await page.waitForSelector('tbody tr, .lines li');
    assert.deepEqual(await accessibility(page), []);
  }
  assert.deepEqual(faults, []);
});

test('a user gets another name, areas and role, and somebody else’s change is not undone', async () => {
  const { organization_id } = await openRequest();
  const { email } = await invite({ role: 'coordinator', areas: ['131041'] });
  const stored = async () => (await api('GET', `users?email=${email}`)).items[0];
  const { page, faults, expected } = await open(browser, {});
  expected.push(/412/);
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/admin/users`);
  const row = `tr:has-text("${email}")`;
  await page.click(`${row} [data-do=edit]`);
  await page.waitForSelector('dialog[open]');
  assert.deepEqual(await accessibility(page), []);
  await page.fill('#users-name', '試験 改名');
  await page.check('dialog fieldset .radio:has-text("世田谷区") input');
  await api('PATCH', `users/${(await stored()).id}`, { intermediary: { kind: 'social_welfare_council', name: '社協' } }, { 'content-type': 'application/merge-patch+json' });
  await page.click('dialog .main');
  await page.waitForFunction(() => !document.querySelector('dialog') || document.querySelector('dialog .notice'));
  if (await page.locator('dialog').count()) { assert.equal(await page.inputValue('#users-name'), '試験 改名'); await page.click('dialog .main'); }
  await page.waitForSelector('dialog', { state: 'detached' });
  const { name, areas, intermediary } = await stored();
  assert.deepEqual([name, areas.toSorted(), intermediary?.name], ['試験 改名', ['131041', '131121'], '社協']);
  await page.waitForSelector(`${row}:has-text("世田谷区")`);
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-do=edit]')), 'the focus is where it was');
  await page.click(`${row} [data-do=edit]`);
  await page.selectOption('#users-role', 'organization');
  const { name: group } = await api('GET', `organizations/${organization_id}`);
  await page.fill('#users-organization_id', group);
  await page.click('dialog .found .button');
  await page.click('dialog .main');
  await page.waitForSelector('dialog', { state: 'detached' });
  const moved = await stored();
  assert.deepEqual([moved.role, moved.areas, moved.organization_id], ['organization', [], organization_id]);
  await page.click(`${row} [data-do=edit]`);
  await page.waitForSelector('#users-organization_id');
  assert.equal(await page.inputValue('#users-organization_id'), group);
  await page.keyboard.press('Escape');
  page.on('dialog', (dialog) => dialog.accept());
  const below = await page.locator(`${row} + tr [data-do=remove]`).count();
  await page.locator(`${row} [data-do=remove]`).press('Enter');
  await page.waitForSelector(row, { state: 'detached' });
  await page.waitForTimeout(200);
  assert.ok(await page.evaluate((isNext) => document.activeElement.matches(isNext ? 'td [data-do]' : 'td [data-do], main, [tabindex]'), below > 0), 'the focus goes to the next row');
  assert.deepEqual(faults, []);
});

test('entries of the catalogue are added, renamed and retired, and known at once', async () => {
  const { page, faults } = await open(browser, {}), code = `trial_${Date.now() % 1_000_000}`;
  await page.waitForSelector('.queue');
  for (const [of, add] of [['themes', async () => {}], ['skills', async () => { await page.selectOption('#new-skills-parent', 'visual_design'); }],
    ['deliverable-types', async () => { await page.selectOption('#new-deliverable-types-family', 'print'); await page.selectOption('#new-deliverable-types-format', 'one_month'); await page.check('dialog fieldset .radio:has-text("デザイナー") input'); }]]) {
    const entry = () => api('GET', `${of}/${code}`), row = `tr:has(code:text-is("${code}"))`, save = async () => { await page.click('dialog .main'); await page.waitForSelector('dialog', { state: 'detached' }); };
    await page.goto(`${base}/#/admin/catalogue?of=${of}`);
    await page.waitForSelector('tbody tr');
    await page.click('[data-new]');
    for (const [field, text] of [['code', code], ['ja', '試しの項目'], ['en', 'Trial entry'], ['aliases', '別の名\n\nもう一つ']]) await page.fill(`#new-${of}-${field}`, text);
    await add();
    assert.deepEqual(await accessibility(page), []);
    await save();
    await page.waitForSelector(row);
    const made = await entry();
    assert.deepEqual([made.names, made.aliases], [{ ja: '試しの項目', en: 'Trial entry' }, ['別の名', 'もう一つ']]);
    await page.click(`${row} [data-do=edit]`);
    assert.equal(await page.locator(`#${of}-code`).count(), 0, 'a code stays');
    await page.fill(`#${of}-ja`, '改めた項目');
    await save();
    await page.waitForSelector(`${row}:has-text("改めた項目")`);
    const renamed = await entry();
    assert.deepEqual([renamed.names, renamed.aliases, renamed.roles], [{ ja: '改めた項目', en: 'Trial entry' }, made.aliases, made.roles]);
    if (of === 'themes') {
      await page.goto(`${base}/#/workers`);
      await page.click('[data-new]');
      await page.waitForSelector('dialog .radio:has-text("改めた項目")');
      await page.keyboard.press('Escape');
      await page.goto(`${base}/#/admin/catalogue?of=${of}`);
    }
    await page.click(`${row} [data-do=retire]`);
    await page.waitForSelector(`${row} [data-do=revive]`);
    assert.equal((await entry()).retired, true);
  }
  await page.goto(`${base}/#/admin/catalogue?of=areas`);
  await page.waitForSelector('tbody tr');
  assert.equal(await page.locator('[data-new], [data-do=edit]').count(), 0, 'areas are the country’s');
  assert.deepEqual(faults, []);
});

test('a webhook is registered and tested, and what failed is sent again', async () => {
  let status = 500;
  const receiver = createServer((request, response) => { request.resume(); response.writeHead(status).end('received'); }).listen(0, '127.0.0.1');
  await new Promise((done) => { receiver.once('listening', done); });
  try {
    const { page, faults } = await open(browser, {});
    await page.waitForSelector('.queue');
    await page.goto(`${base}/#/admin/webhooks`);
    await page.click('[data-new]');
    await page.fill('#new-webhooks-url', `http://127.0.0.1:${receiver.address().port}/`);
    await page.click('dialog .main');
    await page.waitForSelector('dialog input[readonly]');
    assert.match(await page.inputValue('dialog input[readonly]'), /^whsec_/);
    await page.keyboard.press('Escape');
    await page.click(`tbody th a:has-text(":${receiver.address().port}/")`);
    await page.click('[data-do=test]');
    await page.waitForSelector('tbody tr');
    const seen = async (text) => { for (let i = 0; i < 60 && !(await page.textContent('tbody').catch(() => ''))?.includes(text); i += 1) { await page.click('[data-do=refresh]'); await page.waitForTimeout(300); } assert.match(await page.textContent('tbody'), new RegExp(text)); };
    await seen('500');
    status = 204;
    await page.click('[data-do=again]');
    await seen('204');
    await rest(page);
    assert.deepEqual(await accessibility(page), []);
    assert.deepEqual(faults, []);
  } finally {
    receiver.close();
  }
});

test('a coordinator withdraws somebody’s consent and records another', async () => {
  const { id } = await api('POST', 'workers', { alias: '同意を撤回する人', area: '131041', consent: { purpose: 'matching', given_on: '2026-04-01', text_version: '2026-04' }, personal: { name: '試験 撤子' } });
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/workers/${id}`);
  const button = page.locator('.consents .moves .button');
  page.once('dialog', (dialog) => dialog.dismiss());
  await button.click();
  assert.ok((await api('GET', `workers/${id}`)).consent, 'nothing happens without a yes');
  page.on('dialog', (dialog) => dialog.accept());
  await button.press('Enter');
  await page.waitForSelector('.consents .badge:not(.good)');
  assert.equal((await api('GET', `workers/${id}`)).consent, null);
  await page.waitForTimeout(200);
  assert.ok(await page.evaluate(() => document.activeElement.matches('.consents .button')), 'the focus stays');
  await button.press('Enter');
  await page.fill(`#consent-${id}-text_version`, '2026-10');
  assert.deepEqual(await accessibility(page), []);
  await page.click('dialog .main');
  await page.waitForSelector('.consents .badge.good');
  assert.equal((await api('GET', `workers/${id}`)).consent.text_version, '2026-10');
  assert.equal(await page.locator('.consents .badge').count(), 2, 'what was withdrawn is still told');
  assert.deepEqual(faults, []);
});

test('a user and a webhook are stopped and started, also after somebody else has changed them', async () => {
  const { email } = await invite({ role: 'coordinator', areas: ['131041'] }), merge = { 'content-type': 'application/merge-patch+json' };
  const { page, faults, expected } = await open(browser, {}), url = `http://127.0.0.1:9/${Date.now()}`;
  expected.push(/412|ERR_FAILED/);
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/admin/webhooks`);
  await page.click('[data-new]');
  await page.fill('#new-webhooks-url', url);
  await page.click('dialog .main');
  await page.waitForSelector('dialog input[readonly]');
  await page.keyboard.press('Escape');
  // The dialog's step back is over before the page is read anew.
  await page.waitForSelector('dialog', { state: 'detached' });
  await rest(page);
  const hook = (await api('GET', 'webhooks?limit=200')).items.find((one) => one.url === url);
  // What others do isn't heard of meanwhile.
  await page.route('**/v1/changes/events*', (route) => route.abort());
  await page.reload();
  await page.waitForSelector('.subnav');
  const user = async () => (await api('GET', `users?email=${email}`)).items[0];
  for (const [place, text, one, isOn, alter] of [['users', email, user, (now) => now.status === 'active', async () => api('PATCH', `users/${(await user()).id}`, { name: '試験 改め' }, merge)],
    ['webhooks', url, () => api('GET', `webhooks/${hook.id}`), (now) => now.enabled, () => api('PATCH', `webhooks/${hook.id}`, { types: ['worker'] }, merge)]]) {
    await page.goto(`${base}/#/admin/${place}`);
    const row = `tr:has-text("${text}")`, press = (what) => page.locator(`${row} [data-do=${what}]`).press('Enter');
    await page.waitForSelector(row);
    await rest(page);
    const badge = await page.textContent(`${row} .badge`);
    await press('suspend');
    await page.waitForSelector(`${row} [data-do=activate]`);
    assert.equal(isOn(await one()), false);
    assert.notEqual(await page.textContent(`${row} .badge`), badge);
    await page.waitForTimeout(200);
    assert.ok(await page.evaluate(() => document.activeElement.matches('td .button')), 'the focus stays in the row');
    await alter();
    await press('activate');
    await page.waitForSelector('.notice.bad');
    await press('activate');
    await page.waitForSelector(`${row} [data-do=suspend]`);
    await page.waitForSelector('.notice.bad', { state: 'detached' });
    assert.equal(isOn(await one()), true);
    assert.deepEqual(await accessibility(page), []);
  }
  assert.deepEqual(faults, []);
});
