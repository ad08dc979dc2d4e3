// One server process with a database of its own in a temporary folder, and the command line beside it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Configuration keys as the environment names them, without the prefix: `SESSION__IDLE_TIMEOUT`. */
export type Settings = Record<string, string>;

export type Account = { email: string; name: string; password: string };

const PASSWORD = "quiet mountains in the rain";
const STARTS_WITHIN_MS = 15_000;

export class Server {
  readonly url: string;
  log = "";
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #process?: ChildProcess;
  #accounts = 0;

  private constructor(folder: string, port: number, settings: Settings) {
    this.url = `http://localhost:${port}`;
    this.#folder = folder;
    this.#env = environment({
      SERVER__ADDR: `127.0.0.1:${port}`,
      SERVER__PUBLIC_URL: this.url,
      DATABASE__URL: `sqlite://${join(folder, "sekisho.db")}`,
      ...settings,
    });
  }

  /** A server with an empty database, not running yet. */
  static async prepare(settings: Settings): Promise<Server> {
    return new Server(await mkdtemp(join(tmpdir(), "sekisho-e2e-")), await freePort(), settings);
  }

  async start(): Promise<void> {
    const process = spawn(binary(), [], { cwd: this.#folder, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream.on("data", (chunk) => (this.log += chunk));
    }
    const deadline = Date.now() + STARTS_WITHIN_MS;
    while (!(await answers(`${this.url}/readyz`))) {
      if (process.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the server did not start:\n${this.log}`);
      }
      await pause(20);
    }
  }

  get running(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** Stops it as an operator would. The port and the database stay for the next start. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (process && this.running) {
      process.kill("SIGTERM");
      const force = setTimeout(() => process.kill("SIGKILL"), 10_000);
      await once(process, "exit");
      clearTimeout(force);
    }
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** An account nobody else in this run has, made by a second process on the same database. */
  async newAccount(role: "admin" | "user" = "user"): Promise<Account> {
    const number = ++this.#accounts;
    const email = `${role}${number}@example.com`;
    const name = role === "admin" ? `Keeper ${number}` : `Traveller ${number}`;
    const words = ["user", "create", "--email", email, "--role", role, "--display-name", name, "--password-stdin"];
    await this.command(words, `${PASSWORD}\n`);
    return { email, name, password: PASSWORD };
  }

  /** Runs the command line and returns what it said. */
  async command(words: string[], input = ""): Promise<string> {
    const process = spawn(binary(), words, { cwd: this.#folder, env: this.#env, stdio: "pipe" });
    let said = "";
    for (const stream of [process.stdout, process.stderr]) {
      stream.on("data", (chunk) => (said += chunk));
    }
    // One that has no use for what it is given may have ended by then; its code says whether that was well.
    process.stdin.on("error", () => undefined);
    process.stdin.end(input);
    const [code] = await once(process, "close");
    if (code !== 0) {
      throw new Error(`sekisho ${words.join(" ")} ended with ${code}:\n${said}`);
    }
    return said;
  }
}

function binary(): string {
  const target = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, "../../../target");
  const path = process.env.SEKISHO_BINARY ?? join(target, "debug/sekisho");
  if (!existsSync(path)) {
    throw new Error(`there is no ${path}: run \`make test\`, or build it first`);
  }
  return path;
}

/** Ours only: what the developer has set for another server must not reach this one. */
function environment(settings: Settings): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SEKISHO_|AUTH_SECRET)/.test(name));
  const ours = Object.entries(settings).map(([name, value]) => [`SEKISHO_${name}`, value]);
  return Object.fromEntries([...inherited, ...ours]);
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (reply) => reply.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") {
    throw new Error("no port");
  }
  return address.port;
}
