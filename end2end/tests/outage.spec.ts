// The server goes away under an open page and comes back: nobody is signed out by that.
import { expect, test } from "./support/fixtures.ts";
import { gotoHydrated, MINUTE, nextAnswer, otherPasses, ownPass, signIn } from "./support/pages.ts";

// a setting of its own gives this file a server of its own: no other file may lose its
test.use({ settings: { LOG__FORMAT: "json" } });

const OFFLINE = "The server can't be reached right now.";

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
