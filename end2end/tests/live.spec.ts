// An open page is told at once: of the end of its session and why, of another role, and of what its lists show. One tab of a
// browser listens for all of them.
import type { Browser, Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account, Server } from "./support/fixtures.ts";
import { expectAskedAgain, expectEnded, gotoHydrated, otherPasses, SECOND, signIn } from "./support/pages.ts";
import { EVENTS, listening, Streams } from "./support/streams.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/** For what is told at once. A kick by the command line is heard within a second before that. */
const AT_ONCE = 2 * SECOND;

/** Another browser of somebody, on a page that listens. */
async function elsewhere(browser: Browser, account: Account, to: string): Promise<Page> {
  const page = await (await browser.newContext({ userAgent: FIREFOX })).newPage();
  await listening(page, () => signIn(page, account, { to }));
  return page;
}

async function kick(server: Server, account: Account): Promise<void> {
  await server.command(["session", "kill", "--user", account.email]);
}

test("a page that was kicked says so without a click", async ({ page, account, server }) => {
  await listening(page, () => signIn(page, account, { to: "/settings/account" }));
  await kick(server, account);
  await expectAskedAgain(page, "An administrator ended this session", { within: AT_ONCE });
  await expect(page.getByRole("banner").or(page.getByRole("main")).getByText(account.name)).toHaveCount(0);
});

test("it is said in Japanese too", async ({ page, context, account, server, baseURL }) => {
  await signIn(page, account);
  await context.addCookies([{ name: "locale", value: "ja", url: baseURL ?? "" }]);
  await listening(page, () => gotoHydrated(page, "/settings/account"));
  await kick(server, account);
  await expectAskedAgain(page, "管理者がこのセッションを終了しました", { within: AT_ONCE });
});

test("the reason is the right one: a device that was signed out, a changed password, a locked account", async ({
  page,
  browser,
  account,
  admin,
}) => {
  await signIn(page, account, { to: "/settings/devices" });
  const revoked = await elsewhere(browser, account, "/settings/account");
  await page.getByRole("button", { name: "Sign out Firefox on Linux" }).click();
  await expectAskedAgain(revoked, "This session was signed out", { within: AT_ONCE });

  const changed = await elsewhere(browser, account, "/settings/account");
  await gotoHydrated(page, "/settings/security");
  await page.getByLabel("Current password").fill(account.password);
  await page.getByLabel("New password").fill("loud rivers under the moon");
  await page.getByLabel("New password").press("Enter");
  await expectAskedAgain(changed, "Your password was changed", { within: AT_ONCE });
  await expect(page.getByRole("heading", { level: 1, name: "Security" })).toBeVisible();

  const keeper = await elsewhere(browser, admin, `/admin/users`);
  await gotoHydrated(keeper, `/admin/users?query=${encodeURIComponent(account.email)}`);
  await keeper.getByRole("link", { name: account.email }).click();
  await keeper.locator("summary", { hasText: "Lock the account" }).click();
  await keeper.getByRole("button", { name: "Lock it now" }).click();
  await expectEnded(page, "This account is closed for now", { within: AT_ONCE });
});

test("when the tab that listens goes, another takes over", async ({ page, context, account, server }) => {
  const streams = new Streams(context);
  await listening(page, () => signIn(page, account, { to: "/settings/account" }));
  const other = await context.newPage();
  await gotoHydrated(other, "/settings/account");
  const opened = streams.opened;
  await listening(other, () => page.close());
  await expect.poll(() => streams.open).toBe(1);
  expect(streams.opened).toBe(opened + 1);
  await kick(server, account);
  await expectAskedAgain(other, "An administrator ended this session", { within: AT_ONCE });
});

test("another role shows its menu without a reload", async ({ page, account, server }) => {
  await listening(page, () => signIn(page, account));
  const menu = page.getByRole("banner").locator("summary", { hasText: account.name });
  await menu.click();
  await expect(page.getByRole("link", { name: "Users" })).toHaveCount(0);
  await page.evaluate(() => Object.assign(window, { notReloaded: true }));
  await server.command(["user", "set-role", account.email, "admin"]);
  await expect(async () => {
    await menu.click();
    await expect(page.getByRole("banner").getByRole("link", { name: "Users" })).toBeVisible({ timeout: 200 });
  }).toPass({ timeout: 5 * SECOND });
  expect(await page.evaluate(() => "notReloaded" in window)).toBe(true);
});

test("the list of devices follows, and an open question in it stays open", async ({ page, browser, account }) => {
  await listening(page, () => signIn(page, account, { to: "/settings/devices" }));
  await expect(page.getByText("No other device is signed in")).toBeVisible();
  const first = await elsewhere(browser, account, "/settings/account");
  await expect(otherPasses(page)).toHaveCount(1, { timeout: AT_ONCE });
  await page.locator("summary", { hasText: "Sign out all other devices" }).click();
  const act = page.locator(".confirm__panel button");
  await expect(act).toHaveText("Sign out one device");
  await act.focus();
  await page.evaluate(() => Object.assign(window, { kept: document.querySelector(".pass--current button") }));
  const second = await elsewhere(browser, account, "/settings/account");
  await expect(otherPasses(page)).toHaveCount(2, { timeout: AT_ONCE });
  await expect(act).toHaveText("Sign out 2 devices");
  await expect(act).toBeFocused();
  expect(await page.evaluate(() => (window as { kept?: Element }).kept?.isConnected)).toBe(true);
  for (const gone of [first, second]) {
    await gone.getByRole("main").getByRole("button", { name: "Sign out" }).click();
    await gone.waitForURL("/login");
  }
  await expect(page.getByText("No other device is signed in")).toBeVisible({ timeout: AT_ONCE });
});

test("the admin's list follows, without taking away what is being typed", async ({ page, browser, account, admin }) => {
  await signIn(page, admin, { to: "/admin/users" });
  const list = `/admin/users?query=${encodeURIComponent(account.email)}`;
  await listening(page, () => gotoHydrated(page, list));
  const row = page.getByRole("row").filter({ hasText: account.email });
  await expect(row).toContainText("None");
  await page.getByRole("searchbox").fill("half a na");
  const theirs = await elsewhere(browser, account, "/settings/account");
  await expect(row).not.toContainText("None", { timeout: AT_ONCE });
  await expect(page.getByRole("searchbox")).toHaveValue("half a na");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await row.getByRole("link").focus();
  await theirs.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(row).toContainText("None", { timeout: AT_ONCE });
  await expect(row.getByRole("link")).toBeFocused();
});

test("a person's page follows, and a role that is chosen but not given yet stays chosen", async ({
  page,
  browser,
  account,
  admin,
}) => {
  await signIn(page, admin, { to: "/admin/users" });
  await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(account.email)}`);
  await page.getByRole("link", { name: account.email }).click();
  await expect(page.getByText("Not signed in anywhere")).toBeVisible();
  await page.getByLabel("Role").selectOption("support");
  const theirs = await elsewhere(browser, account, "/settings/account");
  const question = page.locator('summary[aria-label="End the session on Firefox on Linux"]');
  await expect(question).toBeVisible({ timeout: AT_ONCE });
  await expect(page.getByLabel("Role")).toHaveValue("support");
  await question.click();
  await page.getByRole("button", { name: "End it now" }).click();
  await expectAskedAgain(theirs, "An administrator ended this session", { within: AT_ONCE });
  await expect(page.getByText("Not signed in anywhere")).toBeVisible();
  await expect(page.getByLabel("Role")).toHaveValue("support");
});

test("what may be done to a person follows what was done to them elsewhere", async ({ page, account, admin, server }) => {
  await signIn(page, admin, { to: "/admin/users" });
  await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(account.email)}`);
  await page.getByRole("link", { name: account.email }).click();
  await expect(page.getByLabel("Role")).toHaveValue("user");
  await server.command(["user", "set-role", account.email, "support"]);
  await expect(page.getByLabel("Role")).toHaveValue("support");
  await server.command(["user", "lock", account.email]);
  await expect(page.getByRole("button", { name: "Unlock" })).toBeVisible();
  await expect(page.getByText("Lock the account", { exact: true })).toHaveCount(0);
});

test("a stream that breaks off is opened again, and what happened meanwhile is shown", async ({
  page,
  context,
  browser,
  account,
  server,
}) => {
  await listening(page, () => signIn(page, account, { to: "/settings/devices" }));
  await context.route(`**${EVENTS}`, (route) => route.abort());
  await server.stop();
  await server.start();
  await elsewhere(browser, account, "/settings/account");
  await expect(otherPasses(page)).toHaveCount(0);
  await listening(page, () => context.unroute(`**${EVENTS}`));
  await expect(otherPasses(page)).toHaveCount(1, { timeout: AT_ONCE });
  await expect(page.getByRole("heading", { level: 1, name: "Devices" })).toBeVisible();
});

test("a new sign-in in the same page listens for the new session", async ({ page, account, server }) => {
  await listening(page, () => signIn(page, account, { to: "/settings/account" }));
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("/login");
  await listening(page, () => signIn(page, account, { to: "/settings/account" }));
  await kick(server, account);
  await expectAskedAgain(page, "An administrator ended this session", { within: AT_ONCE });
});
