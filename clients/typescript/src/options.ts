// What a program hands over: what is wrong with it is told at once, before anything is done.

/** What each field of an object may be; the compiler wants all of them. */
export type Fields<T> = { readonly [Name in keyof T]-?: (what: string, value: unknown) => void };

/**
 * Whether an object holds nothing but what is known, each as it has to be. A field that is undefined is absent.
 *
 * @throws {TypeError} it is no object, or has another field; the message names that and the known ones.
 * @throws what a field's check throws.
 */
export function checkFields<T>(what: string, given: unknown, known: Fields<T>, write = ""): void {
  object(what, given, write);
  for (const [name, value] of Object.entries(given as object)) {
    checkName(what, name, known);
    if (value !== undefined) known[name as keyof T](name, value);
  }
}

/**
 * Whether a name is known.
 *
 * @throws {TypeError} it is none of the known ones.
 */
export function checkName(what: string, name: unknown, known: object): void {
  if (typeof name === "string" && Object.hasOwn(known, name)) return;
  const shown = typeof name === "string" ? JSON.stringify(name) : `name that is ${kind(name)}`;
  throw new TypeError(`${what}: no ${shown} is known, only ${Object.keys(known).join(", ")}`);
}

/** An object of the program's own: of a URL or a signal nothing would be read. */
export function object(what: string, value: unknown, write = ""): void {
  if (Object.prototype.toString.call(value) !== "[object Object]") {
    throw new TypeError(`${what} is ${kind(value)}, not an object with its fields${write && `; write ${write}`}`);
  }
}

/** Its value is the agent's to judge. */
export function any(): void {}

export function number(what: string, value: unknown): void {
  if (typeof value !== "number") throw new TypeError(`${what} is ${kind(value)}, not a number`);
}

export function text(what: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`${what} is ${kind(value)}, not a text`);
}

export function callable(what: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`${what} is ${kind(value)}, not a function`);
}

/** Of this platform or of a package: what it can do counts. */
export function signal(what: string, value: unknown): void {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") {
    throw new TypeError(`${what} is ${kind(value)}, not an AbortSignal, such as that of an AbortController`);
  }
}

/** Never the value: it may be a secret. */
export function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  const name = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return typeof value === "object" && name !== "Object" ? `an object ${name}` : `of type ${typeof value}`;
}
