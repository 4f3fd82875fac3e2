// Listeners by the name of what they listen to.

/** Ends a subscription. */
export type Stop = () => void;

/** A listener's own error goes where pages look for those of event handlers, and ends no program. */
function report(error: unknown): void {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else console.error("nymi: a listener failed:", error);
}

/** Calls listeners in the order in which they came; one that throws, or a promise of which fails, stops no other. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => unknown>>();

  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): Stop {
    // Its own function each time: the same listener may be there twice.
    const own = (payload: Events[Name]): unknown => listener(payload);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(own));
    return () => listeners.delete(own);
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    const listeners = this.#listeners.get(name) ?? new Set();
    for (const listener of [...listeners] as ((payload: Events[Name]) => unknown)[]) {
      // One that was called before it may have stopped it.
      if (!listeners.has(listener)) continue;
      try {
        const made = listener(payload);
        if (typeof made === "object" && made !== null) Promise.resolve(made).catch(report);
      } catch (error) {
        report(error);
      }
    }
  }
}
