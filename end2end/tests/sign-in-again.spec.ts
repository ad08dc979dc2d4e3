// A session ends under an open page, and the same person signs in again over it: nothing private stays meanwhile, nothing
// typed is lost, and what was being sent is sent once.
import type { APIResponse, BrowserContext, Page, Route } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account, Server } from "./support/fixtures.ts";
import {
  again,
  answersOf,
  expectAskedAgain,
  expectEnded,
  fillSignIn,
  gotoHydrated,
  hydrated,
  MINUTE,
  pressSignIn,
  SECOND,
  sessionEnds,
  signIn,
  signInAgain,
} from "./support/pages.ts";

const KICKED = "An administrator ended this session";
const IDLE = "Signed out without activity";
const SET_ROLE = "/api/admin/set_role";
const TYPED = "half a thought";

/** An administrator of this test alone, on the page of a person. */
async function openPerson(page: Page, admin: Account, person: Account): Promise<string> {
  await signIn(page, admin, { to: "/admin/users" });
  await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(person.email)}`);
  await page.getByRole("link", { name: person.email }).click();
  await expect(page.getByRole("heading", { level: 1, name: person.name })).toBeVisible();
  return new URL(page.url()).pathname;
}

/** Ends all sessions of an account from outside, and waits until that has come through. */
async function kick(server: Server, { email }: Account, context: BrowserContext): Promise<void> {
  await server.command(["session", "kill", "--user", email]);
  const alive = async (): Promise<APIResponse> => context.request.get(`${server.url}/api/session`);
  await expect.poll(async () => (await (await alive()).json()).reason).toBe("kicked");
}

/** Any act is reported, and the answer ends the page. */
async function kickUnder(page: Page, server: Server, account: Account): Promise<void> {
  await kick(server, account, page.context());
  await page.keyboard.press("Shift");
  await expectAskedAgain(page, KICKED);
}

async function idleUntilEnd(page: Page): Promise<void> {
  const { server_now, idle_ends_at } = await sessionEnds(page);
  await page.clock.fastForward((idle_ends_at ?? Number.NaN) - server_now + SECOND);
  await expectAskedAgain(page, IDLE);
}

const search = (page: Page) => page.getByRole("searchbox");
const role = (page: Page) => page.getByLabel("Role");

/** The role of a person, as the server tells an administrator. */
async function roleOf(page: Page, path: string): Promise<string> {
  const id = path.split("/").pop() ?? "";
  return page.evaluate(async (id) => {
    const reply = await fetch(`/api/admin/user?user_id=${id}`, { headers: { accept: "application/json" } });
    return (await reply.json()).user.role;
  }, id);
}

/** Sends the form with the role, and ends the session while that is under way. */
async function setRoleAndBeKicked(page: Page, server: Server, admin: Account): Promise<void> {
  let sent = (_: Route) => {};
  const held = new Promise<Route>((resolve) => (sent = resolve));
  await page.route(`**${SET_ROLE}`, (route) => sent(route), { times: 1 });
  await role(page).selectOption("support");
  await page.getByRole("button", { name: "Set role" }).press("Enter");
  const route = await held;
  await kick(server, admin, page.context());
  await route.continue();
  await expectAskedAgain(page, KICKED);
}

test("when a session ends its content leaves the document, and what was typed returns with its person", async ({
  page,
  server,
  account,
}) => {
  const admin = await server.newAccount("admin");
  await openPerson(page, admin, account);
  await role(page).selectOption("support");
  await page.clock.install();
  await idleUntilEnd(page);
  const left = await page.evaluate(() => document.documentElement.outerHTML);
  expect(left).not.toContain(account.email);
  expect(left).not.toContain(account.name);
  await expect(page).toHaveTitle(`${IDLE} · Sekisho`);
  await expect(again(page)).toContainText(admin.email);
  await expect(again(page).getByLabel("Password", { exact: true })).toBeFocused();
  const path = new URL(page.url()).pathname;
  await signInAgain(page, admin);
  await expect(page.getByRole("heading", { level: 1, name: account.name })).toBeVisible();
  await expect(role(page)).toHaveValue("support");
  await expect(page).toHaveTitle(`${account.name} · Sekisho`);
  expect(new URL(page.url()).pathname).toBe(path);
  await page.getByRole("button", { name: "Set role" }).click();
  await expect.poll(() => roleOf(page, path)).toBe("support");
});

test("the page is not loaded anew, and its person is where they were", async ({ page, server }) => {
  const admin = await server.newAccount("admin");
  await signIn(page, admin, { to: "/admin/users" });
  await search(page).fill(TYPED);
  await page.evaluate(() => Object.assign(window, { mark: true }));
  await kickUnder(page, server, admin);
  expect(await page.content()).not.toContain(TYPED);
  await signInAgain(page, admin);
  await expect(search(page)).toHaveValue(TYPED);
  await expect(search(page)).toBeFocused();
  await expect(page.getByRole("status").getByText("You are signed in again.")).toBeAttached();
  expect(await page.evaluate(() => "mark" in window)).toBe(true);
  // what was filled in is heard of: it is what is searched for
  await search(page).press("Enter");
  await expect(page).toHaveURL(`/admin/users?query=${TYPED.replaceAll(" ", "%20")}`);
});

test("a page comes back at the height it was left at", async ({ page, server }) => {
  const admin = await server.newAccount("admin");
  await page.setViewportSize({ width: 900, height: 300 });
  await signIn(page, admin, { to: "/settings/account" });
  await page.evaluate(() => window.scrollTo(0, 400));
  await kickUnder(page, server, admin);
  await signInAgain(page, admin);
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(400);
  await expect(page.getByRole("heading", { level: 1, name: "Account" })).toBeFocused();
});

test("a call that failed with the session is made again once, with what was sent", async ({ page, server, account }) => {
  const admin = await server.newAccount("admin");
  const path = await openPerson(page, admin, account);
  const answers = answersOf(page, SET_ROLE);
  const bodies: (string | null)[] = [];
  page.on("request", (request) => request.url().endsWith(SET_ROLE) && bodies.push(request.postData()));
  await setRoleAndBeKicked(page, server, admin);
  await expect.poll(() => answers).toEqual([401]);
  await signInAgain(page, admin);
  await expect(page.getByText("The role was changed.")).toBeVisible();
  expect(answers).toEqual([401, 200]);
  expect(bodies[1]).toBe(bodies[0]);
  expect(await roleOf(page, path)).toBe("support");
  await expect(role(page)).toHaveValue("support");
  const audit = await page.request.get(`${server.url}/api/admin/audit?query=role_change&cursor=&limit=`);
  const rows: { action: string; actor: string | null }[] = (await audit.json()).items;
  const acts = rows.filter(({ action, actor }) => action === "role_change" && actor === admin.email);
  expect(acts).toHaveLength(1);
  // nor does it come again with the page
  await page.locator(".side-nav").getByRole("link", { name: "Users" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Users" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: account.name })).toBeVisible();
  expect(answers).toEqual([401, 200]);
});

test("a form with a password is left to be sent anew, without the password", async ({ page, server, account }) => {
  await signIn(page, account, { to: "/settings/security" });
  const answers = answersOf(page, "/api/password/change");
  let sent = (_: Route) => {};
  const held = new Promise<Route>((resolve) => (sent = resolve));
  await page.route("**/api/password/change", (route) => sent(route), { times: 1 });
  await page.getByLabel("Current password").fill(account.password);
  await page.getByLabel("New password").fill("louder rivers under snow");
  // a password that is being shown is one all the same
  await page.getByRole("button", { name: "Show password" }).last().click();
  await page.getByLabel("New password").press("Enter");
  const route = await held;
  await kick(server, account, page.context());
  await route.continue();
  await expectAskedAgain(page, KICKED);
  await signInAgain(page, account);
  await expect(page.getByRole("heading", { level: 1, name: "Security" })).toBeVisible();
  await page.waitForTimeout(SECOND);
  await expect(page.getByLabel("New password")).toHaveValue("");
  await expect(page.getByLabel("Current password")).toHaveValue("");
  expect(answers).toEqual([401]);
});

for (const way of ["Escape", "Use another account"]) {
  test(`${way} leads to sign-in with the way back, and what was typed is gone`, async ({ page, server, account }) => {
    const admin = await server.newAccount("admin");
    await openPerson(page, admin, account);
    const path = new URL(page.url()).pathname;
    const answers = answersOf(page, SET_ROLE);
    await setRoleAndBeKicked(page, server, admin);
    if (way === "Escape") {
      await page.keyboard.press("Escape");
    } else {
      await again(page).getByRole("link", { name: way }).click();
    }
    await page.waitForURL((url) => url.pathname === "/login");
    const asked = new URL(page.url()).searchParams;
    expect(decodeURIComponent(asked.get("return_to") ?? "")).toBe(path);
    await hydrated(page);
    await expect(page.getByText(KICKED)).toBeVisible();
    await fillSignIn(page, admin);
    await pressSignIn(page);
    await expect(page).toHaveURL(path);
    await hydrated(page);
    await expect(role(page)).toHaveValue("user");
    expect(answers).toEqual([401]);
  });
}

test("someone else who signs in beside it finds nothing of the page", async ({ page, context, server, account }) => {
  const admin = await server.newAccount("admin");
  await signIn(page, admin, { to: "/admin/users" });
  await search(page).fill(TYPED);
  await kickUnder(page, server, admin);
  const second = await context.newPage();
  await signIn(second, account);
  await expect(page.getByRole("heading", { level: 1, name: "Not allowed" })).toBeVisible();
  expect(await page.content()).not.toContain(TYPED);
  expect(await page.content()).not.toContain(admin.email);
});

test("after 15 minutes nothing is kept", async ({ page, server }) => {
  const admin = await server.newAccount("admin");
  await signIn(page, admin, { to: "/admin/users" });
  await page.clock.install();
  await gotoHydrated(page, "/admin/users");
  await search(page).fill(TYPED);
  await kickUnder(page, server, admin);
  await page.clock.fastForward(15 * MINUTE - 10 * SECOND);
  await expect(again(page)).toBeVisible();
  await page.clock.fastForward(10 * SECOND);
  await expectEnded(page, KICKED);
  expect(await page.content()).not.toContain(admin.email);
  const second = await page.context().newPage();
  await signIn(second, admin);
  // its own tab is told, and the page comes back without what was typed
  await expect(page.getByRole("heading", { level: 1, name: "Users" })).toBeVisible();
  await page.waitForTimeout(SECOND);
  await expect(search(page)).toHaveValue("");
});

test("a page that slept past the end and another quarter of an hour has kept nothing", async ({ page, account }) => {
  await signIn(page, account);
  await page.clock.install();
  await gotoHydrated(page, "/settings/account");
  await page.clock.fastForward("01:00:00");
  await expectEnded(page, IDLE);
  expect(await page.content()).not.toContain(account.email);
});

test("a page that slept past the end by a few minutes still asks", async ({ page, account }) => {
  await signIn(page, account);
  await page.clock.install();
  await gotoHydrated(page, "/settings/account");
  await page.clock.fastForward("00:25:00");
  await expectAskedAgain(page, IDLE);
  await page.clock.fastForward("00:06:00");
  await expectEnded(page, IDLE);
});

test("a wrong password and a missing network are told in the dialog, and the right one still works", async ({
  page,
  context,
  server,
}) => {
  const admin = await server.newAccount("admin");
  await signIn(page, admin, { to: "/admin/users" });
  await search(page).fill(TYPED);
  await kickUnder(page, server, admin);
  const password = again(page).getByLabel("Password", { exact: true });
  await password.fill("not at all what it is");
  await password.press("Enter");
  await expect(again(page).getByText("E-mail or password is wrong.")).toBeVisible();
  await expect(password).toBeFocused();
  await context.setOffline(true);
  await password.press("Enter");
  await expect(again(page).getByText("The server can't be reached.")).toBeVisible();
  await context.setOffline(false);
  await signInAgain(page, admin);
  await expect(search(page)).toHaveValue(TYPED);
});

test("too many attempts are told in the dialog", async ({ page, account, server }) => {
  await signIn(page, account, { to: "/settings/account" });
  await kickUnder(page, server, account);
  await page.route("**/api/login", (route) => {
    return route.fulfill({ status: 429, json: { code: "throttled", retry_after_secs: 30 } });
  });
  await again(page).locator("#password").fill(account.password);
  await again(page).locator("#password").press("Enter");
  await expect(again(page).getByText("Too many attempts.")).toBeVisible();
});

test("signing in in one tab brings back the others, each with its own", async ({ page, context, server }) => {
  const admin = await server.newAccount("admin");
  await signIn(page, admin, { to: "/admin/users" });
  const second = await context.newPage();
  await gotoHydrated(second, "/admin/audit");
  await search(page).fill(TYPED);
  await search(second).fill("another thought");
  await kickUnder(page, server, admin);
  await expectAskedAgain(second, KICKED);
  await signInAgain(second, admin);
  await expect(search(second)).toHaveValue("another thought");
  await expect(again(page)).toHaveCount(0);
  await expect(search(page)).toHaveValue(TYPED);
});

test("a session that was to be remembered is remembered again", async ({ page, account, server }) => {
  await signIn(page, account, { to: "/settings/account", remember: true });
  await kickUnder(page, server, account);
  await signInAgain(page, account);
  await expect(page.getByRole("heading", { level: 1, name: "Account" })).toBeVisible();
  const session = await page.request.get(`${server.url}/api/session`);
  expect(await session.json()).toMatchObject({ remembered: true });
});

test("who has signed out in another tab is asked for nothing", async ({ page, context, account }) => {
  await signIn(page, account, { to: "/settings/account" });
  const second = await context.newPage();
  await gotoHydrated(second, "/settings/devices");
  await second.getByRole("main").getByRole("button", { name: "Sign out here" }).click();
  await expectEnded(page, "This session was signed out");
  expect(await page.content()).not.toContain(account.email);
});

test("a closed account is asked for nothing", async ({ page, account, server }) => {
  await signIn(page, account, { to: "/settings/account" });
  await server.command(["user", "lock", account.email]);
  await expect(async () => {
    await page.keyboard.press("Shift");
    await expectEnded(page, "This account is closed for now", { within: SECOND });
  }).toPass({ timeout: 10 * SECOND });
});

test("nothing of what is kept is in the storage of the browser", async ({ page, server }) => {
  const admin = await server.newAccount("admin");
  await signIn(page, admin, { to: "/admin/users" });
  await search(page).fill(TYPED);
  await kickUnder(page, server, admin);
  const stored = await page.evaluate(async () => {
    const databases = await indexedDB.databases();
    return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, databases, history.state, location.href]);
  });
  expect(stored).not.toContain(TYPED);
  expect(stored).not.toContain(admin.email);
});

test.describe("in Japanese, on the narrowest phone", () => {
  test.use({ locale: "ja-JP", viewport: { width: 320, height: 640 } });

  test("the question is asked in the person's language and fits", async ({ page, browser, context, server, account }) => {
    // signed in where the labels are English
    const english = await browser.newContext({ locale: "en-US" });
    await signIn(await english.newPage(), account);
    await context.addCookies(await english.cookies());
    await gotoHydrated(page, "/settings/account");
    await kick(server, account, context);
    await page.keyboard.press("Shift");
    await expectAskedAgain(page, "管理者がこのセッションを終了しました");
    await expect(again(page)).toContainText("別のアカウントを使う");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(320);
    expect(await again(page).evaluate((dialog) => dialog.scrollWidth <= dialog.clientWidth)).toBe(true);
    await signInAgain(page, account);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  });
});
