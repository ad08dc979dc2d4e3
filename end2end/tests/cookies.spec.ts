// What a browser keeps of a session: cookies no script can read, and nothing else.
import { expect, test } from "./support/fixtures.ts";
import { gotoHydrated, signIn } from "./support/pages.ts";

test("every cookie of a session is bound to the host and hidden from scripts", async ({ page, context, account }) => {
  await signIn(page, account, { to: "/settings/devices" });
  const cookies = await context.cookies();
  expect(cookies.map((cookie) => cookie.name).sort()).toEqual(["__Host-access", "__Host-device", "__Host-refresh"]);
  for (const cookie of cookies) {
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, path: "/", sameSite: "Lax", domain: "localhost" });
  }
});

test("without being asked to stay, the session's cookies end with the browser", async ({ page, context, account }) => {
  await signIn(page, account);
  const cookies = await context.cookies();
  const session = cookies.filter((cookie) => cookie.name !== "__Host-device");
  expect(session.map((cookie) => cookie.expires)).toEqual([-1, -1]);
});

test("asked to stay, the session's cookies outlive the browser", async ({ page, context, account }) => {
  await signIn(page, account, { remember: true });
  const refresh = (await context.cookies()).find((cookie) => cookie.name === "__Host-refresh");
  expect(refresh?.expires).toBeGreaterThan(Date.now() / 1_000);
});

test("scripts find nothing of a session in cookies or storage", async ({ page, account }) => {
  await signIn(page, account, { to: "/settings/devices" });
  const found = await page.evaluate(() => ({
    cookies: document.cookie,
    storage: [...Object.entries(localStorage), ...Object.entries(sessionStorage)],
  }));
  expect(found).toEqual({ cookies: "", storage: [] });
});

test("the language is the only thing a script may read", async ({ page, account }) => {
  await signIn(page, account);
  await gotoHydrated(page, "/?lang=ja");
  expect(await page.evaluate(() => document.cookie)).toBe("locale=ja");
});

test("sign-out takes the session's cookies back", async ({ page, context, account }) => {
  await signIn(page, account, { to: "/settings/account" });
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/login");
  const names = (await context.cookies()).map((cookie) => cookie.name);
  expect(names).not.toContain("__Host-access");
  expect(names).not.toContain("__Host-refresh");
});
