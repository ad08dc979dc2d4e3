// All tabs of a browser as one: they renew once and listen by one stream, by Web Locks and, where there are none, by what they
// say to each other.
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { again, answersOf, expectAskedAgain, gotoHydrated, MINUTE, ownPass, SECOND, sessionEnds, signIn } from "./support/pages.ts";
import { Streams } from "./support/streams.ts";

const REFRESH = "/api/refresh";
const LEAD = 2 * MINUTE;
const KICKED = "An administrator ended this session";

/** So many tabs of one person on the devices page, under a clock that the test moves. */
async function open(first: Page, account: Account, count: number): Promise<Page[]> {
  const context = first.context();
  await signIn(first, account, { remember: true });
  await context.clock.install();
  const tabs = [first];
  while (tabs.length < count) {
    tabs.push(await context.newPage());
  }
  for (const tab of tabs) {
    await gotoHydrated(tab, "/settings/devices");
    await expect(ownPass(tab)).toBeVisible();
  }
  return tabs;
}

/** Moves the clock of every tab to where the token is due, and says how the renewals were answered. */
async function renewals(page: Page): Promise<number[]> {
  const context = page.context();
  const { server_now, access_ends_at } = await sessionEnds(page);
  const answers = answersOf(context, REFRESH);
  const renewal = context.waitForEvent("response", (response) => response.url().endsWith(REFRESH));
  // A tab whose clock has yet to be moved must not hear of a renewal already.
  let allMoved = () => {};
  const moved = new Promise<void>((resolve) => (allMoved = resolve));
  await context.route(`**${REFRESH}`, async (route) => {
    await moved;
    await route.continue();
  });
  await context.clock.fastForward(access_ends_at - server_now - LEAD + SECOND);
  allMoved();
  await renewal;
  await context.clock.runFor(3 * SECOND);
  await context.unroute(`**${REFRESH}`);
  return answers;
}

test("twenty tabs renew once, listen by one stream, and none of them asks for a sign-in", async ({ page, context, account, server }) => {
  test.setTimeout(90 * SECOND);
  const streams = new Streams(context);
  const tabs = await open(page, account, 20);
  await expect.poll(() => streams.open).toBe(1);
  const asked: string[] = [];
  context.on("request", (request) => request.url().includes("/login") && asked.push(request.url()));
  expect(await renewals(page)).toEqual([200]);
  for (const tab of tabs) {
    await expect(ownPass(tab)).toBeVisible();
    await expect(again(tab)).toHaveCount(0);
  }
  expect(asked).toEqual([]);
  expect(streams.open).toBe(1);
  await server.command(["session", "kill", "--user", account.email]);
  for (const tab of tabs) {
    await expectAskedAgain(tab, KICKED, { within: 4 * SECOND });
  }
  await expect.poll(() => streams.open).toBe(0);
});

test("where there are no Web Locks three tabs renew once and listen by one stream, which another takes over", async ({
  page,
  context,
  account,
  server,
}) => {
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
  const streams = new Streams(context);
  const tabs = await open(page, account, 3);
  expect(await page.evaluate(() => navigator.locks)).toBeUndefined();
  await expect.poll(() => streams.open).toBe(1);
  const opened = streams.opened;
  expect(await renewals(page)).toEqual([200]);
  expect(streams.opened).toBe(opened);
  await page.close();
  // a word that was lost with the tab is made up for when the others ask again
  await expect.poll(() => streams.open, { timeout: 15 * SECOND }).toBe(1);
  expect(streams.opened).toBe(opened + 1);
  await server.command(["session", "kill", "--user", account.email]);
  for (const tab of tabs.slice(1)) {
    await expectAskedAgain(tab, KICKED, { within: 2 * SECOND });
  }
});

test("a tab whose timers run once a minute renews in time", async ({ page, account }) => {
  await open(page, account, 1);
  const { server_now, access_ends_at } = await sessionEnds(page);
  const answers = answersOf(page, REFRESH);
  for (let left = access_ends_at - server_now; left > MINUTE; left -= MINUTE) {
    // what is due in between runs once, at the end of it
    await page.clock.fastForward(MINUTE);
  }
  await expect.poll(() => answers).toEqual([200]);
});

test("a tab whose timers run once a minute warns of the idle end and ends in time", async ({ page, account }) => {
  await signIn(page, account);
  await page.clock.install();
  await gotoHydrated(page, "/settings/account");
  const { server_now, idle_ends_at } = await sessionEnds(page);
  let left = (idle_ends_at ?? Number.NaN) - server_now;
  for (; left > LEAD; left -= MINUTE) {
    await page.clock.fastForward(MINUTE);
  }
  await expect(page.locator("dialog.idle-dialog")).toBeVisible();
  for (; left > 0; left -= MINUTE) {
    await page.clock.fastForward(MINUTE);
  }
  await expectAskedAgain(page, "Signed out without activity");
});
