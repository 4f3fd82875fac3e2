// The client: operations as promises, events, and subscriptions that outlive the connection.

import { DEFAULT_URL, agentAddress } from "./address.js";
import { DEFAULT_BACKOFF, LONGEST_TIMER_MS, checkedBackoff, pauseMs, type Backoff } from "./backoff.js";
import { misfit } from "./check.js";
import { Connection } from "./connection.js";
import { Emitter, type Stop } from "./emitter.js";
import { NymiClosedError, NymiConnectionError, NymiError, NymiTimeoutError } from "./errors.js";
import {
  DEFAULT_DEADLINE_MS,
  MAX_DEADLINE_MS,
  MAX_MESSAGE_BYTES,
  Status,
  type AssertIdentityAnswer,
  type AssertIdentityRequest,
  type EventPayloads,
  type InfoAnswer,
  type LookupAnswer,
  type LookupColumn,
  type LookupQuery,
  type OperationName,
  type Operations,
} from "./generated.js";
import { any, callable, checkFields, checkName, number, object, signal, text, type Fields } from "./options.js";
import { answerShapes, eventShapes } from "./shapes.js";
import { platformSocket, type OpenSocket } from "./socket.js";
import { readUpdate, type Malformed, type Update } from "./update.js";

/** How a client is made. */
export interface ClientOptions {
  /** The WebAPI, `ws://` or `wss://`; `ws://127.0.0.1:8080/` if absent. */
  readonly url?: string | undefined;
  /** How long an operation may take that says nothing else, 15 s if absent, at most 120 s. */
  readonly timeoutMs?: number | undefined;
  /** Pauses between attempts to connect, each more than 0 and at most 2147483647 ms. */
  readonly backoff?: Backoff | undefined;
  /** After so long without a message the agent is asked whether it is there; 30 s if absent, 0 for never, at most 2147483647. */
  readonly keepAliveMs?: number | undefined;
  /** Opens the WebSocket; the platform's own if absent. */
  readonly openSocket?: OpenSocket | undefined;
}

/** What one call can say. */
export interface CallOptions {
  /** Gives the operation up; it is cancelled at the agent, too. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long it may take, the wait for a connection included: more than 0 and at most 120 s. Of `next`: more than 0 and
   * at most 2147483647 ms, about 24 days; `Infinity` has no end.
   */
  readonly timeoutMs?: number | undefined;
}

/** What the connection is doing. */
export type ConnectionState =
  | { readonly state: "connecting" }
  | { readonly state: "open" }
  | { readonly state: "waiting"; readonly error: NymiConnectionError; readonly retryInMs: number }
  | { readonly state: "closed" };

/** What `on` and `next` listen to. */
export interface ClientEvents extends EventPayloads {
  /** Something failed that no request caused. */
  readonly error: NymiError;
  /** The connection came or went. */
  readonly state: ConnectionState;
  /** The terminal is subscribed to, at first and again after each new connection. */
  readonly subscribed: { readonly endpoint_id: string };
}

/** What `next` can say. */
export interface NextOptions<Payload> extends CallOptions {
  /** Which events count; all if absent. */
  readonly where?: ((payload: Payload) => boolean) | undefined;
}

type RequestOf<Name extends OperationName> = Operations[Name]["request"];
/** A payload may be left out if all of it may. */
type Payload<Name extends OperationName> = object extends RequestOf<Name>
  ? [payload?: RequestOf<Name>, options?: CallOptions]
  : [payload: RequestOf<Name>, options?: CallOptions];

interface Pending {
  readonly operation: string;
  resolve(payload: object): void;
  reject(error: unknown): void;
}

const CLIENT_FIELDS: Fields<ClientOptions> = {
  url: text, timeoutMs: number, backoff: object, keepAliveMs: number, openSocket: callable,
};
const CALL_FIELDS: Fields<CallOptions> = { signal, timeoutMs: number };
const NEXT_FIELDS: Fields<NextOptions<unknown>> = { ...CALL_FIELDS, where: callable };
type AssertWhat = Omit<AssertIdentityRequest, "assert_type" | "device">;
const ASSERT_FIELDS: Fields<AssertWhat> = { intent_id: any, document_sha256: any, meaning: any, audience: any, nonce: any };
const QUERY_FIELDS: Fields<LookupQuery> = { Username: any, Domain: any, NymiBandID: any, NfcUID: any, SerialNumber: any };
const EVENTS: Record<keyof ClientEvents, true> = { tap: true, presence: true, endpoint: true, error: true, state: true, subscribed: true };

const KEEP_ALIVE_MS = 30_000;
/** How much longer than the agent the client waits: the agent's own refusal says more. */
const GRACE_MS = 2000;

/**
 * A connection to the agent that comes back by itself.
 *
 * ```ts
 * const nymi = new NymiClient();
 * nymi.on("tap", ({ NymiBandID }) => console.log(NymiBandID));
 * await nymi.subscribe("127.0.0.1");
 * ```
 */
export class NymiClient {
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #connection: Connection;
  readonly #backoff: Backoff;
  readonly #timeoutMs: number;
  readonly #keepAliveMs: number;
  readonly #pending = new Map<string, Pending>();
  readonly #subscriptions = new Set<string>();
  /** Terminals that are asked for again in a moment. */
  readonly #retries = new Set<ReturnType<typeof setTimeout>>();
  #state: ConnectionState = { state: "closed" };
  #ended = false;
  #counter = 0;
  /** Grows with each connection. */
  #generation = 0;
  #heardAt = 0;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  /**
   * Makes a client; it connects when it is first used.
   *
   * @throws {TypeError} the URL is none of a WebSocket, an option is unknown or of another type, or the platform has no
   * WebSocket and none is given.
   * @throws {RangeError} `timeoutMs` is not more than 0 and at most 120000, or `keepAliveMs` or `backoff` is out of range.
   */
  constructor(options: ClientOptions = {}) {
    checkFields("options", options, CLIENT_FIELDS, `new NymiClient({ url: "${DEFAULT_URL}" })`);
    this.#backoff = checkedBackoff(options.backoff ?? DEFAULT_BACKOFF);
    this.#timeoutMs = checkedTimeout(options.timeoutMs, MAX_DEADLINE_MS) ?? DEFAULT_DEADLINE_MS;
    this.#keepAliveMs = checkedKeepAlive(options.keepAliveMs ?? KEEP_ALIVE_MS);
    const url = agentAddress(options.url);
    this.#connection = new Connection(url, options.openSocket ?? platformSocket(), this.#backoff, {
      connecting: () => this.#enter({ state: "connecting" }),
      opened: () => this.#opened(),
      text: (text) => this.#receive(text),
      lost: (why) => this.#lost(why),
      waiting: (why, retryInMs) => this.#enter({ state: "waiting", error: new NymiConnectionError(why), retryInMs }),
    });
  }

  /** What the connection is doing. */
  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Connects. Every other call does so, too: this one tells at once if the first attempt fails, and why. Attempts go on
   * until {@link close}; `state` events tell of them.
   *
   * @throws {NymiConnectionError} the attempt failed; `specifics` says what can be done about it.
   */
  async connect(options: CallOptions = {}): Promise<void> {
    await this.#open("connect", this.#limit(options), options.signal, true);
  }

  /**
   * Asks the agent for an operation; resolves with the answer's payload.
   *
   * @throws {NymiError} the agent refused; `status` says why.
   * @throws {NymiConnectionError} no connection, or it was lost before the answer came.
   * @throws {NymiTimeoutError} no answer in time.
   * @throws {TypeError} an option is unknown or of another type.
   * @throws {RangeError} `timeoutMs` is not more than 0 and at most 120000.
   * @throws the signal's reason, if it gave the operation up.
   */
  request<Name extends OperationName>(operation: Name, ...call: Payload<Name>): Promise<Operations[Name]["answer"]>;
  /** An operation that this version does not know. */
  request(operation: string, payload?: object, options?: CallOptions): Promise<object>;
  async request(operation: string, payload: object = {}, options: CallOptions = {}): Promise<object> {
    object("payload", payload);
    const limit = this.#limit(options, payload);
    // Not of the clock on the wall, which may be set meanwhile.
    const until = performance.now() + limit;
    const left = (): number => Math.max(1, until - performance.now());
    // Whoever hears of the connection first may lose or close it again.
    while (!this.#connection.isOpen) await this.#open(operation, left(), options.signal, false);
    options.signal?.throwIfAborted();
    return this.#exchange(operation, payload, left(), options.signal);
  }

  /**
   * Hears taps, presence and changes at a terminal, also after the connection was lost and came back. Where there is no
   * connection in time, this fails, but is done once there is one: the event `subscribed` tells.
   *
   * @param endpointId an id, host name or address; `127.0.0.1` is the machine of the agent.
   * @returns the terminal's stable id.
   */
  async subscribe(endpointId: string, options: CallOptions = {}): Promise<string> {
    try {
      const answer = await this.request("subscribe_endpoint", { endpoint_id: endpointId }, options);
      this.#subscriptions.add(endpointId);
      this.#emitter.emit("subscribed", answer);
      return answer.endpoint_id;
    } catch (error) {
      if (error instanceof NymiConnectionError) this.#subscriptions.add(endpointId);
      throw error;
    }
  }

  /** Hears a terminal no longer; it is named as in {@link subscribe}. */
  async unsubscribe(endpointId: string, options: CallOptions = {}): Promise<void> {
    checkFields("options", options, CALL_FIELDS);
    this.#subscriptions.delete(endpointId);
    await this.request("unsubscribe_endpoint", { endpoint_id: endpointId }, options);
  }

  /** The asked columns of the bands and users that match all of the query; status 2201 if there are none. */
  async lookup(query: LookupQuery, keys: readonly LookupColumn[], options?: CallOptions): Promise<LookupAnswer> {
    checkFields("query", query, QUERY_FIELDS);
    return this.request("lookup", { query, lookup_keys: keys }, options);
  }

  /** Who wears a band, verified and signed by the server. With a document or meaning, name the tap: `intent_id`. */
  async assertIdentity(device: string, what: AssertWhat = {}, options?: CallOptions): Promise<AssertIdentityAnswer> {
    checkFields("what is asserted", what, ASSERT_FIELDS);
    return this.request("assert_identity", { assert_type: "assert_user", device, ...what }, options);
  }

  /** Versions, and what is connected and heard. */
  info(options?: CallOptions): Promise<InfoAnswer> {
    return this.request("info", {}, options);
  }

  /**
   * Listens until the returned function is called.
   *
   * @throws {TypeError} there is no such event, or the listener is no function.
   */
  on<Name extends keyof ClientEvents>(name: Name, listener: (payload: ClientEvents[Name]) => void): Stop {
    checkName("events", name, EVENTS);
    callable("listener", listener);
    return this.#emitter.on(name, listener);
  }

  /**
   * The next event of this name; waits for ever unless the options say otherwise.
   *
   * @throws {NymiError} for an event of the agent, status 9000: a message could not be read, which may have been it.
   * @throws what `where` throws.
   * @throws {TypeError} there is no such event, or an option is unknown or of another type.
   * @throws {RangeError} `timeoutMs` is not `Infinity`, and not more than 0 and at most 2147483647.
   */
  async next<Name extends keyof ClientEvents>(name: Name, options: NextOptions<ClientEvents[Name]> = {}): Promise<ClientEvents[Name]> {
    checkName("events", name, EVENTS);
    checkFields("options", options, NEXT_FIELDS);
    const { signal, timeoutMs, where } = options;
    const limit = timeoutMs === Infinity ? undefined : checkedTimeout(timeoutMs, LONGEST_TIMER_MS);
    if (this.#ended && name !== "state") throw new NymiClosedError(name);
    return settle((resolve, reject) => {
      const stop = this.#emitter.on(name, (payload) => {
        try {
          if (where === undefined || where(payload)) resolve(payload);
        } catch (error) {
          reject(error);
        }
      });
      const ended = name === "state" ? undefined : this.#onClose(() => reject(new NymiClosedError(name)));
      const unread = isEvent(name) ? this.#emitter.on("error", (error) => error.status === Status.INTERNAL && reject(error)) : undefined;
      const timer = limit === undefined ? undefined : setTimeout(() => reject(new NymiTimeoutError(name, limit)), limit);
      return () => {
        stop();
        ended?.();
        unread?.();
        clearTimeout(timer);
      };
    }, signal);
  }

  /** Ends the connection and everything in flight, for good. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopTimers();
    this.#connection.stop();
    this.#failAll((operation) => new NymiClosedError(operation));
    this.#enter({ state: "closed" });
  }

  #limit(options: CallOptions, payload: object = {}): number {
    checkFields("options", options, CALL_FIELDS);
    const asked = checkedTimeout(options.timeoutMs, MAX_DEADLINE_MS) ?? (payload as { deadline_ms?: unknown }).deadline_ms;
    const limit = typeof asked === "number" && asked > 0 ? asked : this.#timeoutMs;
    return Math.min(Math.ceil(limit), MAX_DEADLINE_MS);
  }

  #onClose(closed: () => void): Stop {
    return this.#emitter.on("state", ({ state }) => {
      if (state === "closed") closed();
    });
  }

  /** Waits for a connection; at most as long as `limit`, or as the first attempt takes. */
  #open(operation: string, limit: number, signal: AbortSignal | undefined, once: boolean): Promise<void> {
    if (this.#ended) return Promise.reject(new NymiClosedError(operation));
    return settle((resolve, reject) => {
      let why = "the agent did not answer yet";
      const stop = this.on("state", (now) => {
        if (now.state === "open") return resolve();
        if (now.state === "closed") return reject(new NymiClosedError(operation));
        if (now.state !== "waiting") return;
        why = now.error.specifics;
        if (once) reject(now.error);
      });
      const timer = setTimeout(() => reject(new NymiConnectionError(why, operation)), limit);
      if (this.#state.state === "waiting") why = this.#state.error.specifics;
      this.#connection.start();
      if (this.#connection.isOpen) resolve();
      return () => {
        stop();
        clearTimeout(timer);
      };
    }, signal);
  }

  /** One request and its answer over the open connection. */
  async #exchange(operation: string, payload: object, limit: number, signal?: AbortSignal | undefined): Promise<object> {
    this.#counter += 1;
    const exchange = `${operation}-${this.#counter}`;
    const text = JSON.stringify({ operation, exchange, payload: { deadline_ms: Math.ceil(limit), ...payload } });
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > MAX_MESSAGE_BYTES) {
      const specifics = `${bytes} bytes; at most ${MAX_MESSAGE_BYTES} are accepted`;
      throw new NymiError(Status.TOO_LARGE, { error_specifics: specifics }, operation);
    }
    return settle((resolve, reject) => {
      this.#pending.set(exchange, { operation, resolve, reject });
      const timer = setTimeout(() => reject(new NymiTimeoutError(operation, limit)), limit + GRACE_MS);
      this.#connection.send(text);
      return (given) => {
        clearTimeout(timer);
        // Still there: given up by its caller, or late. Nobody waits for the answer to this.
        if (this.#pending.delete(exchange) && given === "up") this.#cancel(exchange);
      };
    }, signal);
  }

  #cancel(exchange: string): void {
    if (!this.#connection.isOpen) return;
    this.#counter += 1;
    const cancel = { operation: "cancel", exchange: `cancel-${this.#counter}`, payload: { exchange } };
    this.#connection.send(JSON.stringify(cancel));
  }

  #receive(text: string): void {
    this.#heardAt = Date.now();
    const update = readUpdate(text);
    if ("fault" in update) return this.#malformed(update);
    if (update.exchange !== null) return this.#answered(update.exchange, update);
    if (update.operation === "error") return this.#emitter.emit("error", new NymiError(update.status, update.error));
    if (!isEvent(update.operation)) return;
    const wrong = misfit(eventShapes[update.operation], update.payload);
    if (wrong === undefined) return this.#emitter.emit(update.operation, update.payload as never);
    this.#malformed({ fault: `an event ${update.operation} cannot be read: ${wrongField(wrong)}`, exchange: null });
  }

  /** Whoever it is for is told, rather than that nothing came. */
  #malformed({ fault, exchange }: Malformed): void {
    const pending = exchange === null ? undefined : this.#pending.get(exchange);
    const error = new NymiError(Status.INTERNAL, { error_specifics: fault }, pending?.operation);
    if (exchange === null) return this.#emitter.emit("error", error);
    this.#pending.delete(exchange);
    pending?.reject(error);
  }

  #answered(exchange: string, { status, payload, error }: Update): void {
    const pending = this.#pending.get(exchange);
    if (pending === undefined || payload.completed === false) return;
    this.#pending.delete(exchange);
    if (status !== Status.SUCCESS) return pending.reject(new NymiError(status, error, pending.operation));
    const wrong = misfit(answerShapes.get(pending.operation) ?? {}, payload);
    if (wrong === undefined) return pending.resolve(payload);
    const specifics = `an answer cannot be read: ${wrongField(wrong)}`;
    pending.reject(new NymiError(Status.INTERNAL, { error_specifics: specifics }, pending.operation));
  }

  #opened(): void {
    this.#generation += 1;
    this.#heardAt = Date.now();
    // The agent closes a connection on which nobody speaks within 10 s.
    this.#check();
    for (const endpointId of this.#subscriptions) this.#resubscribe(endpointId, this.#generation);
    // It took no message: then it is lost already.
    if (!this.#connection.isOpen) return;
    clearInterval(this.#keepAlive);
    if (this.#keepAliveMs > 0) {
      this.#keepAlive = setInterval(() => {
        // Also if the clock was set back. One that runs on while the machine sleeps is asked as soon as it wakes.
        if (Math.abs(Date.now() - this.#heardAt) >= this.#keepAliveMs) this.#check();
      }, this.#keepAliveMs);
    }
    this.#enter({ state: "open" });
  }

  /** Asks the agent whether it is there; a connection without an answer is given up. */
  #check(): void {
    const generation = this.#generation;
    const limit = Math.min(this.#timeoutMs, 10_000);
    this.#exchange("list_endpoints", {}, limit).catch((error: unknown) => {
      const silent = error instanceof NymiTimeoutError && generation === this.#generation;
      if (silent) this.#connection.drop("the agent no longer answers");
    });
  }

  /** After a restart of the agent its terminals come back one by one, so it may take a few attempts. */
  #resubscribe(endpointId: string, generation: number, attempt = 0): void {
    const isWanted = (): boolean => generation === this.#generation && this.#connection.isOpen && this.#subscriptions.has(endpointId);
    if (!isWanted()) return;
    this.#exchange("subscribe_endpoint", { endpoint_id: endpointId }, this.#timeoutMs).then(
      (answer) => {
        if (isWanted()) this.#emitter.emit("subscribed", answer as ClientEvents["subscribed"]);
      },
      () => {
        if (!isWanted()) return;
        const retry = setTimeout(() => {
          this.#retries.delete(retry);
          this.#resubscribe(endpointId, generation, attempt + 1);
        }, pauseMs(this.#backoff, attempt));
        this.#retries.add(retry);
      },
    );
  }

  #lost(why: string): void {
    this.#stopTimers();
    this.#failAll((operation) => new NymiConnectionError(`${why}; it is not known whether it was carried out`, operation));
  }

  /** Those of the connection that is no more; they would keep a program of Node running. */
  #stopTimers(): void {
    clearInterval(this.#keepAlive);
    for (const retry of this.#retries) clearTimeout(retry);
    this.#retries.clear();
  }

  #failAll(error: (operation: string) => NymiError): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { operation, reject } of pending) reject(error(operation));
  }

  #enter(state: ConnectionState): void {
    if (this.#ended && state.state !== "closed") return;
    this.#state = state;
    this.#emitter.emit("state", state);
  }
}

/**
 * What a caller said, if anything.
 *
 * @throws {RangeError} it is not more than 0 and at most `most`.
 */
function checkedTimeout(timeoutMs: number | undefined, most: number): number | undefined {
  if (timeoutMs === undefined || (timeoutMs > 0 && timeoutMs <= most)) return timeoutMs;
  throw new RangeError(`timeoutMs is ${timeoutMs}; it has to be more than 0 and at most ${most}`);
}

/**
 * The pause between questions whether the agent is there.
 *
 * @throws {RangeError} no timer takes it.
 */
function checkedKeepAlive(keepAliveMs: number): number {
  if (keepAliveMs >= 0 && keepAliveMs <= LONGEST_TIMER_MS) return keepAliveMs;
  throw new RangeError(`keepAliveMs is ${keepAliveMs}; it has to be 0 or more and at most ${LONGEST_TIMER_MS}`);
}

/** A promise that an abort signal ends, too; `begin` returns what is to be undone in any case. */
function settle<T>(
  begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => (given: "an answer" | "up") => void,
  signal?: AbortSignal | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let undo: ((given: "an answer" | "up") => void) | undefined;
    let settled = false;
    const end = (given: "an answer" | "up"): void => {
      settled = true;
      signal?.removeEventListener("abort", aborted);
      undo?.(given);
    };
    const aborted = (): void => {
      end("up");
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", aborted);
    undo = begin(
      (value) => {
        if (settled) return;
        end("an answer");
        resolve(value);
      },
      (error) => {
        if (settled) return;
        end(error instanceof NymiTimeoutError ? "up" : "an answer");
        reject(error);
      },
    );
    // Settled before there was anything to undo.
    if (settled) undo("an answer");
  });
}

function isEvent(name: string): name is keyof EventPayloads {
  return Object.hasOwn(eventShapes, name);
}

/** Never the value: answers hold keys. */
function wrongField(name: string): string {
  return `the field ${name} is missing or not what it has to be`;
}
