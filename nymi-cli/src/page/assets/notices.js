// What is missing or failed, in plain words: what happened, why, and what to do about it.

import { attribute, byId, el } from "./dom.js";
import { StatusError } from "./webapi.js";

let catalogue = {};

/** The causes and remedies by status code, from the server's one table. */
export function useCatalogue(statuses) {
  catalogue = statuses;
}

/** A failure as a box: an error with a status code, or any other error. */
export function problem(error, ...more) {
  const entry = error instanceof StatusError ? catalogue[error.status] : null;
  const code = error instanceof StatusError ? el("span", { class: "code" }, `status ${error.status}`) : null;
  const description = error.message || entry?.description || "Something went wrong.";
  const specifics = error.specifics && error.specifics !== description ? el("p", {}, sentence(error.specifics)) : null;
  return el("div", { class: "notice", "data-kind": "problem", "data-status": error.status ?? null },
    el("p", { class: "what" }, el("strong", {}, description), " ", code),
    specifics,
    entry?.cause ? el("p", {}, el("b", {}, "Why: "), entry.cause) : null,
    entry?.remedy ? el("p", {}, el("b", {}, "What to do: "), entry.remedy) : null,
    ...more);
}

/** Shows a box under a key, in place of an earlier one of that key. */
export function notify(key, box) {
  attribute(box, "data-key", key);
  const earlier = byId("notices").querySelector(`[data-key="${key}"]`);
  if (earlier) earlier.replaceWith(box);
  else byId("notices").append(box);
}

/** Takes the box of that key away. */
export function resolved(key) {
  byId("notices").querySelector(`[data-key="${key}"]`)?.remove();
}

function sentence(text) {
  // A field's name is written as it is: `intent_id was used before`, `device: not an address`.
  const field = /^(\w*_\w*|\w+:)/.test(text);
  const first = field ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
