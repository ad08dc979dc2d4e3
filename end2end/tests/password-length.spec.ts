// The length of passwords is a setting, and pages say the one that holds, also after they have hydrated.
import { expect, test } from "./support/fixtures.ts";
import { gotoHydrated, signIn } from "./support/pages.ts";

test.use({ settings: { PASSWORD__MIN_LENGTH: "20" } });

test("the rules and the field name the length that is configured", async ({ page }) => {
  await gotoHydrated(page, "/register");
  await expect(page.getByText("At least 20 characters.")).toBeVisible();
  await expect(page.getByLabel("Password", { exact: true })).toHaveAttribute("minlength", "20");
});

test("a page that was reached without a load names it too, and so does a refusal", async ({ page, account }) => {
  await signIn(page, account, { to: "/settings/account" });
  await page.locator(".side-nav").getByRole("link", { name: "Security" }).click();
  await expect(page.getByText("At least 20 characters.")).toBeVisible();
  await page.getByLabel("Current password", { exact: true }).fill(account.password);
  // as long as the browser's own check asks for, and shorter in code points
  await page.getByLabel("New password", { exact: true }).fill("🗝".repeat(12));
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("This password is too short: at least 20 characters.")).toBeVisible();
});
