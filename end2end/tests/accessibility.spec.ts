// WCAG 2.2 AA as far as a machine can tell, in light and dark; and nothing wider than the narrowest phone.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import {
  ADMIN_PAGES,
  again,
  cameBack,
  gotoHydrated,
  idleDialog,
  MINUTE,
  PRIVATE_PAGES,
  PUBLIC_PAGES,
  SECOND,
  signIn,
} from "./support/pages.ts";

const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const NARROW = 320;

async function expectAccessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(STANDARDS).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}`));
  expect.soft(found, what).toEqual([]);
}

async function expectNoSideScroll(page: Page, path: string): Promise<void> {
  await gotoHydrated(page, path);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect.soft(width, path).toBeLessThanOrEqual(NARROW);
}

/** The address of a person's page, by way of the list. */
async function personPage(page: Page, email: string): Promise<string> {
  await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(email)}`);
  const path = await page.getByRole("link", { name: email }).getAttribute("href");
  expect(path).toMatch(/^\/admin\/users\/.+/);
  return path ?? "";
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("signed-out pages are accessible", async ({ page }) => {
      for (const path of PUBLIC_PAGES) {
        await gotoHydrated(page, path);
        await expectAccessible(page, path);
      }
    });

    test("a refused sign-in is accessible", async ({ page }) => {
      await page.goto("/login");
      await page.getByLabel("E-mail", { exact: true }).fill("nobody@example.com");
      await page.getByLabel("Password", { exact: true }).fill("not at all what it is");
      await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByText("E-mail or password is wrong.")).toBeVisible();
      await expectAccessible(page, "/login refused");
    });

    test("private pages are accessible", async ({ page, browser, account }) => {
      await signIn(await (await browser.newContext()).newPage(), account);
      await signIn(page, account);
      for (const path of ["/", ...PRIVATE_PAGES]) {
        await gotoHydrated(page, path);
        await expectAccessible(page, path);
      }
      await page.locator("summary", { hasText: account.name }).click();
      await expectAccessible(page, "the open menu");
    });

    test("pages of administrators are accessible", async ({ page, admin, account }) => {
      await signIn(page, admin);
      for (const path of [...ADMIN_PAGES, await personPage(page, account.email)]) {
        await gotoHydrated(page, path);
        await expectAccessible(page, path);
      }
    });

    test("the question for the password is accessible", async ({ page, admin, account }) => {
      await signIn(page, admin);
      const path = await personPage(page, account.email);
      await gotoHydrated(page, cameBack(path, "/api/admin/lock_user", { code: "step_up_required" }));
      await expect(page.getByRole("dialog", { name: "Confirm it's you" })).toBeVisible();
      await expectAccessible(page, "the question");
    });

    test("the idle warning, the question over the page and the ended page are accessible", async ({ page, account }) => {
      await signIn(page, account);
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
      await expect(again(page).getByText("E-mail or password is wrong.")).toBeVisible();
      await expectAccessible(page, "the question refused");
      await page.clock.fastForward(15 * MINUTE);
      await expect(page.getByRole("link", { name: "Sign in again" })).toBeVisible();
      await expectAccessible(page, "the ended page");
    });
  });
}

for (const language of ["en", "ja"]) {
  test.describe(`${NARROW} pixels wide, in ${language}`, () => {
    test.use({ viewport: { width: NARROW, height: 640 } });

    test("no page scrolls sideways", async ({ page, browser, context, baseURL, admin, account }) => {
      await signIn(await (await browser.newContext()).newPage(), admin);
      await signIn(page, admin);
      await context.addCookies([{ name: "locale", value: language, url: baseURL ?? "" }]);
      for (const path of ["/", ...PRIVATE_PAGES, ...ADMIN_PAGES, await personPage(page, account.email)]) {
        await expectNoSideScroll(page, path);
      }
      await expect(page.locator("html")).toHaveAttribute("lang", language);
      await context.clearCookies({ name: /^__Host-/ });
      for (const path of PUBLIC_PAGES) {
        await expectNoSideScroll(page, path);
      }
    });
  });
}
