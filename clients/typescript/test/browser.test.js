// In headless Chromium: the examples, and what a page is told when it can't connect.

import assert from "node:assert/strict";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { System, launch } from "../../../tests/browser/support.js";
import { Pages, SecureAgent } from "./agent.js";
import { control } from "./control.js";

let browser;
let system;
let pages;

before(async () => {
  pages = await Pages.start({ "/empty.html": "<!doctype html><title>empty</title>" });
  system = await System.durable("--allow-origin", pages.origin);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  pages?.stop();
  await system?.stop();
  if (system) await rm(system.ready.data, { recursive: true, force: true });
});

const tap = () => control(system.ready.nymulator, `tap ${system.ready.bands[0].NymiBandID} nfc`);

/** A page of the package's folder, opened with the system's WebAPI. */
async function open(path, webapi = system.ready.webapi) {
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`${error}`));
  await page.goto(`${pages.origin}${path}?webapi=${encodeURIComponent(webapi)}`);
  return { page, complaints };
}

async function approves(page) {
  await page.getByText(`Listening at ${system.ready.endpoints[0]}.`).waitFor();
  const button = page.getByRole("button", { name: "Approve with a tap" });
  await button.click();
  await page.getByText("Waiting for a tap").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await button.click();
  await tap();
  const [user] = system.ready.users;
  await page.getByText(`Approved by ${user.Domain}\\${user.Username} at `).waitFor();
}

test("the plain page approves a record with a tap, also after the agent was away", async () => {
  const { page, complaints } = await open("/examples/html/index.html");
  await approves(page);
  await system.kill();
  await page.getByText("Trying again").waitFor();
  await system.restart();
  await approves(page);
  assert.deepEqual(complaints, []);
  await page.close();
  await explains("/examples/html/index.html");
});

/** Whether a page says what is wrong with an address, rather than that its script ends. */
async function explains(path) {
  const { page, complaints } = await open(path, "http://127.0.0.1:8080/");
  await page.getByText('url begins with "http:"').waitFor();
  assert.deepEqual(complaints, []);
  await page.close();
}

test("the React page approves a record with a tap", async () => {
  const entry = new URL("../examples/react/main.tsx", import.meta.url).pathname;
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, write: false, format: "esm", define: { "process.env.NODE_ENV": '"development"' },
  });
  pages.more["/examples/react/main.js"] = outputFiles[0].text;
  const { page, complaints } = await open("/examples/react/index.html");
  await approves(page);
  assert.deepEqual(complaints, []);
  await page.close();
  await explains("/examples/react/index.html");
});

/** A client in a page; what the page is told by its first attempt to connect. */
function refusal(page, url) {
  return page.evaluate(async (webapi) => {
    const { NymiClient } = await import("/dist/index.js");
    const nymi = new NymiClient({ url: webapi });
    try {
      await nymi.connect();
      return `connected, version ${(await nymi.info()).version}`;
    } catch ({ status, specifics }) {
      return `${status} ${specifics}`;
    } finally {
      nymi.close();
    }
  }, url);
}

test("a page is told what a certificate that is not trusted asks of the operator, and connects once it is", async () => {
  const agent = await SecureAgent.start(pages.origin);
  try {
    const { page } = await open("/empty.html");
    const told = await refusal(page, agent.webapi);
    assert.match(told, /^4000 .*does not trust its certificate. Open https:\/\/127.0.0.1:\d+\/healthz in this browser.*install the root.*names 127.0.0.1/);
    await page.close();
    const trusting = await browser.newContext({ ignoreHTTPSErrors: true });
    const other = await trusting.newPage();
    await other.goto(`${pages.origin}/empty.html`);
    assert.match(await refusal(other, agent.webapi), /^connected, version \d/);
    await trusting.close();
  } finally {
    await agent.stop();
  }
});

test("a page of another origin is told which setting lets it in, and where nothing answers, that", async () => {
  const page = await browser.newPage();
  await page.goto(`${pages.localOrigin}/empty.html`);
  assert.match(await refusal(page, system.ready.webapi), /^4000 .*must add "http:\/\/localhost:\d+" to allowed_origins/);
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address();
  closed.close();
  assert.match(await refusal(page, `ws://127.0.0.1:${port}/`), /^4000 .*can't be reached: check that it runs/);
  await page.close();
});

test("when the network is back the client does not wait for its timer", async () => {
  const { page } = await open("/empty.html");
  const states = () => page.evaluate(() => window.states);
  await page.evaluate(async (url) => {
    const { NymiClient } = await import("/dist/index.js");
    window.states = [];
    window.nymi = new NymiClient({ url, backoff: { firstMs: 3_600_000, longestMs: 3_600_000 } });
    window.nymi.on("state", ({ state }) => window.states.push(state));
    await window.nymi.subscribe("127.0.0.1");
    window.again = new Promise((resolve) => window.nymi.on("subscribed", resolve));
  }, system.ready.webapi);
  await system.kill();
  await page.waitForFunction(() => window.states.at(-1) === "waiting");
  await system.restart();
  await page.context().setOffline(true);
  await page.context().setOffline(false);
  await page.evaluate(() => window.again);
  assert.deepEqual(await states(), ["connecting", "open", "waiting", "connecting", "open"]);
  await page.close();
});
