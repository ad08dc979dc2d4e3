// Strategy `database`: the same pages over an opaque cookie, with everything that a list of sessions makes possible.
import { expect, test } from "./support/fixtures.ts";
import { gotoHydrated, otherPasses, signIn } from "./support/pages.ts";
import { itLivesAsPromised } from "./support/strategies.ts";

test.use({ settings: { SESSION__STRATEGY: "database" } });

itLivesAsPromised("Ledger line only");

test("another device is listed, and signed out at its next step", async ({ page, browser, account }) => {
  const other = await (await browser.newContext()).newPage();
  await signIn(other, account);
  await signIn(page, account, { to: "/settings/devices" });
  await expect(otherPasses(page)).toHaveCount(1);
  await otherPasses(page).getByRole("button").click();
  await expect(page.getByText("One device was signed out.")).toBeVisible();
  await gotoHydrated(other, "/settings/account");
  await expect(other).toHaveURL(/reason=revoked$/);
});
