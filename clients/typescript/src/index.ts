// The Nymi WebAPI for browsers and Node: operations as promises, events, and a connection that comes back by itself.

export { DEFAULT_BACKOFF, type Backoff } from "./backoff.js";
export {
  NymiClient,
  type CallOptions,
  type ClientEvents,
  type ClientOptions,
  type ConnectionState,
  type NextOptions,
} from "./client.js";
export type { Stop } from "./emitter.js";
export { NymiClosedError, NymiConnectionError, NymiError, NymiTimeoutError, type UpdateError } from "./errors.js";
export * from "./generated.js";
export type { OpenSocket, WebSocketLike } from "./socket.js";
