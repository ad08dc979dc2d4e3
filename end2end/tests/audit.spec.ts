// The audit log as an administrator reads it.
import { expect, test } from "./support/fixtures.ts";
import { gotoHydrated, signIn } from "./support/pages.ts";

test("an event tells who and on what, and its details push the next one down", async ({ page, admin, account }) => {
  await signIn(page, admin);
  await gotoHydrated(page, "/admin/audit");
  const events = page.locator("table tbody");
  const created = events.filter({ hasText: "User created" }).filter({ hasText: account.email });
  await expect(created.getByRole("cell", { name: "System" })).toBeVisible();
  const signedIn = events.filter({ hasText: "Sign-in" }).filter({ hasText: admin.email }).first();
  await expect(signedIn.getByText("Chrome on")).toBeVisible();
  const agent = signedIn.getByText("Mozilla/5.0");
  await expect(agent).toBeHidden();
  await signedIn.getByText("Details").click();
  await expect(agent).toBeVisible();
  const [panel, next] = [await signedIn.boundingBox(), await created.boundingBox()];
  expect(next?.y).toBeGreaterThanOrEqual((panel?.y ?? 0) + (panel?.height ?? 0));
  await expect(page.getByRole("heading", { level: 1, name: "Audit log" })).toBeVisible();
});
