// Everything that changes something works as a plain form, in a browser that runs no script at all.
import type { Browser, Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { fillSignIn, otherPasses, ownPass, pressSignIn } from "./support/pages.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const NEW_PASSWORD = "slow rivers below the bridge";

test.use({ javaScriptEnabled: false });

async function signInPlainly(page: Page, account: Account, to = "/settings/devices"): Promise<void> {
  await page.goto(to);
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page).toHaveURL(to);
}

async function otherBrowser(browser: Browser, account: Account): Promise<Page> {
  const page = await (await browser.newContext({ userAgent: FIREFOX })).newPage();
  await signInPlainly(page, account);
  return page;
}

test("sign-in leads to the page that was asked for", async ({ page, account }) => {
  await page.goto("/settings/account");
  await expect(page).toHaveURL("/login?return_to=%2Fsettings%2Faccount");
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page).toHaveURL("/settings/account");
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
});

test("a wrong password is told without saying which half was wrong, and the way on is kept", async ({ page, account }) => {
  await page.goto("/login?return_to=%2Fsettings%2Faccount");
  await fillSignIn(page, { ...account, password: "not at all what it is" });
  await pressSignIn(page);
  await expect(page.getByRole("alert").getByText("E-mail or password is wrong.")).toBeVisible();
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page).toHaveURL("/settings/account");
});

test("sign-in never leads to another site", async ({ page, account }) => {
  await page.goto("/login?return_to=%2F%2Fevil.example");
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page).toHaveURL("/");
  await expect(page.getByRole("heading", { name: `Welcome, ${account.name}` })).toBeVisible();
});

test("a new account is made and signed in", async ({ page }) => {
  await page.goto("/register");
  await page.getByLabel("Name").fill("Hanako");
  await page.getByLabel("E-mail").fill("hanako@example.net");
  await page.getByLabel("Password", { exact: true }).fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page).toHaveURL("/");
  await expect(page.getByRole("heading", { name: "Welcome, Hanako" })).toBeVisible();
});

test("a refused password is told at its field", async ({ page }) => {
  await page.goto("/register");
  await page.getByLabel("Name").fill("Taro");
  await page.getByLabel("E-mail").fill("taro@example.net");
  await page.getByLabel("Password", { exact: true }).fill("taro@example.net");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText("This password is mostly a name.")).toBeVisible();
  await expect(page.getByLabel("Password", { exact: true })).toHaveAttribute("aria-invalid", "true");
});

test("one device is signed out from another", async ({ page, browser, account }) => {
  const other = await otherBrowser(browser, account);
  await signInPlainly(page, account);
  await page.getByRole("button", { name: "Sign out Firefox on Linux" }).click();
  await expect(page).toHaveURL(/^[^?]*\/settings\/devices\?/);
  await expect(page.getByText("One device was signed out.")).toBeVisible();
  await expect(otherPasses(page)).toHaveCount(0);
  await other.goto("/settings/devices");
  await expect(other.getByText("This session was signed out")).toBeVisible();
});

test("signing out all other devices is asked first and then done", async ({ page, browser, account }) => {
  await otherBrowser(browser, account);
  await otherBrowser(browser, account);
  await signInPlainly(page, account);
  await expect(page.getByRole("button", { name: "Sign out 2 devices" })).toBeHidden();
  await page.locator("summary", { hasText: "Sign out all other devices" }).click();
  await page.getByRole("button", { name: "Sign out 2 devices" }).click();
  await expect(otherPasses(page)).toHaveCount(0);
  await expect(ownPass(page)).toHaveCount(1);
});

test("an administrator finds a person and ends their sessions", async ({ page, browser, account, admin }) => {
  const theirs = await otherBrowser(browser, account);
  await signInPlainly(page, admin, "/admin/users");
  await page.getByRole("searchbox").fill(account.email);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: account.email }).click();
  await page.locator("summary", { hasText: "End all sessions" }).click();
  await page.getByRole("button", { name: "End them now" }).click();
  await expect(page.getByText("Not signed in anywhere")).toBeVisible();
  await theirs.goto("/settings/devices");
  await expect(theirs.getByText("An administrator ended this session")).toBeVisible();
});

test("a changed password is the one that counts", async ({ page, browser, account }) => {
  await signInPlainly(page, account, "/settings/security");
  await page.getByLabel("Current password", { exact: true }).fill(account.password);
  await page.getByLabel("New password", { exact: true }).fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page).toHaveURL(/^[^?]*\/settings\/security/);
  await expect(page.getByRole("status").getByText("Your password was changed.")).toBeVisible();
  const elsewhere = await (await browser.newContext()).newPage();
  await elsewhere.goto("/login");
  await fillSignIn(elsewhere, account);
  await pressSignIn(elsewhere);
  await expect(elsewhere.getByText("E-mail or password is wrong.")).toBeVisible();
  await signInPlainly(elsewhere, { ...account, password: NEW_PASSWORD });
});

test("a wrong current password is told at its field", async ({ page, account }) => {
  await signInPlainly(page, account, "/settings/security");
  await page.getByLabel("Current password", { exact: true }).fill("not at all what it is");
  await page.getByLabel("New password", { exact: true }).fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("The current password is wrong.")).toBeVisible();
});

test("sign-out leads to the sign-in page and stays so", async ({ page, account }) => {
  await signInPlainly(page, account, "/settings/account");
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
  await page.goto("/settings/account");
  await expect(page).toHaveURL(/\/login\?return_to=/);
});
