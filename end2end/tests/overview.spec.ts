// The desk: what happens is shown over an hour, a day or a month; it follows by itself and stands still when asked to.
import type { Browser, Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account, Server } from "./support/fixtures.ts";
import { gotoHydrated, SECOND, signIn } from "./support/pages.ts";

/** A little longer than a page waits before it asks again. */
const EVERY = 6 * SECOND;

async function total(page: Page, name: string): Promise<number> {
  const tile = page.locator(".tile").filter({ has: page.getByRole("heading", { name, exact: true }) });
  return Number((await tile.locator("strong").innerText()).replaceAll(",", ""));
}

/** Signs in in another browser, to be kicked there. */
async function kickedElsewhere(browser: Browser, server: Server, account: Account): Promise<void> {
  const context = await browser.newContext();
  await signIn(await context.newPage(), account);
  await server.command(["session", "kill", "--user", account.email]);
  await context.close();
}

test("figures follow what happens, and not while they are paused", async ({ page, browser, admin, account, server }) => {
  const asked = () => page.waitForResponse((response) => response.url().includes("/api/admin/overview"));
  const ended = () => total(page, "Sessions ended by admins");
  await page.clock.install();
  await signIn(page, admin, { to: "/admin" });
  const before = await ended();
  await kickedElsewhere(browser, server, account);
  await Promise.all([asked(), page.clock.runFor(EVERY)]);
  await expect.poll(ended).toBe(before + 1);

  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Paused" })).toBeVisible();
  await kickedElsewhere(browser, server, account);
  let askedMeanwhile = 0;
  page.on("request", (request) => (askedMeanwhile += request.url().includes("/api/admin/overview") ? 1 : 0));
  await page.clock.runFor(4 * EVERY);
  expect([askedMeanwhile, await ended()]).toEqual([0, before + 1]);
  await Promise.all([asked(), page.getByRole("button", { name: "Go on" }).click()]);
  await expect.poll(ended).toBe(before + 2);
});

test("the time span stands in the address, and every plot is there in words and as a table", async ({ page, admin }) => {
  await signIn(page, admin, { to: "/admin" });
  await page.getByRole("link", { name: "30 days" }).click();
  await expect(page).toHaveURL(/\/admin\?range=month$/);
  const signIns = page.locator(".tile").filter({ has: page.getByRole("heading", { name: "Sign-ins", exact: true }) });
  await expect(signIns.getByRole("img")).toHaveAccessibleName(/^Sign-ins: .* in the last 30 days/);
  await signIns.getByText("As a table").click();
  await expect(signIns.getByRole("table")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("link", { name: "1 hour" })).toHaveAttribute("aria-current", "true");
});

test("it is there without scripts", async ({ browser, admin, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL });
  const page = await context.newPage();
  await page.goto("/login?return_to=/admin");
  await page.getByLabel("E-mail", { exact: true }).fill(admin.email);
  await page.getByLabel("Password", { exact: true }).fill(admin.password);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "24 hours" }).click();
  await expect(page).toHaveURL(/range=day$/);
  await expect(page.locator(".tile")).toHaveCount(6);
  await expect(page.getByRole("button", { name: "Pause" })).toBeHidden();
  await context.close();
});

test("someone without the role is told kindly", async ({ page, account }) => {
  await signIn(page, account);
  await gotoHydrated(page, "/admin");
  await expect(page.locator(".tile")).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1, name: "Not allowed" })).toBeVisible();
});
