// The scenarios against a live system, in Node and in headless Chromium:
//
//     rig node conformance.js FOLDER [ID...]
//
// writes typescript-node.json and typescript-chromium.json into the folder. NYMI_VERBOSE=1 names every scenario.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WebSocket } from "ws";
import { NymiClient } from "nymi-webapi";
import { launch } from "../../../tests/browser/support.js";
import { Pages } from "./agent.js";
import { control } from "./control.js";
import { runAll } from "./scenarios.js";

const rig = JSON.parse(process.env.NYMI_RIG);
const command = (line) => control(rig.control, line);

function told({ id, outcome, ms, detail }) {
  if (outcome === "failed" || process.env.NYMI_VERBOSE) console.log(`${outcome} ${id} (${ms} ms) ${detail ?? ""}`);
}

function inNode(scenarios) {
  const openSocket = (url) => new WebSocket(url);
  return runAll(scenarios, { NymiClient, openSocket, url: rig.webapi, variables: rig.variables, control: command }, told);
}

async function inChromium(scenarios) {
  const browser = await launch();
  const pages = await Pages.start({ "/page.html": "<!doctype html><title>Conformance</title>" });
  const page = await browser.newPage();
  await page.exposeFunction("control", command);
  await page.exposeFunction("told", told);
  await page.goto(`${pages.origin}/page.html`);
  const results = await page.evaluate(async ({ given, url, variables }) => {
    const [{ NymiClient: Client }, { runAll: run }] = await Promise.all([import("/dist/index.js"), import("/test/scenarios.js")]);
    const openSocket = (address) => new globalThis.WebSocket(address);
    return run(given, { NymiClient: Client, openSocket, url, variables, control: window.control }, window.told);
  }, { given: scenarios, url: rig.webapi, variables: rig.variables });
  await browser.close();
  pages.stop();
  return results;
}

const [folder, ...ids] = process.argv.slice(2);
const file = await readFile(new URL("../../scenarios/scenarios.json", import.meta.url), "utf8");
const scenarios = JSON.parse(file).scenarios.filter(({ id }) => ids.length === 0 || ids.includes(id));
await mkdir(folder, { recursive: true });
for (const [client, name, run] of [
  ["TypeScript, Node", "typescript-node", inNode],
  ["TypeScript, Chromium", "typescript-chromium", inChromium],
]) {
  const results = await run(scenarios);
  const count = (outcome) => results.filter((result) => result.outcome === outcome).length;
  console.log(`${client}: ${count("passed")} passed, ${count("failed")} failed, ${count("not applicable")} not applicable`);
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify({ client, transport: "webapi", results }, null, 2)}\n`);
  if (count("failed") > 0) process.exitCode = 1;
}
