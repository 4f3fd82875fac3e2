// Whether what the agent sends has the fields that its types say.

import { objectShapes } from "./shapes.js";

/**
 * What an object has to have: `integer`, `string`, `boolean` or the name of another object by field, with `[]` for a
 * list of them and `?` for what may be missing or null. More fields are of a newer agent.
 */
export type Shape = Readonly<Record<string, string>>;

/** The first field that is not as it has to be; undefined if all are. */
export function misfit(shape: Shape, object: object): string | undefined {
  const fields = object as Readonly<Record<string, unknown>>;
  return Object.keys(shape).find((name) => !fits(shape[name] ?? "", fields[name]));
}

/** Whether it is an object, and no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fits(kind: string, value: unknown): boolean {
  if (kind.endsWith("?")) return value === undefined || value === null || fits(kind.slice(0, -1), value);
  if (kind.endsWith("[]")) return Array.isArray(value) && value.every((one) => fits(kind.slice(0, -2), one));
  if (kind === "integer") return Number.isSafeInteger(value);
  const shape = objectShapes.get(kind);
  if (shape === undefined) return typeof value === kind;
  return isObject(value) && misfit(shape, value) === undefined;
}
