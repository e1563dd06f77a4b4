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
    await page.route('**/v1/auth/invitations/show', busy, { times: 1 });
    await page.goto(`${base}/?late#/login?once=${invitation.token}`);
    await page.waitForSelector('[title^="late-"]');
    assert.deepEqual(faults, []);
  });
}

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
