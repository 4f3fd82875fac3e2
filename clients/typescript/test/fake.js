// An agent in memory: what the client sends, and what the test answers.

/** A WebSocket that the test plays. */
export class FakeSocket extends EventTarget {
  readyState = 0;
  /** What the client sent, parsed. */
  sent = [];
  /** How it was closed by the client. */
  closed;

  constructor(url) {
    super();
    this.url = url;
  }

  send(text) {
    const request = JSON.parse(text);
    this.sent.push(request);
    this.dispatchEvent(new CustomEvent("sent", { detail: request }));
  }

  close(code) {
    this.closed = code ?? 1005;
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  fail(message) {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
    this.end(1006);
  }

  end(code = 1006, reason = "") {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }

  say(text) {
    this.dispatchEvent(Object.assign(new Event("message"), { data: text }));
  }

  update(operation, exchange, payload = {}, status = 0, error = {}) {
    this.say(JSON.stringify({ operation, exchange, status, payload, error }));
  }

  /** The last request of that operation. */
  last(operation) {
    return this.sent.findLast((request) => request.operation === operation);
  }
}

/** Hands out sockets and keeps them. */
export function fakeAgent() {
  const agent = {
    sockets: [],
    /** Throws, where no socket can be made. */
    refuse: () => {},
    openSocket: (url) => {
      agent.refuse();
      const socket = new FakeSocket(url);
      agent.sockets.push(socket);
      return socket;
    },
  };
  return agent;
}

/** Lets promises settle. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
