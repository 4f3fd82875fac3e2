// What goes wrong, as errors with a status code.

import { Status, statusTexts, type StatusName } from "./generated.js";

/** The `error` of a failed update. */
export interface UpdateError {
  readonly error_description?: string;
  readonly error_specifics?: string;
  /** With status 8000: the number of the certificate error. */
  readonly nsl?: number;
}

/** A failure with a status code; {@link Status} names the codes. */
export class NymiError extends Error {
  override readonly name: string = "NymiError";
  /** The code, such as 3020. */
  readonly status: number;
  /** What exactly was wrong this time: a field, a host, what was expected. May be empty. */
  readonly specifics: string;
  /** The operation that failed, if it was one. */
  readonly operation: string | undefined;
  /** With status 8000: the number of the certificate error. */
  readonly nsl: number | undefined;

  constructor(status: number, error: UpdateError = {}, operation?: string, options?: ErrorOptions) {
    const description = error.error_description ?? statusTexts.get(status)?.description ?? `Status ${status}.`;
    const specifics = error.error_specifics ?? "";
    const about = operation === undefined ? "" : `${operation}: `;
    super(`${about}${description}${specifics && ` ${specifics}`} (status ${status})`, options);
    this.status = status;
    this.specifics = specifics;
    this.operation = operation;
    this.nsl = error.nsl;
  }

  /** The name of the status, such as `BAND_NOT_PRESENT`; undefined if this version does not know the code. */
  get statusName(): StatusName | undefined {
    return statusTexts.get(this.status)?.name;
  }

  /** Why it usually happens. */
  get usualCause(): string | undefined {
    return statusTexts.get(this.status)?.cause;
  }

  /** What to do about it. */
  get remedy(): string | undefined {
    return statusTexts.get(this.status)?.remedy;
  }
}

/**
 * There is no connection to the agent, or it was lost before the answer came: then the operation may or may not have
 * been carried out. `specifics` says what the page's author or the operator can do about it.
 */
export class NymiConnectionError extends NymiError {
  override readonly name = "NymiConnectionError";

  constructor(specifics: string, operation?: string, options?: ErrorOptions) {
    super(Status.AGENT_MISSING, { error_specifics: specifics }, operation, options);
  }
}

/** The agent is connected, but did not answer in time. */
export class NymiTimeoutError extends NymiError {
  override readonly name = "NymiTimeoutError";

  constructor(operation: string, ms: number) {
    super(Status.TIMEOUT_NES, { error_description: `No answer within ${ms} ms.` }, operation);
  }
}

/** The client was closed. */
export class NymiClosedError extends NymiError {
  override readonly name = "NymiClosedError";

  constructor(operation?: string) {
    super(Status.TERMINATED, { error_specifics: "close() was called" }, operation);
  }
}
