// The address says what is seen, Back undoes one step after the other, and what was typed outlives a reload.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, base, checkedList, launch, open, openRequest, rest } from './support.mjs';

let browser, request, review, round, project, checked, worker;
before(async () => {
  [browser, request, checked] = [await launch(), await openRequest(), await checkedList()];
  [{ worker }] = (await api('GET', `deliverables/${request.id}/matches?limit=1`)).items;
  review = await api('POST', 'deliverables', { organization_id: request.organization_id, type: 'flyer', title: '書きかけの審査', status: 'submitted' });
  round = await api('POST', 'rounds', { title: '戻る割り当て', filter: { format: 'one_month' } });
  [project] = (await api('GET', 'projects?kind=deliverable&status=in_progress,planned&limit=1')).items;
});
after(() => browser?.close());

/** What the user sees chosen: fields, what is pressed or current, what is open. */
const chosen = (page) => page.evaluate(() => JSON.stringify([
  [...document.querySelectorAll('main select')].map((one) => one.value), [...document.querySelectorAll('main [type=search]')].map((one) => one.value),
  [...document.querySelectorAll('main :is([aria-pressed=true], [aria-current], [aria-expanded=true])')].map((one) => one.textContent.trim()),
  [...document.querySelectorAll('main .chips .button, .cards [data-on], main tr[data-on]')].length, document.querySelectorAll('dialog').length, document.querySelector('h1')?.textContent]));

/** Each screen with steps: what is chosen, pressed or typed. */
const SCREENS = () => {
  const select = (n, at = '.filters select') => (page) => page.locator(`main ${at}`).nth(n).selectOption({ index: 1 }), press = (at) => (page) => page.locator(at).first().click();
  const type = (page) => page.locator('[data-search]').pressSequentially('会あ', { delay: 60 });
  return { '': [press('.tile')], requests: [select(0), type, press('.switch button:last-child'), select(5)], workers: [select(0), type, press('[data-new]')], organizations: [select(1), type, press('[data-new]')],
    duplicates: [select(0)], applications: [select(0)], projects: [select(0), select(1)], programme: [select(0), press('[data-do=make]')], 'programme/events': [select(0), press('[data-do=event]')],
    'programme/coverage': [select(0), press('[data-pick]')], 'programme/statistics': [select(1), select(0)], [`rounds/${round.id}`]: [press('.switch button:nth-child(2)'), press('[data-compare]')],
    'rounds/new': [select(0, '.moves select')], [`requests/${request.id}/team`]: [select(0, '[data-rule]'), press('[data-candidate]'), press('[data-ban]')], [`imports/${checked.id}`]: [press('.switch button:nth-child(2)')],
    'admin/users': [press('[data-new]')], 'admin/catalogue': [press('.subnav a[href*=skills]'), press('[data-new]')], 'admin/audit': [select(0)], [`workers/${worker.id}/openings`]: [press('[aria-expanded]')],
    [`workers/${worker.id}`]: [press('[data-edit]')], [`projects/${project.id}`]: [press('[data-move]')], [`requests/${request.id}`]: [press('[data-edit]')] };
};

test('on every screen, the address says what is chosen, and Back undoes one step after the other', async () => {
  const { page, faults } = await open(browser, {}), wrong = [];
  await page.waitForSelector('.queue');
  for (const [screen, steps] of Object.entries(SCREENS())) {
    await page.goto(`${base}/#/${screen}`);
    await rest(page);
    const seen = [], note = async () => { await page.waitForTimeout(350); await rest(page); seen.push([new URL(page.url()).hash, await chosen(page)]); };
    await note();
    for (const [i, step] of steps.entries()) {
      await step(page);
      await note();
      const isOpen = await page.locator('dialog').count() > 0;
      if (!isOpen && seen.at(-1)[0] === seen.at(-2)[0]) wrong.push(`${screen}: step ${i} is not in the address`);
    }
    if (!await page.locator('dialog').count()) {
      await page.reload();
      await rest(page);
      await page.waitForTimeout(350);
      if (await chosen(page) !== seen.at(-1)[1]) wrong.push(`${screen}: a reload shows ${await chosen(page)} for ${seen.at(-1)[1]}`);
    }
    for (let i = seen.length - 2; i >= 0; i -= 1) {
      await page.goBack();
      for (let n = 0; n < 12 && (new URL(page.url()).hash !== seen[i][0] || await chosen(page) !== seen[i][1]); n += 1) await page.waitForTimeout(150);
      const now = [new URL(page.url()).hash, await chosen(page)];
      if (now.join() !== seen[i].join()) { wrong.push(`${screen}: Back from step ${i} shows ${now} for ${seen[i]}`); break; }
    }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(faults, []);
});

test('a dialog is one step: closed otherwise, or done, it is no step any more', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/projects`);
  await page.goto(`${base}/#/organizations`);
  await page.click('[data-new]');
  await page.waitForSelector('dialog[open]');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  await page.waitForTimeout(200);
  await page.goBack();
  await page.waitForURL(/#\/projects$/);
  await page.goForward();
  await page.click('[data-new]');
  await page.fill('#group-name', `戻る会 ${Date.now()}`);
  await page.selectOption('#group-area', '131041');
  await page.click('dialog .main');
  await page.waitForURL(/organizations\/[0-9a-f-]{36}$/);
  await page.waitForSelector('.facts-list');
  await page.goBack();
  await page.waitForURL(/#\/organizations$/);
  assert.equal(await page.locator('dialog').count(), 0);
  await page.goBack();
  await page.waitForURL(/#\/projects$/);
  assert.deepEqual(faults, []);
});

test('who goes elsewhere in the moment in which a dialog closes stays there', async () => {
  const { page, context, faults } = await open(browser, {}), leave = async (at) => {
    await at.click('[data-new]');
    await at.waitForSelector('dialog[open]');
    await at.evaluate(() => {
      const dialog = document.querySelector('dialog');
      dialog.addEventListener('close', () => { location.hash = '#/workers'; });
      dialog.close();
    });
    await at.waitForURL(/#\/workers$/);
    await at.waitForTimeout(1200);
    assert.match(at.url(), /#\/workers$/);
    await at.goBack();
    await at.waitForURL(/#\/organizations$/);
    await rest(at);
    assert.equal(await at.locator('dialog').count(), 0);
  };
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/projects`);
  await page.goto(`${base}/#/organizations`);
  await leave(page);
  await page.goBack();
  await page.waitForURL(/#\/projects$/);
  const first = await context.newPage();
  await first.goto(`${base}/#/organizations`);
  await leave(first);
  assert.deepEqual(faults, []);
});

/** Forms: where they are, how they are opened, and the field that is typed into. */
const FORMS = () => [[`workers/${worker.id}`, '[data-edit]', '[id$=-kana]'], ['workers', '[data-new]', '#worker-new-name'], ['organizations', '[data-new]', '#group-name'], [`requests/${request.id}`, '[data-edit]', '#need-trouble'],
  [`requests/${review.id}`, '', '#decision-message'], ['requests/new', '', '#title'], ['rounds/new', '', '#title'], [`projects/${project.id}`, 'section[aria-labelledby=notes-title] summary', '#new-notes-text'], ['programme', '[data-do=make]', '#programme-title'],
  ['admin/users', '[data-new]', '#new-users-name'], ['imports', '', '#import-source'], [`requests/${request.id}/ranking?worker=${worker.id}`, '[data-invite]', '#invite-message']];

test('what was typed into a form outlives a reload, and going elsewhere', async () => {
  const { page, faults } = await open(browser, {}), wrong = [];
  await page.waitForSelector('.queue');
  for (const [screen, opener, field] of FORMS()) {
    const come = async () => { await page.goto(`${base}/#/${screen}`); await rest(page); if (opener && !await page.locator(field).isVisible()) await page.locator(opener).first().click(); await page.waitForSelector(field); };
    await come();
    await page.fill(field, '書きかけの文');
    await page.reload();
    await come();
    if (await page.inputValue(field) !== '書きかけの文') wrong.push(`${screen}: a reload`);
    await page.goto(`${base}/#/projects`);
    await rest(page);
    await come();
    if (await page.inputValue(field) !== '書きかけの文') wrong.push(`${screen}: another screen`);
    if (await page.locator('dialog').count()) await page.keyboard.press('Escape');
  }
  await page.goto(`${base}/#/imports/${checked.id}`);
  await page.selectOption('.sheet thead th:nth-child(9) select', '');
  await page.reload();
  await page.waitForSelector('.sheet thead select.on');
  assert.deepEqual(wrong, []);
  assert.deepEqual(faults, []);
});

test('a file that would be lost is asked about', async () => {
  const { page } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/imports`);
  await page.waitForSelector('#import-file', { state: 'attached' });
  await page.click('h1');
  await page.setInputFiles('#import-file', { name: '名簿.csv', mimeType: 'text/csv', buffer: Buffer.from('氏名\nあ\n') });
  const asked = new Promise((done) => { page.once('dialog', (dialog) => { done(dialog.type()); void dialog.accept(); }); });
  await page.reload();
  assert.equal(await asked, 'beforeunload');
});
