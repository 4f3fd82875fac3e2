// Signatures that outlive a reload: kept in this browser, told apart by the L1 they lead to.

const KEY = "nymi.signatures";
/** Kept of one L1. */
export const KEPT = 20;
/** Kept of all: each evaluation may have an L1 of its own. */
const KEPT_OF_ALL = 60;

/** The kept signatures of one L1: `{token, document}`, newest first. */
export class Kept {
  #l1;

  constructor(l1) {
    this.#l1 = l1;
  }

  list() {
    return all().filter(({ l1 }) => l1 === this.#l1).slice(0, KEPT);
  }

  /** Keeps one more; the oldest give way. */
  add(token, document) {
    this.replace([{ token, document }, ...this.list()]);
  }

  /** Keeps these and no others of this L1. */
  replace(entries) {
    const own = entries.slice(0, KEPT).map(({ token, document }) => ({ l1: this.#l1, token, document }));
    const others = all().filter(({ l1 }) => l1 !== this.#l1);
    write([...own, ...others].slice(0, KEPT_OF_ALL));
  }
}

function all() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return found.filter(({ l1, token, document }) => [l1, token, document].every((text) => typeof text === "string"));
  } catch {
    // Not readable, or not ours: nothing is kept.
    return [];
  }
}

/** Writes as many as there is room for. */
function write(entries) {
  for (let count = entries.length; count >= 0; count -= 1) {
    try {
      if (count === 0) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, JSON.stringify(entries.slice(0, count)));
      return;
    } catch {
      // No room, or no storage at all: the signatures on the page stay until it is reloaded.
    }
  }
}
