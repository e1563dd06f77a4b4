// Every screen in both languages, light and dark, wide and narrow: axe finds nothing, nothing is logged. The pictures are in
// target/console/pictures, to be looked at.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessibility, api, base, checkedList, launch, open, openRequest, rest } from './support.mjs';

const PICTURES = new URL('../../target/console/pictures/', import.meta.url).pathname;
let browser, request, review, round, project, checked, worker, absent, event;
before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  [browser, request] = [await launch(), await openRequest()];
  checked = await checkedList();
  // Somebody for whom there are requests.
  [{ worker }] = (await api('GET', `deliverables/${request.id}/matches?limit=1`)).items;
  const listed = new Set((await api('GET', `deliverables/${request.id}/matches?limit=200`)).items.map((one) => one.worker.id));
  absent = (await api('GET', 'workers?limit=200')).items.find((one) => !listed.has(one.id));
  [review] = (await api('GET', 'deliverables?status=submitted,screening,hearing&limit=1')).items;
  round = await api('POST', 'rounds', { title: '秋の割り当て', filter: { format: 'one_month' }, past_placement_ppm: 200_000 });
  event = await api('POST', 'events', { kind: 'seminar', title: 'はじめての説明会', status: 'published', areas: [], times: [{ starts_at: '2026-11-20T19:00:00+09:00' }], place: { name: '区民センター' }, capacity: 40, takes_registrations: true });
  for (const name of ['高橋 一郎', '佐藤 花子']) await api('POST', `events/${event.id}/registrations`, { name, affiliation: '地域包括支援センター', status: 'attended' });
  [project] = (await api('GET', 'projects?kind=deliverable&status=in_progress,planned,delivered&limit=1')).items;
});
after(() => browser?.close());

// Each width, language and scheme once; with CONSOLE_ALL=1 every combination of them.
const isAll = Boolean(process.env.CONSOLE_ALL);
for (const [width, height] of [[1280, 860], [390, 844]]) {
  for (const [language, scheme] of [['ja', 'light'], ['en', 'dark']]) {
    if (!isAll && (width > 900) !== (language === 'ja')) continue;
    test(`${width} px, ${language}, ${scheme}`, async () => {
      const { page, context, faults } = await open(browser, { width, height, language, scheme });
      const found = [];
      const isNarrow = width < 900;
      const look = async (name) => {
        await page.screenshot({ path: `${PICTURES}${name}-${width}-${language}-${scheme}.png` });
        for (const one of await accessibility(page)) found.push(`${name}: ${one}`);
        const spill = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (spill > 0) found.push(`${name}: ${spill} px wider than the window`);
      };
      // A dialog that was just closed is still taking its step back.
      const go = async (hash, ready) => { await page.waitForTimeout(150); await page.goto(`${base}/#/${hash}`); await page.waitForSelector(ready); await rest(page); };
      await page.waitForSelector('.queue');
      await look('desk');
      await go('requests', '.ticket');
      await look('board');
      await go('requests?view=table&status=delivered', '.table tbody tr');
      await look('table');
      await go(`requests/${request.id}`, '.history li');
      await look('request');
      if (review) { await go(`requests/${review.id}`, 'form'); await page.check('[name=decision-way][value=decline]'); await look('decision'); }
      await go('requests/new', '#trouble');
      await page.fill('#trouble', '会員が減っていて、若い人に知ってもらいたい。');
      await page.waitForSelector('.proposal');
      await look('new');
      await go('workers?status=active', '.table tbody tr');
      await look('workers');
      await page.click('[data-new]');
      await look('worker-new');
      await page.keyboard.press('Escape');
      await go(`workers/${worker.id}`, '.consents .history li');
      await look('worker');
      await page.click('[data-edit]');
      await look('profile');
      await page.keyboard.press('Escape');
      await go(`workers/${worker.id}/openings`, '.opening');
      await look('openings');
      await go('organizations', '.table tbody tr');
      await look('organizations');
      await go(`organizations/${request.organization_id}`, '.facts-list div');
      await look('organization');
      await go('applications', '.applications li');
      await look('applications');
      for (const place of ['users', 'partners', 'webhooks', 'catalogue', 'audit', 'health']) { await go(`admin/${place}`, '.subnav'); await look(`admin-${place}`); }
      await go('imports', '.drop');
      await look('imports');
      await go(`imports/${checked.id}`, '.sheet tbody tr');
      await look('import');
      await go('duplicates', '.queue ol a');
      await look('duplicates');
      await page.click('.queue ol a');
      await page.waitForSelector('.pair-table td');
      await look('duplicate');
      await go(`requests/${request.id}/team?shared=1`, '.others li');
      await look('team');
      await go('rounds', '.table tbody tr');
      await look('rounds');
      await go('rounds/new', '.choice');
      await look('new-round');
      await go(`rounds/${round.id}?compare=each`, '.pair-table td.num');
      await look('round');
      await go('projects', '.table tbody tr');
      await look('projects');
      await go(`projects/${project.id}`, '.history li');
      await look('project');
      await page.click('section[aria-labelledby=meetings-title] summary');
      await page.locator('#new-meetings-title').scrollIntoViewIfNeeded();
      await look('project-form');
      for (const [name, path, ready] of [['calendar', 'programme', '.year'], ['events', 'programme/events', '.table td'], ['coverage', 'programme/coverage', '.map'], ['statistics', 'programme/statistics?by=family', '.chart']]) {
        await go(path, ready);
        await look(name);
      }
      await go(`programme/events/${event.id}`, '.facts-list');
      await look('event');
      await page.click('.adder summary');
      await look('event-person');
      await page.click('[data-do=change]');
      await look('event-form');
      await page.keyboard.press('Escape');
      await go(`requests/${request.id}/ranking`, '.row');
      await page.waitForSelector('.easings li', { state: 'attached' });
      await look('ranking');
      if (isNarrow) { await page.click('.sheet-open'); await look('ranking-sheet'); await page.click('.rail-close'); }
      await page.click('.row:nth-child(2) .name');
      await page.waitForSelector('.changes, .panel .quiet');
      await look('candidate');
      await page.click('[data-invite]');
      await look('invitation');
      await page.keyboard.press('Escape');
      await page.click('.panel-head button:last-of-type');
      await page.fill('[data-search]', absent.id);
      await page.waitForSelector('.missing .badge');
      await look('sought');
      await page.fill('[data-search]', '');
      await page.evaluate(() => scrollTo(0, 0));
      for (const n of [1, 2, 3]) await page.check(`.row:nth-child(${n}) .pick input`);
      if (isNarrow) { await look('picked'); await page.click('.compare-open'); }
      await page.waitForSelector('.duel');
      await look('versus');
      await page.click('.panel-head button');
      await page.keyboard.press('?');
      await page.waitForSelector('dialog[open]');
      await look('keys');
      await page.keyboard.press('Escape');
      await page.evaluate(() => localStorage.removeItem('musubi.session'));
      await context.clearCookies();
      await page.goto(`${base}/?anew#/`);
      await page.waitForSelector('.login form');
      await look('login');
      assert.deepEqual(found, []);
      assert.deepEqual(faults, []);
      await context.close();
    });
  }
}

test('loading moves nothing that is there already', async () => {
  const { page, context } = await open(browser);
  await page.waitForSelector('.queue');
  for (const hash of ['', 'requests', `requests/${request.id}/ranking`, 'workers', `workers/${worker.id}`, `imports/${checked.id}`, 'admin/users']) {
    await page.goto(`${base}/?${Math.random()}#/${hash}`);
    await rest(page);
    const shift = await page.evaluate(() => new Promise((done) => {
      let sum = 0;
      new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; }).observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => done(sum), 200);
    }));
    assert.ok(shift < 0.02, `#/${hash} shifts by ${shift}`);
  }
  await context.close();
});
