// What is done to several people from the list, and people who come by an invitation; with scripts and without.
import type { Browser, Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { expectAskedAgain, fillSignIn, gotoHydrated, hydrated, pressSignIn, signIn } from "./support/pages.ts";

const NEW_PASSWORD = "slow rivers below the bridge";

/** A browser of their own. */
async function elsewhere(browser: Browser, account: Account): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, account, { to: "/settings/devices" });
  return page;
}

async function tick(page: Page, account: Account): Promise<void> {
  await page.getByRole("checkbox", { name: `Select ${account.name}`, exact: true }).check();
}

test("two people are ticked in the list and kicked at once", async ({ page, browser, server, admin, account }) => {
  const other = await server.newAccount();
  const [first, second] = [await elsewhere(browser, account), await elsewhere(browser, other)];
  await signIn(page, admin, { to: "/admin/users" });
  await tick(page, account);
  await tick(page, other);
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.getByRole("button", { name: "End sessions…" }).click();
  await hydrated(page);
  await expect(page.getByRole("heading", { name: "End all sessions of 2 people?" })).toBeVisible();
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
  await page.getByRole("button", { name: "End them now" }).click();
  await expect(page.getByText("Done for 2 of 2. Live sessions ended: 2.")).toBeVisible();
  for (const kicked of [first, second]) {
    await expectAskedAgain(kicked, "An administrator ended this session");
  }
});

test("the whole page is ticked, and who can't be locked is named", async ({ page, admin, account }) => {
  await signIn(page, admin, { to: "/admin/users" });
  await gotoHydrated(page, "/admin/users?role=admin");
  await page.getByRole("checkbox", { name: "Select this page" }).check();
  await expect(page.getByRole("checkbox", { name: `Select ${admin.name}`, exact: true })).toBeChecked();
  await page.getByRole("checkbox", { name: "Select this page" }).uncheck();
  await expect(page.getByText("selected", { exact: false })).toHaveCount(0);
  await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(admin.email)}`);
  await tick(page, admin);
  await page.getByRole("button", { name: "Lock…" }).click();
  await hydrated(page);
  await page.getByRole("button", { name: "Lock them now" }).click();
  await expect(page.getByText("Done for 0 of 1.")).toBeVisible();
  await expect(page.getByText(`${admin.name} is `)).toBeVisible();
  await page.getByRole("link", { name: "All users" }).click();
  await expect(page).toHaveURL(/\/admin\/users\?query=admin/);
  await expect(page.getByText(account.email)).toHaveCount(0);
});

test("an invitation makes an account with its role, once", async ({ page, browser, admin }) => {
  await signIn(page, admin, { to: "/admin/users" });
  await page.getByRole("link", { name: "Invite someone" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Invite someone" })).toBeVisible();
  await page.getByLabel("E-mail").fill("guest@example.net");
  await page.getByLabel("Name").fill("Guest");
  await page.getByRole("combobox", { name: "Role" }).selectOption("support");
  await page.getByRole("button", { name: "Make the link" }).click();
  const link = await page.getByLabel("The link, shown this once").inputValue();
  await expect(page.getByRole("rowheader", { name: "guest@example.net" })).toBeVisible();
  const guest = await (await browser.newContext()).newPage();
  await gotoHydrated(guest, link);
  await expect(guest.getByLabel("E-mail")).toHaveValue("guest@example.net");
  await expect(guest.getByLabel("E-mail")).not.toBeEditable();
  await expect(guest.getByLabel("Name")).toHaveValue("Guest");
  await guest.getByLabel("Password", { exact: true }).fill(NEW_PASSWORD);
  await guest.getByRole("button", { name: "Create account" }).click();
  await expect(guest.getByRole("heading", { name: "Welcome, Guest" })).toBeVisible();
  await gotoHydrated(guest, "/settings/account");
  await expect(guest.getByRole("main").getByText("Support").first()).toBeVisible();
  const second = await (await browser.newContext()).newPage();
  await gotoHydrated(second, link);
  await expect(second.getByText("This invitation doesn't count any more.")).toBeVisible();
  await expect(second.getByRole("button", { name: "Create account" })).toHaveCount(0);
});

test("the list is had as a file for spreadsheets, under its filters", async ({ page, admin, account }) => {
  await signIn(page, admin, { to: "/admin/users" });
  await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(account.email)}`);
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe("sekisho-users.csv");
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) {
    chunks.push(chunk as Buffer);
  }
  const lines = Buffer.concat(chunks).toString("utf8").trim().split("\r\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(account.email);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("people are ticked, asked about and locked, and someone is invited", async ({ page, server, admin, account }) => {
    const other = await server.newAccount();
    await page.goto("/login?return_to=%2Fadmin%2Fusers");
    await fillSignIn(page, admin);
    await pressSignIn(page);
    await expect(page).toHaveURL("/admin/users");
    await tick(page, account);
    await tick(page, other);
    await page.getByRole("button", { name: "Lock…" }).click();
    await expect(page.getByRole("heading", { name: "Lock the accounts of 2 people?" })).toBeVisible();
    await page.getByRole("button", { name: "Lock them now" }).click();
    await expect(page.getByText("Done for 2 of 2.")).toBeVisible();
    await page.getByRole("link", { name: "All users" }).click();
    await expect(page.getByRole("row", { name: account.email }).getByText("Locked")).toBeVisible();
    await page.getByRole("link", { name: "Invite someone" }).click();
    await page.getByLabel("E-mail").fill("plain@example.net");
    await page.getByRole("button", { name: "Make the link" }).click();
    const link = await page.getByLabel("The link, shown this once").inputValue();
    await page.context().clearCookies();
    await page.goto(link);
    await page.getByLabel("Name").fill("Plain");
    await page.getByLabel("Password", { exact: true }).fill("plain@example.net");
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByText("This password is mostly a name.")).toBeVisible();
    await expect(page.getByLabel("E-mail")).toHaveValue("plain@example.net");
    await page.getByLabel("Name").fill("Plain");
    await page.getByLabel("Password", { exact: true }).fill(NEW_PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByRole("heading", { name: "Welcome, Plain" })).toBeVisible();
  });
});
