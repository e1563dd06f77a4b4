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
      await page.waitForTimeout(30);
    }
    await page.waitForTimeout(300);
  }
  const times = await page.evaluate(() => performance.getEntriesByName('musubi.settled').map((one) => one.duration).sort((a, b) => a - b));
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))].toFixed(0);
  const rows = await page.locator('.row').count();
  console.log(`${base}, ${width} px, processor ${slower}x slower, ${rows} rows: first ranking after ${first} ms; slider to settled rows p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${times.length} times)`);
  await context.close();
}
await browser.close();
