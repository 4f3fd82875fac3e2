// The part of a WebSocket that the client uses, and where one comes from.

/** What the client needs of a WebSocket: that of browsers and Node 22, or of the package `ws`. */
export interface WebSocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "error", listener: (event: { message?: string; error?: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
}

/** Opens a WebSocket. */
export type OpenSocket = (url: string) => WebSocketLike;

/** `readyState` of an open WebSocket. */
export const OPEN = 1;

/** The WebSocket of the platform. */
export function platformSocket(): OpenSocket {
  if (typeof globalThis.WebSocket !== "function") {
    throw new TypeError(
      "this platform has no WebSocket: use Node 22 or later, start Node 20 with --experimental-websocket, " +
        'or give the client one, such as { openSocket: (url) => new WebSocket(url) } with WebSocket of the package "ws"',
    );
  }
  return (url) => new globalThis.WebSocket(url) as WebSocketLike;
}
