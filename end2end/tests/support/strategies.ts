// What a page does under `jwt` and under `database` alike: it warns of idleness and ends, and renews a long life once.
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { answersOf, expectAskedAgain, gotoHydrated, idleDialog, MINUTE, PRIVATE_PAGES, SECOND, sessionEnds, signIn } from "./pages.ts";

const DAY = 24 * 60 * MINUTE;
const WARNING = 2 * MINUTE;

/** The row of the account page with this name. */
export function fact(page: Page, name: string) {
  return page.locator("dl > div", { has: page.getByText(name, { exact: true }) });
}

export function itLivesAsPromised(kind: string): void {
  test("every private page loads without complaint", async ({ page, account }) => {
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        complaints.push(message.text());
      }
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await signIn(page, account);
    for (const path of ["/", ...PRIVATE_PAGES]) {
      await gotoHydrated(page, path);
      await expect(page).toHaveURL(path);
    }
    expect(complaints).toEqual([]);
  });

  test("the account page names the kind of session and each of its ends", async ({ page, account }) => {
    await signIn(page, account, { to: "/settings/account" });
    await expect(fact(page, "Kind")).toContainText(kind);
    await expect(fact(page, "Ends without activity")).toContainText("in 14 minutes");
    await expect(fact(page, "Current token ends")).toContainText("in 29 days");
    await expect(fact(page, "Ends if not renewed")).toContainText("in 29 days");
    await expect(fact(page, "Ends in any case")).toContainText("in 89 days");
  });

  test("idleness is warned of and ends the session", async ({ page, account }) => {
    await signIn(page, account);
    await page.clock.install();
    await gotoHydrated(page, "/settings/account");
    const { server_now, idle_ends_at } = await sessionEnds(page);
    await page.clock.fastForward((idle_ends_at ?? Number.NaN) - server_now - WARNING + SECOND);
    await expect(idleDialog(page)).toBeVisible();
    await page.clock.fastForward(WARNING);
    await expectAskedAgain(page, "Signed out without activity");
    await gotoHydrated(page, "/settings/account");
    await expect(page).toHaveURL(/\/login\?return_to=/);
  });

  test("a life of 30 days is renewed once, shortly before its end", async ({ page, account }) => {
    await signIn(page, account, { remember: true });
    await page.clock.install();
    await gotoHydrated(page, "/settings/account");
    const renewals = answersOf(page, "/api/refresh");
    await page.clock.fastForward(29 * DAY);
    await page.clock.runFor(5 * SECOND);
    expect(renewals).toEqual([]);
    await page.clock.fastForward(DAY - MINUTE);
    await expect.poll(() => renewals).toEqual([200]);
    await page.clock.runFor(30 * SECOND);
    expect(renewals).toEqual([200]);
  });
}
