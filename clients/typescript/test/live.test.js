// In Node, against a live system: over the platform's WebSocket and over the package ws.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { WebSocket } from "ws";
import { NymiClient, NymiConnectionError } from "nymi-webapi";
import { NYMI, System } from "../../../tests/browser/support.js";
import { SecureAgent } from "./agent.js";
import { control } from "./control.js";

const EXAMPLE = fileURLToPath(new URL("../examples/node/tap-to-sign.js", import.meta.url));

let system;
before(async () => { system = await System.durable(); });
after(async () => {
  await system?.stop();
  if (system) await rm(system.ready.data, { recursive: true, force: true });
});

const tap = (method = "nfc") => control(system.ready.nymulator, `tap ${system.ready.bands[0].NymiBandID} ${method}`);

for (const [name, openSocket] of [["the platform's WebSocket", undefined], ["the package ws", (url) => new WebSocket(url)]]) {
  test(`a tap signs a document over ${name}`, async () => {
    const nymi = new NymiClient({ url: system.ready.webapi, openSocket });
    const [user] = system.ready.users;
    assert.equal(await nymi.subscribe("127.0.0.1"), system.ready.endpoints[0]);
    const next = nymi.next("tap", { timeoutMs: 10_000 });
    await tap();
    const { NymiBandID, intent_id } = await next;
    const signed = await nymi.assertIdentity(NymiBandID, { intent_id, document_sha256: "ab".repeat(32), meaning: "approved" });
    assert.equal(signed.Username, user.Username);
    const claims = JSON.parse(Buffer.from(signed.assertion.split(".")[1], "base64url").toString());
    assert.equal(claims.document_sha256, "ab".repeat(32));
    await assert.rejects(nymi.assertIdentity(NymiBandID, { intent_id, meaning: "approved" }), { status: 1003, statusName: "INVALID_FIELD" });
    nymi.close();
  });
}

test("the agent is killed: what waits fails, and after its restart the next tap is heard", async () => {
  const nymi = new NymiClient({ url: system.ready.webapi, backoff: { firstMs: 50, longestMs: 200 } });
  await nymi.subscribe("127.0.0.1");
  const lost = nymi.next("state", { where: ({ state }) => state === "waiting" });
  await system.kill();
  const { error } = await lost;
  assert.equal(error.status, 4000);
  await assert.rejects(nymi.info({ timeoutMs: 300 }), (refusal) => refusal instanceof NymiConnectionError && refusal.operation === "info");
  const again = nymi.next("subscribed");
  await system.restart();
  await again;
  const next = nymi.next("tap", { timeoutMs: 10_000 });
  await tap();
  assert.equal((await next).NymiBandID, system.ready.bands[0].NymiBandID);
  nymi.close();
});

test("an origin that the agent does not know is told how it can be let in", async () => {
  const openSocket = (url) => new WebSocket(url, { origin: "https://elsewhere.example" });
  const nymi = new NymiClient({ url: system.ready.webapi, openSocket });
  await assert.rejects(nymi.connect(), (error) => error instanceof NymiConnectionError && /allowed_origins/.test(error.specifics));
  nymi.close();
});

test("a certificate that is not trusted is told, with what the operator must do", async () => {
  const agent = await SecureAgent.start();
  try {
    for (const openSocket of [undefined, (url) => new WebSocket(url)]) {
      const nymi = new NymiClient({ url: agent.webapi, openSocket });
      await assert.rejects(nymi.connect(), ({ status, specifics }) => {
        assert.equal(status, 4000);
        assert.match(specifics, /is not trusted: .*self.signed/);
        assert.match(specifics, /https:\/\/127.0.0.1:\d+\/healthz .*names 127.0.0.1/);
        return true;
      });
      nymi.close();
    }
    const trusting = new NymiClient({ url: agent.webapi, openSocket: (url) => new WebSocket(url, { ca: agent.certificate }) });
    assert.match((await trusting.info()).version, /^\d+\.\d+/);
    trusting.close();
  } finally {
    await agent.stop();
  }
});

test("the example of the manual says what is wrong with an address, and with a platform without WebSocket", async () => {
  const program = `delete globalThis.WebSocket; import(${JSON.stringify(EXAMPLE)})`;
  for (const [parameters, said] of [
    [["--experimental-websocket", EXAMPLE, "record.txt", "http://127.0.0.1:8080/"], /^url begins with "http:", .*; write ws:.*\n$/],
    [["--eval", program, "example", "record.txt"], /^this platform has no WebSocket: .*\n$/],
  ]) {
    const run = promisify(execFile)(process.execPath, parameters, { env: { ...process.env, NODE_NO_WARNINGS: "1" } });
    await assert.rejects(run, ({ code, stdout, stderr }) => {
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, said);
      return true;
    });
  }
});

test("the example of the manual signs a file that verifies offline", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nymi-example-"));
  const file = join(folder, "record.txt");
  await writeFile(file, "Batch 4711: all tests passed.\n");
  const example = spawn(process.execPath, ["--experimental-websocket", EXAMPLE, file, system.ready.webapi], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(example.stdout);
  const exit = once(example, "exit");
  const [asked] = await once(lines, "line");
  assert.match(asked, /Tap your band/);
  const said = once(lines, "line");
  await tap();
  const [user] = system.ready.users;
  assert.ok((await said)[0].startsWith(`${user.Domain}\\${user.Username} approved it at `));
  assert.deepEqual(await exit, [0, null]);
  const { stdout } = await promisify(execFile)(NYMI, [
    "assertion", "verify", "--l1", system.ready.l1, "--grade", "bronze", "--document", file, (await readFile(`${file}.jws`, "utf8")),
  ]);
  assert.match(stdout, new RegExp(user.Username));
  await rm(folder, { recursive: true });
});
