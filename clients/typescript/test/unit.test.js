// The client against an agent in memory, and time that the test turns.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { NymiClient, NymiClosedError, NymiConnectionError, NymiError, NymiTimeoutError, Status } from "nymi-webapi";
import { pauseMs } from "../dist/backoff.js";
import { explain } from "../dist/explain.js";
import { fakeAgent, settled } from "./fake.js";

const BACKOFF = { firstMs: 100, longestMs: 1000 };
const TAP = { endpoint_id: "e", NymiBandID: "b", method: "nfc", intent_id: "i", at: "2026-11-22T01:09:02.377Z" };
const PRESENCE = {
  endpoint_id: "e", NymiBandID: "b", before: "no", after: "yes", authenticated: true, worn: true, rssi: -60, proximity: null,
};
const INFO = { version: "1", agent: null, nes: null, endpoints: [], bands: [PRESENCE], certificate: null };

/** A connected client and its socket. */
async function connected(options = {}) {
  const agent = fakeAgent();
  const nymi = new NymiClient({ openSocket: agent.openSocket, backoff: BACKOFF, keepAliveMs: 0, ...options });
  const connecting = nymi.connect();
  agent.sockets[0].open();
  await connecting;
  return { nymi, agent, socket: agent.sockets[0] };
}

test("a request resolves with its own answer, whatever comes before", async () => {
  const { nymi, socket } = await connected();
  const [first, second] = [nymi.info(), nymi.lookup({ Username: "alice" }, ["NymiBandID"])];
  const lookup = socket.last("lookup");
  assert.deepEqual(lookup.payload, { deadline_ms: lookup.payload.deadline_ms, query: { Username: "alice" }, lookup_keys: ["NymiBandID"] });
  assert.ok(lookup.payload.deadline_ms > 14_000 && lookup.payload.deadline_ms <= 15_000);
  socket.update("presence", null, PRESENCE);
  socket.update("lookup", lookup.exchange, { completed: false });
  socket.update("lookup", "another", { NymiBandID: "wrong" });
  socket.say("not JSON");
  socket.update("lookup", lookup.exchange, { NymiBandID: "AA" });
  socket.update("info", socket.last("info").exchange, { ...INFO, version: "1" });
  assert.deepEqual(await second, { NymiBandID: "AA" });
  assert.equal((await first).version, "1");
  nymi.close();
});

test("an answer that cannot be read fails its request at once, with its name and none of its values", async () => {
  const { nymi, socket } = await connected();
  for (const [field, wrong] of Object.entries({
    operation: 5, status: "hunter2", payload: ["hunter2"], error: { nsl: "hunter2" },
  })) {
    const asked = nymi.info();
    const { exchange } = socket.last("info");
    socket.say(JSON.stringify({ operation: "info", exchange, status: 0, payload: {}, error: {}, [field]: wrong }));
    await assert.rejects(asked, (error) => {
      assert.deepEqual([error.status, error.operation, error.constructor], [Status.INTERNAL, "info", NymiError]);
      assert.match(error.specifics, new RegExp(`^an update${field === "operation" ? "" : " info"} cannot be read: ${field} `));
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
  assert.equal(socket.last("cancel"), undefined, "it was answered");
  nymi.close();
});

test("an answer with a field that is not as described fails", async () => {
  const { nymi, socket } = await connected();
  const terminal = { endpoint_id: "e", hostname: "h", addresses: ["a"], adapters: [], readers: [], ready: true };
  for (const [field, wrong] of Object.entries({
    version: 5, agent: {}, endpoints: [{ ...terminal, addresses: ["a", 5] }], bands: [{ ...PRESENCE, rssi: 0.5 }], certificate: "hunter2",
  })) {
    const asked = nymi.info();
    socket.update("info", socket.last("info").exchange, { ...INFO, [field]: wrong });
    await assert.rejects(asked, (error) => {
      assert.equal(error.status, Status.INTERNAL);
      assert.match(error.message, new RegExp(`^info: .* the field ${field} is missing or not what it has to be`));
      return !error.message.includes("hunter2");
    });
  }
  const sound = nymi.info();
  socket.update("info", socket.last("info").exchange, { ...INFO, endpoints: [terminal], more: "of a newer agent" });
  assert.deepEqual((await sound).endpoints, [terminal]);
  const unknown = nymi.request("of a newer agent", {});
  socket.update("of a newer agent", socket.last("of a newer agent").exchange, { any: "thing" });
  assert.deepEqual(await unknown, { any: "thing" });
  nymi.close();
});

test("who waits for an event hears of what cannot be read, and of the agent's own failures no more than before", async () => {
  const { nymi, socket } = await connected();
  const heard = [];
  nymi.on("error", (error) => heard.push(error.status));
  const tap = { operation: "tap", exchange: null, status: 0, payload: TAP, error: {} };
  for (const [said, broken] of Object.entries({
    "an update cannot be read: it is not JSON": "{",
    "an update cannot be read: it is no object": "[]",
    "an update tap cannot be read: payload": JSON.stringify({ ...tap, payload: ["hunter2"] }),
    "an update tap cannot be read: exchange": JSON.stringify({ ...tap, exchange: 5 }),
    "an update tap cannot be read: status": JSON.stringify({ ...tap, status: -1 }),
    "an event tap cannot be read: the field at ": JSON.stringify({ ...tap, payload: { ...TAP, at: ["hunter2"] } }),
    "an event tap cannot be read: the field intent_id ": JSON.stringify({ ...tap, payload: { ...TAP, intent_id: null } }),
  })) {
    const waiting = nymi.next("tap", { timeoutMs: 10_000 });
    socket.update("error", null, {}, Status.ENDPOINT_MISSING);
    socket.say(broken);
    await assert.rejects(waiting, (error) => error.status === Status.INTERNAL && error.specifics.startsWith(said));
    const next = nymi.next("tap", { timeoutMs: 10_000 });
    socket.say(JSON.stringify(tap));
    assert.equal((await next).intent_id, "i");
  }
  assert.deepEqual(heard, Array(7).fill([Status.ENDPOINT_MISSING, Status.INTERNAL]).flat());
  nymi.close();
});

test("after close every call says so, with one status", async () => {
  const { nymi } = await connected();
  nymi.close();
  for (const call of [
    () => nymi.connect(), () => nymi.info(), () => nymi.subscribe("127.0.0.1"), () => nymi.request("firmware", {}),
    () => nymi.assertIdentity("b"), () => nymi.next("tap", { timeoutMs: 1000 }),
  ]) {
    await assert.rejects(call(), (error) => error instanceof NymiClosedError && error.status === Status.TERMINATED);
  }
});

test("a refusal is an error with its status and what to do", async () => {
  const { nymi, socket } = await connected();
  const asked = nymi.request("firmware", { device: "AA:BB:CC:DD:EE:FF" });
  const error = { error_description: "The band is not present.", error_specifics: "device: not heard", nsl: 7 };
  socket.update("firmware", socket.last("firmware").exchange, {}, Status.BAND_NOT_PRESENT, error);
  await assert.rejects(asked, (refusal) => {
    assert.ok(refusal instanceof NymiError && !(refusal instanceof NymiConnectionError));
    const { status, statusName, specifics, operation, nsl, remedy, message } = refusal;
    assert.deepEqual({ status, statusName, specifics, operation, nsl }, {
      status: 3020, statusName: "BAND_NOT_PRESENT", specifics: "device: not heard", operation: "firmware", nsl: 7,
    });
    assert.match(remedy, /Wear the band/);
    assert.equal(message, "firmware: The band is not present. device: not heard (status 3020)");
    return true;
  });
  assert.equal(new NymiError(4099).statusName, undefined);
  nymi.close();
});

test("an abort rejects with its reason, cancels at the agent and ignores the late answer", async () => {
  const { nymi, socket } = await connected();
  const controller = new AbortController();
  const asked = nymi.info({ signal: controller.signal });
  const { exchange } = socket.last("info");
  controller.abort(new Error("the user went on"));
  await assert.rejects(asked, /the user went on/);
  assert.deepEqual(socket.last("cancel").payload, { exchange });
  socket.update("info", exchange, { ...INFO, version: "late" });
  const before = socket.sent.length;
  await assert.rejects(nymi.info({ signal: controller.signal }), /the user went on/);
  assert.equal(socket.sent.length, before, "nothing is sent for a signal that was aborted before");
  nymi.close();
});

test("an answer that does not come is a timeout, after the agent's own deadline", async (t) => {
  const { nymi, socket } = await connected();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const asked = nymi.info({ timeoutMs: 500 });
  assert.equal(socket.last("info").payload.deadline_ms, 500);
  let ended = false;
  asked.catch(() => { ended = true; });
  t.mock.timers.tick(2499);
  await settled();
  assert.ok(!ended);
  t.mock.timers.tick(1);
  await assert.rejects(asked, (error) => error instanceof NymiTimeoutError && error.operation === "info");
  assert.equal(socket.last("cancel").payload.exchange, socket.last("info").exchange);
  nymi.close();
});

test("what is in flight fails when the connection is lost; what comes later waits for the next one", async (t) => {
  const { nymi, agent, socket } = await connected();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const states = [];
  nymi.on("state", ({ state }) => states.push(state));
  const lost = nymi.info();
  socket.end(1013, "read faster");
  await assert.rejects(lost, (error) => error instanceof NymiConnectionError && /read faster/.test(error.specifics));
  assert.equal(nymi.state.state, "waiting");
  assert.ok(nymi.state.retryInMs >= 50 && nymi.state.retryInMs <= 100);
  const later = nymi.info();
  t.mock.timers.tick(100);
  assert.equal(agent.sockets.length, 2);
  agent.sockets[1].open();
  await settled();
  agent.sockets[1].update("info", agent.sockets[1].last("info").exchange, { ...INFO, version: "2" });
  assert.equal((await later).version, "2");
  assert.deepEqual(states, ["waiting", "connecting", "open"]);
  nymi.close();
});

test("a terminal is subscribed to again, until the agent knows it, but not once it was left", async (t) => {
  const { nymi, agent, socket } = await connected();
  const subscribing = nymi.subscribe("127.0.0.1");
  socket.update("subscribe_endpoint", socket.last("subscribe_endpoint").exchange, { endpoint_id: "desk" });
  assert.equal(await subscribing, "desk");

  t.mock.timers.enable({ apis: ["setTimeout"] });
  socket.end();
  await settled();
  t.mock.timers.tick(100);
  const second = agent.sockets[1];
  second.open();
  const again = [];
  nymi.on("subscribed", (answer) => again.push(answer));
  second.update("subscribe_endpoint", second.last("subscribe_endpoint").exchange, {}, Status.ENDPOINT_MISSING);
  await settled();
  t.mock.timers.tick(100);
  await settled();
  const attempts = second.sent.filter(({ operation }) => operation === "subscribe_endpoint");
  assert.equal(attempts.length, 2);
  second.update("subscribe_endpoint", attempts[1].exchange, { endpoint_id: "desk" });
  await settled();
  assert.deepEqual(again, [{ endpoint_id: "desk" }]);

  nymi.unsubscribe("127.0.0.1").catch(() => {});
  second.end();
  await settled();
  t.mock.timers.tick(100);
  agent.sockets[2].open();
  assert.equal(agent.sockets[2].last("subscribe_endpoint"), undefined);
  nymi.close();
});

test("a terminal that was asked for without an agent is subscribed to once there is one", async () => {
  const agent = fakeAgent();
  const nymi = new NymiClient({ openSocket: agent.openSocket, backoff: { firstMs: 1, longestMs: 1 }, keepAliveMs: 0 });
  const asked = nymi.subscribe("127.0.0.1", { timeoutMs: 5 });
  agent.sockets[0].fail("connect ECONNREFUSED");
  await assert.rejects(asked, NymiConnectionError);
  const subscribed = nymi.next("subscribed");
  while (agent.sockets.length < 2) await settled();
  const [, socket] = agent.sockets;
  socket.open();
  socket.update("subscribe_endpoint", socket.last("subscribe_endpoint").exchange, { endpoint_id: "desk" });
  assert.deepEqual(await subscribed, { endpoint_id: "desk" });
  nymi.close();
});

test("events reach their listeners, one that throws stops no other, and stopping ends it", async (t) => {
  const { nymi, socket } = await connected();
  const taps = [];
  const { reportError } = globalThis;
  t.after(() => { globalThis.reportError = reportError; });
  const uncaught = new Promise((resolve) => { globalThis.reportError = resolve; });
  nymi.on("tap", () => { throw new Error("of a listener"); });
  const stop = nymi.on("tap", (tap) => taps.push(tap.intent_id));
  const errors = [];
  nymi.on("error", (error) => errors.push(error.status));
  const next = nymi.next("tap", { where: ({ method }) => method === "nfc" });
  socket.update("tap", null, { ...TAP, intent_id: "1", method: "ble" });
  socket.update("tap", null, { ...TAP, intent_id: "2", method: "nfc" });
  socket.update("error", null, {}, 1000);
  socket.update("of a newer agent", null, {});
  assert.equal((await next).intent_id, "2");
  stop();
  socket.update("tap", null, { ...TAP, intent_id: "3", method: "ble" });
  assert.deepEqual(taps, ["1", "2"]);
  assert.deepEqual(errors, [1000]);
  assert.equal((await uncaught).message, "of a listener");
  await assert.rejects(nymi.next("tap", { timeoutMs: 1 }), NymiTimeoutError);
  const waiting = nymi.next("tap");
  nymi.close();
  await assert.rejects(waiting, NymiClosedError);
});

test("what listeners throw or reject, and what sockets throw, ends no program", async (t) => {
  const uncaught = [];
  const note = (error) => uncaught.push(error);
  for (const name of ["uncaughtException", "unhandledRejection"]) {
    process.on(name, note);
    t.after(() => process.off(name, note));
  }
  const { reportError } = globalThis;
  t.after(() => { globalThis.reportError = reportError; });
  globalThis.reportError = undefined;
  const said = t.mock.method(console, "error", () => {}).mock;
  const { nymi, agent, socket } = await connected({ backoff: { firstMs: 1, longestMs: 1 } });
  nymi.on("tap", () => { throw new Error("thrown"); });
  nymi.on("tap", async () => { throw new Error("rejected"); });
  socket.update("tap", null, TAP);
  await settled();
  assert.deepEqual(said.calls.map(({ arguments: [, error] }) => error.message).sort(), ["rejected", "thrown"]);
  await assert.rejects(
    () => {
      const next = nymi.next("presence", { where: () => { throw new Error("of where"); } });
      socket.update("presence", null, PRESENCE);
      return next;
    },
    /of where/,
  );
  await assert.rejects(nymi.request("info", { count: 10n }), TypeError);
  // Neither while it connects again, however often.
  const errors = [];
  nymi.on("state", (now) => { if (now.state === "waiting") errors.push(now.error.specifics); });
  let refusals = 0;
  agent.refuse = () => { if ((refusals += 1) <= 3) throw new Error("not on this page"); };
  socket.send = () => { throw new Error("not ready"); };
  socket.close = () => { throw new Error("not closed"); };
  await assert.rejects(nymi.info(), (error) => error instanceof NymiConnectionError && /could not be sent: not ready/.test(error.specifics));
  while (agent.sockets.length < 2) await settled();
  assert.match(errors[0], /could not be sent/);
  assert.deepEqual(errors.slice(1).map((why) => /can't be reached: not on this page/.test(why)), [true, true, true]);
  const [, second] = agent.sockets;
  second.send = socket.send;
  second.open();
  assert.equal(nymi.state.state, "waiting", "it took no message");
  nymi.close();
  await settled();
  assert.deepEqual(uncaught, []);
});

test("an address that this platform does not open fails connect, and what waits", async () => {
  const openSocket = () => { throw new DOMException("An insecure WebSocket may not be opened", "SecurityError"); };
  const nymi = new NymiClient({ openSocket, backoff: BACKOFF, keepAliveMs: 0 });
  await assert.rejects(nymi.connect(), (error) => error instanceof NymiConnectionError && /An insecure WebSocket may not be opened$/.test(error.specifics));
  await assert.rejects(nymi.info({ timeoutMs: 5 }), /An insecure/);
  assert.equal(nymi.state.state, "waiting");
  nymi.close();
});

test("a client that a listener closes at once ends what waited for the connection", async () => {
  for (const when of ["connecting", "open"]) {
    const agent = fakeAgent();
    const nymi = new NymiClient({ openSocket: agent.openSocket, backoff: BACKOFF, keepAliveMs: 0 });
    nymi.on("state", ({ state }) => { if (state === when) nymi.close(); });
    const asked = nymi.info({ timeoutMs: 120_000 });
    agent.sockets[0]?.open();
    await assert.rejects(asked, NymiClosedError);
    assert.equal(agent.sockets.length, when === "open" ? 1 : 0);
    assert.equal(agent.sockets[0]?.last("info"), undefined);
  }
});

test("an event goes to no listener that an earlier one stopped", async () => {
  const { nymi, socket } = await connected();
  const heard = [];
  nymi.on("tap", () => { heard.push("first"); stop(); });
  const stop = nymi.on("tap", () => heard.push("second"));
  socket.update("tap", null, TAP);
  assert.deepEqual(heard, ["first"]);
  nymi.close();
});

test("an agent that drops whoever connects is asked ever more rarely", async (t) => {
  const { nymi, agent, socket } = await connected();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pauses = [];
  nymi.on("state", (now) => { if (now.state === "waiting") pauses.push(now.retryInMs); });
  socket.end();
  for (let count = 1; count < 6; count += 1) {
    await settled();
    t.mock.timers.tick(1000);
    agent.sockets[count].open();
    if (count === 5) agent.sockets[count].update("list_endpoints", "x", { endpoints: [] });
    agent.sockets[count].end();
  }
  await settled();
  const longest = [100, 200, 400, 800, 1000, 100];
  pauses.forEach((pause, at) => assert.ok(pause >= longest[at] / 2 && pause <= longest[at], `${at}: ${pause}`));
  assert.equal(pauses.length, longest.length);
  nymi.close();
});

test("nothing is left of a client that was closed", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const agent = fakeAgent();
  const nymi = new NymiClient({ openSocket: agent.openSocket, backoff: { firstMs: 60_000, longestMs: 60_000 } });
  await assert.rejects(nymi.subscribe("127.0.0.1", { timeoutMs: 1 }), NymiConnectionError);
  const [socket] = agent.sockets;
  socket.open();
  socket.update("subscribe_endpoint", socket.last("subscribe_endpoint").exchange, {}, Status.ENDPOINT_MISSING);
  socket.update("list_endpoints", socket.last("list_endpoints").exchange, { endpoints: [] });
  await settled();
  assert.equal(timers(), before + 2, "it asks for the terminal again in a minute, and whether the agent is there");
  nymi.close();
  assert.equal(timers(), before);
});

test("a timeout out of range is refused, and the longest is waited for", async (t) => {
  const { nymi, socket } = await connected();
  for (const timeoutMs of [0, -1, NaN, -Infinity, 2 ** 31, 3e9]) {
    await assert.rejects(nymi.next("tap", { timeoutMs }), RangeError);
  }
  const sent = socket.sent.length;
  for (const timeoutMs of [0, -1, NaN, 120_001, Infinity]) {
    for (const call of [() => nymi.info({ timeoutMs }), () => nymi.connect({ timeoutMs }), () => nymi.subscribe("e", { timeoutMs })]) {
      await assert.rejects(call(), RangeError);
    }
    assert.throws(() => new NymiClient({ openSocket: fakeAgent().openSocket, timeoutMs }), RangeError);
  }
  assert.equal(socket.sent.length, sent);
  const shortest = nymi.info({ timeoutMs: 0.5 });
  assert.equal(socket.last("info").payload.deadline_ms, 1);
  socket.update("info", socket.last("info").exchange, INFO);
  await shortest;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [longest, endless] = [nymi.next("tap", { timeoutMs: 2 ** 31 - 1 }), nymi.next("tap", { timeoutMs: Infinity })];
  const late = assert.rejects(longest, NymiTimeoutError);
  t.mock.timers.tick(2 ** 31 - 2);
  await Promise.race([longest, settled()]);
  t.mock.timers.tick(1);
  await late;
  socket.update("tap", null, TAP);
  assert.equal((await endless).intent_id, TAP.intent_id);
  nymi.close();
});

test("close ends everything for good", async () => {
  const { nymi, agent, socket } = await connected();
  const asked = nymi.info();
  nymi.close();
  await assert.rejects(asked, NymiClosedError);
  await assert.rejects(nymi.info(), NymiClosedError);
  await assert.rejects(nymi.connect(), NymiClosedError);
  assert.equal(socket.closed, 1000);
  assert.equal(agent.sockets.length, 1);
  assert.equal(nymi.state.state, "closed");
});

test("connect tells the first failure, and the client goes on trying", async () => {
  const agent = fakeAgent();
  const nymi = new NymiClient({ openSocket: agent.openSocket, backoff: { firstMs: 1, longestMs: 1 }, keepAliveMs: 0 });
  const connecting = nymi.connect();
  agent.sockets[0].fail("connect ECONNREFUSED 127.0.0.1:8080");
  await assert.rejects(connecting, (error) => error instanceof NymiConnectionError && /ECONNREFUSED/.test(error.specifics));
  const opened = nymi.next("state", { where: ({ state }) => state === "open" });
  await nymi.next("state", { where: ({ state }) => state === "connecting" });
  agent.sockets[1].open();
  await opened;
  nymi.close();
});

test("a request without a connection ends with why there is none", async () => {
  const agent = fakeAgent();
  const nymi = new NymiClient({ openSocket: agent.openSocket, backoff: BACKOFF, keepAliveMs: 0 });
  const asked = nymi.info({ timeoutMs: 20 });
  agent.sockets[0].fail("connect ECONNREFUSED 127.0.0.1:8080");
  await assert.rejects(asked, (error) => error.status === 4000 && error.operation === "info" && /ECONNREFUSED/.test(error.specifics));
  nymi.close();
});

test("an agent that falls silent is left, and connected to anew", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { nymi, agent, socket } = await connected({ keepAliveMs: 30_000 });
  socket.update("list_endpoints", socket.last("list_endpoints").exchange, { endpoints: [] });
  const asked = () => socket.sent.filter(({ operation }) => operation === "list_endpoints").length;
  assert.equal(asked(), 1, "the agent wants a first message");
  t.mock.timers.tick(20_000);
  socket.update("presence", null, PRESENCE);
  t.mock.timers.tick(10_000);
  assert.equal(asked(), 1, "it spoke within the time");
  t.mock.timers.tick(30_000);
  assert.equal(asked(), 2);
  t.mock.timers.tick(12_000);
  await settled();
  assert.equal(nymi.state.state, "waiting");
  t.mock.timers.tick(100);
  assert.equal(agent.sockets.length, 2);
  nymi.close();
});

test("a clock that is set changes no deadline, and hides no silence", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  let now = Date.now();
  t.mock.method(Date, "now", () => now);
  const agent = fakeAgent();
  const nymi = new NymiClient({ openSocket: agent.openSocket, backoff: BACKOFF, keepAliveMs: 30_000 });
  const asked = nymi.info();
  now += 3_600_000;
  const [socket] = agent.sockets;
  socket.open();
  await settled();
  assert.ok(socket.last("info").payload.deadline_ms > 10_000, `${socket.last("info").payload.deadline_ms} ms`);
  socket.update("info", socket.last("info").exchange, INFO);
  await asked;
  socket.update("list_endpoints", socket.last("list_endpoints").exchange, { endpoints: [] });
  now -= 3_600_000;
  t.mock.timers.tick(30_000);
  assert.equal(socket.sent.filter(({ operation }) => operation === "list_endpoints").length, 2);
  nymi.close();
});

test("a message that the agent would not take is not sent", async () => {
  const { nymi, socket } = await connected();
  const before = socket.sent.length;
  await assert.rejects(nymi.lookup({ Username: "a".repeat(1 << 20) }, ["Domain"]), { status: Status.TOO_LARGE });
  assert.equal(socket.sent.length, before);
  nymi.close();
});

test("an address that is none of a WebSocket is refused at once, with what to write", () => {
  const { sockets, openSocket } = fakeAgent();
  for (const [url, fault] of Object.entries({
    nonsense: /^url is not a URL; write ws:\/\/ or wss:\/\//,
    "127.0.0.1:8080": /^url is not a URL; .* such as ws:\/\/127\.0\.0\.1:8080\//,
    "": /^url is empty; write ws:/,
    "  ": /^url is empty; write ws:/,
    "http://127.0.0.1:8080/": /^url begins with "http:", not with "ws:" or "wss:"; write ws:/,
    "https://agent.example/": /^url begins with "https:"/,
    "localhost:8080": /^url begins with "localhost:"/,
    "ws://": /^url is not a URL/,
    "ws://127.0.0.1:99999/": /^url is not a URL/,
    "ws://127.0.0.1:8080/#part": /^url has a fragment/,
    "ws://127.0.0.1:8080/#": /^url has a fragment/,
    "wss://alice:hunter2@agent.example/": /^url has a user name or password/,
  })) {
    assert.throws(() => new NymiClient({ url, openSocket }), (error) => {
      assert.ok(error instanceof TypeError, url);
      assert.match(error.message, fault);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
  assert.throws(() => new NymiClient({ url: 8080, openSocket }), /^TypeError: url is of type number/);
  for (const url of [undefined, "WSS://agent.example", "ws://127.0.0.1:8080/path?query"]) {
    const nymi = new NymiClient({ url, openSocket });
    nymi.connect().catch(() => {});
    nymi.close();
  }
  assert.deepEqual(sockets.map(({ url }) => url), ["ws://127.0.0.1:8080/", "wss://agent.example/", "ws://127.0.0.1:8080/path?query"]);
});

test("a client's options that are none are refused, with what to write", () => {
  const { openSocket } = fakeAgent();
  const write = /; write new NymiClient\(\{ url: "ws:\/\/127\.0\.0\.1:8080\/" \}\)$/;
  for (const [given, fault] of [
    ["ws://alice:hunter2@agent.example/", /^options is of type string, /], [5, /^options is of type number, /], [null, /^options is null, /],
    [["ws://agent.example/"], /^options is a list, /], [new URL("ws://agent.example/"), /^options is an object URL, /],
  ]) {
    assert.throws(() => new NymiClient(given), (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, fault);
      assert.match(error.message, write);
      return !error.message.includes("hunter2");
    });
  }
  for (const [given, fault] of [
    [{ URL: "ws://agent.example/" }, 'options: no "URL" is known, only url, timeoutMs, backoff, keepAliveMs, openSocket'],
    [{ toString: 1 }, 'options: no "toString" is known, only url, timeoutMs, backoff, keepAliveMs, openSocket'],
    [{ backoff: { firstMs: 1, longestMs: 1, max: 1 } }, 'backoff: no "max" is known, only firstMs, longestMs'],
    [{ url: null }, "url is null, not a text"], [{ backoff: 5 }, "backoff is of type number, not an object with its fields"],
    [{ openSocket: "ws" }, "openSocket is of type string, not a function"], [{ keepAliveMs: "5" }, "keepAliveMs is of type string, not a number"],
    [{ timeoutMs: "5" }, "timeoutMs is of type string, not a number"], [{ backoff: { firstMs: "1", longestMs: 1 } }, "firstMs is of type string, not a number"],
  ]) {
    assert.throws(() => new NymiClient({ openSocket, ...given }), { name: "TypeError", message: fault });
  }
});

test("a misspelt option or field is refused before anything is sent", async () => {
  const { nymi, socket } = await connected();
  const before = socket.sent.length;
  const calls = "signal, timeoutMs";
  const fields = "intent_id, document_sha256, meaning, audience, nonce";
  for (const [call, fault] of [
    [() => nymi.assertIdentity("b", { documentSha256: "ab", intentId: "x" }), `what is asserted: no "documentSha256" is known, only ${fields}`],
    [() => nymi.assertIdentity("b", { timeoutMs: 5 }), `what is asserted: no "timeoutMs" is known, only ${fields}`],
    [() => nymi.assertIdentity("b", null), "what is asserted is null, not an object with its fields"],
    [() => nymi.assertIdentity("b", {}, { timeout: 5 }), `options: no "timeout" is known, only ${calls}`],
    [() => nymi.lookup({ username: "alice" }, ["Domain"]), 'query: no "username" is known, only Username, Domain, NymiBandID, NfcUID, SerialNumber'],
    [() => nymi.connect({ timeout: 5 }), `options: no "timeout" is known, only ${calls}`],
    [() => nymi.info(new AbortController().signal), "options is an object AbortSignal, not an object with its fields"],
    [() => nymi.subscribe("e", { timeout: 5 }), `options: no "timeout" is known, only ${calls}`],
    [() => nymi.unsubscribe("e", { timeout: 5 }), `options: no "timeout" is known, only ${calls}`],
    [() => nymi.request("info", "all"), "payload is of type string, not an object with its fields"],
    [() => nymi.next("tap", { filter: () => true }), `options: no "filter" is known, only ${calls}, where`],
  ]) {
    await assert.rejects(call(), { name: "TypeError", message: fault });
  }
  assert.equal(socket.sent.length, before);
  nymi.request("info", { any: "thing" }).catch(() => {});
  assert.equal(socket.last("info").payload.any, "thing", "a payload is free");
  nymi.close();
});

test("an argument of another type and an unknown event are refused at once", async () => {
  const { nymi, socket } = await connected();
  const before = socket.sent.length;
  for (const timeoutMs of ["5", true, [300], null, {}, 5n]) {
    for (const call of [() => nymi.info({ timeoutMs }), () => nymi.next("tap", { timeoutMs })]) {
      await assert.rejects(call(), /^TypeError: timeoutMs is .*, not a number$/);
    }
  }
  for (const signal of [{}, 5, null, new AbortController()]) {
    for (const call of [() => nymi.info({ signal }), () => nymi.next("tap", { signal })]) {
      await assert.rejects(call(), /^TypeError: signal is .*, not an AbortSignal, such as/);
    }
  }
  const known = "tap, presence, endpoint, error, state, subscribed";
  await assert.rejects(nymi.next("tap", { where: 5 }), { name: "TypeError", message: "where is of type number, not a function" });
  await assert.rejects(nymi.next("tapp"), { name: "TypeError", message: `events: no "tapp" is known, only ${known}` });
  assert.throws(() => nymi.on("tapp", () => {}), { name: "TypeError", message: `events: no "tapp" is known, only ${known}` });
  assert.throws(() => nymi.on(["tap"], () => {}), { name: "TypeError", message: `events: no name that is a list is known, only ${known}` });
  assert.throws(() => nymi.on("tap", 5), { name: "TypeError", message: "listener is of type number, not a function" });
  assert.equal(socket.sent.length, before);
  nymi.close();
});

test("pauses that no timer takes are refused", () => {
  const { openSocket } = fakeAgent();
  for (const wrong of [0, -1, NaN, 2 ** 31, Infinity]) {
    for (const backoff of [{ firstMs: wrong, longestMs: 1 }, { firstMs: 1, longestMs: wrong }]) {
      assert.throws(() => new NymiClient({ openSocket, backoff }), /^RangeError: backoff\.(first|longest)Ms is /);
    }
    if (wrong !== 0) assert.throws(() => new NymiClient({ openSocket, keepAliveMs: wrong }), /^RangeError: keepAliveMs is /);
  }
});

test("a platform without WebSocket is told at once", (t) => {
  const { WebSocket } = globalThis;
  t.after(() => { globalThis.WebSocket = WebSocket; });
  globalThis.WebSocket = undefined;
  assert.throws(() => new NymiClient(), /--experimental-websocket/);
});

test("pauses double up to the longest, and chance takes at most half", () => {
  const backoff = { firstMs: 100, longestMs: 1000 };
  assert.deepEqual([0, 1, 2, 3, 4, 5000].map((attempt) => pauseMs(backoff, attempt, () => 1)), [100, 200, 400, 800, 1000, 1000]);
  assert.equal(pauseMs(backoff, 3, () => 0), 400);
});

test("a failure says who can mend it", async () => {
  const failure = (url, more = {}) => ({ url, wasOpen: false, ...more });
  const page = (protocol, answers) => ({ origin: `${protocol}//records.example`, protocol, probe: async () => answers });
  for (const [given, around, expected] of [
    [failure("ws://127.0.0.1:8080/"), page("http:", true), /"http:\/\/records.example" to allowed_origins/],
    [failure("ws://127.0.0.1:8080/"), page("http:", false), /check that it runs/],
    [failure("ws://agent.example/"), page("https:", false), /use wss:\/\//],
    [failure("ws://127.0.0.1/"), page("https:", false), /check that it runs/],
    [failure("wss://agent.example:8443/"), page("https:", false), /does not trust its certificate.*https:\/\/agent.example:8443\/healthz.*names agent.example/],
    [failure("wss://agent.example/", { said: "self-signed certificate" }), {}, /not trusted: self-signed/],
    [failure("ws://agent.example/", { said: "Unexpected server response: 403" }), {}, /allowed_origins/],
    [failure("ws://agent.example/", { said: "connect ECONNREFUSED" }), {}, /can't be reached: connect ECONNREFUSED/],
    [failure("ws://agent.example/"), page("http:", true), /or it is no WebAPI: .*ws:\/\/127\.0\.0\.1:8080\//],
    [failure("ws://agent.example/"), page("http:", 200), /"http:\/\/records.example" to allowed_origins.*or it is no WebAPI/],
    [failure("ws://agent.example/", { said: "Unexpected server response: 404" }), {}, /HTTP status 404 .* it may be no WebAPI: .*ws:\/\/127\.0\.0\.1:8080\//],
    [failure("ws://agent.example/"), { probe: async () => 200 }, /HTTP status 200 .* it may be no WebAPI/],
    [failure("ws://agent.example/"), { probe: async () => 403 }, /refuses the Origin that was sent: .*allowed_origins/],
    [failure("ws://agent.example/"), { probe: async () => 421 }, /allowed_hosts/],
    [failure("ws://agent.example/"), { probe: async () => 426 }, /HTTP status 426: .*proxy/],
    [failure("ws://agent.example/"), { probe: async () => "connect ECONNREFUSED" }, /can't be reached: connect ECONNREFUSED/],
    [{ url: "ws://a/", wasOpen: true, code: 1009, reason: "too large" }, {}, /closed \(1009\): too large/],
  ]) {
    assert.match(await explain(given, around), expected);
  }
});

test("a server that is no WebAPI is not blamed on origins", async (t) => {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(404).end();
  });
  t.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  const why = await explain({ url: `ws://127.0.0.1:${port}/nes?a=b`, wasOpen: false });
  assert.match(why, new RegExp(`^ws://127\\.0\\.0\\.1:${port} answers with HTTP status 404 and opens no WebSocket: it may be no WebAPI: `));
  assert.deepEqual(asked, ["/nes?a=b"], "what was to be opened");
});
