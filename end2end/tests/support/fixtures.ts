// What every browser test starts from: a server of its worker, accounts of its own, and pages that are ready for use.
import { test as base, expect } from "@playwright/test";
import { type Account, Server, type Settings } from "./server.ts";

type PerTest = {
  /** An account with the role user, made for this test. */
  account: Account;
  serverLog: void;
};

type PerWorker = {
  /** What a spec file changes in the configuration; a file with its own gets a server of its own. */
  settings: Settings;
  server: Server;
  admin: Account;
};

export const test = base.extend<PerTest, PerWorker>({
  settings: [{}, { scope: "worker", option: true }],

  server: [
    async ({ settings }, use) => {
      const server = await Server.prepare(settings);
      await server.start();
      await use(server);
      await server.remove();
    },
    { scope: "worker" },
  ],

  admin: [async ({ server }, use) => use(await server.newAccount("admin")), { scope: "worker" }],

  baseURL: async ({ server }, use) => use(server.url),

  account: async ({ server }, use) => use(await server.newAccount()),

  serverLog: [
    async ({ server }, use, testInfo) => {
      const begin = server.log.length;
      await use();
      if (testInfo.status !== testInfo.expectedStatus && server.log.length > begin) {
        console.error(`the server said:\n${server.log.slice(begin)}`);
      }
    },
    { auto: true },
  ],
});

export { expect };
export type { Account, Server };
