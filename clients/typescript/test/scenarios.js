// Runs clients/scenarios/scenarios.json with this package, in Node and in a browser: no import of either.

const EVENT_MS = 10_000;
const QUIET_MS = 300;

/** Whether a value is as a pattern of scenarios.json says; the first difference as a sentence, or undefined. */
export function difference(pattern, value, at = "payload") {
  const shown = () => `${at}: expected ${JSON.stringify(pattern)}, found ${JSON.stringify(value)}`;
  if (pattern === null || typeof pattern !== "object") return pattern === value ? undefined : shown();
  if (Array.isArray(pattern)) {
    if (!Array.isArray(value) || value.length !== pattern.length) return shown();
    return first(pattern, (one, index) => difference(one, value[index], `${at}[${index}]`));
  }
  const [operator] = Object.keys(pattern);
  switch (operator) {
    case "$absent":
      return value === undefined ? undefined : shown();
    case "$type":
      return (Array.isArray(value) ? "array" : typeof value) === pattern.$type ? undefined : shown();
    case "$match":
      return typeof value === "string" && new RegExp(pattern.$match).test(value) ? undefined : shown();
    case "$length":
      return value?.length === pattern.$length ? undefined : shown();
    case "$contains":
      return Array.isArray(value) && value.some((one) => difference(pattern.$contains, one) === undefined) ? undefined : shown();
  }
  if (value === null || typeof value !== "object") return shown();
  return first(Object.keys(pattern), (key) => difference(pattern[key], value[key], `${at}.${key}`));
}

function first(list, check) {
  for (const [index, one] of list.entries()) {
    const found = check(one, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value with each ${NAME} replaced. */
export function filled(value, variables) {
  if (typeof value === "string") {
    return value.replace(/\$\{(\w+)\}/g, (_, name) => {
      if (!(name in variables)) throw new Error(`no variable ${name}`);
      return variables[name];
    });
  }
  if (Array.isArray(value)) return value.map((one) => filled(one, variables));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, variables)]));
}

/** Keeps what arrives until a step takes it. */
class Inbox {
  #kept = [];
  #waiting = new Set();

  put(item) {
    this.#kept.push(item);
    for (const look of this.#waiting) look();
  }

  /** The oldest that fits, taken out. */
  take(fits, what, ms = EVENT_MS) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const index = this.#kept.findIndex(fits);
        if (index < 0) return;
        end();
        resolve(this.#kept.splice(index, 1)[0]);
      };
      const late = () => {
        end();
        reject(new Error(`${what} did not come within ${ms} ms; there was ${JSON.stringify(this.#kept).slice(0, 600)}`));
      };
      const timer = setTimeout(late, ms);
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  has(fits) {
    return this.#kept.some(fits);
  }
}

/** One client of a scenario, with what it heard and, beneath it, what its socket carried. */
class Player {
  events = new Inbox();
  updates = new Inbox();
  states = new Inbox();
  started = new Map();
  #socket;

  constructor({ NymiClient, openSocket, url }) {
    this.client = new NymiClient({
      url,
      openSocket: (address) => {
        const socket = openSocket(address);
        this.#socket = socket;
        socket.addEventListener("message", ({ data }) => this.updates.put(JSON.parse(data)));
        return socket;
      },
    });
    for (const name of ["tap", "presence", "endpoint"]) this.client.on(name, (payload) => this.events.put({ name, payload }));
    this.client.on("state", ({ state }) => this.states.put(state));
  }

  /** A message that no client would send. */
  send(text) {
    this.#socket.send(text);
  }

  request({ operation, payload }) {
    // subscribe and unsubscribe are more than a request: the client remembers them.
    const id = payload.endpoint_id;
    if (operation === "subscribe_endpoint" && typeof id === "string") return this.client.subscribe(id).then((endpoint_id) => ({ endpoint_id }));
    if (operation === "unsubscribe_endpoint" && typeof id === "string") this.client.unsubscribe(id);
    return this.client.request(operation, payload);
  }
}

function outcome(answer) {
  return answer.then(
    (payload) => ({ status: 0, payload, specifics: "" }),
    (error) => {
      if (typeof error.status !== "number") throw error;
      return { status: error.status, payload: {}, specifics: error.specifics };
    },
  );
}

function unexpected(expect, found) {
  if (found.status !== expect.status) return `expected status ${expect.status}, found ${found.status}: ${found.specifics}`;
  if (expect.specifics !== undefined && !new RegExp(expect.specifics).test(found.specifics)) {
    return `expected specifics that match ${expect.specifics}, found ${found.specifics}`;
  }
  return expect.payload === undefined ? undefined : difference(expect.payload, found.payload);
}

function check(expect, found) {
  const fault = unexpected(expect, found);
  if (fault !== undefined) throw new Error(fault);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Run {
  #players = new Map();
  #saved;

  constructor(system) {
    this.system = system;
    this.#saved = { ...system.variables };
  }

  async player(name = "a") {
    let player = this.#players.get(name);
    if (player === undefined) {
      player = new Player(this.system);
      this.#players.set(name, player);
      await player.client.connect();
      await player.states.take((state) => state === "open", "the connection");
    }
    return player;
  }

  async step(written) {
    const step = filled(written, this.#saved);
    if (step.hardware !== undefined) return this.#control(step.hardware);
    if (step.link !== undefined) return this.#control(`link ${step.link}`);
    const player = await this.player(step.client);
    if (step.request !== undefined) return this.#request(player, step);
    if (step.start !== undefined) return void player.started.set(step.as, outcome(player.request(step.start)));
    if (step.await !== undefined) return check(step.expect, await player.started.get(step.await));
    if (step.raw !== undefined) return this.#raw(player, step);
    if (step.event !== undefined) return this.#event(player, step);
    if (step.no_event !== undefined) return this.#noEvent(player, step);
    if (step.connection !== undefined) {
      const awaited = step.connection === "lost" ? "waiting" : "open";
      return void (await player.states.take((state) => state === awaited, `the connection to be ${step.connection}`));
    }
    throw new Error(`no such step: ${JSON.stringify(step)}`);
  }

  close() {
    for (const { client } of this.#players.values()) client.close();
  }

  async #control(command) {
    const answer = await this.system.control(command);
    if (!answer.startsWith("ok")) throw new Error(`${command}: ${answer}`);
  }

  async #request(player, { request, expect, save, retry_ms: retryMs = 0 }) {
    const until = Date.now() + retryMs;
    for (;;) {
      const found = await outcome(player.request(request));
      const fault = unexpected(expect, found);
      if (fault === undefined) return this.#keep(save, found.payload);
      if (Date.now() >= until) throw new Error(`${request.operation}: ${fault}`);
      await pause(QUIET_MS);
    }
  }

  async #raw(player, { raw, updates, pad_to: padTo = 0 }) {
    player.send(raw.padEnd(padTo));
    for (const pattern of updates) {
      await player.updates.take((update) => difference(pattern, update) === undefined, `the update ${JSON.stringify(pattern)}`);
    }
  }

  async #event(player, { event, where, save }) {
    const fits = ({ name, payload }) => name === event && difference(where, payload) === undefined;
    const { payload } = await player.events.take(fits, `${event} ${JSON.stringify(where)}`);
    this.#keep(save, payload);
  }

  async #noEvent(player, { no_event: event, where }) {
    await pause(QUIET_MS);
    if (player.events.has(({ name, payload }) => name === event && difference(where, payload) === undefined)) {
      throw new Error(`${event} ${JSON.stringify(where)} came`);
    }
  }

  #keep(save = {}, payload) {
    for (const [name, key] of Object.entries(save)) this.#saved[name] = payload[key];
  }
}

async function scenario(given, system) {
  const run = new Run(system);
  let detail;
  try {
    await run.player();
    for (const [index, step] of given.steps.entries()) {
      await run.step(step).catch((error) => {
        throw new Error(`step ${index + 1}: ${error.message}`);
      });
    }
  } catch (error) {
    detail = error.message;
  }
  run.close();
  // In a run of its own: whatever happened, the next scenario finds things as they were.
  const tidy = new Run(system);
  try {
    for (const step of given.finally ?? []) await tidy.step(step);
  } catch (error) {
    detail ??= `finally: ${error.message}`;
  }
  tidy.close();
  return detail;
}

/**
 * Runs all that apply to the WebAPI.
 *
 * `system` has the package's NymiClient, openSocket(url), url, variables, and control(command), which answers a line.
 */
export async function runAll(scenarios, system, told = () => {}) {
  const results = [];
  for (const given of scenarios) {
    const applies = given.transports.includes("webapi");
    const began = Date.now();
    const detail = applies ? await scenario(given, system) : undefined;
    const result = { id: given.id, outcome: !applies ? "not applicable" : detail === undefined ? "passed" : "failed", ms: Date.now() - began };
    if (detail !== undefined) result.detail = detail;
    results.push(result);
    told(result);
  }
  return results;
}
