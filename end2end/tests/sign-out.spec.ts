// Signing out by the button. The click is a human act as well, and is reported beside it.
import { expect, test } from "./support/fixtures.ts";
import { expectEnded, fillSignIn, gotoHydrated, pressSignIn, signIn } from "./support/pages.ts";

/** Something that others wait for. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

test("signing out leads to the sign-in page", async ({ page, account }) => {
  await signIn(page, account, { to: "/settings/account" });
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
});

test("signing out leads to the sign-in page although the report of the click is answered first", async ({
  page,
  account,
}) => {
  await signIn(page, account, { to: "/settings/account" });
  // the server sees the sign-out first, the page hears of it last
  const ended = gate();
  const refused = page.waitForResponse("**/api/touch");
  await page.route("**/api/touch", async (route) => {
    await ended.opened;
    await route.fulfill({ response: await route.fetch() });
  });
  await page.route("**/api/logout", async (route) => {
    const response = await route.fetch();
    ended.open();
    await refused;
    await route.fulfill({ response });
  });
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
});

test("signing out leads to the sign-in page although the page has gone by when its answer comes", async ({
  page,
  account,
}) => {
  await signIn(page, account, { to: "/settings/account" });
  // the report of the click is answered in between, and that ends the page
  const [ended, answer] = [gate(), gate()];
  await page.route("**/api/touch", async (route) => {
    await ended.opened;
    await route.fulfill({ response: await route.fetch() });
  });
  await page.route("**/api/logout", async (route) => {
    const response = await route.fetch();
    ended.open();
    await answer.opened;
    await route.fulfill({ response });
  });
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Please sign in" })).toBeVisible();
  answer.open();
  await expect(page).toHaveURL("/login");
});

test("a session that is gone for no reason of this browser leads to sign-in and back", async ({
  page,
  context,
  account,
}) => {
  await signIn(page, account, { to: "/settings/account" });
  await context.clearCookies();
  // any act is reported, and the answer ends the page
  await page.keyboard.press("Shift");
  await expect(page).toHaveURL("/login?return_to=%2Fsettings%2Faccount");
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page).toHaveURL("/settings/account");
});

test("signing out in the menu works on every page", async ({ page, account }) => {
  await signIn(page, account);
  await page.locator("summary", { hasText: account.name }).click();
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
  await gotoHydrated(page, "/settings/account");
  await expect(page).toHaveURL(/\/login\?return_to=/);
});

test("signing out in one tab ends the other", async ({ page, context, account }) => {
  await signIn(page, account, { to: "/settings/account" });
  const second = await context.newPage();
  await gotoHydrated(second, "/settings/devices");
  await second.getByRole("main").getByRole("button", { name: "Sign out here" }).click();
  await expectEnded(page, "This session was signed out");
});
