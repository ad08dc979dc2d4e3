// Pages that somebody else changes, and programs that don't come or break down: every form works, at worst by a load.
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { fillSignIn, forgotten, gotoHydrated, hydrated, otherPasses, pressSignIn, signIn } from "./support/pages.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const PASSWORD = "slow rivers below the bridge";

/** What others do to a page. Each runs in the page. */
const CHANGES = {
  /** As password managers do. */
  "an element beside each field": () => {
    for (const field of document.querySelectorAll("main input:not([type=hidden])")) {
      field.insertAdjacentHTML("afterend", "<span data-foreign><i>key</i></span>");
    }
  },
  "an element first in each form": () => {
    for (const form of document.querySelectorAll("form")) {
      form.insertAdjacentHTML("afterbegin", "<div data-foreign><b>key</b></div>");
    }
  },
  "an element first in the page": () => {
    document.body.insertAdjacentHTML("afterbegin", "<div data-foreign><p>A notice</p></div>");
  },
  /** As translators do: the text itself is put away. */
  "every text within <font>": () => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found: Text[] = [];
    while (texts.nextNode()) {
      found.push(texts.currentNode as Text);
    }
    for (const text of found.filter(({ data, parentElement }) => data.trim() && parentElement?.tagName !== "SCRIPT")) {
      const font = document.createElement("font");
      font.append(Object.assign(document.createElement("font"), { textContent: text.data }));
      text.replaceWith(font);
    }
  },
};

type When = "before its script" | "before hydration" | "after hydration";

/** Has `change` done to every page that is loaded from now on. */
async function changed(page: Page, change: () => void, when: When): Promise<void> {
  const run = `() => { (${change})(); document.documentElement.dataset.changed = ""; }`;
  const content = {
    "before its script": `document.addEventListener("readystatechange", ${run}, { once: true });`,
    "before hydration": `document.addEventListener("DOMContentLoaded", ${run});`,
    "after hydration": `new MutationObserver((_, seen) => {
      if (document.documentElement?.dataset.hydrated === "") { seen.disconnect(); setTimeout(${run}); }
    }).observe(document, { attributes: true, subtree: true });`,
  }[when];
  await page.addInitScript({ content });
}

/** The program begins to read the page, and meets what can't be. */
async function breaksWhileHydrating(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const sibling = Object.getOwnPropertyDescriptor(Node.prototype, "nextSibling");
    let reads = 0;
    Object.defineProperty(Node.prototype, "nextSibling", {
      get(this: Node) {
        return ++reads > 20 ? document : sibling?.get?.call(this);
      },
    });
  });
}

/** As far as the page can tell, the program has panicked. */
async function breakDown(page: Page): Promise<void> {
  await page.evaluate(() => {
    dispatchEvent(new ErrorEvent("error", { error: new WebAssembly.RuntimeError("unreachable") }));
  });
}

/** Everything that matters on pages, done by hand. */
async function expectAllWorks(page: Page, other: Page, account: Account, admin: Account, settled: () => Promise<void>): Promise<void> {
  const email = `guest${Math.random().toString(36).slice(2)}@example.net`;
  await page.goto("/register");
  await settled();
  await page.getByLabel("Name").fill("Hanako");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Welcome, Hanako" })).toBeVisible();

  await signIn(other, account, { to: "/settings/devices" });
  await forgotten(page);
  await page.goto("/login?return_to=/settings/devices");
  await settled();
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page).toHaveURL("/settings/devices");
  await expect(page.getByRole("heading", { level: 1, name: "Devices" })).toBeVisible();
  await settled();
  await page.getByRole("button", { name: "Sign out Firefox on Linux" }).click();
  await expect(otherPasses(page)).toHaveCount(0);

  await forgotten(page);
  await page.goto("/login?return_to=/admin/users");
  await settled();
  await fillSignIn(page, admin);
  await pressSignIn(page);
  await expect(page).toHaveURL("/admin/users");
  await settled();
  await page.getByRole("searchbox").fill(account.email);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: account.email }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(account.name);
  await settled();
  await page.locator("summary", { hasText: "End all sessions" }).click();
  await page.getByRole("button", { name: "End them now" }).click();
  await expect(page.getByText("Not signed in anywhere")).toBeVisible();
}

for (const [what, change] of Object.entries(CHANGES)) {
  for (const when of ["before its script", "before hydration", "after hydration"] as const) {
    test(`${what}, ${when}: all forms work`, async ({ page, browser, account, admin }) => {
      test.slow();
      await changed(page, change, when);
      const other = await (await browser.newContext({ userAgent: FIREFOX })).newPage();
      // what was changed before hydration is taken back, so that the program can begin
      const settled = async () => {
        await page.locator("html[data-changed]").waitFor({ state: "attached" });
        await (when === "before its script" || hydrated(page));
      };
      await expectAllWorks(page, other, account, admin, settled);
    });
  }
}

for (const file of ["wasm", "js"]) {
  test(`without the program's .${file}, all forms work`, async ({ page, browser, account, admin }) => {
    test.slow();
    await page.route(`**/pkg/*.${file}*`, (route) => route.abort());
    const other = await (await browser.newContext({ userAgent: FIREFOX })).newPage();
    await expectAllWorks(page, other, account, admin, async () => undefined);
  });
}

test("with a program that panics while it hydrates, all forms work", async ({ page, browser, account, admin }) => {
  test.slow();
  await breaksWhileHydrating(page);
  const other = await (await browser.newContext({ userAgent: FIREFOX })).newPage();
  const settled = () => page.locator("html[data-broken]").waitFor({ state: "attached" });
  await expectAllWorks(page, other, account, admin, settled);
});

test("with a program that has broken down later, all forms work", async ({ page, browser, account, admin }) => {
  test.slow();
  const other = await (await browser.newContext({ userAgent: FIREFOX })).newPage();
  const settled = async () => {
    await hydrated(page);
    await breakDown(page);
  };
  await expectAllWorks(page, other, account, admin, settled);
});

for (const [what, change] of [
  ["that has broken down", undefined],
  ["of a translated page", CHANGES["every text within <font>"]],
] as const) {
  test(`the heading is that of the page one is on, with the program ${what}`, async ({ page, admin }) => {
    await signIn(page, admin, { to: "/settings/devices" });
    if (change) {
      await changed(page, change, "after hydration");
      await gotoHydrated(page, "/settings/devices");
    }
    const settle = async () => {
      await hydrated(page);
      await (change ? page.locator("h1 font").first().waitFor() : breakDown(page));
    };
    await settle();
    for (const name of ["Security", "Account", "Users", "Audit log", "Devices"]) {
      await page.locator(".side-nav").getByRole("link", { name }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
      await settle();
    }
    for (const name of ["Audit log", "Users", "Account"]) {
      await page.goBack();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
      await settle();
    }
  });
}

test("who is on the way to another page when the program breaks down gets there", async ({ page, admin }) => {
  await signIn(page, admin, { to: "/settings/devices" });
  await page.evaluate(() => {
    // nothing more can be drawn
    Document.prototype.createElement = () => {
      throw new Error("refused");
    };
  });
  await page.locator(".side-nav").getByRole("link", { name: "Security" }).click();
  await expect(page).toHaveURL("/settings/security");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Security");
  await hydrated(page);
});

test("what is put behind the page stays there, and the program begins", async ({ page }) => {
  await changed(page, () => document.body.insertAdjacentHTML("beforeend", "<div data-foreign>key</div>"), "before hydration");
  await gotoHydrated(page, "/login");
  await expect(page.locator("[data-foreign]")).toHaveCount(1);
});

test("a button that was pressed when the program broke down can be pressed again", async ({ page, account }) => {
  await gotoHydrated(page, "/login");
  await page.route("**/api/login", (route) => (route.request().resourceType() === "document" ? route.continue() : undefined));
  await fillSignIn(page, account);
  await pressSignIn(page);
  await expect(page.getByRole("button", { name: "Signing in" })).toBeDisabled();
  await breakDown(page);
  await page.getByRole("main").locator("button[type=submit]").click();
  await expect(page.getByRole("heading", { level: 1, name: `Welcome, ${account.name}` })).toBeVisible();
});

test("an iPad that asks for the pages of a desktop is a tablet", async ({ browser, account, server }) => {
  const userAgent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
  const ipad = await (await browser.newContext({ userAgent, baseURL: server.url })).newPage();
  await ipad.addInitScript(() => Object.defineProperty(Navigator.prototype, "maxTouchPoints", { get: () => 5 }));
  await signIn(ipad, account, { to: "/settings/devices" });
  await expect(ipad.getByRole("article").filter({ hasText: "Safari on iPad" })).toHaveCount(1);
});
