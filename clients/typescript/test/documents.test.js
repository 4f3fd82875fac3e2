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

test("what AsyncAPI says of a message holds for the messages of the manual, and refuses those that the agent refuses", async () => {
  const document = await json("nymi-webapi/src/asyncapi.json");
  const ajv = new Ajv({ strict: false, formats: { uuid: true, "date-time": true } });
  ajv.addSchema(document, "asyncapi");
  const { messages } = document.components;
  const examples = (name) => (messages[name].examples ?? []).map(({ payload }) => payload);
  const answers = Object.keys(messages).filter((name) => name.endsWith("_answer")).flatMap(examples);
  let checked = 0;
  for (const name of Object.keys(messages)) {
    const validate = ajv.compile({ $ref: `asyncapi#/components/messages/${name}/payload` });
    for (const example of examples(name)) {
      const answer = name.endsWith("_request") ? answers.find(({ exchange }) => exchange === example.exchange) : undefined;
      // What is wrong with an exchange no schema can tell.
      const isSound = answer?.status !== 1003 || example.operation === "cancel";
      assert.equal(validate(example), isSound, `${name}: ${JSON.stringify(example)}: ${JSON.stringify(validate.errors)}`);
      checked += 1;
    }
    assert.ok(!validate({ operation: "another" }), name);
  }
  assert.ok(checked > 20, `${checked} messages`);
});
