// An admin has a program told, sees the secret once, and watches a test arrive; with and without scripts.
import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures.ts";
import type { Account } from "./support/fixtures.ts";
import { expectAccessible } from "./support/accessible.ts";
import { fillSignIn, hydrated, pressSignIn, signIn } from "./support/pages.ts";

test.use({ settings: { WEBHOOKS__ALLOW_PRIVATE: "127.0.0.0/8" } });

type Got = { headers: IncomingHttpHeaders; body: string };

let receiver: HttpServer;
let got: Got[] = [];

test.beforeEach(async () => {
  got = [];
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      got.push({ headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, "127.0.0.1", listening));
});

test.afterEach(() => {
  receiver.close();
});

const address = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;

async function fillIn(page: Page): Promise<void> {
  await page.getByLabel("Address", { exact: true }).fill(address());
  await page.getByLabel("Note", { exact: true }).fill("the mail room");
  await page.getByLabel("user.locked").check();
  await page.getByLabel("session.ended").check();
}

async function shownSecret(page: Page): Promise<string> {
  const shown = page.getByRole("status").filter({ hasText: "The secret" }).locator("code");
  await expect(shown).toHaveText(/^whsec_[A-Za-z0-9+/=]{44}$/);
  return shown.innerText();
}

function expectSigned({ headers, body }: Got, secret: string): void {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(content).digest("base64")}`);
  expect(JSON.parse(body).type).toBe("webhook.test");
}

const row = (page: Page) => page.locator("tbody").filter({ hasText: "webhook.test" });

test("a webhook is made, its secret shown once, and a test arrives and is told of", async ({ page, admin }) => {
  await signIn(page, admin, { to: "/admin/webhooks" });
  await expect(page.getByText("Nobody is told yet")).toBeVisible();
  await fillIn(page);
  await page.getByRole("button", { name: "Create webhook" }).click();
  const secret = await shownSecret(page);
  await expect(page.getByLabel("Address", { exact: true })).toHaveValue("");
  await expectAccessible(page, "the list with a secret");
  await page.getByRole("link", { name: "To the webhook" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Webhook" })).toBeVisible();
  await expect(page.getByLabel("user.locked")).toBeChecked();
  await expect(page.getByLabel("user.created")).not.toBeChecked();
  await page.getByRole("button", { name: "Send a test" }).click();
  await expect(row(page).getByText("Taken")).toBeVisible({ timeout: 15_000 });
  await expect(row(page)).toContainText("204");
  expectSigned(got[0]!, secret);
  await expectAccessible(page, "a webhook");
  await page.reload();
  await hydrated(page);
  expect(await page.content()).not.toContain(secret);
  await page.locator("summary", { hasText: "Delete the webhook" }).click();
  await page.getByRole("button", { name: "Delete it for good" }).click();
  await expect(page.getByText("Nobody is told yet")).toBeVisible();
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  async function signInPlainly(page: Page, account: Account): Promise<void> {
    await page.goto("/admin/webhooks");
    await fillSignIn(page, account);
    await pressSignIn(page);
    await expect(page).toHaveURL("/admin/webhooks");
  }

  test("the same is done by forms alone, and no address ever holds the secret", async ({ page, admin }) => {
    await signInPlainly(page, admin);
    await page.getByLabel("Address", { exact: true }).fill("https://127.0.0.1.example@10.0.0.1/");
    await page.getByRole("button", { name: "Create webhook" }).click();
    await expect(page.getByText("The address must carry no name and no password.")).toBeVisible();
    await fillIn(page);
    await page.getByRole("button", { name: "Create webhook" }).click();
    await expect(page).toHaveURL(/\/admin\/webhooks\/[0-9a-f-]{36}$/);
    const secret = await shownSecret(page);
    await page.getByRole("button", { name: "Send a test" }).click();
    await expect(page.getByText("A test is on its way.")).toBeVisible();
    expect(page.url()).not.toContain("whsec");
    await expect(async () => {
      await page.reload();
      await expect(row(page).getByText("Taken")).toBeVisible({ timeout: 100 });
    }).toPass({ timeout: 15_000 });
    expectSigned(got[0]!, secret);
    expect(await page.content()).not.toContain(secret);
    await page.locator("summary", { hasText: "Switch off" }).click();
    await page.getByRole("button", { name: "Switch it off now" }).click();
    await expect(page.getByText("The webhook was changed.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Switch on" })).toBeVisible();
  });
});
