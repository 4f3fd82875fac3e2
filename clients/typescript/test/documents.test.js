// What documents print is what tests run, and the scenarios are what their schema says.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import Ajv from "ajv";

const read = (path) => readFile(new URL(`../../../${path}`, import.meta.url), "utf8");
const json = async (path) => JSON.parse(await read(path));

test("the manual's program is the tested example, and short", async () => {
  const example = await read("clients/typescript/examples/node/tap-to-sign.js");
  const page = await read("docs/manual/typescript.md");
  assert.ok(page.includes(`\`\`\`js\n${example}\`\`\`\n`), "copy examples/node/tap-to-sign.js into docs/manual/typescript.md");
  assert.ok(example.trimEnd().split("\n").length < 30);
});

test("the scenarios are as their schema says, and cover every operation", async () => {
  const validate = new Ajv({ allErrors: true }).compile(await json("clients/scenarios/schema.json"));
  const written = await json("clients/scenarios/scenarios.json");
  assert.ok(validate(written), JSON.stringify(validate.errors?.slice(0, 5)));
  const ids = written.scenarios.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "each id once");
  const calls = written.scenarios.flatMap(({ steps }) => steps).map(({ request, start }) => (request ?? start)?.operation);
  const { operations } = await json("docs/api/description.json");
  for (const { name, over } of operations) assert.ok(over === "internal" || calls.includes(name), name);
});
