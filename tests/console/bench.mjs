// How long after the last movement of a slider the new order is on the screen: `just console-bench`.
import { launch, open, openRequest, rest, base } from './support.mjs';

const browser = await launch();
const request = await openRequest();
for (const [width, height, slower] of [[1280, 860, 1], [390, 844, 4]]) {
  const { page, context } = await open(browser, { width, height, motion: 'no-preference' });
  await page.waitForSelector('.queue');
  const started = Date.now();
  await page.evaluate((hash) => { location.hash = hash; }, `#/requests/${request.id}/ranking`);
  await page.waitForSelector('.row');
  const first = Date.now() - started;
  await rest(page);
  if (slower > 1) {
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
    await page.click('.sheet-open');
  }
  await page.evaluate(() => performance.clearMeasures());
  for (const name of ['distance', 'skill', 'theme', 'experience']) {
    await page.focus(`#w-${name}`);
    for (let i = 0; i < 50; i += 1) {
      await page.keyboard.press(i % 20 < 10 ? 'ArrowRight' : 'ArrowLeft');
      await page.waitForTimeout(i % 10 === 9 ? 400 : 30);
    }
    await page.waitForTimeout(300);
  }
  const times = async (name) => {
    const all = await page.evaluate((one) => performance.getEntriesByName(one).map((entry) => entry.duration).sort((a, b) => a - b), name);
    const at = (part) => all[Math.min(all.length - 1, Math.floor(all.length * part))].toFixed(0);
    return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${all.length} times)`;
  };
  const rows = await page.locator('.row').count();
  console.log(`${base}, ${width} px, processor ${slower}x slower, ${rows} rows: first ranking after ${first} ms; slider to settled rows ${await times('musubi.settled')}, of it from answer to settled rows ${await times('musubi.drawn')}`);
  await context.close();
}
await browser.close();
