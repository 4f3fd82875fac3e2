// The agent's address, as a WebSocket takes it.

import { kind } from "./options.js";

/** Where the WebAPI of this machine's agent is, if nothing else is configured. */
export const DEFAULT_URL = "ws://127.0.0.1:8080/";
const WRITE = `write ws:// or wss://, a host and a port, such as ${DEFAULT_URL}`;

/**
 * What to open for what the program said. The same addresses are refused as by the clients with the C library.
 *
 * @throws {TypeError} it is no address of a WebSocket; the message says why, and holds none of its passwords.
 */
export function agentAddress(given: string | undefined): string {
  const text = given === undefined ? DEFAULT_URL : given;
  if (typeof text !== "string") throw new TypeError(`url is ${kind(text)}, not a text; ${WRITE}`);
  if (text.trim() === "") throw new TypeError(`url is empty; ${WRITE}, or leave it out for that`);
  const url = parsed(text);
  if (url === undefined) throw new TypeError(`url is not a URL; ${WRITE}`);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new TypeError(`url begins with ${JSON.stringify(url.protocol)}, not with "ws:" or "wss:"; ${WRITE}`);
  }
  if (url.href.includes("#")) throw new TypeError("url has a fragment, which a WebSocket does not take; write it without # and what follows");
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("url has a user name or password, which the agent does not ask for; write it without what stands before @");
  }
  return url.href;
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
