// A WebSocket that comes back by itself.

import { pauseMs, type Backoff } from "./backoff.js";
import { explain, type Failure } from "./explain.js";
import { OPEN, type OpenSocket, type WebSocketLike } from "./socket.js";

/** What a connection tells its owner. */
export interface ConnectionHooks {
  connecting(): void;
  opened(): void;
  text(text: string): void;
  /** The open connection is gone. Comes before `waiting`. */
  lost(why: string): void;
  /** An attempt failed, or the connection was lost; the next attempt is in `retryInMs`. */
  waiting(why: string, retryInMs: number): void;
}

export class Connection {
  readonly #url: string;
  readonly #openSocket: OpenSocket;
  readonly #backoff: Backoff;
  readonly #hooks: ConnectionHooks;
  #socket: WebSocketLike | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Attempts since the agent last said something. One that only opens connections and drops them is asked ever more rarely. */
  #attempt = 0;
  #stopped = true;
  readonly #retryNow = (): void => {
    if (this.#timer !== undefined) this.#connect();
  };

  constructor(url: string, openSocket: OpenSocket, backoff: Backoff, hooks: ConnectionHooks) {
    this.#url = url;
    this.#openSocket = openSocket;
    this.#backoff = backoff;
    this.#hooks = hooks;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === OPEN;
  }

  /** Connects, and again whenever the connection is lost, until `stop`. */
  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    // Browsers tell when the network is back: no need to wait for the timer.
    (globalThis as Partial<EventTarget>).addEventListener?.("online", this.#retryNow);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    (globalThis as Partial<EventTarget>).removeEventListener?.("online", this.#retryNow);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) close(socket, 1000);
  }

  /** Sends a message, or gives up a connection that does not take it. */
  send(text: string): void {
    try {
      this.#socket?.send(text);
    } catch (error) {
      this.drop(`a message could not be sent: ${errorText({ error }) ?? String(error)}`);
    }
  }

  /** Gives up a connection that does not answer any more, and connects anew. */
  drop(why: string): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    close(socket);
    this.#hooks.lost(why);
    this.#wait(why);
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hooks.connecting();
    // A listener may have closed the client.
    if (this.#stopped) return;
    try {
      this.#listen(this.#openSocket(this.#url));
    } catch (error) {
      // Such as a page over https that may not open ws://.
      void this.#failed({ url: this.#url, said: errorText({ error }) ?? String(error), wasOpen: false });
    }
  }

  #listen(socket: WebSocketLike): void {
    let wasOpen = false;
    let said: string | undefined;
    socket.addEventListener("open", () => {
      if (this.#socket !== socket) return;
      wasOpen = true;
      this.#hooks.opened();
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket !== socket || typeof data !== "string") return;
      this.#attempt = 0;
      this.#hooks.text(data);
    });
    const ended = (code?: number, reason?: string): void => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      void this.#failed({ url: this.#url, said, code, reason, wasOpen });
    };
    socket.addEventListener("error", (event) => {
      said ??= errorText(event);
      // Node 20 has no close event after an attempt that failed.
      setTimeout(ended, 0);
    });
    socket.addEventListener("close", ({ code, reason }) => ended(code, reason));
    this.#socket = socket;
  }

  async #failed(failure: Failure): Promise<void> {
    const why = explain(failure);
    if (failure.wasOpen) this.#hooks.lost(await why);
    this.#wait(await why);
  }

  #wait(why: string): void {
    if (this.#stopped) return;
    const pause = pauseMs(this.#backoff, this.#attempt);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), pause);
    this.#hooks.waiting(why, pause);
  }
}

/** A socket that is not needed any more; what it says of that is of no use to anybody. */
function close(socket: WebSocketLike, code?: number): void {
  try {
    socket.close(code);
  } catch {
    // It is left either way.
  }
}

/** Outside browsers an error event says what was wrong, sometimes in its error's causes alone. */
function errorText(event: { message?: string; error?: unknown }): string | undefined {
  const texts = [event.message];
  for (let error = event.error; error instanceof Error; error = error.cause) {
    const { code } = error as { code?: unknown };
    // Numbers are the outdated ones of DOMException.
    texts.push(error.message, typeof code === "string" ? code : undefined);
  }
  const known = [...new Set(texts)].filter((text) => text);
  return known.length === 0 ? undefined : known.join(", ");
}
