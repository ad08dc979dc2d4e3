// What Lighthouse says of the sign-in page and of the devices page: performance and accessibility, on a phone and on a desktop,
// the median of several runs. Usage: node scripts/lighthouse.mjs BINARY [runs]
//
// Called by scripts/lighthouse.sh. Timings depend on the machine and on what else it does: they are printed and never asserted.
// The server stands behind TLS, as it would: without it a browser asks for no brotli and uses no HTTP/2.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const tools = createRequire(resolve(import.meta.dirname, "lighthouse/package.json"));
const load = (name) => import(pathToFileURL(tools.resolve(name)));
const { default: lighthouse, desktopConfig } = await load("lighthouse");
const { launch } = await load("chrome-launcher");

const binary = resolve(process.argv[2] ?? "target/release/sekisho");
const runs = Number(process.argv[3] ?? 3);
const account = { email: "a@example.com", password: "quiet mountains in the rain" };
const folder = mkdtempSync(join(tmpdir(), "sekisho-lighthouse-"));
const [inside, outside] = [await freePort(), await freePort()];
const site = `https://localhost:${outside}`;
const environment = {
  ...process.env,
  SEKISHO_SERVER__ADDR: `127.0.0.1:${inside}`,
  SEKISHO_SERVER__PUBLIC_URL: site,
  SEKISHO_DATABASE__URL: `sqlite://${join(folder, "sekisho.db")}`,
};

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** Passes on what comes by TLS. */
function proxy() {
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    .concat(["-subj", "/CN=localhost", "-keyout", key, "-out", cert]), { stdio: "ignore" });
  const server = createSecureServer({ allowHTTP1: true, key: readFileSync(key), cert: readFileSync(cert) });
  server.on("request", (asked, reply) => {
    const headers = Object.fromEntries(Object.entries(asked.headers).filter(([name]) => !name.startsWith(":")));
    headers.host = `localhost:${outside}`;
    const onward = request({ port: inside, method: asked.method, path: asked.url, headers }, (answer) => {
      const { connection, "transfer-encoding": _, "keep-alive": __, ...kept } = answer.headers;
      reply.writeHead(answer.statusCode, kept);
      answer.pipe(reply).on("error", () => answer.destroy());
    });
    onward.on("error", () => reply.stream?.close());
    asked.pipe(onward);
  });
  return server.listen(outside);
}

/** The cookies of somebody who is signed in. */
async function signIn() {
  const body = new URLSearchParams(account).toString();
  const headers = {
    host: `localhost:${outside}`,
    origin: site,
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
    "content-length": body.length,
  };
  const sent = request({ port: inside, method: "POST", path: "/api/login", headers });
  sent.end(body);
  const [reply] = await once(sent, "response");
  reply.resume();
  if (reply.statusCode !== 200) {
    throw new Error(`sign-in was answered with ${reply.statusCode}`);
  }
  return reply.headers["set-cookie"].map((line) => line.split(";")[0]).join("; ");
}

async function measure(path, form, extraHeaders) {
  const seen = [];
  for (let run = 0; run < runs; run++) {
    const chrome = await launch({
      chromePath: process.env.CHROMIUM_PATH || (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined),
      chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors"],
    });
    const flags = { port: chrome.port, onlyCategories: ["performance", "accessibility"], extraHeaders, logLevel: "error" };
    const { lhr } = await lighthouse(`${site}${path}`, flags, form === "desktop" ? desktopConfig : undefined);
    chrome.kill();
    if (new URL(lhr.finalDisplayedUrl).pathname !== path) {
      throw new Error(`${path} led to ${lhr.finalDisplayedUrl}`);
    }
    seen.push(lhr);
  }
  return seen;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function print(path, form, seen) {
  const score = (category) => Math.round(100 * median(seen.map((lhr) => lhr.categories[category].score)));
  const ms = (audit) => Math.round(median(seen.map((lhr) => lhr.audits[audit].numericValue)));
  const cells = [score("performance"), score("accessibility"), ms("first-contentful-paint"), ms("largest-contentful-paint")];
  cells.push(ms("total-blocking-time"), median(seen.map((lhr) => lhr.audits["cumulative-layout-shift"].numericValue)).toFixed(3));
  console.log(`| ${path} | ${form} | ${cells.join(" | ")} |`);
  const failed = Object.values(seen[0].audits).filter((audit) => audit.scoreDisplayMode === "binary" && audit.score === 0);
  for (const { id, title } of failed) {
    console.log(`|   ${id}: ${title}`);
  }
}

let server;
let front;
try {
  const words = ["user", "create", "--email", account.email, "--role", "user", "--display-name", "Traveller", "--password-stdin"];
  const made = spawnSync(binary, words, { cwd: folder, env: environment, input: `${account.password}\n` });
  if (made.status !== 0) {
    throw new Error(`${made.error ?? made.stderr}`);
  }
  server = spawn(binary, [], { cwd: folder, env: environment, stdio: "ignore" });
  while (!(await fetch(`http://127.0.0.1:${inside}/readyz`).then((reply) => reply.ok, () => false))) {
    if (server.exitCode !== null) {
      throw new Error("the server did not start");
    }
    await pause(50);
  }
  front = proxy();
  console.log("| page | form | performance | accessibility | first paint, ms | largest paint, ms | blocked, ms | shift |");
  console.log("|---|---|---|---|---|---|---|---|");
  for (const form of ["mobile", "desktop"]) {
    print("/login", form, await measure("/login", form));
    // each its own: what one run renews, the next must not come with
    print("/settings/devices", form, await measure("/settings/devices", form, { Cookie: await signIn() }));
  }
} finally {
  server?.kill();
  front?.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
