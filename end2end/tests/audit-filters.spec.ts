// The audit log looked through: filters in the address, with scripts and without, and the file of what was found.
import { readFile } from "node:fs/promises";
import { expect, test } from "./support/fixtures.ts";
import { fillSignIn, forgotten, gotoHydrated, pressSignIn, signIn } from "./support/pages.ts";

test("a filter stands in the address, survives a reload and is taken off again", async ({ page, admin, account }) => {
  await signIn(page, account);
  await forgotten(page);
  await signIn(page, admin);
  await gotoHydrated(page, "/admin/audit");
  await page.getByText("Filters").click();
  await page.getByLabel("Event").selectOption("sign_in");
  await page.getByLabel("To (e-mail or ID)").fill(account.email);
  await page.getByRole("button", { name: "Search" }).click();
  const filtered = `/admin/audit?action=sign_in&target=${encodeURIComponent(account.email)}`;
  await expect(page).toHaveURL(filtered);
  const events = page.locator("table tbody");
  await expect(events).toHaveCount(1);
  await expect(events).toContainText(account.email);
  await page.reload();
  await expect(page.getByLabel("Event")).toHaveValue("sign_in");
  await expect(page.getByLabel("To (e-mail or ID)")).toHaveValue(account.email);
  await expect(events).toHaveCount(1);
  await expect(async () => {
    await page.reload();
    await events.getByText("Details").click();
    await expect(events.getByText("Number in the log")).toBeVisible();
    await expect(events.locator("dd").last()).toHaveText(/^\d+$/, { timeout: 500 });
  }).toPass();
  await page.getByRole("link", { name: "Clear" }).click();
  await expect(page).toHaveURL("/admin/audit");
  await expect(page.getByLabel("To (e-mail or ID)")).toHaveValue("");
  await expect(page.getByLabel("Event")).toHaveValue("");
  expect(await events.count()).toBeGreaterThan(1);
});

test("what was found is had as a file of lines", async ({ page, admin, account }) => {
  await signIn(page, admin);
  await gotoHydrated(page, `/admin/audit?target=${encodeURIComponent(account.email)}`);
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe("sekisho-audit.jsonl");
  const lines = (await readFile(await download.path(), "utf8")).trim().split("\n");
  const rows = lines.map((line) => JSON.parse(line) as { target: string; action: string });
  expect(rows.map((row) => row.target)).toEqual(rows.map(() => account.email));
  expect(rows.at(-1)?.action).toBe("user_create");
  await expect(page).toHaveURL(/\/admin\/audit\?target=/);
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("filters and details work as plain forms and folds", async ({ page, admin, account }) => {
    await page.goto("/admin/audit");
    await fillSignIn(page, admin);
    await pressSignIn(page);
    await expect(page).toHaveURL("/admin/audit");
    await page.getByText("Filters").click();
    await page.getByLabel("To (e-mail or ID)").fill(account.email);
    await page.getByLabel("Event").selectOption("user_create");
    await page.getByRole("button", { name: "Search" }).click();
    await expect(page).toHaveURL(/[?&]action=user_create&/);
    const events = page.locator("table tbody");
    await expect(events).toHaveCount(1);
    await expect(events).toContainText(account.email);
    await expect(page.getByLabel("To (e-mail or ID)")).toHaveValue(account.email);
    await events.getByText("Details").click();
    await expect(events.getByText("user_create")).toBeVisible();
  });
});
