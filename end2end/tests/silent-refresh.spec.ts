// The access token is renewed unseen: in time by the page's clock, once over all tabs, and on demand when it is gone.
import type { Page, Route } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import {
  ADMIN_PAGES,
  answersOf,
  expectAskedAgain,
  gotoHydrated,
  hydrated,
  idleDialog,
  MINUTE,
  nextAnswer,
  PRIVATE_PAGES,
  SECOND,
  sessionEnds,
  signIn,
} from "./support/pages.ts";

const LEAD = 2 * MINUTE;
const REFRESH = "/api/refresh";

/** How long until the latest instant at which the page renews: 13 minutes of the token's life. */
async function untilRenewal(page: Page): Promise<number> {
  const { server_now, access_ends_at } = await sessionEnds(page);
  return access_ends_at - server_now - LEAD;
}

test("the token is renewed when 13 minutes of its life are over and not before 12:45", async ({ page, account }) => {
  await signIn(page, account, { remember: true });
  await page.clock.install();
  await gotoHydrated(page, "/settings/account");
  const renewals = answersOf(page, REFRESH);
  const due = await untilRenewal(page);
  expect(due).toBeGreaterThan(12.5 * MINUTE);
  await page.clock.fastForward(due - 15 * SECOND);
  await page.clock.runFor(2 * SECOND);
  expect(renewals).toEqual([]);
  const renewal = nextAnswer(page, REFRESH);
  await page.clock.fastForward(14 * SECOND);
  expect((await renewal).status()).toBe(200);
});

test("a renewal is no human act: the warning and the end come all the same", async ({ page, account }) => {
  await signIn(page, account);
  await page.clock.install();
  await gotoHydrated(page, "/settings/account");
  const before = await sessionEnds(page);
  const renewal = nextAnswer(page, REFRESH);
  await page.clock.fastForward((await untilRenewal(page)) + SECOND);
  const after = await (await renewal).json();
  expect(after.idle_ends_at).toBe(before.idle_ends_at);
  await page.clock.runFor(2 * SECOND);
  await expect(idleDialog(page)).toBeVisible();
  await page.clock.fastForward(LEAD);
  await expectAskedAgain(page, "Signed out without activity");
});

/** What changes on the page from now on. */
async function watch(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const changes: string[] = [];
    const observer = new MutationObserver((records) => {
      for (const { type, target } of records) {
        const element = target instanceof Element ? target : target.parentElement;
        changes.push(`${type} ${element?.outerHTML.slice(0, 80)}`);
      }
    });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    Object.assign(window, { changes });
  });
  return () => page.evaluate(() => (window as unknown as { changes: string[] }).changes);
}

test("a renewal draws nothing anew on any page", async ({ page, context, admin, account }) => {
  await signIn(page, admin, { remember: true });
  await context.clock.install();
  await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(account.email)}`);
  const person = await page.getByRole("link", { name: account.email }).getAttribute("href");
  // the desk is drawn anew by itself, every five seconds
  const still = ADMIN_PAGES.filter((path) => path !== "/admin");
  for (const path of ["/", ...PRIVATE_PAGES, ...still, person ?? ""]) {
    await gotoHydrated(page, path);
    const due = await untilRenewal(page);
    const held = new Promise<Route>((resolve) => page.route(`**${REFRESH}`, resolve, { times: 1 }));
    await page.clock.fastForward(due + SECOND);
    const route = await held;
    const changes = await watch(page);
    const renewal = nextAnswer(page, REFRESH);
    await route.continue();
    expect((await renewal).status()).toBe(200);
    // what the page would ask for because of it is answered by then
    await page.clock.runFor(3 * SECOND);
    await sessionEnds(page);
    expect(await changes(), path).toEqual([]);
  }
});

test("three tabs renew once", async ({ page, context, account }) => {
  await signIn(page, account, { remember: true });
  await context.clock.install();
  const tabs = [page, await context.newPage(), await context.newPage()];
  for (const tab of tabs) {
    await gotoHydrated(tab, "/settings/account");
  }
  const renewals = answersOf(context, REFRESH);
  const renewal = context.waitForEvent("response", (response) => response.url().endsWith(REFRESH));
  // The clocks of pages are moved one after another: a renewal that was answered in between would be heard on a clock
  // that has yet to jump over it.
  let allMoved = () => {};
  const moved = new Promise<void>((resolve) => (allMoved = resolve));
  await context.route(`**${REFRESH}`, async (route) => {
    await moved;
    await route.continue();
  });
  await context.clock.fastForward((await untilRenewal(page)) + SECOND);
  allMoved();
  await renewal;
  // two ticks of every tab later none of them has asked again
  await context.clock.runFor(3 * SECOND);
  expect(renewals).toEqual([200]);
});

test("a page is rendered in one go although its access token has ended", async ({ page, context, account }) => {
  await signIn(page, account);
  await context.clearCookies({ name: "__Host-access" });
  const document = await page.goto("/settings/account");
  expect(document?.request().redirectedFrom()).toBeNull();
  await hydrated(page);
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
  const cookies = await context.cookies();
  expect(cookies.map((cookie) => cookie.name)).toContain("__Host-access");
});

test("an act on an open page whose access token has ended is renewed and done", async ({ page, browser, context, account }) => {
  const other = await (await browser.newContext()).newPage();
  await signIn(other, account);
  await signIn(page, account, { to: "/settings/devices" });
  await context.clearCookies({ name: "__Host-access" });
  const renewals = answersOf(page, REFRESH);
  await page.getByRole("button", { name: /^Sign out Chrome/ }).click();
  await expect(page.getByText("One device was signed out.")).toBeVisible();
  expect(renewals).toEqual([200]);
});
