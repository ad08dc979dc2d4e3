// An act on an account asks for the password where it was proved too long ago. The tests of the server wait those ten
// minutes; here the first answer says that they are over, and everything after it is real.
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { fillSignIn, madeUp, nextAnswer, pressSignIn, proofIsTooOld, signIn } from "./support/pages.ts";

const REFUSED = { code: "step_up_required" };

/** An admin opens the person's page from the list. */
async function openPerson(page: Page, account: Account): Promise<void> {
  await page.goto(`/admin/users?query=${encodeURIComponent(account.email)}`);
  await page.getByRole("link", { name: account.email }).click();
  await expect(page.getByRole("heading", { level: 1, name: account.name })).toBeVisible();
}

/** By the keyboard, as someone would who sees nothing. */
async function lock(page: Page): Promise<void> {
  await page.locator("summary", { hasText: "Lock the account" }).press("Enter");
  await page.getByRole("button", { name: "Lock it now" }).press("Enter");
}

const question = (page: Page) => page.getByRole("dialog", { name: "Confirm it's you" });
const password = (page: Page) => question(page).getByLabel("Password", { exact: true });

test("the act is done once the password is given, and a wrong one is told in the dialog", async ({ page, account, admin }) => {
  await signIn(page, admin, { to: "/admin/users" });
  await openPerson(page, account);
  await proofIsTooOld(page);
  await lock(page);
  await expect(password(page)).toBeFocused();
  await password(page).fill("not at all what it is");
  await password(page).press("Enter");
  await expect(question(page).getByText("The password is wrong.")).toBeVisible();
  await expect(password(page)).toBeFocused();
  const before = await page.context().cookies();
  await password(page).fill(admin.password);
  const locked = nextAnswer(page, "/api/admin/lock_user");
  await password(page).press("Enter");
  expect((await locked).status()).toBe(200);
  await expect(question(page)).toBeHidden();
  await expect(page.getByText("The account is locked.")).toBeVisible();
  const after = await page.context().cookies();
  for (const name of ["__Host-access", "__Host-refresh"]) {
    expect(value(after, name)).not.toBe(value(before, name));
  }
});

test("Esc gives the act up, leaves nothing typed behind and the focus where it was", async ({ page, account, admin }) => {
  await signIn(page, admin, { to: "/admin/users" });
  await openPerson(page, account);
  for (const giveUp of ["Escape", "Cancel"]) {
    await proofIsTooOld(page);
    await (giveUp === "Escape" ? lock(page) : page.getByRole("button", { name: "Lock it now" }).press("Enter"));
    await expect(password(page)).toHaveValue("");
    await password(page).fill("half a pass");
    if (giveUp === "Escape") {
      await page.keyboard.press("Escape");
    } else {
      await question(page).getByRole("button", { name: "Cancel" }).click();
    }
    await expect(question(page)).toBeHidden();
    await expect(page.getByText("Your password is needed for this.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Lock it now" })).toBeFocused();
  }
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  // The plain form itself is proved by the integration tests, which can let the time pass.
  test("a link that makes a refusal up asks for no password", async ({ page, account, admin }) => {
    await page.goto("/login?return_to=%2Fadmin%2Fusers");
    await fillSignIn(page, admin);
    await pressSignIn(page);
    await openPerson(page, account);
    const person = new URL(page.url()).pathname;
    await page.goto(madeUp(person, "/api/admin/lock_user", REFUSED));
    await expect(page).toHaveURL((url) => url.pathname === person && url.search === "");
    await expect(page.getByRole("heading", { level: 1, name: account.name })).toBeVisible();
    await expect(question(page)).toBeHidden();
    await expect(page.getByText("Your password is needed for this.")).toBeHidden();
  });
});

function value(cookies: { name: string; value: string }[], name: string): string | undefined {
  return cookies.find((cookie) => cookie.name === name)?.value;
}
