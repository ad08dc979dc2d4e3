// A token of somebody's came twice: they are asked, and one press ends everything of theirs.
import { expect, test } from "./support/fixtures.ts";
import { fillSignIn, gotoHydrated, hydrated, pressSignIn, signIn } from "./support/pages.ts";

// So that a token is old after a moment.
test.use({ settings: { SESSION__ROTATION_GRACE: "1s" } });

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** Signs in without a page and has its first token come back once it should no longer exist. */
async function reuse(url: string, account: { email: string; password: string }): Promise<void> {
  const headers = { accept: "application/json", "sec-fetch-site": "same-origin", "user-agent": FIREFOX };
  const body = new URLSearchParams({ email: account.email, password: account.password });
  const signedIn = await fetch(`${url}/api/login`, { method: "POST", headers, body });
  const cookies = (reply: Response) => reply.headers.getSetCookie().map((line) => line.split(";")[0]);
  const first = cookies(signedIn).find((pair) => pair?.startsWith("__Host-refresh=")) ?? "";
  const refresh = (cookie: string, agent: string) =>
    fetch(`${url}/api/refresh`, { method: "POST", headers: { ...headers, "user-agent": agent, cookie } });
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect((await refresh(first, FIREFOX)).status).toBe(200);
  // from another kind of device
  const thief = await refresh(first, CHROME);
  expect(await thief.json()).toMatchObject({ code: "signed_out", reason: "reuse" });
}

test("an alarm shows both uses, and one press ends everything and leads to a new password", async ({ page, account, server }) => {
  await reuse(server.url, account);
  await signIn(page, account, { to: "/settings/devices" });
  const alarm = page.getByRole("region", { name: "Was this you?" });
  await expect(alarm).toContainText("Firefox on Linux");
  await expect(alarm).toContainText("Chrome on Windows");
  await gotoHydrated(page, "/settings/security");
  await alarm.locator("summary", { hasText: "It wasn't me" }).click();
  await alarm.getByRole("button", { name: "End everything" }).click();
  await page.waitForURL(/\/login\?return_to=%2Fsettings%2Fsecurity&reason=revoked$/);
  await hydrated(page);
  await fillSignIn(page, account);
  await pressSignIn(page);
  await page.waitForURL("/login/password");
  await hydrated(page);
  await page.getByLabel("New password", { exact: true }).fill("loud rivers under the moon");
  await page.getByRole("button", { name: "Set it and go on" }).click();
  await page.waitForURL("/settings/security");
  await expect(alarm).toHaveCount(0);
});

test("it was me closes the alarm and nothing else", async ({ page, account, server }) => {
  await reuse(server.url, account);
  await signIn(page, account, { to: "/settings/devices" });
  await page.getByRole("button", { name: "It was me, both times" }).click();
  await expect(page.getByText("Thank you. The alarm is closed.")).toBeVisible();
  await expect(page.getByRole("region", { name: "Was this you?" })).toHaveCount(0);
});

test("the desk sees an open alarm on the overview, and ends everything of that person", async ({ page, account, admin, server }) => {
  await reuse(server.url, account);
  await signIn(page, admin, { to: "/admin" });
  await page.getByRole("region", { name: /waits? for an answer/ }).getByRole("link", { name: account.name }).click();
  const alarms = page.getByRole("region", { name: "Alarms" });
  await expect(alarms).toContainText("Chrome/140.0.0.0");
  await alarms.locator("summary", { hasText: "End everything of this person" }).click();
  await alarms.getByRole("button", { name: "End them now" }).click();
  await expect(alarms.getByText("Dealt with by an administrator")).toBeVisible();
});
