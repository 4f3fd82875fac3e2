// Reads what the agent sends.

import { isObject } from "./check.js";
import type { UpdateError } from "./errors.js";

/** A message of the agent: an answer, or an event without an exchange. */
export interface Update {
  readonly operation: string;
  readonly exchange: string | null;
  readonly status: number;
  readonly payload: { readonly completed?: unknown };
  readonly error: UpdateError;
}

/** A message that is no update: what is wrong with it, without its values, and what of it could be read. */
export interface Malformed {
  readonly fault: string;
  readonly exchange: string | null;
}

/** The update that a text is, or why it is none. */
export function readUpdate(text: string): Update | Malformed {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return { fault: "an update cannot be read: it is not JSON", exchange: null };
  }
  if (!isObject(fields)) return { fault: "an update cannot be read: it is no object", exchange: null };
  const { operation, exchange = null, status, payload, error } = fields;
  const wrong = (name: string): Malformed => ({
    fault: `an update${typeof operation === "string" ? ` ${operation}` : ""} cannot be read: ${name}`,
    exchange: typeof exchange === "string" ? exchange : null,
  });
  if (exchange !== null && typeof exchange !== "string") return wrong("exchange is neither a text nor null");
  if (typeof operation !== "string") return wrong("operation is no text");
  if (typeof status !== "number" || !Number.isSafeInteger(status) || status < 0) return wrong("status is no number of a status");
  if (payload !== undefined && payload !== null && !isObject(payload)) return wrong("payload is no object");
  if (error !== undefined && error !== null && !isError(error)) return wrong("error is not as it has to be");
  return { operation, exchange, status, payload: payload ?? {}, error: error ?? {} };
}

function isError(value: unknown): value is UpdateError {
  if (!isObject(value)) return false;
  const isText = (text: unknown): boolean => text === undefined || typeof text === "string";
  const { error_description, error_specifics, nsl } = value;
  return isText(error_description) && isText(error_specifics) && (nsl === undefined || typeof nsl === "number");
}
