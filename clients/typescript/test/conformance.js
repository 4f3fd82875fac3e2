// The scenarios in Node: rig node conformance.js RESULTS.json [ID...]

import { readFile, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { WebSocket } from "ws";
import { NymiClient } from "nymi-webapi";
import { control } from "./control.js";
import { runAll } from "./scenarios.js";

const [results, ...ids] = process.argv.slice(2);
const rig = JSON.parse(process.env.NYMI_RIG);
const { scenarios } = JSON.parse(await readFile(new URL("../../scenarios/scenarios.json", import.meta.url), "utf8"));
const chosen = scenarios.filter(({ id }) => ids.length === 0 || ids.includes(id));
const system = {
  NymiClient,
  openSocket: (url) => new WebSocket(url),
  url: rig.webapi,
  variables: rig.variables,
  control: (command) => control(rig.control, command),
};
const found = await runAll(chosen, system, ({ id, outcome, ms, detail }) => {
  if (outcome === "failed" || process.env.NYMI_VERBOSE) console.log(`${outcome} ${id} (${ms} ms) ${detail ?? ""}`);
});
const count = (outcome) => found.filter((result) => result.outcome === outcome).length;
console.log(`TypeScript, Node: ${count("passed")} passed, ${count("failed")} failed, ${count("not applicable")} not applicable`);
await mkdir(dirname(results), { recursive: true });
await writeFile(results, `${JSON.stringify({ client: "TypeScript, Node", transport: "webapi", results: found }, null, 2)}\n`);
process.exitCode = count("failed") === 0 ? 0 : 1;
