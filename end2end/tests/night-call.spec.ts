// Someone on call, at night, with a phone: finds a person, ends all their sessions with a word why, and sees that it is done.
import type { Browser, Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { again, expectAskedAgain, fillSignIn, gotoHydrated, hydrated, pressSignIn, SECOND, signIn } from "./support/pages.ts";
import { listening } from "./support/streams.ts";

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 3 };
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const KICKED = "An administrator ended this session";
const WORDS = "Your <laptop> was stolen? Call 555.";
const IN_FORCE = /In force on every server after \d+ ms\./;

async function elsewhere(browser: Browser, account: Account, scripts = true): Promise<Page> {
  const context = await browser.newContext({ userAgent: FIREFOX, javaScriptEnabled: scripts });
  return context.newPage();
}

async function signInPlainly(page: Page, account: Account, to: string): Promise<void> {
  await page.goto(to);
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page).toHaveURL(to);
}

test.describe("on a phone", () => {
  test.use(PHONE);

  test("the night call: search, open, end everything with a word why, and the other browser says it", async ({
    page,
    browser,
    account,
    admin,
  }) => {
    const theirs = await elsewhere(browser, account);
    await listening(theirs, () => signIn(theirs, account, { to: "/settings/account" }));
    await signIn(page, admin);
    await page.getByRole("banner").locator("summary", { hasText: admin.name }).tap();
    await page.getByRole("banner").getByRole("link", { name: "Users" }).tap();
    await page.waitForURL("/admin/users");
    await hydrated(page);
    await page.getByRole("searchbox").fill(account.name.slice(0, -1));
    await page.getByRole("button", { name: "Search" }).tap();
    await page.getByRole("link", { name: account.email }).tap();
    await expect(page.getByRole("heading", { level: 1, name: account.name })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.locator("summary", { hasText: "End all sessions" }).tap();
    await page.locator("#kick-message").fill(WORDS);
    const pressed = Date.now();
    await page.getByRole("button", { name: "End them now" }).tap();
    await expectAskedAgain(theirs, KICKED, { within: SECOND });
    await expect(again(theirs).locator("blockquote")).toHaveText(WORDS, { timeout: SECOND });
    expect(Date.now() - pressed).toBeLessThan(2 * SECOND);
    await expect(page.getByText("One session was ended.")).toBeVisible();
    await expect(page.getByText(IN_FORCE)).toBeVisible();
    await expect(page.getByText("Not signed in anywhere")).toBeVisible();
    await expect(page.getByText(`Told: “${WORDS}”`)).toBeVisible();
    expect(theirs.url()).not.toContain("555");
  });
});

test("a kicked browser without scripts is led to sign-in and reads the words there", async ({ browser, account, admin }) => {
  const theirs = await elsewhere(browser, account, false);
  await signInPlainly(theirs, account, "/settings/devices");
  const desk = await elsewhere(browser, admin, false);
  await signInPlainly(desk, admin, `/admin/users?query=${account.email}`);
  await desk.getByRole("link", { name: account.email }).click();
  await desk.locator("summary", { hasText: "End all sessions" }).click();
  await desk.locator("#kick-message").fill(WORDS);
  await desk.getByRole("button", { name: "End them now" }).click();
  await expect(desk.getByText(IN_FORCE)).toBeVisible();
  expect(desk.url()).not.toContain("555");
  await theirs.goto("/settings/account");
  await expect(theirs).toHaveURL(/\/login\?return_to=%2Fsettings%2Faccount&reason=kicked$/);
  await expect(theirs.getByText(KICKED)).toBeVisible();
  await expect(theirs.locator("blockquote")).toHaveText(WORDS);
  const nobody = await elsewhere(browser, account, false);
  await nobody.goto(theirs.url());
  await expect(nobody.locator("blockquote")).toHaveCount(0);
});

test("a new password that is required is asked for over the next sign-in, and then the page is there", async ({
  page,
  browser,
  account,
  admin,
}) => {
  const desk = await elsewhere(browser, admin);
  await signIn(desk, admin);
  await gotoHydrated(desk, `/admin/users?query=${account.email}`);
  await desk.getByRole("link", { name: account.email }).click();
  await desk.locator("summary", { hasText: "Require a new password" }).click();
  await desk.getByRole("button", { name: "Require it now" }).click();
  await expect(desk.getByText("A new password is asked for at the next sign-in.")).toBeVisible();
  await expect(desk.getByText("Must choose another password")).toBeVisible();
  await gotoHydrated(page, "/settings/account");
  await fillSignIn(page, account);
  await pressSignIn(page);
  await page.waitForURL("/login/password");
  await hydrated(page);
  await page.getByLabel("New password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Set it and go on" }).click();
  await expect(page.getByText("This is the password you have now.")).toBeVisible();
  await page.getByLabel("New password", { exact: true }).fill("loud rivers under the moon");
  await page.getByRole("button", { name: "Set it and go on" }).click();
  await page.waitForURL("/settings/account");
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
});

test("what is typed as a note outlives a reload, for this person's page and no other", async ({ page, account, admin, server }) => {
  const other = await server.newAccount();
  const field = page.getByLabel("New note");
  const open = async (who: Account) => {
    await gotoHydrated(page, `/admin/users?query=${who.email}`);
    await page.getByRole("link", { name: who.email }).click();
    await expect(page.getByRole("heading", { level: 1, name: who.name })).toBeVisible();
  };
  await signIn(page, admin);
  await open(account);
  await field.fill("Lost a phone.\nCalled twice.");
  const stored = () => page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("draft-")).length);
  await expect.poll(stored).toBe(1);
  await page.reload();
  await hydrated(page);
  const offer = page.getByRole("status").filter({ hasText: "You have unsaved text" });
  await expect(offer).toBeVisible();
  await open(other);
  await page.waitForLoadState("networkidle");
  await expect(offer).toBeHidden();
  await open(account);
  await page.getByRole("button", { name: "Restore" }).click();
  await expect(field).toHaveValue("Lost a phone.\nCalled twice.");
  await page.getByRole("button", { name: "Add note" }).click();
  await expect(page.getByText("The note was added.")).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "Called twice." })).toContainText(admin.email);
  await expect(field).toHaveValue("");
  await expect.poll(stored).toBe(0);
});
