// What is seen but not one's own: a button is offered exactly where the service does what it is for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, invite, launch, open, rest } from './support.mjs';

const HERE = '132047', THERE = '131041', merge = { 'content-type': 'application/merge-patch+json' };
let browser;
const made = {};

before(async () => {
  browser = await launch();
  const consent = { purpose: 'matching', given_on: '2026-04-01', text_version: '2026-04' }, day = '2199-10-08T13:30:00+09:00';
  const twin = { area: THERE, consent, personal: { name: '同田 同一', kana: 'ドウダ ドウイツ', email: `twin-${Date.now()}@example.jp`, phone: '03-1234-0987' } };
  const post = async (name, path, body) => { made[name] = await api('POST', path, body); return made[name]; };
  for (const [name, area] of [['Here', HERE], ['There', THERE]]) {
    const group = await post(`group${name}`, 'organizations', { name: `範囲の会 ${name}`, area });
    await post(`request${name}`, 'deliverables', { organization_id: group.id, type: 'flyer', title: `範囲のチラシ ${name}`, status: 'open' });
    await post(`worker${name}`, 'workers', { alias: `範囲の人 ${name}`, area, roles: ['designer'], consent, personal: { name: `範囲 ${name}` } });
    await post(`programme${name}`, 'programmes', { title: `範囲のプログラム ${name}`, kind: 'pro_bono', fiscal_year: 2026, areas: name === 'Here' ? [HERE] : [] });
    await post(`event${name}`, 'events', { kind: 'seminar', title: `範囲の講座 ${name}`, status: 'published', areas: [area], times: [{ starts_at: day }] });
  }
  await post('programmeElse', 'programmes', { title: '範囲のプログラム Else', kind: 'pro_bono', fiscal_year: 2026, areas: [THERE] });
  await post('requestNear', 'deliverables', { organization_id: made.groupThere.id, area: HERE, type: 'flyer', title: '範囲のチラシ Near', status: 'open' });
  await post('project', 'projects', { organization_id: made.groupHere.id, title: '範囲の伴走', accompaniment: { needs: '居場所づくり', supports: ['workshop'] } });
  const apply = (name, request, worker) => post(name, 'applications', { deliverable_id: request.id, worker_id: worker.id, role: request.roles[0].role });
  await apply('applicationIn', made.requestHere, made.workerThere);
  await apply('applicationOut', made.requestThere, made.workerHere);
  await post('twinThere', 'workers', twin);
  await post('twinHere', 'workers', { ...twin, area: HERE });
  for (let i = 0; i < 60 && !made.pair; i += 1) { made.pair = (await api('GET', 'duplicates?kind=worker&limit=200')).items.find((one) => one.records.some(({ id }) => id === made.twinHere.id)); await new Promise((done) => { setTimeout(done, 500); }); }
});
after(() => browser?.close());

/** Records with their screens: what is asked for without changing anything, and what is pressed for it. */
const RECORDS = (role) => {
  const person = (name) => { const { id } = made[name], at = `workers/${id}`; return [[at, at, { PATCH: {} }, '[data-edit]'], [at, `${at}/personal-data`, 'GET', '[data-export]'], [at, `${at}/matches`, 'GET', 'main a[href$="/openings"]']]; };
  const of = (path, screen, name, button) => [`${screen}/${made[name].id}`, `${path}/${made[name].id}`, { PATCH: {} }, button];
  return [...['workerHere', 'workerThere'].flatMap(person),
    ...['groupHere', 'groupThere'].map((name) => of('organizations', 'organizations', name, '[data-edit]')),
    ...['requestHere', 'requestThere', 'requestNear'].map((name) => of('deliverables', 'requests', name, '[data-edit]')),
    ...['programmeHere', 'programmeThere', 'programmeElse'].map((name) => of('programmes', 'programme', name, '[data-do=edit]')),
    ...['eventHere', 'eventThere'].map((name) => of('events', 'programme/events', name, '[data-do=change]')),
    ...(['admin', 'coordinator'].includes(role) ? ['programmeHere', 'programmeThere', 'programmeElse'].map((name) => [`programme/${made[name].id}`, 'events', { POST: { kind: 'seminar', title: '加える講座', areas: [HERE], programme_id: made[name].id, month: '2026-10' } }, '[data-do=event]']) : []),
    of('projects', 'projects', 'project', '[data-move]'),
    ...['applicationIn', 'applicationOut'].map((name) => [`applications?worker_id=${made[name].worker_id}`, `applications/${made[name].id}`, { PATCH: { note: `${Math.random()}` } }, '.applications [data-move]']),
    [`requests/${made.requestHere.id}`, `applications/${made.applicationIn.id}`, { PATCH: { note: `${Math.random()}` } }, '.applications [data-move]'],
    ...(made.pair ? [[`duplicates/${made.pair.id}`, `duplicates/${made.pair.id}`, { PATCH: { status: 'proposed' } }, '.moves .button']] : [])];
};

const ROLES = { admin: () => ({}), auditor: () => ({}), coordinator: () => ({ areas: [HERE] }), organization: () => ({ organization_id: made.groupHere.id }), worker: () => ({ worker_id: made.workerThere.id }) };
for (const [role, details] of Object.entries(ROLES)) test(`${role}: what is offered can be done, and what can be done is offered`, async () => {
  const { link } = await invite({ role, ...details() });
  let token = '';
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'ja-JP', reducedMotion: 'reduce' }), page = await context.newPage(), faults = [];
  page.on('request', (request) => { token = request.headers().authorization ?? token; });
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(link);
  await page.waitForSelector('.nav a');
  await rest(page);
  const asks = (method, path, body) => fetch(`${base}/v1/${path}`, { method, headers: { authorization: token, ...(body && { 'content-type': method === 'PATCH' ? merge['content-type'] : 'application/json' }) }, body: body && JSON.stringify(body) });
  const wrong = [];
  for (const [screen, path, how, button] of RECORDS(role)) {
    // A worker answers, but notes nothing.
    if (role === 'worker' && path.startsWith('applications')) continue;
    const [method, body] = how === 'GET' ? ['GET'] : Object.entries(how)[0], record = path.split('/').slice(0, 2).join('/');
    const isSeen = (await asks('GET', record)).ok, can = isSeen && (await asks(method, path, body)).ok;
    await page.goto(`${base}/#/${screen}`);
    await rest(page);
    const offered = await page.locator(`${button}:not([disabled])`).count() > 0;
    if (isSeen && !screen.startsWith('applications') && await page.locator('main > .notice.bad').count()) wrong.push(`${screen}: seen, but not shown`);
    if (offered !== can) wrong.push(`${screen} ${button}: ${offered ? 'offered, but refused' : 'not offered'} (${method} ${path})`);
    if (role === 'coordinator') wrong.push(...(await accessibility(page)).map((one) => `${screen}: ${one}`));
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(faults, []);
  await context.close();
});

test('who can’t be named is no erased person, and what is elsewhere no link', async () => {
  await api('PATCH', `applications/${made.applicationIn.id}`, { status: 'declined', reason: 'skills' }, merge);
  const { link } = await invite({ role: 'coordinator', areas: [HERE] }), { page, faults } = await open(browser, { link });
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${made.requestHere.id}`);
  await page.waitForSelector('.applications li');
  const text = await page.textContent('.applications');
  assert.match(text, /お名前は表示できません.*見送り/s);
  assert.doesNotMatch(text, /削除された人/);
  assert.equal(await page.locator('.applications a[href]').count(), 0);
  await page.goto(`${base}/#/applications?worker_id=${made.workerHere.id}`);
  await page.waitForSelector('.applications li:has-text("ほかの地域の依頼")');
  assert.equal(await page.locator('.applications a[href]').count(), 0);
  await api('DELETE', `workers/${made.workerThere.id}`);
  await page.goto(`${base}/#/requests/${made.requestHere.id}`);
  await page.waitForSelector('.applications li:has-text("削除された人")');
  assert.deepEqual(faults, []);
});
