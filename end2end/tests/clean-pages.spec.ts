// Pages keep to their own policy, hydrate without a word, and do not move while they do.
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import { ADMIN_PAGES, gotoHydrated, hydrated, PRIVATE_PAGES, PUBLIC_PAGES, signIn } from "./support/pages.ts";

/** Everything the console and the security policy have to say against a page. */
async function complaintsOf(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  const note = (text: string) => complaints.push(`${new URL(page.url()).pathname}: ${text}`);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      note(`${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => note(`exception: ${error.message}`));
  await page.exposeFunction("noteViolation", note);
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      // @ts-expect-error: exposed above
      window.noteViolation(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return complaints;
}

/** How far things have moved since the page began, as the browser counts it. */
async function layoutShift(page: Page): Promise<number> {
  return page.evaluate(() => {
    return new Promise<number>((resolve) => {
      let sum = 0;
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          sum += (entry as PerformanceEntry & { value: number }).value;
        }
      });
      observer.observe({ type: "layout-shift", buffered: true });
      // after two frames all that hydration has caused is drawn
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum))));
    });
  });
}

const DESKTOP = { width: 1280, height: 720 };
const PHONE = { width: 360, height: 740 };

for (const [locale, viewport] of [
  ["en-US", DESKTOP],
  ["ja-JP", PHONE],
] as const) {
  test.describe(`${locale}, ${viewport.width} pixels wide`, () => {
    test.use({ locale, viewport });

    async function expectClean(page: Page, path: string, complaints: string[]): Promise<void> {
      await gotoHydrated(page, path);
      await expect(page.locator("html")).toHaveAttribute("lang", locale.slice(0, 2));
      expect.soft(await layoutShift(page), path).toBeLessThan(0.01);
      expect(complaints).toEqual([]);
    }

    test("signed-out pages load without complaint and do not move", async ({ page }) => {
      const complaints = await complaintsOf(page);
      for (const path of PUBLIC_PAGES) {
        await expectClean(page, path, complaints);
      }
    });

    test("pages of a signed-in administrator load without complaint and do not move", async ({
      page,
      browser,
      context,
      admin,
      account,
    }) => {
      // signed in where the labels are English
      const english = await browser.newContext({ locale: "en-US" });
      await signIn(await english.newPage(), admin);
      await context.addCookies(await english.cookies());
      const complaints = await complaintsOf(page);
      for (const path of ["/", ...PRIVATE_PAGES, ...ADMIN_PAGES]) {
        await expectClean(page, path, complaints);
      }
      await gotoHydrated(page, `/admin/users?query=${encodeURIComponent(account.email)}`);
      await page.getByRole("link", { name: account.email }).click();
      await expect(page.getByRole("heading", { level: 1, name: account.name })).toBeVisible();
      await expectClean(page, new URL(page.url()).pathname, complaints);
    });
  });
}

test("walking by links raises no complaint, and the focus goes to the heading", async ({ page, admin }) => {
  const complaints = await complaintsOf(page);
  await signIn(page, admin, { to: "/settings/devices" });
  for (const name of ["Security", "Account", "Users", "Audit log", "Devices"]) {
    await page.locator(".side-nav").getByRole("link", { name }).click();
    await expect(page.getByRole("heading", { level: 1, name })).toBeFocused();
    await expect(page).toHaveTitle(`${name} · Sekisho`);
  }
  expect(complaints).toEqual([]);
});

test("an unknown address is answered with 404 and a page", async ({ page }) => {
  const complaints = await complaintsOf(page);
  const reply = await page.goto("/no/such/page");
  await hydrated(page);
  expect(reply?.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1, name: "No such page" })).toBeVisible();
  // the browser itself notes the status
  expect(complaints.filter((text) => !text.includes("status of 404"))).toEqual([]);
});

test("who is no administrator is told so kindly", async ({ page, account }) => {
  const complaints = await complaintsOf(page);
  await signIn(page, account);
  for (const path of ADMIN_PAGES) {
    await gotoHydrated(page, path);
    await expect(page.getByRole("heading", { level: 1, name: "Not allowed" })).toBeVisible();
  }
  // the browser itself notes the status
  expect(complaints.filter((text) => !text.includes("status of 403"))).toEqual([]);
});

test("what the server sent along to hydrate with does not outlast it", async ({ page, account }) => {
  await signIn(page, account);
  await gotoHydrated(page, "/settings/account");
  await expect(page.getByRole("main").getByText(account.email)).toBeVisible();
  expect(await page.locator("body script:not([src])").count()).toBe(0);
  // @ts-expect-error: of the framework
  expect(await page.evaluate(() => window.__RESOLVED_RESOURCES)).toEqual([]);
});

test("a chosen language is kept", async ({ page }) => {
  await gotoHydrated(page, "/login");
  await page.getByRole("link", { name: "日本語" }).click();
  await expect(page.locator("html")).toHaveAttribute("lang", "ja");
  await gotoHydrated(page, "/register");
  await expect(page.locator("html")).toHaveAttribute("lang", "ja");
});


for (const scripts of [true, false]) {
  test.describe(`the light of a page, scripts ${scripts ? "on" : "off"}`, () => {
    test.use({ javaScriptEnabled: scripts, colorScheme: "light" });

    test("is chosen against the system's, kept, and given back to it", async ({ page }) => {
      const root = page.locator("html");
      const choose = (name: string) => page.getByRole("navigation", { name: "Theme" }).getByRole("link", { name }).click();
      await page.goto("/login");
      if (scripts) {
        await expect(root).toHaveAttribute("data-hydrated", "");
      }
      await expect(root).toHaveCSS("color-scheme", "light dark");
      await choose("Dark");
      await expect(root).toHaveCSS("color-scheme", "dark");
      // the server writes it on the next document, before any script runs
      const reply = await page.request.get("/register");
      expect(await reply.text()).toContain('data-theme="dark"');
      await page.goto("/register");
      await expect(root).toHaveCSS("color-scheme", "dark");
      if (scripts) {
        await expect(root).toHaveAttribute("data-hydrated", "");
      }
      await expect(page.getByRole("link", { name: "Dark" })).toHaveAttribute("aria-current", "true");
      await choose("System");
      await expect(root).toHaveCSS("color-scheme", "light dark");
      expect((await page.context().cookies()).map((cookie) => cookie.name)).not.toContain("theme");
    });
  });
}

test("an unknown light is the system's", async ({ request }) => {
  const reply = await request.get('/login?theme="><b>', { headers: { cookie: "theme=neon" } });
  expect(await reply.text()).toContain('data-theme="system"');
  expect(reply.headers()["set-cookie"] ?? "").not.toContain("theme");
});
