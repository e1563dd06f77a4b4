// What the tests of the console share: a browser, somebody who has logged in, and a watch for whatever must never happen.
// They run against a demo, at MUSUBI_URL with MUSUBI_TOKEN (an administrator's): `just console`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../.ci/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const base = process.env.MUSUBI_URL ?? 'http://127.0.0.1:8080';
const token = process.env.MUSUBI_TOKEN;

function executable() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try { return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(); } catch { /* the next one */ }
  }
  throw new Error('Chromium is not installed: apt-get install chromium fonts-noto-cjk');
}

export const launch = () => chromium.launch({ executablePath: executable(), args: ['--no-sandbox', '--font-render-hinting=none'] });

/** Calls the API as an administrator, beside the browser. */
export async function api(method, path, body, headers = {}) {
  const answer = await fetch(`${base}/v1/${path}`, { method, headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

let people = 0;
/** Invites somebody and returns the link that logs them in once. */
export async function invite(details = {}) {
  people += 1;
  const email = `person-${Date.now()}-${people}@example.jp`;
  const { invitation } = await api('POST', 'users', { email, name: '試験 花子', role: 'admin', ...details });
  return { email, link: `${base}/#/login?once=${invitation.token}` };
}

/**
 * A separate page, which fails the test by `faults` if it logs an error, breaks the policy, or asks another origin.
 * `expected` are patterns of messages that the test brings about on purpose.
 */
export async function open(browser, { width = 1280, height = 860, language = 'ja', scheme = 'light', link, motion = 'reduce', ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: language === 'ja' ? 'ja-JP' : 'en-GB', colorScheme: scheme, reducedMotion: motion, ...options });
  const page = await context.newPage();
  const faults = [], expected = [];
  const fault = (text) => { if (!expected.some((one) => one.test(text))) faults.push(text); };
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) fault(`${message.type()}: ${message.text()}`); });
  page.on('pageerror', (error) => fault(`uncaught: ${error.message}`));
  page.on('request', (request) => { if (new URL(request.url()).origin !== base) fault(`another origin: ${request.url()}`); });
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
  await page.goto(link ?? (await invite()).link);
  return { page, context, faults, expected };
}

/** What axe finds on the page as it is, in words. */
export async function accessibility(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map((one) => `${one.id}: ${one.help} (${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join('; ')})`);
}

export const openRequest = async (q = '会員募集') => (await api('GET', `deliverables?status=open&limit=1&q=${encodeURIComponent(q)}`)).items[0];

/** Waits until nothing is loading any more, and what came is drawn. */
export async function rest(page) {
  await page.waitForFunction(() => document.querySelector('main') && !document.querySelector('[aria-busy=true]'));
  await page.waitForTimeout(250);
}

/** An import that was only checked, of a list with faults. */
export async function checkedList() {
  const list = '登録番号,氏名,メールアドレス,市区町村,移動できる距離,スキル,曜日,活動の様子\r\nA-1,試験 桜,sakura@example.jp,新宿区,15km,デザイン・翻訳,土曜の午前,子ども食堂のチラシを作っています。\r\nA-2,試験 梅,ume@@example,新宿,近所,ロゴ,応相談,\r\n,,momo@example.jp,どこか,5,写真,日曜,\r\n';
  const answer = await fetch(`${base}/v1/imports?kind=workers&source=pictures&mode=dry_run&file_name=${encodeURIComponent('名簿.csv')}`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: list });
  return answer.json();
}
