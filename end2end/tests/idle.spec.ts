// Idleness by the page's own clock, which the tests move. The server's clock runs on as it is, so what is shown here is what the
// page does by itself: it warns, it ends, and it then ends the session for the server too. `real-clocks.spec.ts` has both.
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import {
  answersOf,
  expectAskedAgain,
  expectEnded,
  gotoHydrated,
  idleDialog,
  MINUTE,
  moveMouse,
  nextAnswer,
  SECOND,
  sessionEnds,
  signIn,
} from "./support/pages.ts";

const WARNING = 2 * MINUTE;
const IDLE = "Signed out without activity";

/** Signs in, opens a private page under a clock of its own, and says how long it may rest without a warning. */
async function openUnderClock(page: Page, account: Account): Promise<number> {
  await signIn(page, account);
  await page.clock.install();
  await gotoHydrated(page, "/settings/account");
  const { server_now, idle_ends_at } = await sessionEnds(page);
  return (idle_ends_at ?? Number.NaN) - server_now - WARNING;
}

async function restUntilWarning(page: Page, rest: number): Promise<void> {
  await page.clock.fastForward(rest + SECOND);
  await expect(idleDialog(page)).toBeVisible();
}

test("the warning comes after 13 minutes of idleness and not before", async ({ page, account }) => {
  const rest = await openUnderClock(page, account);
  expect(rest).toBeGreaterThan(12.5 * MINUTE);
  await page.clock.fastForward(rest - 5 * SECOND);
  await expect(idleDialog(page)).toBeHidden();
  await page.clock.runFor(6 * SECOND);
  await expect(idleDialog(page)).toBeVisible();
});

test("an answer that comes late does not put the end off", async ({ page, account }) => {
  const rest = await openUnderClock(page, account);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/api/touch", async (route) => {
    await released;
    await route.continue();
  });
  const answer = nextAnswer(page, "/api/touch");
  // so that the server's end moves by more than two acts that count as one
  await new Promise((resolve) => setTimeout(resolve, 2 * SECOND));
  await moveMouse(page);
  await page.clock.fastForward(5 * MINUTE);
  release();
  await answer;
  await page.clock.fastForward(rest - 5 * MINUTE + 5 * SECOND);
  await expect(idleDialog(page)).toBeVisible();
});

test("the warning puts the focus on staying", async ({ page, account }) => {
  await restUntilWarning(page, await openUnderClock(page, account));
  await expect(idleDialog(page).getByRole("button", { name: "Stay signed in" })).toBeFocused();
});

test("the warning counts down by minutes and then by seconds", async ({ page, account }) => {
  await restUntilWarning(page, await openUnderClock(page, account));
  await expect(idleDialog(page)).toContainText("2 minutes left");
  await expect(page).toHaveTitle("2 minutes left");
  await page.clock.runFor(WARNING - 30 * SECOND);
  await expect(idleDialog(page)).toContainText(/(2\d|30) seconds left/);
});

test("the warning tells screen readers the time every 20 seconds only", async ({ page, account }) => {
  await restUntilWarning(page, await openUnderClock(page, account));
  const spoken = idleDialog(page).getByRole("status");
  const heard = new Set<string>();
  for (let second = 0; second < 60; second += 5) {
    await page.clock.runFor(5 * SECOND);
    heard.add(await spoken.innerText());
  }
  expect(heard.size).toBeGreaterThanOrEqual(3);
  expect(heard.size).toBeLessThanOrEqual(5);
  expect([...heard]).toContain("You will be signed out in 1 minute 40 seconds.");
});

test("choosing to stay reports the act and closes the warning", async ({ page, account }) => {
  await restUntilWarning(page, await openUnderClock(page, account));
  const touch = nextAnswer(page, "/api/touch");
  await page.getByRole("button", { name: "Stay signed in" }).click();
  expect((await touch).status()).toBe(200);
  await expect(idleDialog(page)).toBeHidden();
  await expect(page).toHaveTitle("Account · Sekisho");
});

test("Escape stays signed in, for another quarter of an hour", async ({ page, account }) => {
  await restUntilWarning(page, await openUnderClock(page, account));
  const touch = nextAnswer(page, "/api/touch");
  await page.keyboard.press("Escape");
  expect((await touch).status()).toBe(200);
  await expect(idleDialog(page)).toBeHidden();
  await page.clock.fastForward(12 * MINUTE);
  await page.clock.runFor(2 * SECOND);
  await expect(idleDialog(page)).toBeHidden();
  await expect(page.getByRole("heading", { level: 1, name: "Account" })).toBeVisible();
});

test("a nudge of the mouse does not answer the warning", async ({ page, account }) => {
  await restUntilWarning(page, await openUnderClock(page, account));
  const touches = answersOf(page, "/api/touch");
  await moveMouse(page);
  await page.clock.runFor(3 * SECOND);
  await expect(idleDialog(page)).toBeVisible();
  expect(touches).toEqual([]);
});

test("the warning offers to sign out at once", async ({ page, account }) => {
  await restUntilWarning(page, await openUnderClock(page, account));
  await idleDialog(page).getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/login");
  await gotoHydrated(page, "/settings/account");
  await expect(page).toHaveURL(/\/login\?return_to=/);
});

test("after 15 minutes of idleness the page says why it ended", async ({ page, account }) => {
  const rest = await openUnderClock(page, account);
  await restUntilWarning(page, rest);
  await page.clock.fastForward(WARNING);
  await expectAskedAgain(page, IDLE);
  await expect(page.getByText("You were signed out after 15 minutes without activity.")).toBeVisible();
  await expect(idleDialog(page)).toBeHidden();
});

test("after 15 minutes of idleness nothing private is left in the document but whose it was", async ({ page, account }) => {
  const rest = await openUnderClock(page, account);
  expect(await page.content()).toContain(account.name);
  await page.clock.fastForward(rest + WARNING + SECOND);
  await expectAskedAgain(page, IDLE);
  expect(await page.content()).not.toContain(account.name);
  await page.clock.fastForward(15 * MINUTE);
  await expectEnded(page, IDLE);
  expect(await page.content()).not.toContain(account.email);
});

test("the idle end of the page is the end for the server too", async ({ page, account }) => {
  const rest = await openUnderClock(page, account);
  const signOut = nextAnswer(page, "/api/logout");
  await page.clock.fastForward(rest + WARNING + SECOND);
  expect((await signOut).status()).toBe(200);
  await gotoHydrated(page, "/settings/account");
  await expect(page).toHaveURL(/\/login\?return_to=%2Fsettings%2Faccount/);
});

test("a page that slept for an hour is signed out when it wakes", async ({ page, account }) => {
  await openUnderClock(page, account);
  await page.clock.fastForward("01:00:00");
  await expectEnded(page, IDLE);
});

test("after a sleep of an hour the mouse that wakes the page does not keep it", async ({ page, account }) => {
  await openUnderClock(page, account);
  const awake = await page.evaluate(() => Date.now());
  // no timer fires while the clock stands, and setting it fires none: the mouse comes first
  await page.clock.pauseAt(awake + 30 * SECOND);
  await page.clock.setSystemTime(awake + 60 * MINUTE);
  const touches = answersOf(page, "/api/touch");
  await moveMouse(page);
  await page.clock.resume();
  await expectEnded(page, IDLE);
  expect(touches).toEqual([]);
});

test("activity in a second tab keeps the first from warning", async ({ page, context, account }) => {
  const rest = await openUnderClock(page, account);
  const second = await context.newPage();
  await gotoHydrated(second, "/settings/devices");
  await page.clock.fastForward(rest - 30 * SECOND);
  const touch = nextAnswer(second, "/api/touch");
  await moveMouse(second);
  expect((await touch).status()).toBe(200);
  await page.clock.fastForward(MINUTE);
  await page.clock.runFor(2 * SECOND);
  await expect(idleDialog(second)).toBeHidden();
  await expect(idleDialog(page)).toBeHidden();
});

test("staying in one tab closes the warning in the other", async ({ page, context, account }) => {
  const rest = await openUnderClock(page, account);
  const second = await context.newPage();
  await gotoHydrated(second, "/settings/devices");
  await restUntilWarning(page, rest);
  await expect(idleDialog(second)).toBeVisible();
  await second.getByRole("button", { name: "Stay signed in" }).click();
  await expect(idleDialog(page)).toBeHidden();
});

test("someone who asked to stay signed in is never warned", async ({ page, account }) => {
  await signIn(page, account, { remember: true });
  await page.clock.install();
  await gotoHydrated(page, "/settings/account");
  await page.clock.fastForward("06:00:00");
  await page.clock.runFor(2 * SECOND);
  await expect(idleDialog(page)).toBeHidden();
  await expect(page.getByRole("heading", { level: 1, name: "Account" })).toBeVisible();
});
