// The server goes away under an open page and comes back: nobody is signed out by that.
import { expect, test } from "./support/fixtures.ts";
import { expectAskedAgain, gotoHydrated, MINUTE, nextAnswer, otherPasses, ownPass, SECOND, signIn } from "./support/pages.ts";

// a setting of its own gives this file a server of its own: no other file may lose its
test.use({ settings: { LOG__FORMAT: "json" } });

const OFFLINE = "Offline. You are still signed in";

test.afterEach(async ({ server }) => {
  if (!server.running) {
    await server.start();
  }
});

test("a renewal that fails for want of a server is tried again and the page lives on", async ({ page, account, server }) => {
  await signIn(page, account, { remember: true });
  await page.clock.install();
  await gotoHydrated(page, "/settings/devices");
  await server.stop();
  await page.clock.fastForward(13 * MINUTE);
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await expect(ownPass(page)).toBeVisible();
  await server.start();
  const renewal = nextAnswer(page, "/api/refresh");
  await page.clock.fastForward(MINUTE);
  expect((await renewal).status()).toBe(200);
  await expect(page.getByText(OFFLINE)).toBeHidden();
  await expect(ownPass(page)).toBeVisible();
});

test("an act without a server says so, and works when the server is back", async ({ page, browser, account, server }) => {
  const other = await (await browser.newContext()).newPage();
  await signIn(other, account);
  await signIn(page, account, { to: "/settings/devices" });
  const signOut = page.getByRole("button", { name: /^Sign out Chrome/ });
  await server.stop();
  await signOut.click();
  await expect(page.getByRole("alert").getByText("The server can't be reached.")).toBeVisible();
  await server.start();
  await signOut.click();
  await expect(page.getByText("One device was signed out.")).toBeVisible();
  await expect(otherPasses(page)).toHaveCount(0);
});

test("a session outlives a restart of the server", async ({ page, account, server }) => {
  await signIn(page, account, { to: "/settings/devices" });
  await server.stop();
  await server.start();
  await gotoHydrated(page, "/settings/account");
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
});

test("without a network the page says so at once, keeps what was typed, and goes on when it is back", async ({
  page,
  context,
  account,
}) => {
  await signIn(page, account, { to: "/settings/account", remember: true });
  const name = page.getByLabel("Name", { exact: true });
  await context.setOffline(true);
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await name.fill("Typed in a tunnel");
  await name.press("Enter");
  await expect(page.getByRole("alert").getByText("The server can't be reached.")).toBeVisible();
  await expect(name).toHaveValue("Typed in a tunnel");
  await expect(page.getByRole("banner")).toContainText(account.name);
  await context.setOffline(false);
  await expect(page.getByText(OFFLINE)).toBeHidden();
  await name.press("Enter");
  await expect(page.getByText("Your name was changed.")).toBeVisible();
  await expect(page.getByRole("banner")).toContainText("Typed in a tunnel");
});

test("a server that answers with a fault signs nobody out, and is asked again ever less often", async ({ page, account }) => {
  await signIn(page, account, { remember: true });
  await page.clock.install();
  await gotoHydrated(page, "/settings/devices");
  let asked = 0;
  await page.route("**/api/**", (route) => {
    asked += 1;
    return route.fulfill({ status: 503, json: { code: "unavailable" } });
  });
  await page.clock.fastForward(13 * MINUTE);
  await expect(page.getByText(OFFLINE)).toBeVisible();
  await page.clock.runFor(30 * SECOND);
  asked = 0;
  // in steps, each with time for an answer
  for (let passed = 0; passed < 5 * MINUTE; passed += 5 * SECOND) {
    await page.clock.runFor(5 * SECOND);
    await page.waitForTimeout(50);
  }
  // once a minute by each of those who wait, and not once a second
  expect(asked).toBeGreaterThan(2);
  expect(asked).toBeLessThan(30);
  await expect(ownPass(page)).toBeVisible();
  await page.unroute("**/api/**");
  await page.clock.runFor(2 * MINUTE);
  await expect(page.getByText(OFFLINE)).toBeHidden();
  await expect(ownPass(page)).toBeVisible();
});

test("a page that can't read its session anew keeps what it shows", async ({ page, account, server }) => {
  await signIn(page, account, { to: "/settings/account", remember: true });
  const name = page.getByLabel("Name", { exact: true });
  // the name is taken, and what follows it is lost
  await page.route("**/api/session", (route) => route.abort());
  await name.fill("Changed at the last moment");
  await name.press("Enter");
  await expect(page.getByText("Your name was changed.")).toBeVisible();
  await expect(name).toHaveValue("Changed at the last moment");
  await expect(page.getByRole("banner")).toContainText(account.name);
  await page.unroute("**/api/session");
  await server.stop();
  await server.start();
  await gotoHydrated(page, "/settings/account");
  await expect(page.getByRole("banner")).toContainText("Changed at the last moment");
});

test("only the server's word ends a page that was offline", async ({ page, context, browser, account }) => {
  // What is open already outlives the network that Chromium takes away.
  await context.route("**/events", (route) => route.abort());
  await signIn(page, account, { to: "/settings/account", remember: true });
  await context.setOffline(true);
  await expect(page.getByText(OFFLINE)).toBeVisible();
  const other = await (await browser.newContext()).newPage();
  await signIn(other, account, { to: "/settings/devices" });
  await other.getByRole("button", { name: /^Sign out Chrome/ }).click();
  await expect(otherPasses(other)).toHaveCount(0);
  await expect(page.getByLabel("Name", { exact: true })).toBeVisible();
  await context.setOffline(false);
  await expectAskedAgain(page, "This session was signed out", { within: 10 * SECOND });
});
