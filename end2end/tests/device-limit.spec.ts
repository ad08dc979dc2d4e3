// One device at a time, and whoever comes second is asked: with scripts and without.
import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/accessible.ts";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { again, expectAskedAgain, fillSignIn, gotoHydrated, hydrated, pressSignIn, signIn } from "./support/pages.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const ACCOUNT = "/settings/account";
const CHOICE = "Sign out Firefox on Linux and continue";

test.use({ settings: { SESSION__MAX_SESSIONS: "1", SESSION__ON_LIMIT: "ask" } });

for (const scripts of [true, false]) {
  test.describe(scripts ? "with scripts" : "without scripts", () => {
    test.use({ javaScriptEnabled: scripts });

    async function open(page: Page, path: string): Promise<void> {
      await (scripts ? gotoHydrated(page, path) : page.goto(path));
    }

    async function send(page: Page, account: Account): Promise<void> {
      await open(page, `/login?return_to=${encodeURIComponent(ACCOUNT)}`);
      await fillSignIn(page, account);
      await pressSignIn(page);
    }

    /** A person signed in with Firefox, and a second browser of theirs in which the sign-in waits. */
    async function wait(page: Page, other: Page, account: Account): Promise<void> {
      await send(other, account);
      await expect(other).toHaveURL(ACCOUNT);
      await send(page, account);
      await expect(page).toHaveURL("/login/choose");
      await expect(page.getByRole("heading", { level: 1, name: "Too many devices" })).toBeVisible();
      await (scripts ? hydrated(page) : undefined);
    }

    test("the sign-in goes on once the other device is picked, and that one is told", async ({ page, browser, account }) => {
      const other = await (await browser.newContext({ userAgent: FIREFOX, javaScriptEnabled: scripts })).newPage();
      await wait(page, other, account);
      await expect(page.getByRole("article")).toHaveCount(1);
      await page.getByRole("button", { name: CHOICE }).click();
      await expect(page).toHaveURL(ACCOUNT);
      await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
      await other.goto(ACCOUNT);
      await expect(other).toHaveURL(/reason=limit$/);
      await expect(other.getByText("A newer sign-in took the place of this session")).toBeVisible();
    });

    test("someone who doesn't choose is not signed in and ends nothing", async ({ page, browser, account }) => {
      const other = await (await browser.newContext({ userAgent: FIREFOX, javaScriptEnabled: scripts })).newPage();
      await wait(page, other, account);
      await page.getByRole("button", { name: "Don't sign in" }).click();
      await expect(page).toHaveURL("/login");
      await page.goto("/login/choose");
      await expect(page).toHaveURL("/login");
      await other.goto(ACCOUNT);
      await expect(other).toHaveURL(ACCOUNT);
    });

    test("a device that is gone by now can't be picked, and its place can be taken", async ({ page, browser, account }) => {
      const other = await (await browser.newContext({ userAgent: FIREFOX, javaScriptEnabled: scripts })).newPage();
      await wait(page, other, account);
      await other.getByRole("main").getByRole("button", { name: "Sign out" }).click();
      await expect(other).toHaveURL("/login");
      await page.getByRole("button", { name: CHOICE }).click();
      await expect(page.getByText("It isn't there any more.")).toBeVisible();
      await page.getByRole("button", { name: "Go on" }).click();
      await expect(page).toHaveURL(ACCOUNT);
    });
  });
}

test("someone who signs in again over a page is led to the choice as well", async ({ page, browser, account }) => {
  await signIn(page, account, { to: ACCOUNT });
  const other = await (await browser.newContext({ userAgent: FIREFOX })).newPage();
  await gotoHydrated(other, `/login?return_to=${encodeURIComponent(ACCOUNT)}`);
  await fillSignIn(other, account);
  await pressSignIn(other);
  await other.getByRole("button", { name: /^Sign out Chrome on .+ and continue$/ }).click();
  await expect(other).toHaveURL(ACCOUNT);
  await page.keyboard.press("Shift");
  await expectAskedAgain(page, "Too many devices");
  await again(page).locator("#password").fill(account.password);
  await again(page).locator("#password").press("Enter");
  await expect(page).toHaveURL("/login/choose");
  await page.getByRole("button", { name: CHOICE }).click();
  await expect(page).toHaveURL(ACCOUNT);
});

test("the choice is accessible and fits the narrowest phone", async ({ page, browser, context, account, baseURL }) => {
  for (const open of [await (await browser.newContext()).newPage(), page]) {
    await gotoHydrated(open, "/login");
    await fillSignIn(open, account);
    await pressSignIn(open);
    await open.waitForURL((url) => url.pathname !== "/login");
  }
  for (const language of ["en", "ja"]) {
    await context.addCookies([{ name: "locale", value: language, url: baseURL ?? "" }]);
    await gotoHydrated(page, "/login/choose");
    await expect(page.locator("html")).toHaveAttribute("lang", language);
    await expectAccessible(page, `the choice, ${language}`);
  }
});
