// WCAG 2.2 AA as far as a machine can tell: every page and every dialog in both languages, each in light and dark, and nothing
// wider than the narrowest phone.
import type { Browser, BrowserContext, Locator, Page } from "@playwright/test";
import { expectAccessible } from "./support/accessible.ts";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import {
  ADMIN_PAGES,
  again,
  gotoHydrated,
  idleDialog,
  MINUTE,
  proofIsTooOld,
  PUBLIC_PAGES,
  SECOND,
  signIn,
} from "./support/pages.ts";

const NO_PAGE = "/no/such/page";
const LOCALES = { en: "en-US", ja: "ja-JP" };

async function expectPages(page: Page, paths: string[]): Promise<void> {
  for (const path of paths) {
    await gotoHydrated(page, path);
    await expectAccessible(page, path);
  }
}

/** Opens what a page has folded away, and looks at it. */
async function expectFolds(page: Page, folds: Locator, what: string): Promise<void> {
  const count = await folds.count();
  expect(count, what).toBeGreaterThan(0);
  for (let index = 0; index < count; index++) {
    await folds.nth(index).click();
  }
  await expectAccessible(page, what);
}

/** Signs in where the labels are English, for a page in whatever language. */
async function signInElsewhere(browser: Browser, context: BrowserContext, account: Account): Promise<void> {
  const english = await browser.newContext({ locale: LOCALES.en });
  await signIn(await english.newPage(), account);
  await context.addCookies(await english.cookies());
  await english.close();
}

/** The address of a person's page, by way of the list. */
async function personPage(page: Page, email: string): Promise<string> {
  await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(email)}`);
  const path = await page.getByRole("link", { name: email }).getAttribute("href");
  expect(path).toMatch(/^\/admin\/users\/.+/);
  return path ?? "";
}

for (const [language, locale] of Object.entries(LOCALES)) {
  test.describe(language, () => {
    test.use({ locale });
    test.setTimeout(60 * SECOND);

    test("signed-out pages are accessible", async ({ page }) => {
      await expectPages(page, [...PUBLIC_PAGES, NO_PAGE]);
      await expect(page.locator("html")).toHaveAttribute("lang", language);
      await gotoHydrated(page, "/login");
      await page.locator("#email").fill("nobody@example.com");
      await page.locator("#password").fill("not at all what it is");
      await page.locator("#password").press("Enter");
      await expect(page.locator(".alert")).toBeVisible();
      await expectAccessible(page, "/login refused");
    });

    test("private pages are accessible", async ({ page, browser, context, account }) => {
      await signInElsewhere(browser, context, account);
      await signInElsewhere(browser, await browser.newContext(), account);
      await expectPages(page, ["/", "/settings/security", "/settings/account", "/admin/users"]);
      await gotoHydrated(page, "/settings/devices");
      await expectAccessible(page, "/settings/devices");
      await expectFolds(page, page.locator("main summary"), "/settings/devices with its question");
      await page.locator("header summary", { hasText: account.name }).click();
      await expectAccessible(page, "the open menu");
      await context.setOffline(true);
      await expect(page.locator(".guard-note__text")).toBeVisible();
      await expectAccessible(page, "out of reach");
    });

    test("pages of administrators are accessible", async ({ page, browser, context, admin }) => {
      await signInElsewhere(browser, context, admin);
      await expectPages(page, ADMIN_PAGES);
    });

    test("a person's page at the desk is accessible", async ({ page, browser, context, admin, account }) => {
      await signInElsewhere(browser, context, admin);
      const path = await personPage(page, account.email);
      await gotoHydrated(page, path);
      await expectAccessible(page, path);
      await expectFolds(page, page.locator("main summary"), "the questions on a person's page");
      await proofIsTooOld(page);
      await page.locator("form[action='/api/admin/lock_user']").evaluate((form: HTMLFormElement) => form.requestSubmit());
      await expect(page.locator("dialog[open]")).toBeVisible();
      await expectAccessible(page, "the question for the password");
    });

    test("the idle warning, the question over the page and the ended page are accessible", async ({
      page,
      browser,
      context,
      account,
    }) => {
      await signInElsewhere(browser, context, account);
      await page.clock.install();
      await gotoHydrated(page, "/settings/account");
      await page.clock.fastForward(13 * MINUTE + SECOND);
      await expect(idleDialog(page)).toBeVisible();
      await expectAccessible(page, "the warning");
      await page.clock.fastForward(2 * MINUTE);
      await expect(again(page)).toBeVisible();
      await expectAccessible(page, "the question over the page");
      await again(page).locator("#password").fill("not at all what it is");
      await again(page).locator("#password").press("Enter");
      await expect(again(page).locator(".alert")).toBeVisible();
      await expectAccessible(page, "the question refused");
      await page.clock.fastForward(15 * MINUTE);
      await expect(page.locator(".card-page")).toBeVisible();
      await expectAccessible(page, "the ended page");
    });
  });
}
