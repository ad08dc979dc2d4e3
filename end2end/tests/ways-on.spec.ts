// What only the browser knows when somebody signs in: the part of a page in its address, and the address it was opened at.
import { expect, test } from "./support/fixtures.ts";
import { fillSignIn, gotoHydrated, hydrated, pressSignIn } from "./support/pages.ts";

test("the part of a page survives sign-in, also after a wrong password", async ({ page, account }) => {
  await gotoHydrated(page, "/settings/security#password-title");
  await expect(page).toHaveURL((url) => url.pathname === "/login");
  await fillSignIn(page, { ...account, password: "not at all what it is" });
  await pressSignIn(page);
  await expect(page.getByText("E-mail or password is wrong.")).toBeVisible();
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page).toHaveURL((url) => url.pathname === "/settings/security" && url.hash === "#password-title");
});

test("a page opened by another address says where the service is, and leads there", async ({ page, server }) => {
  await page.goto(`${server.url.replace("localhost", "127.0.0.1")}/login`);
  await hydrated(page);
  await page.getByRole("link", { name: server.url }).click();
  await expect(page).toHaveURL(`${server.url}/login`);
  await hydrated(page);
  await expect(page.getByRole("link", { name: server.url })).toBeHidden();
});
