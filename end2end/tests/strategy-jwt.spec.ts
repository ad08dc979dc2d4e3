// Strategy `jwt`: the pages say what it can't do, and offer nothing that could not work.
import { expect, test } from "./support/fixtures.ts";
import { gotoHydrated, ownPass, signIn } from "./support/pages.ts";
import { itLivesAsPromised } from "./support/strategies.ts";

test.use({ settings: { SESSION__STRATEGY: "jwt" } });

itLivesAsPromised("Signed pass only");

test("the devices page says what can't be done and until when the pass lives", async ({ page, browser, account }) => {
  await signIn(await (await browser.newContext()).newPage(), account);
  await signIn(page, account, { to: "/settings/devices" });
  await expect(ownPass(page)).toHaveCount(1);
  await expect(page.getByRole("article")).toHaveCount(1);
  const limits = page.getByRole("region", { name: "What can't be done here" });
  await expect(limits).toContainText("This server keeps no list of sign-ins.");
  await expect(limits).toContainText(/lives until \d+ \w+ \d{4}, \d\d:\d\d UTC/);
  await expect(page.getByText("Sign out all other devices")).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Other devices" })).toHaveCount(0);
});

test("it is said in Japanese too", async ({ page, account }) => {
  await signIn(page, account, { to: "/settings/devices" });
  await gotoHydrated(page, "/settings/devices?lang=ja");
  await expect(page.getByRole("region", { name: "ここではできないこと" })).toContainText("UTC まで有効です");
});

test("the security page says that other devices stay signed in, and they do", async ({ page, browser, account }) => {
  const other = await (await browser.newContext()).newPage();
  await signIn(other, account);
  await signIn(page, account, { to: "/settings/security" });
  await expect(page.getByText("Other devices stay signed in until their passes end")).toBeVisible();
  await page.getByLabel("Current password", { exact: true }).fill(account.password);
  await page.getByLabel("New password", { exact: true }).fill("slow rivers below the bridge");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByRole("status").getByText("Your password was changed.")).toBeVisible();
  await gotoHydrated(other, "/settings/account");
  await expect(other).toHaveURL("/settings/account");
});
