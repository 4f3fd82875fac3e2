// One client for a component, from its first appearance to its last.

import { useEffect, useState } from "react";
import { NymiClient, type ConnectionState } from "nymi-webapi";

/** What a component sees of its client. */
export interface Nymi {
  /** Undefined until the component has appeared. */
  readonly client: NymiClient | undefined;
  readonly connection: ConnectionState["state"];
  /** Why there is no connection, or why the terminal can't be subscribed to. */
  readonly problem: string | undefined;
  /** The terminal whose taps are heard. */
  readonly terminal: string | undefined;
}

const NOTHING: Nymi = { client: undefined, connection: "closed", problem: undefined, terminal: undefined };

function connect(url: string | undefined): NymiClient | Error {
  try {
    return new NymiClient({ url });
  } catch (error) {
    return error as Error;
  }
}

/** Connects to an agent and hears the taps of one of its terminals. */
export function useNymi(url: string | undefined, endpointId: string): Nymi {
  const [nymi, setNymi] = useState(NOTHING);

  useEffect(() => {
    const show = (change: Partial<Nymi>) => setNymi((before) => ({ ...before, ...change }));
    const client = connect(url);
    // Such as a URL that is none.
    if (client instanceof Error) return show({ problem: client.message });
    show({ client });
    client.on("state", (now) => {
      const problem = now.state === "waiting" ? now.error.specifics : undefined;
      show({ connection: now.state, problem, ...(now.state === "open" ? {} : { terminal: undefined }) });
    });
    client.on("subscribed", ({ endpoint_id: terminal }) => show({ terminal }));
    const gone = new AbortController();
    client.subscribe(endpointId, { signal: gone.signal }).catch((error: Error) => {
      if (!gone.signal.aborted) show({ problem: error.message });
    });
    return () => {
      gone.abort();
      client.close();
    };
  }, [url, endpointId]);

  return nymi;
}
