// One story, by mouse and by keyboard alone: a request is opened, its candidates are ranked and compared, one is invited.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, invite, launch, open, openRequest, rest } from './support.mjs';

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
  await page.click('.beyond .button');
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

test('by keyboard alone', async () => {
  const { id } = await submitted('だれでも来られる居場所のチラシ');
  const { page, faults } = await open(browser, {});
  const press = (...keys) => keys.reduce((last, key) => last.then(() => page.keyboard.press(key)), Promise.resolve());
  const focused = () => page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
  const tabTo = async (selector, key = 'Tab') => {
    for (let i = 0; i < 150; i += 1) {
      if (await page.evaluate((one) => document.activeElement?.matches(one), selector)) return;
      await press(key);
    }
    assert.fail(`Tab does not reach ${selector}; at ${await focused()}`);
  };
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

test('a colleague’s change is seen without asking for it', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await rest(page);
  const { id } = await submitted('あとから届いた依頼');
  await page.waitForSelector(`.queue a[href="#/requests/${id}"]`);
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
