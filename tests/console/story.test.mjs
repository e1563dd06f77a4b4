// One story, by mouse and by keyboard alone: a request is opened, its candidates are ranked and compared, one is invited.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, invite, launch, open, openRequest, rest } from './support.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const ranks = (page) => page.$$eval('.row', (rows) => rows.map((row) => row.dataset.key));
const isReranked = (page, before) => page.waitForFunction((old) => [...document.querySelectorAll('.row')].map((row) => row.dataset.key).join() !== old, before.join());

/** A request under review, of which the story is. */
async function submitted(title) {
  const { organization_id } = await openRequest();
  return api('POST', 'deliverables', { organization_id, type: 'flyer', title, trouble: '会員が減っていて、若い人に活動を知ってもらいたい。', status: 'submitted' });
}

test('by mouse', async () => {
  const { id } = await submitted('若い会員をふやすチラシ');
  const { page, faults } = await open(browser, { motion: 'no-preference' });
  await page.click(`.queue a[href="#/requests/${id}"]`);
  await page.fill('#decision-message', 'よろしくお願いします。');
  await page.click('form .main');
  await page.waitForFunction(() => document.querySelector('.badge.accent')?.textContent === '募集中');
  assert.equal((await api('GET', `deliverables/${id}`)).status, 'open');
  assert.match(await page.textContent('.history li'), /募集.*事務局.*よろしくお願いします。/s, 'who decided, and with what words');
  await page.click('.title .main');
  await page.waitForSelector('.row');
  const first = await ranks(page);

  const slider = await (await page.$('#w-distance')).boundingBox();
  await page.mouse.move(slider.x + slider.width * 0.1, slider.y + slider.height / 2);
  await page.mouse.down();
  for (let part = 2; part <= 9; part += 1) await page.mouse.move(slider.x + slider.width * part / 10, slider.y + slider.height / 2);
  await isReranked(page, first);
  await page.mouse.up();
  await page.waitForSelector('.delta.rose');
  await page.waitForURL(/w=34-/);
  await page.click('.presets button');
  await page.waitForFunction((old) => [...document.querySelectorAll('.row')].map((row) => row.dataset.key).join() === old, first.join());

  await page.click('.chip[data-c=skill]');
  await page.waitForSelector('.fit.lone');
  await page.click('.legend .button');
  await page.hover('.row .seg[data-c=skill]');
  await page.waitForSelector('.tip');

  const before = Number((await page.textContent('.funnel .last b')).trim());
  await page.click('.easings .button');
  await page.waitForSelector('.notice[role=status]');
  await page.waitForFunction((n) => Number(document.querySelector('.funnel .last b').textContent) > n, before);
  assert.equal((await api('GET', `deliverables/${id}`)).version, 2, 'looking changes nothing');
  await page.click('.notice .button');
  await page.waitForFunction((n) => Number(document.querySelector('.funnel .last b').textContent) === n, before);

  for (const n of [1, 2]) await page.check(`.row:nth-child(${n}) .pick input`);
  await page.waitForSelector('.duel');
  await page.click('.versus .panel-head button');

  const listed = new Set((await api('GET', `deliverables/${id}/matches?limit=200`)).items.map((one) => one.worker.id));
  const absent = (await api('GET', 'workers?limit=200')).items.find((one) => !listed.has(one.id));
  await page.fill('[data-search]', absent.alias);
  await page.click('.missing .button');
  await page.waitForSelector('.panel .fails, .panel .parts');
  await page.click('.panel-head button:last-of-type');
  await page.fill('[data-search]', '');

  await page.click('.row .name');
  await page.click('[data-invite]');
  await page.fill('#invite-message', 'ぜひお力を貸してください。');
  await page.click('dialog .main');
  await page.waitForSelector('.row .badge.good');
  const { items } = await api('GET', `applications?deliverable_id=${id}`);
  assert.deepEqual(items.map((one) => [one.direction, one.message]), [['invitation', 'ぜひお力を貸してください。']]);
  assert.deepEqual(faults, []);
});

/** What is done with keys only. */
function keyboard(page) {
  const press = (...keys) => keys.reduce((last, key) => last.then(() => page.keyboard.press(key)), Promise.resolve());
  const focused = () => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
  const tabTo = async (selector, key = 'Tab') => {
    for (let i = 0; i < 150; i += 1) {
      if (await page.evaluate((one) => document.activeElement?.matches(one), selector)) return;
      await press(key);
    }
    assert.fail(`Tab does not reach ${selector}; at ${await focused()}`);
  };
  return { press, focused, tabTo };
}

test('by keyboard alone', async () => {
  const { id } = await submitted('だれでも来られる居場所のチラシ');
  const { page, faults } = await open(browser, {}), { press, focused, tabTo } = keyboard(page);
  await page.waitForSelector('.queue a');
  await rest(page);
  await press('Tab');
  assert.ok(await page.evaluate(() => document.activeElement.matches('.skip')));
  await press('Enter');
  assert.ok(await page.evaluate(() => document.activeElement.matches('main')));
  await tabTo(`.queue a[href="#/requests/${id}"]`);
  await press('Enter');
  await page.waitForSelector('form');
  await tabTo('form .main');
  await press('Enter');
  await page.waitForFunction(() => document.querySelector('.badge.accent')?.textContent === '募集中');
  await tabTo('.title .main', 'Shift+Tab').catch(() => tabTo('.title .main'));
  await press('Enter');
  await page.waitForSelector('.row');
  await rest(page);
  const first = await ranks(page);
  await tabTo('#w-distance');
  await press('End');
  await isReranked(page, first);
  await press('Home');
  await tabTo('[data-row]');
  await press('ArrowDown', 'ArrowDown', 'ArrowRight');
  await page.waitForSelector('.tip');
  await press('ArrowUp', 'c', 'ArrowDown', 'c');
  await page.waitForSelector('.duel');
  await tabTo('.versus .panel-head button');
  await press('Enter');
  assert.match(await focused(), /data-row/, 'the focus returns to the list');
  await press('Enter');
  await page.waitForSelector('[data-invite]');
  await tabTo('[data-invite]');
  await press('Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'invite-message');
  await page.keyboard.insertText('ご一緒しませんか。');
  await tabTo('dialog .main');
  await press('Enter');
  await page.waitForSelector('.row .badge.good');
  assert.equal((await api('GET', `applications?deliverable_id=${id}`)).items.length, 1);
  await press('Escape', 'g', 'd');
  await page.waitForSelector('.desk .queue');
  await press('?');
  await page.waitForSelector('dialog[open]');
  assert.deepEqual(await accessibility(page), []);
  await press('Escape');
  assert.deepEqual(faults, []);
});

test('by keyboard alone: from words to a request, a team, invitations, an agreement and a project', async () => {
  const { name } = await api('GET', `organizations/${(await openRequest()).organization_id}`);
  const { page, faults } = await open(browser, {}), { press, focused, tabTo } = keyboard(page), type = (text) => page.keyboard.insertText(text);
  const kept = async (where) => { await page.waitForTimeout(300); assert.doesNotMatch(await focused(), /^<body/, `the focus is lost ${where}`); };
  await page.waitForSelector('.queue');
  await press('g', 'n');
  await page.waitForSelector('#trouble');
  await tabTo('#trouble');
  await type('行事の案内が届かず、来る人が減っている。チラシを作りたい。');
  await page.waitForSelector('.proposal');
  await tabTo('#organization');
  await type(name);
  await page.waitForSelector('.found .button');
  await tabTo('.found .button');
  await press('Enter');
  await kept('after choosing a group');
  await tabTo('#title');
  await type('鍵盤だけで作るチラシ');
  await tabTo('.proposal input');
  await press('Space');
  await tabTo('.actions .main', 'Shift+Tab');
  await press('Enter');
  await page.waitForFunction(() => /requests\/[0-9a-f-]{36}$/.test(location.hash));
  const id = page.url().split('/').pop();
  await page.waitForSelector('form');
  await kept('on the request');
  await tabTo('form .main');
  await press('Enter');
  await page.waitForFunction(() => document.querySelector('.badge.accent')?.textContent === '募集中');
  await kept('after the decision');

  await tabTo('.team-open', 'Shift+Tab');
  await press('Enter');
  await page.waitForSelector('.others [data-candidate]');
  await rest(page);
  await tabTo('[data-candidate]');
  await press('p');
  await page.waitForSelector('.seat[data-pinned]');
  await kept('after pinning');
  assert.ok((await page.textContent('.title [role=status]')).length > 5, 'what the team became is said');
  await tabTo('[data-round]', 'Shift+Tab');
  await press('Enter');
  await page.waitForSelector('[data-publish]');
  await kept('on the round');
  await tabTo('[data-publish]');
  await press('Enter');
  await page.waitForSelector('dialog[open]');
  await press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.match(await focused(), /data-publish/, 'a dialog gives the focus back');
  await press('Enter');
  await tabTo('[data-sure]');
  await press('Enter');
  await page.waitForFunction(() => !document.querySelector('[data-publish]'));
  await kept('after publishing');
  const { items } = await api('GET', `applications?deliverable_id=${id}`);
  assert.ok(items.length);

  // Those who were invited say yes elsewhere.
  for (const one of items) for (const status of ['shortlisted', 'offered']) await api('PATCH', `applications/${one.id}`, { status }, { 'content-type': 'application/merge-patch+json' });
  await tabTo('.demand h2 a');
  await press('Enter');
  for (let left = items.length; left > 0; left -= 1) {
    await page.waitForFunction((n) => document.querySelectorAll('[data-move=agreed]').length === n, left);
    await tabTo('[data-move=agreed]');
    await press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'move-goal');
    await type('来る人を倍にする。');
    await press('Tab');
    await type('土曜の午前に集まる。');
    await tabTo('dialog .main');
    await press('Enter');
    await page.waitForSelector('dialog', { state: 'detached' });
    await kept('after an agreement');
  }
  await page.waitForSelector('[data-project]');
  await tabTo('[data-project]', 'Shift+Tab');
  await press('Enter');
  await page.waitForSelector('.project .history li');
  await kept('on the project');
  await tabTo('section[aria-labelledby=progress-title] summary');
  await press('Enter');
  await tabTo('#new-milestones-title');
  await type('下書き');
  await press('Tab');
  await type('2027-02-01');
  await page.evaluate(() => { const day = document.activeElement; if (!day.value) { day.value = '2027-02-01'; day.dispatchEvent(new Event('input', { bubbles: true })); } });
  await press('Enter');
  await page.waitForFunction(() => document.querySelector('section[aria-labelledby=progress-title] .lines').textContent.includes('下書き'));
  await kept('after adding');
  assert.deepEqual(faults, []);
});

test('a colleague’s change is seen without asking for it', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await rest(page);
  const { id } = await submitted('あとから届いた依頼');
  await page.waitForSelector(`.queue a[href="#/requests/${id}"]`);
  assert.deepEqual(faults, []);
});

test('an import of many lines is one line of the desk, and hides nothing', async () => {
  const { organization_id } = await openRequest();
  const { title } = await api('POST', 'deliverables', { organization_id, type: 'flyer', title: '取り込みの前のチラシ', status: 'draft' });
  const list = `登録番号,氏名,市区町村\n${Array.from({ length: 320 }, (_, i) => `D-${i},試験 ${'一二三四五六七八九十'[i % 10]}${'山川田村森林原野島崎'[Math.floor(i / 10) % 10]}${Math.floor(i / 100)},新宿区`).join('\n')}\n`;
  const { id } = await (await fetch(`${base}/v1/imports?kind=workers&source=desk-test`, { method: 'POST', headers: { authorization: `Bearer ${process.env.MUSUBI_TOKEN}` }, body: list })).json();
  while (['receiving', 'queued', 'running'].includes((await api('GET', `imports/${id}`)).status)) await new Promise((done) => { setTimeout(done, 200); });
  const { page, faults } = await open(browser, {});
  const changes = 'section[aria-labelledby=changes-title] li';
  await page.waitForSelector(changes);
  const lines = await page.locator(changes).allTextContents();
  /** Soon after the start of the demo, its own workers are in the same line. */
  assert.equal(lines.filter((one) => Number(/ほか(\d+)件/.exec(one)?.[1]) >= 319).length, 1, lines.join('\n'));
  assert.ok(lines.some((one) => one.includes(title)), lines.join('\n'));
  assert.deepEqual(faults, []);
});

test('the focus follows what is opened and closed', async () => {
  const { page, faults } = await open(browser, {}), request = await openRequest();
  const at = (selector) => page.waitForFunction((one) => document.activeElement.matches(one), selector);
  await page.waitForSelector('.queue');
  await page.evaluate((hash) => { location.hash = hash; }, '#/requests?view=table');
  await page.locator('.table tbody a').first().press('Enter');
  await page.waitForSelector('.history li');
  await at('#main');
  await page.evaluate((hash) => { location.hash = hash; }, `#/requests/${request.id}/ranking`);
  await page.waitForSelector('.row');
  await at('#main');
  await page.locator('.row:nth-child(2) .name').press('Enter');
  await page.waitForSelector('.panel .parts');
  await page.locator('.panel-head button:last-of-type').press('Enter');
  await at('.row:nth-child(2) .name');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator('.sheet-open').press('Enter');
  await page.locator('.rail-close').press('Enter');
  await at('.sheet-open');
  await page.locator('.sheet-open').press('Enter');
  await at('.rail-close');
  await page.keyboard.press('Escape');
  await at('.sheet-open');
  assert.deepEqual(faults, []);
});

test('rows glide beside a sheet that was opened on a narrow screen', async () => {
  const request = await openRequest(), { page, faults } = await open(browser, { width: 390, height: 844, motion: 'no-preference' });
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/requests/${request.id}/ranking`);
  await page.waitForSelector('.row');
  await page.click('.sheet-open');
  await page.setViewportSize({ width: 1280, height: 860 });
  await rest(page);
  await page.focus('#w-distance');
  // The first new order is at another width, and moves nothing.
  for (const key of ['ArrowRight', 'End']) { await page.keyboard.press(key); await page.waitForTimeout(key === 'End' ? 0 : 800); }
  await page.waitForFunction(() => document.getAnimations().some((one) => one.effect.target.matches('.row') && one.effect.getKeyframes()[0].transform?.includes('translate')), null, { polling: 20 });
  assert.deepEqual(faults, []);
});

test('a one-time link works once, and the secret doesn’t stay in the address', async () => {
  const { page, context } = await open(browser, {});
  await page.waitForSelector('.queue');
  assert.doesNotMatch(page.url(), /once/);
  await page.reload();
  await page.waitForSelector('.queue');
  const { link } = await invite();
  await context.clearCookies();
  const other = await open(browser, { link });
  await other.page.waitForSelector('.queue');
  const again = await open(browser, { link });
  again.expected.push(/422/);
  await again.page.waitForSelector('.login .notice');
  assert.ok(await again.page.isVisible('#password'));
  assert.deepEqual(again.faults, []);
});
