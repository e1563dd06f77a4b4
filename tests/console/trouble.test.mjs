// What goes wrong meanwhile: each case is said in words, and nothing typed is lost.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { api, base, launch, open, openRequest, rest } from './support.mjs';

const MESSAGE = 'ぜひお力を貸してください。';
let browser, request, page, context, expected, faults, person;
before(async () => {
  browser = await launch();
  const { organization_id } = await openRequest();
  request = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: '困ったときのチラシ', status: 'open' });
});
after(() => browser?.close());

beforeEach(async () => {
  await context?.close();
  const email = `trouble-${Date.now()}@example.jp`, password = 'tsukimi-dango-to-susuki';
  const { invitation } = await api('POST', 'users', { email, name: '試験 月子', role: 'admin' });
  await fetch(`${base}/v1/auth/invitations/accept`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token: invitation.token, password }) });
  person = { email, password };
  ({ page, context, faults, expected } = await open(browser, { link: base }));
  await logIn();
});

async function logIn() {
  await page.fill('#email', person.email);
  await page.fill('#password', person.password);
  await page.press('#password', 'Enter');
  await page.waitForFunction(() => !document.querySelector('#password'));
}

async function startInvitation() {
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.waitForSelector('.row');
  await rest(page);
  const free = '.row:not(:has(.badge.good))';
  const id = await page.getAttribute(free, 'data-key');
  await page.click(`${free} .name`);
  await page.click('[data-invite]');
  await page.fill('#invite-message', MESSAGE);
  return id;
}
const kept = async () => assert.equal(await page.inputValue('#invite-message'), MESSAGE);
const send = () => page.click('dialog .main');
const sent = async (worker) => {
  await page.waitForSelector('dialog', { state: 'detached' });
  const { items } = await api('GET', `applications?deliverable_id=${request.id}&worker_id=${worker}`);
  assert.deepEqual(items.map((one) => one.message), [MESSAGE], 'sent once');
};

test('a wrong password is said, and the address stays', async () => {
  expected.push(/401/);
  await page.evaluate(() => localStorage.removeItem('musubi.session'));
  await page.goto(`${base}/?again`);
  await page.fill('#email', person.email);
  await page.fill('#password', 'wrong-wrong-wrong');
  await page.press('#password', 'Enter');
  await page.waitForSelector('.notice.bad');
  assert.equal(await page.inputValue('#email'), person.email);
  assert.deepEqual(faults, []);
});

test('without a network it waits, says so, and goes on', async () => {
  expected.push(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK/);
  const worker = await startInvitation();
  await context.setOffline(true);
  await send();
  await page.waitForSelector('.banner p');
  await kept();
  await context.setOffline(false);
  await sent(worker);
  await page.waitForSelector('.banner p', { state: 'detached' });
  assert.deepEqual(faults, []);
});

test('what waits in a form that was closed is sent once, and the form says so where it is opened again', async () => {
  expected.push(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK/);
  const worker = await startInvitation();
  await context.setOffline(true);
  await send();
  await page.waitForSelector('.banner p');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  await page.click('[data-invite]');
  await kept();
  assert.ok(await page.isDisabled('dialog .main'), 'it is still under way');
  await context.setOffline(false);
  await sent(worker);
  assert.deepEqual(faults, []);
});

test('a new request that waits is made once, and nobody is taken from where they went meanwhile', async () => {
  expected.push(/ERR_INTERNET_DISCONNECTED|ERR_NETWORK/);
  const title = `待っている依頼 ${Date.now()}`, { name } = await api('GET', `organizations/${request.organization_id}`);
  const made = async () => (await api('GET', `deliverables?q=${encodeURIComponent(title)}`)).items.length;
  await page.goto(`${base}/#/requests/new`);
  await page.click('.actions .main');
  assert.ok(await page.evaluate(() => document.activeElement.matches(':invalid')), 'what is lacking is told at its field');
  await page.fill('#organization', name);
  await page.click('.found .button');
  await page.selectOption('#type', 'flyer');
  await page.fill('#title', title);
  await context.setOffline(true);
  await page.click('.actions .main');
  await page.waitForSelector('.banner p');
  await page.click('.nav a[href="#/rounds"]');
  await page.waitForSelector('.table-box');
  await page.goBack();
  assert.equal(await page.inputValue('#title'), title, 'what was typed is still there');
  assert.ok(await page.isDisabled('.actions .main'), 'it is still under way');
  await page.click('.nav a[href="#/rounds"]');
  await context.setOffline(false);
  await page.waitForSelector('.banner p', { state: 'detached' });
  for (let i = 0; i < 30 && !await made(); i += 1) await page.waitForTimeout(300);
  await page.waitForTimeout(500);
  assert.ok(page.url().endsWith('#/rounds'));
  assert.equal(await made(), 1);
  await page.goto(`${base}/#/requests/new`);
  assert.equal(await page.inputValue('#title'), '', 'a sent draft is gone');
  assert.deepEqual(faults, []);
});

test('an answer that got lost on its way is asked for again, and the write happens once', async () => {
  expected.push(/ERR_/);
  const worker = await startInvitation();
  let lost = 0;
  await page.route('**/v1/applications', async (route) => {
    if (lost++) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await send();
  await sent(worker);
  assert.equal(lost, 2);
  assert.deepEqual(faults, []);
});

test('a session that ends asks for the password over the screen', async () => {
  expected.push(/401/);
  const worker = await startInvitation();
  await page.route('**/v1/applications', (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"code":"unauthenticated"}' }), { times: 1 });
  await page.route('**/v1/auth/session', (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"code":"unauthenticated"}' }), { times: 1 });
  await send();
  await page.waitForSelector('#password');
  // Browsers let the second Escape through, whatever a page says to the first.
  for (const time of [1, 2]) { await page.keyboard.press('Escape'); await page.waitForTimeout(200); assert.ok(await page.isVisible('#password'), `Escape ${time}`); }
  await kept();
  await logIn();
  await sent(worker);
  assert.deepEqual(faults, []);
});

test('where somebody else logs in, other tabs and what waits begin anew', async () => {
  const other = await context.newPage();
  await other.goto(base);
  await other.waitForSelector('.tools [title]');
  const name = () => page.getAttribute('.tools [title]', 'title').catch(() => '');
  assert.equal(await name(), person.email);
  await other.click('.tools [title]');
  await other.waitForSelector('#password');
  await page.waitForSelector('#password');
  const email = `other-${Date.now()}@example.jp`;
  const { invitation } = await api('POST', 'users', { email, name: '試験 他人', role: 'auditor' });
  await other.goto(`${base}/#/login?once=${invitation.token}`);
  await other.waitForSelector(`[title="${email}"]`);
  assert.ok(!other.url().includes('once'), 'a link works in a tab that was open, and leaves the address');
  await page.reload();
  await page.waitForSelector(`[title="${email}"]`);
  assert.deepEqual(faults, []);
});

for (const status of [429, 503]) {
  test(`a start at a busy server (${status}) is tried again, also with a link that works once`, async () => {
    expected.push(new RegExp(String(status)));
    const busy = (route) => route.fulfill({ status, contentType: 'application/problem+json', body: '{"code":"unavailable"}' });
    for (const path of ['vocabulary', 'auth/session']) await page.route(`**/v1/${path}`, busy, { times: 1 });
    await page.reload();
    await page.waitForSelector('.banner p');
    assert.match(await page.textContent('.banner p'), /混み合って/);
    assert.equal(await page.locator('#password').count(), 0, 'nobody is asked who is logged in');
    await page.waitForSelector('.queue');
    const { invitation } = await api('POST', 'users', { email: `late-${Date.now()}@example.jp`, name: '試験 遅子', role: 'admin' });
    await page.evaluate(() => localStorage.clear());
    for (const path of ['invitations/show', 'invitations/accept', 'login']) await page.route(`**/v1/auth/${path}`, busy, { times: 1 });
    await page.goto(`${base}/?late#/login?once=${invitation.token}`);
    await page.waitForSelector('[title^="late-"]');
    assert.ok(!page.url().includes('once'));
    assert.deepEqual(faults, []);
  });
}

test('a link that was used while its answer got lost logs in nevertheless', async () => {
  expected.push(/ERR_FAILED|400|404|409|410|422/);
  const { invitation } = await api('POST', 'users', { email: `lost-${Date.now()}@example.jp`, name: '試験 迷子', role: 'admin' });
  await page.evaluate(() => localStorage.clear());
  await page.route('**/v1/auth/invitations/accept', async (route) => { await route.fetch(); return route.abort(); }, { times: 1 });
  await page.goto(`${base}/?lost#/login?once=${invitation.token}`);
  await page.waitForSelector('[title^="lost-"]');
  assert.deepEqual(faults, []);
});

for (const status of [429, 503]) {
  test(`a server that is busy (${status}) is asked again after a while`, async () => {
    expected.push(new RegExp(String(status)));
    const worker = await startInvitation();
    await page.route('**/v1/applications', (route) => route.fulfill({ status, headers: { 'retry-after': '1' }, contentType: 'application/problem+json', body: JSON.stringify({ code: status === 429 ? 'too_many_at_once' : 'unavailable', detail: '順位表を準備しています。' }) }), { times: 1 });
    await send();
    await page.waitForSelector('.banner p');
    assert.match(await page.textContent('.banner p'), /順位表を準備しています/);
    await kept();
    await sent(worker);
    assert.deepEqual(faults, []);
  });
}

test('a server that restarts is waited for until it is ready', async () => {
  expected.push(/ERR_|503/);
  const worker = await startInvitation();
  let state = 'down';
  await page.route('**/v1/**', (route) => (state === 'down' ? route.abort() : state === 'up' ? route.continue()
    : route.fulfill({ status: 503, headers: { 'retry-after': '1' }, contentType: 'application/problem+json', body: JSON.stringify({ code: 'unavailable', detail: '順位表を準備しています。' }) })));
  await send();
  await page.waitForSelector('.banner p');
  assert.match(await page.textContent('.banner p'), /接続できません/);
  await kept();
  state = 'starting';
  await page.waitForFunction(() => document.querySelector('.banner p')?.textContent.includes('準備しています'));
  await kept();
  state = 'up';
  await sent(worker);
  await page.waitForSelector('.banner p', { state: 'detached' });
  assert.deepEqual(faults, []);
});

test('a write that still runs when it is sent again is waited for', async () => {
  expected.push(/ERR_|409/);
  const worker = await startInvitation();
  let tries = 0;
  await page.route('**/v1/applications', async (route) => {
    tries += 1;
    if (tries === 1) return route.abort();
    if (tries === 2) return route.fulfill({ status: 409, headers: { 'retry-after': '1' }, contentType: 'application/problem+json', body: '{"code":"request_in_progress"}' });
    return route.continue();
  });
  await send();
  await sent(worker);
  assert.equal(tries, 3);
  assert.deepEqual(faults, []);
});

test('what can’t be drawn for want of its outlines is said, and drawn once they can be had', async () => {
  expected.push(/ERR_|404/);
  await page.route('**/tokyo.topo.json', (route) => route.fulfill({ status: 404, body: 'gone' }), { times: 1 });
  await page.goto(`${base}/#/programme/coverage`);
  await page.waitForSelector('.notice.bad');
  await page.goto(`${base}/#/programme`);
  await page.waitForSelector('.programme');
  await page.goto(`${base}/#/programme/coverage`);
  await page.waitForSelector('.map');
  assert.deepEqual(faults, []);
});

// A fault of the service, which nothing is waited for.
const broken = (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: '{"code":"internal","detail":"内部エラーです。","request_id":"01a2-7"}' });
for (const [what, hash, path, ready] of [['a board', 'requests', '**/v1/deliverables?*', '.ticket'], ['a map', 'programme/coverage', '**/v1/statistics/coverage?*', '.map'],
  ['a desk', '', '**/v1/tasks?*', '.queue'], ['a list', 'workers', '**/v1/workers?*', '.table tbody tr'], ['a ranking', null, '**/matches?*', '.row']]) {
  test(`${what} that can’t be read says why, and is read again from the keyboard`, async () => {
    expected.push(/500/);
    let faulty = true;
    await page.route(path, (route) => (faulty ? broken(route) : route.continue()));
    await page.goto(`${base}/?${Math.random()}#/${hash ?? `requests/${request.id}/ranking`}`);
    await page.waitForSelector('.notice.bad');
    assert.match(await page.textContent('.notice.bad'), /内部エラーです。 01a2-7/, 'with the number that the service can look for');
    const again = page.locator('[data-again]').first();
    await again.focus();
    await page.keyboard.press('Enter');
    await page.waitForTimeout(700);
    assert.ok(await page.evaluate(() => document.activeElement.matches('[data-again]')), 'it can be tried once more');
    faulty = false;
    await page.keyboard.press('Enter');
    await page.waitForSelector(ready);
    await page.waitForSelector('.notice.bad', { state: 'detached' });
    assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY', 'the focus is in what came');
    assert.deepEqual(faults, []);
  });
}

test('somebody who can’t be put in a place goes back, and it is said why', async () => {
  expected.push(/500/);
  await page.goto(`${base}/#/projects`);
  await page.goto(`${base}/#/requests/${request.id}/team`);
  await page.waitForSelector('.others [data-candidate]');
  await rest(page);
  const names = () => page.locator('.seat [data-seat]').allTextContents(), before = await names();
  await page.route('**/v1/deliverables/*/team', broken, { times: 1 });
  await page.locator('.column:first-child [data-candidate]').first().focus();
  await page.keyboard.press('p');
  await page.waitForSelector('.notice.bad');
  assert.match(await page.textContent('.notice.bad'), /内部エラー/);
  await page.waitForFunction(() => !location.hash.includes('pins='));
  await rest(page);
  assert.ok(await page.isVisible('.notice.bad'), 'it stays to be read');
  assert.deepEqual(await names(), before);
  assert.equal(await page.locator('.chips .button').count(), 0);
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-candidate]')), 'the focus stays');
  await page.keyboard.press('p');
  await page.waitForSelector('.seat[data-pinned]');
  await page.waitForSelector('.notice.bad', { state: 'detached' });
  await page.goBack();
  await page.waitForSelector('.seat[data-pinned]', { state: 'detached' });
  await page.goBack();
  await page.waitForURL(/#\/projects$/);
  assert.deepEqual(faults, []);
});

test('what somebody typed isn’t shown to who logs in after them', async () => {
  await page.goto(`${base}/#/requests/new`);
  await page.fill('#title', '月子の下書き');
  await page.click('.tools [title]');
  await page.waitForSelector('#email');
  const { invitation } = await api('POST', 'users', { email: `next-${Date.now()}@example.jp`, name: '試験 次郎', role: 'admin' });
  await page.goto(`${base}/?next#/login?once=${invitation.token}`);
  await page.waitForSelector('[title^="next-"]');
  await page.goto(`${base}/#/requests/new`);
  await page.waitForSelector('#title');
  assert.equal(await page.inputValue('#title'), '');
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  assert.deepEqual(faults, []);
});

test('what somebody else did first (409) is said, and the text stays', async () => {
  expected.push(/409/);
  await page.route('**/v1/changes/events*', (route) => route.abort());
  expected.push(/ERR_FAILED/);
  const worker = await startInvitation();
  const role = await page.inputValue('#invite-role');
  await api('POST', 'applications', { deliverable_id: request.id, worker_id: worker, role, direction: 'invitation' });
  await send();
  await page.waitForSelector('dialog .notice.bad');
  await kept();
  assert.deepEqual(faults, []);
});

test('a record that changed meanwhile (412) is shown anew, and the decision can be sent again', async () => {
  expected.push(/412|ERR_FAILED/);
  const { organization_id } = request;
  const made = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: '同時に直したチラシ', status: 'submitted' });
  await page.route('**/v1/changes/events*', (route) => route.abort());
  await page.goto(`${base}/?stream#/requests/${made.id}`);
  await page.fill('#decision-message', MESSAGE);
  await api('PATCH', `deliverables/${made.id}`, { title: '同時に直したチラシ(改)' }, { 'if-match': '"1"', 'content-type': 'application/merge-patch+json' });
  await page.click('form .main');
  await page.waitForSelector('.notice.bad');
  await page.waitForFunction(() => document.querySelector('h1').textContent.includes('改'));
  assert.equal(await page.inputValue('#decision-message'), MESSAGE);
  await page.click('form .main');
  await page.waitForSelector('form', { state: 'detached' });
  assert.equal((await api('GET', `deliverables/${made.id}`)).status, 'open');
  assert.deepEqual(faults, []);
});

test('a slider that is dragged while the connection fails ends at the last value', async () => {
  expected.push(/ERR_/);
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.waitForSelector('.row');
  await page.route('**/v1/matches/preview', (route) => route.abort(), { times: 2 });
  await page.focus('#w-theme');
  await page.keyboard.press('PageUp');
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.querySelector('.delta.rose, .delta.fell'));
  assert.equal(await page.inputValue('#w-theme'), '100');
  assert.deepEqual(faults, []);
});

const anew = (status) => api('POST', 'deliverables', { organization_id: request.organization_id, type: 'flyer', title: '書きかけのチラシ', status });
// Each form: where it is, how it is opened and filled in, what it sends to, and the field whose text has to stay.
const FORMS = [
  ['users', 'admin/users', async (page) => { await page.click('[data-new]'); await page.selectOption('#new-users-role', 'admin'); await page.fill('#new-users-name', MESSAGE); await page.fill('#new-users-email', `typed-${Date.now()}@example.jp`); }, '**/v1/users', '#new-users-name'],
  ['catalogue', 'admin/catalogue?of=skills', async (page) => { await page.click('[data-new]'); await page.fill('#new-skills-code', `typed_${Date.now()}`); await page.fill('#new-skills-ja', MESSAGE); await page.fill('#new-skills-en', `Typed ${Date.now()}`); }, '**/v1/skills', '#new-skills-ja'],
  ['event', 'programme/events', async (page) => { await page.click('[data-do=event]'); await page.fill('#event-title', MESSAGE); await page.fill('#event-starts_at', '2027-02-03T19:00'); }, '**/v1/events', '#event-title'],
  ['registration', 'EVENT', async (page) => { await page.click('.adder:has(#guest-name) summary'); await page.fill('#guest-name', MESSAGE); }, '**/v1/events/*/registrations', '#guest-name'],
  ['worker', async () => `workers/${(await api('POST', 'workers', { alias: '直される人', personal: { name: '試験 直子' } })).id}`, async (page) => { await page.click('[data-edit]'); await page.fill('[id^=worker-][id$=-evidence]', MESSAGE); }, '**/v1/workers/*', '[id^=worker-][id$=-evidence]'],
  ['organization', 'organizations', async (page) => { await page.click('[data-new]'); await page.fill('#group-name', MESSAGE); await page.selectOption('#group-area', '131041'); }, '**/v1/organizations', '#group-name'],
  ['request', 'requests/new', async (page) => { await page.fill('#organization', '元気'); await page.click('.found .button'); await page.selectOption('#type', 'flyer'); await page.fill('#title', MESSAGE); }, '**/v1/deliverables', '#title'],
  ['what is needed', async () => `requests/${(await anew('draft')).id}`, async (page) => { await page.click('[data-edit]'); await page.fill('#need-trouble', MESSAGE); }, '**/v1/deliverables/*', '#need-trouble'],
  ['decision', async () => `requests/${(await anew('submitted')).id}`, async (page) => page.fill('#decision-message', MESSAGE), '**/v1/deliverables/*/decisions', '#decision-message'],
  ['answer', async () => { const { id } = await anew('open'), { items: [{ worker, role }] } = await api('GET', `deliverables/${id}/matches?limit=1`); await api('POST', 'applications', { deliverable_id: id, worker_id: worker.id, role }); return `requests/${id}`; },
    async (page) => { await page.click('[data-move=shortlisted]'); await page.fill('#move-note', MESSAGE); }, '**/v1/applications/*', '#move-note'],
  ['round', 'rounds/new', async (page) => page.fill('#title', MESSAGE), '**/v1/rounds', '#title'],
  ['milestone', async () => `projects/${(await api('GET', 'projects?kind=deliverable&status=planned,in_progress,delivered&limit=1')).items[0].id}`,
    async (page) => { await page.click('section[aria-labelledby=progress-title] summary'); await page.fill('#new-milestones-title', MESSAGE); await page.fill('#new-milestones-due_on', '2027-02-20'); }, '**/v1/projects/*/milestones', '#new-milestones-title'],
  ['step', 'programme', async (page) => { await page.click('[data-do=step]'); await page.fill('#step-title', MESSAGE); await page.fill('#step-on', '2027-01-20'); }, '**/v1/programmes/*', '#step-title'],
  ['partner', 'admin/partners', async (page) => { await page.click('[data-new]'); await page.fill('#new-partners-name', MESSAGE); await page.fill('#new-partners-code', `typed${Date.now() % 1_000_000}`); }, '**/v1/partners', '#new-partners-name'],
  ['card', 'PROJECT', async (page) => { await page.click('.adder:has(#new-card-title) summary'); await page.fill('#new-card-title', '紙面の引き継ぎ'); await page.fill('#new-card-story', MESSAGE); }, '**/v1/showcase', '#new-card-story'],
];
for (const [what, where, fill, path, field] of FORMS) {
  test(`a form keeps what was typed whatever happens on its way: ${what}`, async () => {
    const event = where === 'EVENT' && await api('POST', 'events', { kind: 'seminar', title: '一緒に考える会', status: 'published', areas: [], times: [{ starts_at: '2027-02-20T19:00:00+09:00' }], takes_registrations: true });
    const cards = where === 'PROJECT' && (await api('GET', 'showcase?limit=200')).items.map((one) => one.project_id);
    const project = cards && (await api('GET', 'projects?kind=deliverable&limit=50')).items.find((one) => !cards.includes(one.id));
    if (cards && !project) return;
    await page.goto(`${base}/#/${event ? `programme/events/${event.id}` : project ? `projects/${project.id}` : typeof where === 'function' ? await where() : where}`);
    await rest(page);
    await fill(page);
    const text = await page.inputValue(field), seen = [];
    const refuse = (status, code, headers = {}) => (route) => route.fulfill({ status, headers, contentType: 'application/problem+json', body: JSON.stringify({ code, detail: `${code}です。` }) });
    // Offline, restarting, too many requests, a session that has ended: these pass by themselves, or with a password.
    const steps = [(route) => route.abort(), refuse(503, 'unavailable', { 'retry-after': '1' }), refuse(429, 'rate_limited', { 'retry-after': '1' }), refuse(401, 'unauthenticated'), refuse(409, 'taken_meanwhile')];
    await page.route(path, (route) => { if (route.request().method() === 'GET') return route.continue(); seen.push(route.request().headers()['idempotency-key']); return (steps.shift() ?? ((one) => one.continue()))(route); });
    await page.route('**/v1/auth/session', refuse(401, 'unauthenticated'), { times: 1 });
    const submit = () => page.evaluate((of) => document.querySelector(of).closest('form').requestSubmit(), field);
    await submit();
    await page.waitForSelector('#password', { timeout: 20000 });
    assert.equal(await page.inputValue(field), text);
    await logIn();
    await page.waitForFunction((of) => document.querySelector(of)?.closest('form').querySelector('.notice.bad ~ .actions .main:not([disabled])'), field, { timeout: 20000 });
    assert.equal(await page.inputValue(field), text, 'it was refused, and the text stays');
    assert.equal(new Set(seen).size, 1, 'it is one write, however often it is sent');
    await submit();
    await page.waitForFunction((of) => !document.querySelector(of)?.value, field, { timeout: 20000 });
    assert.equal(seen.length, 6);
  });
}
