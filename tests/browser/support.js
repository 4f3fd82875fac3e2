// What the tests share: a live system, a browser, and a page whose complaints are kept.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The program under test. */
export const NYMI = process.env.NYMI_BIN ?? join(ROOT, "target/debug/nymi");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const READY_MS = 60_000;

// No sandbox: CI runs as root. The others keep the browser from calling its maker.
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** `nymi up` as a process of its own. */
export class System {
  /** Starts it; `more` are arguments after the usual ones, which pick free ports. */
  static async start(...more) {
    const system = new System();
    system.more = more;
    await system.#run(["--agent-port", "0", "--webapi-port", "0", "--nes-port", "0", "--page-port", "0", ...more]);
    return system;
  }

  /** A system that keeps its data, so that it can be killed and started again. */
  static async durable(...more) {
    return System.start("--data", await mkdtemp(join(tmpdir(), "nymi-browser-")), ...more);
  }

  async #run(args) {
    this.process = spawn(NYMI, ["up", "--json", "--headless", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    this.process.stderr.on("data", (text) => { said += text; });
    const gone = once(this.process, "exit").then(([code]) => { throw new Error(`nymi up ended with ${code}: ${said}`); });
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error("nymi up is not ready")), READY_MS).unref();
    });
    const line = once(createInterface(this.process.stdout), "line");
    const [first] = await Promise.race([line, gone, late]);
    gone.catch(() => {});
    late.catch(() => {});
    this.ready = JSON.parse(first);
  }

  /** SIGKILL: no goodbye, nothing flushed. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** The same data on the same ports. */
  async restart() {
    const port = (name) => new URL(this.ready[name]).port;
    await this.#run([
      ...this.more, "--agent-port", port("agent"), "--webapi-port", port("webapi"),
      "--nes-port", port("nes"), "--page-port", port("page"),
    ]);
  }

  /** As a person would, with Ctrl-C. */
  async stop() {
    await this.#end("SIGTERM");
  }

  async #end(signal) {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, "exit");
    this.process.kill(signal);
    await exit;
  }
}

/** Debian's Chromium, or the one that CHROMIUM names. */
export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** The page of a system in a fresh window; `complaints` collects what the console and scripts say. */
export async function open(browser, system, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1240, height: 900 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(`${error}`));
  await options.before?.(page);
  await page.goto(system.ready.page);
  return page;
}

/** Waits until a tap would be heard. */
export async function heard(page) {
  await page.locator("#endpoint-state", { hasText: "ready" }).waitFor();
}

/** The button that taps a user's band. */
export function tapButton(page, user, how = "Tap") {
  return page.getByRole("button", { name: tapName(user, how), exact: true });
}

/** Its name for a screen reader. */
export function tapName(user, how = "Tap") {
  return `${how}: band of ${user.Domain}\\${user.Username}`;
}

/** The button that starts a signature. */
export function signButton(page) {
  return page.getByRole("button", { name: "Sign", exact: true });
}

/** Signs the record as it stands and returns the signature's box. */
export async function sign(page, user, how) {
  const before = await page.locator(".signature").count();
  await signButton(page).click();
  await page.getByText("Waiting for a tap").waitFor();
  await tapButton(page, user, how).click();
  await page.locator(".signature").nth(before).waitFor();
  return page.locator(".signature").first();
}
