// What a browser loads to run a page: no more than whoever is there may use, and all of that, so that nothing within it is a load.
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import { fillSignIn, gotoHydrated, hydrated, pressSignIn, signIn } from "./support/pages.ts";

const GUEST = "guest";
const PERSON = "person";
const STAFF = "sekisho";

/** The programs that a page has asked for so far. */
function loadedBy(page: Page): Set<string> {
  const loaded = new Set<string>();
  page.on("request", (request) => {
    const name = /\/pkg\/(\w+)\.wasm/.exec(request.url())?.[1];
    if (name) {
      loaded.add(name);
    }
  });
  return loaded;
}

/** The one that runs the page. */
async function runningIn(page: Page): Promise<string | undefined> {
  const script = await page.locator("head script[type=module]").textContent();
  return /from "\/pkg\/(\w+)\.js/.exec(script ?? "")?.[1];
}

test("who is not signed in loads the smallest, and the next one when about to sign in", async ({ page, account }) => {
  const loaded = loadedBy(page);
  for (const path of ["/", "/register", "/nowhere", "/login?return_to=/settings/devices"]) {
    await gotoHydrated(page, path);
  }
  expect([...loaded]).toEqual([GUEST]);
  await fillSignIn(page, account);
  await expect.poll(() => [...loaded]).toEqual([GUEST, PERSON]);
  await pressSignIn(page);
  await page.waitForURL((url) => url.pathname === "/settings/devices");
  await hydrated(page);
  expect(await runningIn(page)).toBe(PERSON);
  expect([...loaded]).toEqual([GUEST, PERSON]);
});

test("a person goes from page to page without a load, and staff to the desk too", async ({ page, browser, account, admin }) => {
  const walk = async (page: Page, links: string[]) => {
    await page.evaluate(() => Object.assign(window, { walked: true }));
    for (const name of links) {
      await page.locator(".menu__button").click();
      await page.locator(".menu__panel").getByRole("link", { name, exact: true }).click();
      await page.waitForURL((url) => url.pathname !== "/");
    }
    // @ts-expect-error: set above
    expect(await page.evaluate(() => window.walked)).toBe(true);
  };
  await signIn(page, account);
  expect(await runningIn(page)).toBe(PERSON);
  await walk(page, ["Devices", "Security", "Account"]);
  const desk = await (await browser.newContext()).newPage();
  await signIn(desk, admin);
  expect(await runningIn(desk)).toBe(STAFF);
  await walk(desk, ["Devices", "Users", "Audit log", "Account"]);
});

test("who may not be at the desk is told so by the program that has it", async ({ page, account }) => {
  await signIn(page, account);
  await gotoHydrated(page, "/admin/users");
  await expect(page.getByRole("heading", { level: 1, name: "Not allowed" })).toBeVisible();
  expect(await runningIn(page)).toBe(STAFF);
});

test("a page whose person becomes an admin leads to the desk, and back", async ({ page, account, server }) => {
  await signIn(page, account);
  await server.command(["user", "set-role", account.email, "admin"]);
  await page.locator(".menu__button").click();
  const users = page.locator(".menu__panel").getByRole("link", { name: "Users", exact: true });
  await expect(users).toBeVisible();
  await users.click();
  await expect(page.getByRole("heading", { level: 1, name: "Users" })).toBeVisible();
  await hydrated(page);
  expect(await runningIn(page)).toBe(STAFF);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: `Welcome, ${account.name}` })).toBeVisible();
  await expect(page).toHaveURL("/");
});

test("a page of nobody is loaded anew once somebody has signed in in another tab", async ({ page, context, account }) => {
  await gotoHydrated(page, "/login?return_to=/settings/account");
  const other = await context.newPage();
  await signIn(other, account);
  await page.waitForURL((url) => url.pathname === "/settings/account");
  await hydrated(page);
  expect(await runningIn(page)).toBe(PERSON);
});
