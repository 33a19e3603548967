/** The status page in a real browser, in front of a real driver. */
import test, { type ExecutionContext } from 'ava';
import { chromium, type Page } from 'playwright-core';
import { freePort } from '../support/wait.ts';
import { startDriver, startNats, type Rig } from './rig.ts';

/** A browser that asks nobody but the page. */
const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
};
const HOSTILE = '<img src=x onerror=alert(1)>';

interface Bed { readonly rig: Rig; readonly page: Page; readonly url: string; readonly requests: string[]; readonly faults: string[] }

async function openPage(t: ExecutionContext, env: NodeJS.ProcessEnv = {}): Promise<Bed> {
  const nats = await startNats(t);
  const port = await freePort();
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, NATS_LOG_HTTP: `127.0.0.1:${port}`, ...env });
  await rig.subscribe(nats.url);
  await rig.plugin.logged('metrics, health and status are served');
  const browser = await chromium.launch(CHROMIUM);
  t.teardown(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const [requests, faults] = [new Array<string>(), new Array<string>()];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => faults.push(error.message));
  const url = `http://127.0.0.1:${port}/`;
  await page.goto(url);
  return { rig, page, url, requests, faults };
}

test('the page shows containers and their rates, tails one of them by keyboard, and asks nobody else', async (t) => {
  const { rig, page, url, requests, faults } = await openPage(t);
  const [web, other] = [await rig.container('web'), await rig.container('other')];
  await page.getByRole('row', { name: /logs\.web/ }).waitFor();
  t.is(await page.getByRole('status').first().textContent(), 'ready');
  await page.getByRole('searchbox').fill('web');
  await page.getByRole('row', { name: /logs\.other/ }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Tail web' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('live', { exact: true }).last().waitFor();
  await web.write(3);
  await web.writeText(`${HOSTILE}\n`);
  const pane = page.getByLabel('Lines of the chosen container');
  await pane.getByText(HOSTILE).waitFor();
  t.is(await pane.locator('span').count(), 4);
  t.is(await pane.locator('img').count(), 0, 'what a container writes is text');
  await Promise.all([web.stop(), other.stop()]);
  await page.getByText('the container has ended').first().waitFor();
  t.deepEqual(requests.filter((each) => !each.startsWith(url)), []);
  t.deepEqual(faults, []);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`on a phone in ${colorScheme} colours nothing is wider than the screen, and text stands out`, async (t) => {
    const { rig, page } = await openPage(t);
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 360, height: 740 });
    const container = await rig.container('a-container-with-quite-a-long-name-indeed-1');
    await container.write(1);
    await page.getByText('logs.a-container-with-quite-a-long-name-indeed-1').first().waitFor();
    t.true(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
    const [text, ground] = await page.evaluate('[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]') as [string, string];
    t.true(contrast(text, ground) >= 7, `${text} on ${ground}`);
    await container.stop();
  });
}

test('a driver that does not answer any more is told, and found again', async (t) => {
  const { rig, page } = await openPage(t);
  await page.getByText('ready', { exact: true }).waitFor();
  await rig.plugin.kill();
  await page.getByRole('alert').getByText('does not answer').waitFor();
  await rig.plugin.startAgain();
  await page.getByRole('alert').waitFor({ state: 'hidden' });
  t.pass();
});

test('with nats-log-http-tail=never the page has no tail', async (t) => {
  const { rig, page } = await openPage(t, { NATS_LOG_HTTP_TAIL: 'never' });
  const container = await rig.container('quiet');
  await page.getByText('logs.quiet').first().waitFor();
  await page.getByRole('heading', { name: 'Live tail' }).waitFor({ state: 'hidden' });
  t.is(await page.getByRole('button', { name: 'Tail quiet' }).count(), 0);
  await container.stop();
});

/** Source: WCAG 2.2, contrast ratio. */
function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = (color.match(/\d+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
