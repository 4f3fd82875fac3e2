// The official Phoenix client against the agent: node check.mjs ws://127.0.0.1:9120/socket
// Joins a channel, beats, joins it a second time, and pushes to a topic that nobody joined.
// Prints one JSON object; exits 1 if anything differs from what is expected.
import { isDeepStrictEqual } from "node:util";
import { Socket } from "phoenix";
import WebSocket from "ws";

// The client adds /websocket itself.
const url = process.argv[2].replace(/\/websocket$/, "");
const found = {};

function open(params = {}) {
  const socket = new Socket(url, { transport: WebSocket, heartbeatIntervalMs: 200, timeout: 5000, params });
  socket.connect();
  return socket;
}

function receive(push) {
  return new Promise((resolve) => {
    push
      .receive("ok", (response) => resolve({ status: "ok", response }))
      .receive("error", (response) => resolve({ status: "error", response }))
      .receive("timeout", () => resolve({ status: "timeout" }));
  });
}

function expect(name, actual, wanted) {
  found[name] = actual;
  if (!isDeepStrictEqual(actual, wanted)) {
    console.error(`${name}: expected ${JSON.stringify(wanted)}, found ${JSON.stringify(actual)}`);
    process.exitCode = 1;
  }
}

const topic = `bluebox:phoenix-${process.pid}`;
const socket = open();

// A heartbeat's reply comes on the topic "phoenix".
const beat = new Promise((resolve) => {
  socket.onMessage((message) => {
    if (message.topic === "phoenix" && message.event === "phx_reply") resolve(message.payload.status);
  });
});

const channel = socket.channel(topic, { instance: "first" });
expect("join", (await receive(channel.join())).status, "ok");
expect("heartbeat", await beat, "ok");

const other = open();
const twin = other.channel(topic, { instance: "second" });
expect("duplicate", await receive(twin.join()), {
  status: "error",
  response: { reason: "Channel already joined" },
});
twin.leave();

// The client pushes only on joined channels, so this goes past it.
const unmatched = new Promise((resolve) => {
  socket.onMessage((message) => {
    if (message.topic === "nobody:home") resolve(message.payload);
  });
});
socket.push({ topic: "nobody:home", event: "hello", payload: {}, ref: socket.makeRef(), join_ref: null });
expect("unmatched", await unmatched, { status: "error", response: { reason: "unmatched topic" } });

expect("leave", (await receive(channel.leave())).status, "ok");
console.log(JSON.stringify(found));
other.disconnect();
socket.disconnect(() => process.exit());
