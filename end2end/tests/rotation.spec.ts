// The rotation contract over real connections, without a page.
import { expect, test } from "./support/fixtures.ts";

const JSON_ONLY = { accept: "application/json", "sec-fetch-site": "same-origin" };

function cookiesOf(reply: Response): Map<string, string> {
  return new Map(reply.headers.getSetCookie().map((line) => (line.split(";")[0] ?? "").split("=") as [string, string]));
}

function post(url: string, cookie: string, fields: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "POST", headers: { ...JSON_ONLY, cookie }, body: new URLSearchParams(fields) });
}

test("a hundred refreshes of one token at once all get the same successor", async ({ server, account }) => {
  const signedIn = await post(`${server.url}/api/login`, "", { email: account.email, password: account.password });
  expect(signedIn.status).toBe(200);
  const first = cookiesOf(signedIn).get("__Host-refresh");
  const replies = await Promise.all(
    Array.from({ length: 100 }, () => post(`${server.url}/api/refresh`, `__Host-refresh=${first}`)),
  );
  expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200]));
  const successors = new Set(replies.map((reply) => cookiesOf(reply).get("__Host-refresh")));
  expect(successors.size).toBe(1);
  expect(successors.has(first)).toBe(false);
});
