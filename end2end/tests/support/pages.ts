// What people do on the pages, and what tests ask of them.
import { type BrowserContext, expect, type Page } from "@playwright/test";
import type { Account } from "./server.ts";

/** The part of `GET /api/session` that tests look at; Unix milliseconds of the server. */
export type SessionEnds = {
  server_now: number;
  access_ends_at: number;
  idle_ends_at: number | null;
};

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

export const PUBLIC_PAGES = ["/", "/login", "/register"];
export const PRIVATE_PAGES = ["/settings/devices", "/settings/security", "/settings/account"];
export const ADMIN_PAGES = [
  "/admin",
  "/admin/users",
  "/admin/users/new",
  "/admin/users/several",
  "/admin/audit",
  "/admin/webhooks",
];

/** Nobody is signed in any more. A page that is still open would find out and go where it wants. */
export async function forgotten(page: Page): Promise<void> {
  await page.goto("about:blank");
  await page.context().clearCookies();
}

/** Goes to a page and waits until its handlers are in place. */
export async function gotoHydrated(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

export async function hydrated(page: Page): Promise<void> {
  await page.locator("html[data-hydrated]").waitFor({ state: "attached" });
}

export async function fillSignIn(page: Page, account: Account): Promise<void> {
  await page.getByLabel("E-mail", { exact: true }).fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
}

export async function pressSignIn(page: Page): Promise<void> {
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
}

type SignIn = { to?: string; remember?: boolean };

/**
 * Signs in by the form and waits for the page one is led to. By the keyboard: a pointer left over the page would move
 * for the next one, which is a human act.
 */
export async function signIn(page: Page, account: Account, { to = "/", remember = false }: SignIn = {}): Promise<void> {
  await gotoHydrated(page, `/login?return_to=${encodeURIComponent(to)}`);
  await fillSignIn(page, account);
  if (remember) {
    await page.getByLabel("Stay signed in on this device").press("Space");
  }
  await page.getByLabel("Password", { exact: true }).press("Enter");
  await page.waitForURL((url) => url.pathname === to);
  await hydrated(page);
}

/** Has the next attempt to lock somebody refused, as the server does when the last proof of the password is too old. */
export async function proofIsTooOld(page: Page): Promise<void> {
  await page.route(
    "**/api/admin/lock_user",
    (route) => route.fulfill({ status: 403, json: { code: "step_up_required" } }),
    { times: 1 },
  );
}

/** What a link says that a form was answered, though none was sent. */
export function madeUp(path: string, endpoint: string, refusal: { code: string }): string {
  const error = Buffer.from(JSON.stringify(refusal)).toString("base64url");
  return `${path}?__path=${encodeURIComponent(endpoint)}&__err=${error}`;
}

/** The pass of this device, and those of the others. */
export function ownPass(page: Page) {
  return page.getByRole("article").filter({ hasText: "This device" });
}

export function otherPasses(page: Page) {
  return page.getByRole("region", { name: "Other devices" }).getByRole("article");
}

/** A human act: the first move of a mouse only tells where it is. */
export async function moveMouse(page: Page): Promise<void> {
  await page.mouse.move(200, 200);
  await page.mouse.move(240, 220);
}

/** The question over a page whose session has ended. */
export function again(page: Page) {
  return page.locator("dialog.sign-in-again");
}

/** What stands over a page whose session has ended, and in which its person may go on. */
export async function expectAskedAgain(page: Page, title: string, { within = 5 * SECOND } = {}): Promise<void> {
  await expect(again(page).getByRole("heading", { name: title })).toBeVisible({ timeout: within });
}

/** Signs in over the page, by the keyboard. */
export async function signInAgain(page: Page, { password }: Account): Promise<void> {
  await again(page).locator("#password").fill(password);
  await again(page).locator("#password").press("Enter");
  await expect(again(page)).toHaveCount(0);
}

/** What stands on a page whose session has ended where there is nothing to go on with. */
export async function expectEnded(page: Page, title: string, { within = 5 * SECOND } = {}): Promise<void> {
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible({ timeout: within });
  await expect(page.getByRole("link", { name: "Sign in again" })).toBeVisible();
}

/** Asks the server from within the page, as its own script would, so that nothing but a read happens. */
export async function sessionEnds(page: Page): Promise<SessionEnds> {
  return page.evaluate(async () => {
    const reply = await fetch("/api/session", { headers: { accept: "application/json" } });
    return reply.json();
  });
}

/** Notes the status of each answer to `POST` at a path. */
export function answersOf(watched: Page | BrowserContext, path: string): number[] {
  const statuses: number[] = [];
  // both have this event, but their overloads do not add up to one signature
  (watched as Page).on("response", (response) => {
    if (response.request().method() === "POST" && new URL(response.url()).pathname === path) {
      statuses.push(response.status());
    }
  });
  return statuses;
}

export function nextAnswer(page: Page, path: string) {
  return page.waitForResponse((response) => {
    return response.request().method() === "POST" && new URL(response.url()).pathname === path;
  });
}

/** The warning before the idle end; Playwright does not find its role while it is closed. */
export function idleDialog(page: Page) {
  return page.locator("dialog.idle-dialog");
}
