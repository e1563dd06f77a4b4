// Imports: a file is checked, its columns are mapped, it is looked at again, imported, and taken back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibility, api, base, launch, open, rest } from './support.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const CSV = '登録番号,氏名,メールアドレス,市区町村,移動できる距離,活動の様子\r\nA-1,試験 桜,sakura@example.jp,新宿区,15km,"チラシの\r\nデザイン"\r\nA-2,試験 梅,ume@@example,新宿区,近所,ロゴ\r\n,,momo@example.jp,どこか,5,翻訳\r\n';
const figure = (page, what) => page.textContent(`.figures [data-what=${what}]`);
const ended = (page) => page.waitForFunction(() => document.querySelector('.sheet tbody tr') && !document.querySelector('.meter'));

async function sendFile(page, name, mimeType, buffer) {
  await page.goto(`${base}/#/imports`);
  await page.waitForSelector('#import-file', { state: 'attached' });
  await page.setInputFiles('#import-file', { name, mimeType, buffer });
  await page.click('form .main');
  await page.waitForFunction(() => /imports\/[0-9a-f-]{36}$/.test(location.hash));
  await ended(page);
}

test('a list is checked, mapped, looked at again, imported and undone', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.click('.nav a[href="#/imports"]');
  await page.fill('#import-source', 'console-test');
  await sendFile(page, '名簿.csv', 'text/csv', Buffer.from(CSV));
  assert.equal(await figure(page, 'created'), '2');
  assert.equal(await figure(page, 'rejected'), '1');
  assert.equal((await api('GET', 'workers?q=試験 桜')).items.length, 0, 'a check writes nothing');
  const cell = (row, column) => `.sheet tbody tr:nth-child(${row}) > :nth-child(${column})`;
  assert.match(await page.textContent(cell(1, 7)), /チラシの\s+デザイン/);
  assert.match(await page.textContent(`${cell(2, 4)} .found-note`), /./, 'the finding is in its cell');
  assert.match(await page.textContent(`${cell(3, 1)}, ${cell(3, 3)}`), /5|./);
  assert.deepEqual(await accessibility(page), []);
  await page.click('.switch button:nth-child(2)');
  await page.waitForFunction(() => document.querySelectorAll('.sheet tbody tr').length === 2);
  assert.match(page.url(), /rows=found/);
  await page.click('.switch button:nth-child(1)');

  const first = page.url();
  await page.selectOption('.sheet thead th:nth-child(7) select', 'evidence');
  await page.click('.run-box .main');
  await page.waitForFunction((old) => location.href !== old && location.hash.length > 12, first);
  await ended(page);
  assert.match(await page.textContent('.sheet thead th:nth-child(7)'), /自己紹介/);
  assert.deepEqual((await api('GET', `imports/${page.url().split('/').pop()}`)).mapping, { 活動の様子: 'evidence' });
  assert.match(await page.textContent('.run-box'), /1行は取り込めません。「指摘つきのファイル」/, 'it is said how to go on with what was rejected');

  await page.click('.run-box .main');
  await page.waitForFunction(() => ['成功', '一部成功'].includes(document.querySelector('.badge.accent')?.textContent));
  await ended(page);
  const { items: [made] } = await api('GET', 'workers?q=試験 桜');
  assert.match((await api('GET', `workers/${made.id}`)).personal.evidence[0].text, /チラシの/);
  assert.deepEqual(await accessibility(page), []);
  const ran = page.url();
  await page.click('.run-box .button:nth-of-type(2)');
  await page.waitForFunction((old) => location.href !== old && location.hash.length > 12, ran);
  await ended(page);
  assert.equal(await figure(page, 'created'), '0', 'looked at again, there is nothing new');
  await page.goto(ran);
  await page.waitForFunction(() => ['成功', '一部成功'].includes(document.querySelector('.badge.accent')?.textContent));
  page.on('dialog', (dialog) => dialog.accept());
  await page.click('.run-box .button:nth-of-type(1)');
  await page.waitForFunction(() => document.querySelector('.badge.accent')?.textContent === '取り消し済み');
  assert.equal((await api('GET', 'workers?q=試験 桜')).items.length, 0);
  assert.deepEqual(faults, []);
});

test('a workbook is shown as a table, also in another tab than it was sent from', async () => {
  const exported = await fetch(`${base}/v1/exports`, { method: 'POST', headers: { authorization: `Bearer ${process.env.MUSUBI_TOKEN}`, 'content-type': 'application/json' }, body: JSON.stringify({ kind: 'workers', format: 'xlsx', filter: { area: '131041' } }) });
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await sendFile(page, '書き出し.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', Buffer.from(await exported.arrayBuffer()));
  assert.equal(await figure(page, 'created'), '0');
  assert.equal(await figure(page, 'rejected'), '0');
  const texts = await page.$$eval('.sheet tbody tr:first-child > *', (cells) => cells.map((one) => one.textContent));
  assert.ok(texts.some((one) => /\d{4}-\d\d-\d\d/.test(one)), `days are shown as days: ${texts}`);
  await page.reload();
  await ended(page);
  await rest(page);
  const first = page.url();
  await page.click('.run-box .main');
  await page.waitForFunction((old) => location.href !== old && location.hash.length > 12, first);
  await ended(page);
  assert.equal(await figure(page, 'updated'), '0');
  assert.deepEqual(faults, []);
});

test('a file that can’t be read, and none at all, are said', async () => {
  const { page, faults } = await open(browser, {});
  await page.waitForSelector('.queue');
  await page.goto(`${base}/#/imports`);
  await page.waitForSelector('#import-file', { state: 'attached' });
  await page.click('form .main');
  await page.waitForSelector('.notice.bad');
  await page.setInputFiles('#import-file', { name: 'こわれた.xlsx', mimeType: 'application/zip', buffer: Buffer.from('PK\u0003\u0004こわれている') });
  await page.click('form .main');
  await page.waitForSelector('.title-line');
  await page.waitForSelector('.notice.bad');
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(faults, []);
});

test('columns of every kind of list are called by words', async () => {
  const { page, faults } = await open(browser, { language: 'en' });
  await page.waitForSelector('.queue');
  const lists = { events: 'イベント名,開催日,定員\n', registrations: '氏名,所属,人数\n', projects: '団体名,件名,開始日\n', project_work: '件名,期限,メモ\n', workers: '氏名,市区町村,スキル\n', organizations: '団体名,市区町村,種別\n', deliverables: '団体名,件名,困りごと\n', applications: '氏名,団体名,件名\n' };
  const sets = (await api('GET', 'vocabulary')).sets;
  for (const [kind, heading] of Object.entries(lists)) {
    const answer = await fetch(`${base}/v1/imports?kind=${kind}&source=words&mode=dry_run`, { method: 'POST', headers: { authorization: `Bearer ${process.env.MUSUBI_TOKEN}` }, body: `${heading}あ,い,う\n` });
    await page.goto(`${base}/#/imports/${(await answer.json()).id}`);
    await ended(page);
    const offered = await page.$$eval('.sheet thead th:nth-child(2) option', (all) => all.slice(2).map((one) => [one.value, one.textContent]));
    assert.ok(offered.length > 10, `${kind}: ${offered.length}`);
    const set = Object.values(sets).find((one) => offered.every(([code]) => one[code]));
    for (const [code, text] of offered) assert.equal(text.toLowerCase(), set[code].en.toLowerCase(), kind);
  }
  assert.deepEqual(faults, []);
});
