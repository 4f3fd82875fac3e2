// The WebAPI: one JSON envelope per text frame, kept connected.

/** A failed operation: a status code, its fixed text, and what was special this time. */
export class StatusError extends Error {
  constructor(status, description, specifics) {
    super(description);
    this.status = status;
    this.specifics = specifics;
  }
}

export const AGENT_MISSING = 4000;
export const TIMEOUT = 3000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 10_000;
const ANSWER_MS = 20_000;

/**
 * A connection that comes back by itself.
 *
 * Events: `open`; `closed` with detail {retryAt, attempt}; `update` with an unsolicited update as detail.
 */
export class WebApi extends EventTarget {
  #url;
  #socket = null;
  #pending = new Map();
  #counter = 0;
  #attempt = 0;
  #timer;

  constructor(url) {
    super();
    this.#url = url;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connects now, unless connected or connecting. */
  connect() {
    clearTimeout(this.#timer);
    if (this.#socket) return;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.dispatchEvent(new Event("open"));
    };
    socket.onmessage = (message) => this.#receive(message.data);
    socket.onclose = () => this.#closed();
  }

  /** The answer's payload, or a StatusError. */
  request(operation, payload) {
    if (!this.isOpen) return Promise.reject(agentMissing());
    this.#counter += 1;
    const exchange = `page-${this.#counter}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(exchange);
        reject(new StatusError(TIMEOUT, "Operation timed out", `no answer to ${operation}`));
      }, ANSWER_MS);
      this.#pending.set(exchange, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ operation, exchange, payload }));
    });
  }

  #receive(text) {
    const update = JSON.parse(text);
    const waiting = this.#pending.get(update.exchange);
    if (!waiting) {
      this.dispatchEvent(new CustomEvent("update", { detail: update }));
    } else if (update.payload?.completed !== false) {
      this.#pending.delete(update.exchange);
      clearTimeout(waiting.timer);
      if (update.status === 0) waiting.resolve(update.payload);
      else waiting.reject(errorOf(update));
    }
  }

  #closed() {
    this.#socket = null;
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(agentMissing());
    }
    this.#pending.clear();
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#attempt);
    const pause = longest * (0.5 + Math.random() / 2);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.connect(), pause);
    const detail = { retryAt: Date.now() + pause, attempt: this.#attempt };
    this.dispatchEvent(new CustomEvent("closed", { detail }));
  }
}

/** The error that an update reports. */
export function errorOf(update) {
  const { error_description: description, error_specifics: specifics } = update.error ?? {};
  return new StatusError(update.status, description ?? `status ${update.status}`, specifics);
}

function agentMissing() {
  return new StatusError(AGENT_MISSING, "Nymi Agent missing.", "the connection to the WebAPI is down");
}
