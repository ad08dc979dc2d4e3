// Browser tests: one Chromium, two workers. Servers are started by the tests themselves, each with its own
// settings, database and port (on `localhost`, not 127.0.0.1: an IP address is no relying party for passkeys).
import { existsSync } from "node:fs";
import { defineConfig, devices } from "@playwright/test";

const debian = "/usr/bin/chromium";
// undefined: the Chromium that `npx playwright install` fetched
const executablePath = process.env.CHROMIUM_PATH || (existsSync(debian) ? debian : undefined);

export default defineConfig({
  testDir: "./tests",
  workers: 2,
  fullyParallel: false,
  // a machine busy with something else may miss a deadline once; twice is a fault
  retries: process.env.CI ? 1 : 0,
  forbidOnly: !!process.env.CI,
  timeout: 30_000,
  reporter: [["list"], ["./closing-line.ts"]],
  use: { locale: "en-US", timezoneId: "UTC", trace: "on-first-retry" },
  projects: [
    {
      name: "chromium",
      use: {
        ...devices["Desktop Chrome"],
        launchOptions: {
          executablePath,
          args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
          ],
        },
      },
    },
  ],
});
