// A session is ended from somewhere else: by its owner on another device, or by an administrator.
import { type Browser, type Page, devices } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { expectAskedAgain, gotoHydrated, moveMouse, otherPasses, ownPass, signIn } from "./support/pages.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const REVOKED = "This session was signed out";
const KICKED = "An administrator ended this session";

/** A second browser of the same person, signed in. */
async function otherBrowser(browser: Browser, account: Account): Promise<Page> {
  const context = await browser.newContext({ userAgent: FIREFOX });
  const page = await context.newPage();
  await signIn(page, account, { to: "/settings/devices" });
  return page;
}

async function signOutOther(page: Page): Promise<void> {
  await gotoHydrated(page, "/settings/devices");
  await page.getByRole("button", { name: "Sign out Firefox on Linux" }).click();
  await expect(page.getByText("One device was signed out.")).toBeVisible();
}

/** An admin opens the person's page from the list. */
async function openPerson(page: Page, admin: Account, account: Account): Promise<void> {
  await signIn(page, admin, { to: "/admin/users" });
  await page.getByRole("searchbox").fill(account.email);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: account.email }).click();
  await expect(page.getByRole("heading", { level: 1, name: account.name })).toBeVisible();
}

test("the devices page shows both browsers of a person, this one first", async ({ page, browser, account }) => {
  await otherBrowser(browser, account);
  await signIn(page, account, { to: "/settings/devices" });
  await expect(ownPass(page)).toHaveCount(1);
  await expect(ownPass(page)).toContainText("Chrome on");
  await expect(otherPasses(page)).toHaveCount(1);
  await expect(otherPasses(page)).toContainText("Firefox on Linux");
});

test.describe("far from Greenwich", () => {
  test.use({ timezoneId: "Asia/Tokyo" });

  test("whoever points at a time reads it in their own zone", async ({ page, account }) => {
    await signIn(page, account, { to: "/settings/devices" });
    const time = ownPass(page).locator("time").first();
    await expect(time).toHaveAttribute("title", / UTC$/);
    const at = new Date((await time.getAttribute("datetime")) ?? "");
    await time.hover();
    await expect(time).toHaveAttribute("title", at.toLocaleString("en", { timeZone: "Asia/Tokyo" }));
  });
});

test("a device that was signed out leaves the list of the one that did it", async ({ page, browser, account }) => {
  await otherBrowser(browser, account);
  await signIn(page, account);
  await signOutOther(page);
  await expect(otherPasses(page)).toHaveCount(0);
  await expect(page.getByText("No other device is signed in")).toBeVisible();
});

test("a page that was signed out elsewhere says so at the next act", async ({ page, browser, account }) => {
  const other = await otherBrowser(browser, account);
  await signIn(page, account);
  await signOutOther(page);
  await moveMouse(other);
  await expectAskedAgain(other, REVOKED);
  await expect(other.getByRole("article")).toHaveCount(0);
});

test("a browser that was signed out elsewhere is led to sign-in with the reason", async ({ page, browser, account }) => {
  const other = await otherBrowser(browser, account);
  await signIn(page, account);
  await signOutOther(page);
  await gotoHydrated(other, "/settings/account");
  await expect(other).toHaveURL(/\/login\?return_to=%2Fsettings%2Faccount&reason=revoked$/);
  await expect(other.getByText(REVOKED)).toBeVisible();
});

test("signing out all other devices leaves only this one", async ({ page, browser, account }) => {
  const others = [await otherBrowser(browser, account), await otherBrowser(browser, account)];
  await signIn(page, account, { to: "/settings/devices" });
  await page.locator("summary", { hasText: "Sign out all other devices" }).click();
  await page.getByRole("button", { name: "Sign out 2 devices" }).click();
  await expect(page.getByText("2 devices were signed out.")).toBeVisible();
  for (const other of others) {
    await moveMouse(other);
    await expectAskedAgain(other, REVOKED);
  }
});

test("an administrator ends all sessions of a person, who is told so at the next request", async ({
  page,
  browser,
  account,
  admin,
}) => {
  const theirs = await otherBrowser(browser, account);
  await openPerson(page, admin, account);
  await page.locator("summary", { hasText: "End all sessions" }).click();
  await page.getByRole("button", { name: "End them now" }).click();
  await expect(page.getByText("One session was ended.")).toBeVisible();
  await moveMouse(theirs);
  await expectAskedAgain(theirs, KICKED);
});

test("an administrator ends one session of a person and the other lives on", async ({ page, browser, account, admin }) => {
  const phone = await browser.newContext({ userAgent: devices["Pixel 7"].userAgent });
  const kept = await phone.newPage();
  await signIn(kept, account, { to: "/settings/devices" });
  const kicked = await otherBrowser(browser, account);
  await openPerson(page, admin, account);
  await page.locator('summary[aria-label="End the session on Firefox on Linux"]').click();
  await page.getByRole("button", { name: "End it now" }).click();
  await expect(page.getByText("One session was ended.")).toBeVisible();
  await gotoHydrated(kicked, "/settings/devices");
  await expect(kicked).toHaveURL(/\/login\?.*reason=kicked$/);
  await expect(kicked.getByText(KICKED)).toBeVisible();
  await gotoHydrated(kept, "/settings/devices");
  await expect(ownPass(kept)).toContainText("Chrome on Android");
});

test("a kick by the command line bites in the browser", async ({ browser, account, server }) => {
  const theirs = await otherBrowser(browser, account);
  await server.command(["session", "kill", "--user", account.email]);
  await expect(async () => {
    await gotoHydrated(theirs, "/settings/devices");
    await expect(theirs).toHaveURL(/reason=kicked$/, { timeout: 100 });
  }).toPass({ timeout: 5_000 });
});
