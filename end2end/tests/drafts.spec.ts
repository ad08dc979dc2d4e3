// What was typed and not sent survives the page: encrypted, for its owner only, for a day.
import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/accessible.ts";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { fillSignIn, gotoHydrated, hydrated, MINUTE, nextAnswer, pressSignIn, signIn } from "./support/pages.ts";

const HOUR = 60 * MINUTE;
const ACCOUNT = "/settings/account";
const TYPED = "Murasaki of the long corridor";
const NEXT = "Sei of the pillow";

const field = (page: Page) => page.getByLabel("Name", { exact: true });
const offer = (page: Page) => page.getByRole("status").filter({ hasText: "You have unsaved text" });
const restore = (page: Page) => page.getByRole("button", { name: "Restore" });

/** The drafts in the browser's storage, by name. */
async function stored(page: Page): Promise<[string, string][]> {
  return page.evaluate(() => Object.entries({ ...localStorage }).filter(([name]) => name.startsWith("draft-")));
}

/** The one draft that there is. */
async function theDraft(page: Page): Promise<[string, string]> {
  const [found] = await stored(page);
  if (!found) {
    throw new Error("no draft is stored");
  }
  return found;
}

async function typeName(page: Page, name: string): Promise<void> {
  const before = JSON.stringify(await stored(page));
  await field(page).fill(name);
  await expect.poll(async () => JSON.stringify(await stored(page))).not.toBe(before);
}

async function openAccount(page: Page, account: Account): Promise<void> {
  await signIn(page, account, { to: ACCOUNT, remember: true });
}

/** Looks for an offer for as long as one could take to come. */
async function expectNoOffer(page: Page): Promise<void> {
  await page.waitForLoadState("networkidle");
  await expect(offer(page)).toBeHidden();
}

test("what was typed is offered back after a reload, restored, and gone once it is sent", async ({ page, account }) => {
  await openAccount(page, account);
  await typeName(page, TYPED);
  await page.reload();
  await hydrated(page);
  await expect(offer(page)).toHaveText(/You have unsaved text from \d\d:\d\d\./);
  await expect(field(page)).toHaveValue(account.name);
  await restore(page).press("Enter");
  await expect(field(page)).toHaveValue(TYPED);
  await expect(field(page)).toBeFocused();
  await expect(offer(page)).toBeHidden();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Your name was changed.")).toBeVisible();
  await expect(page.getByRole("banner")).toContainText(TYPED);
  expect(await stored(page)).toEqual([]);
  await gotoHydrated(page, ACCOUNT);
  await expect(field(page)).toHaveValue(TYPED);
  await expectNoOffer(page);
});

test("it outlives its page, and is saved without waiting when the page is left", async ({ page, context, account }) => {
  await openAccount(page, account);
  await typeName(page, TYPED);
  await field(page).fill(NEXT);
  // at once, to a page that is not loaded anew
  await page.getByRole("link", { name: "Devices" }).first().click();
  await expect(page).toHaveURL("/settings/devices");
  await page.close();
  const later = await context.newPage();
  await gotoHydrated(later, ACCOUNT);
  await restore(later).click();
  await expect(field(later)).toHaveValue(NEXT);
});

test("a draft that was put aside is not offered again", async ({ page, account }) => {
  await openAccount(page, account);
  await typeName(page, TYPED);
  await gotoHydrated(page, ACCOUNT);
  await page.getByRole("button", { name: "Discard" }).press("Enter");
  await expect(field(page)).toBeFocused();
  await expect(field(page)).toHaveValue(account.name);
  expect(await stored(page)).toEqual([]);
  await gotoHydrated(page, ACCOUNT);
  await expectNoOffer(page);
});

test("nothing is offered that stands in the form, and nothing kept that was taken back", async ({ page, account }) => {
  await openAccount(page, account);
  await typeName(page, TYPED);
  await gotoHydrated(page, ACCOUNT);
  await expect(offer(page)).toBeVisible();
  await field(page).fill(TYPED);
  await expect(offer(page)).toBeHidden();
  await typeName(page, account.name);
  expect(await stored(page)).toEqual([]);
});

test("the storage tells neither what was typed, nor whose, nor where", async ({ page, account }) => {
  await openAccount(page, account);
  await typeName(page, TYPED);
  const { user } = await page.evaluate(async () => (await fetch("/api/session")).json());
  const all = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  const bytes = Buffer.from(TYPED);
  for (const told of [TYPED, "Murasaki", bytes.toString("hex"), bytes.toString("base64").slice(0, 12), user.id, account.email, "profile"]) {
    expect(all).not.toContain(told);
  }
  const [, first] = await theDraft(page);
  await typeName(page, `${TYPED}!`);
  const [, second] = await theDraft(page);
  const nonce = (text: string) => text.split(".")[3];
  expect(nonce(first)).toHaveLength(24);
  expect(nonce(second)).not.toBe(nonce(first));
});

/** What a draft holds, opened as only its owner's page can: with the keys that the server gives them. */
async function opened(page: Page): Promise<string> {
  const [, envelope] = await theDraft(page);
  return page.evaluate(async (envelope) => {
    const [, day = "", savedAt = "", nonce = "", sealed = ""] = envelope.split(".");
    const { user_id, keys } = await (await fetch("/api/drafts/key")).json();
    const k = keys.find((of: { day: number }) => `${of.day}` === day).key;
    const key = await crypto.subtle.importKey("jwk", { kty: "oct", k }, "AES-GCM", false, ["decrypt"]);
    const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    const bound = [user_id, "profile", "1", savedAt].map((text) => `${text.length}:${text}`).join("");
    const algorithm = { name: "AES-GCM", iv: bytes(nonce), additionalData: new TextEncoder().encode(bound) };
    return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, bytes(sealed)));
  }, envelope);
}

test("passwords, codes, files and hidden fields never get into it", async ({ page, account }) => {
  await openAccount(page, account);
  await field(page).evaluate((input) => {
    const form = input.closest("form");
    for (const [name, type, autocomplete] of [
      ["secret", "password", ""],
      ["shown", "text", "new-password"],
      ["code", "text", ""],
      ["second", "text", "one-time-code"],
      ["ticket", "hidden", ""],
    ] as const) {
      const extra = Object.assign(document.createElement("input"), { name, type, value: `never-${name}` });
      extra.setAttribute("autocomplete", autocomplete);
      form?.append(extra);
    }
    form?.insertAdjacentHTML("beforeend", '<input type="checkbox" name="news"><textarea name="about"></textarea>');
    form?.insertAdjacentHTML("beforeend", '<select name="tint"><option>red</option><option>blue</option></select>');
  });
  await page.locator("[name=news]").check();
  await page.locator("[name=about]").fill("plain words");
  await page.locator("[name=tint]").selectOption("blue");
  await typeName(page, TYPED);
  await expect.poll(() => opened(page)).toContain(TYPED);
  const text = await opened(page);
  expect(text).toContain("plain words");
  expect(text).toContain("7:news=on2:on");
  expect(text).toContain("8:tint=red3:off9:tint=blue2:on");
  expect(text).not.toContain("never-");
});

test("the next person at this browser is neither offered it nor able to open it, and its owner finds it again", async ({
  page,
  account,
  server,
}) => {
  const other = await server.newAccount();
  await openAccount(page, account);
  await typeName(page, TYPED);
  const [, theirs] = await theDraft(page);
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
  expect(await stored(page)).toHaveLength(1);
  await openAccount(page, other);
  await expectNoOffer(page);
  await typeName(page, NEXT);
  const own = (await stored(page)).find(([, text]) => text !== theirs)?.[0] ?? "";
  // put under the name that is looked for here
  await page.evaluate(([name, text]) => localStorage.setItem(name, text), [own, theirs] as const);
  await page.reload();
  await hydrated(page);
  await expect.poll(async () => (await stored(page)).map(([name]) => name)).not.toContain(own);
  await expectNoOffer(page);
  await page.getByRole("main").getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
  await openAccount(page, account);
  await restore(page).click();
  await expect(field(page)).toHaveValue(TYPED);
});

for (const [what, harm] of [
  ["was damaged", (text: string) => text.slice(0, -1) + (text.endsWith("0") ? "1" : "0")],
  ["was made younger", (text: string) => text.replace(/^(1\.\d+\.)(\d+)/, (_, head, at) => `${head}${Number(at) + 1}`)],
  ["is of a day without a key", (text: string) => text.replace(/^1\.(\d+)/, (_, day) => `1.${Number(day) - 2}`)],
  ["is no draft at all", () => "{}"],
] as const) {
  test(`a draft that ${what} is dropped without a word`, async ({ page, account }) => {
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        complaints.push(message.text());
      }
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await openAccount(page, account);
    await typeName(page, TYPED);
    const [name, text] = await theDraft(page);
    await page.evaluate(([name, text]) => localStorage.setItem(name, text), [name, harm(text)] as const);
    await page.reload();
    await hydrated(page);
    await expect.poll(() => stored(page)).toEqual([]);
    await expectNoOffer(page);
    expect(complaints).toEqual([]);
  });
}

test("it is kept for a day and no longer", async ({ page, account }) => {
  await openAccount(page, account);
  await typeName(page, TYPED);
  await page.clock.install({ time: Date.now() + 24 * HOUR - 2 * MINUTE });
  await gotoHydrated(page, ACCOUNT);
  await expect(offer(page)).toBeVisible();
  expect(await stored(page)).toHaveLength(1);
  await page.clock.install({ time: Date.now() + 24 * HOUR + MINUTE });
  await gotoHydrated(page, ACCOUNT);
  await expect.poll(() => stored(page)).toEqual([]);
  await expect(offer(page)).toBeHidden();
});

type OfDay = { day: number; key: string };
type Keys = { user_id: string; server_now: number; keys: [OfDay, OfDay] };

/** As if the server's clock were some days on. */
async function daysLater(page: Page, known: Keys, days: number): Promise<void> {
  const [{ day, key }] = known.keys;
  const of = (at: number) => ({ day: at, key: at === day ? key : `${"A".repeat(42)}${"AEIM"[at % 4]}` });
  const server_now = known.server_now + days * 24 * HOUR;
  await page.route("**/api/drafts/key", (route) =>
    route.fulfill({ json: { ...known, server_now, keys: [of(day + days), of(day + days - 1)] } }),
  );
}

test("yesterday's draft opens today, and the day before yesterday's is dropped", async ({ page, account }) => {
  await openAccount(page, account);
  const answer = page.waitForResponse("**/api/drafts/key");
  await typeName(page, TYPED);
  const known = (await (await answer).json()) as Keys;
  await daysLater(page, known, 1);
  await gotoHydrated(page, ACCOUNT);
  await expect(offer(page)).toBeVisible();
  await page.unroute("**/api/drafts/key");
  await daysLater(page, known, 2);
  await gotoHydrated(page, ACCOUNT);
  await expect.poll(() => stored(page)).toEqual([]);
});

test("a page that is open over midnight saves under the new day's key", async ({ page, account }) => {
  await openAccount(page, account);
  await page.clock.install();
  await gotoHydrated(page, ACCOUNT);
  const answer = page.waitForResponse("**/api/drafts/key");
  await field(page).fill(TYPED);
  await page.clock.runFor(1_000);
  const known = (await (await answer).json()) as Keys;
  await expect.poll(() => stored(page)).toHaveLength(1);
  await daysLater(page, known, 1);
  await page.clock.fastForward(24 * HOUR);
  await field(page).fill(NEXT);
  await page.clock.runFor(1_000);
  await expect.poll(async () => (await theDraft(page))[1].split(".")[1]).toBe(`${known.keys[0].day + 1}`);
});

test("no key is asked for before there is something to encrypt or to open", async ({ page, account }) => {
  let asked = 0;
  page.on("request", (request) => (asked += Number(request.url().endsWith("/api/drafts/key"))));
  await openAccount(page, account);
  await page.waitForLoadState("networkidle");
  expect(asked).toBe(0);
  await typeName(page, TYPED);
  await typeName(page, NEXT);
  expect(asked).toBe(1);
});

test("a form whose text can't be kept works all the same", async ({ page, account }) => {
  await page.route("**/api/drafts/key", (route) => route.fulfill({ status: 503, json: { code: "unavailable" } }));
  await openAccount(page, account);
  await field(page).fill(TYPED);
  await page.waitForTimeout(700);
  expect(await stored(page)).toEqual([]);
  const answer = nextAnswer(page, "/api/account/update");
  await field(page).press("Enter");
  expect((await answer).status()).toBe(200);
  await expect(page.getByRole("banner")).toContainText(TYPED);
});

test("a refused form keeps its draft", async ({ page, account }) => {
  await openAccount(page, account);
  await typeName(page, " ".repeat(3));
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Please give a name of up to 64 characters.")).toBeVisible();
  await expect(field(page)).toHaveAttribute("aria-invalid", "true");
  expect(await stored(page)).toHaveLength(1);
});

for (const [locale, said] of [
  ["en-US", "You have unsaved text from"],
  ["ja-JP", "未保存の入力があります"],
] as const) {
  test.describe(locale, () => {
    test.use({ locale });

    test("the offer is accessible", async ({ page, account }) => {
      await page.goto("/login?return_to=%2Fsettings%2Faccount");
      await fillAndPress(page, account);
      const name = page.locator("#display_name");
      await name.fill(TYPED);
      await expect.poll(() => stored(page)).toHaveLength(1);
      await gotoHydrated(page, ACCOUNT);
      await expect(page.getByRole("status").filter({ hasText: said })).toBeVisible();
      await expectAccessible(page, "the offer");
    });
  });
}

async function fillAndPress(page: Page, account: Account): Promise<void> {
  await hydrated(page);
  await page.locator("#email").fill(account.email);
  await page.locator("#password").fill(account.password);
  await page.locator("#password").press("Enter");
  await page.waitForURL(`**${ACCOUNT}`);
  await hydrated(page);
}

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a new name is saved as a plain form, and nothing is said of drafts", async ({ page, account }) => {
    await page.goto(ACCOUNT);
    await fillSignIn(page, account);
    await pressSignIn(page);
    await expect(field(page)).toHaveValue(account.name);
    await expect(offer(page)).toBeHidden();
    await field(page).fill(TYPED);
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Your name was changed.")).toBeVisible();
    await expect(page.getByRole("banner")).toContainText(TYPED);
    await expect(field(page)).toHaveValue(TYPED);
    await field(page).fill("   ");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Please give a name of up to 64 characters.")).toBeVisible();
  });
});
