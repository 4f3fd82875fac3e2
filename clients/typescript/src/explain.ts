// Why did a connection fail? A browser tells its page nothing; this says what is likely and who can mend it.

const PROBE_MS = 3000;

/** What is known of a failed attempt. */
export interface Failure {
  readonly url: string;
  /** What the WebSocket said: an error's text outside browsers, else nothing. */
  readonly said?: string | undefined;
  /** The code and reason with which an open connection was closed. */
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly wasOpen: boolean;
}

/** One or two sentences for `specifics`. */
export async function explain(failure: Failure, page: Page = platformPage()): Promise<string> {
  if (failure.wasOpen) return lost(failure);
  const url = new URL(failure.url);
  const where = `the agent at ${url.origin}`;
  if (page.protocol === "https:" && url.protocol === "ws:" && !isLoopback(url.hostname)) {
    return `a page over https may not open ${url.origin}: use wss:// and give the agent a certificate (protocol = "wss" in nymi_agent.toml)`;
  }
  // The text of Node's own WebSocket for every failure of a handshake says nothing.
  if (failure.said && !/non-101/.test(failure.said)) return said(failure.said, url, page);
  const answers = await page.probe?.(healthUrl(url));
  if (typeof answers === "string") return said(answers, url, page);
  if (answers === true) {
    const origin = page.origin === undefined ? "the Origin that is sent" : JSON.stringify(page.origin);
    return (
      `${where} answers, but does not let this ${page.origin === undefined ? "program" : "page"} connect: its operator must add ` +
      `${origin} to allowed_origins under [webapi] in nymi_agent.toml (nymi up: --allow-origin)`
    );
  }
  if (url.protocol === "wss:") return `${where} can't be reached, or this browser does not trust its certificate. ${certificate(url)}`;
  return `${where} can't be reached: check that it runs, and its port`;
}

/** What the page around the client can tell. */
export interface Page {
  readonly origin?: string | undefined;
  readonly protocol?: string | undefined;
  /** Whether anything answers over HTTP, or what the platform says of why not. */
  readonly probe?: ((url: string) => Promise<boolean | string>) | undefined;
}

function platformPage(): Page {
  const location = (globalThis as { location?: Location }).location;
  return { origin: location?.origin, protocol: location?.protocol, probe };
}

async function probe(url: string): Promise<boolean | string> {
  try {
    await fetch(url, { mode: "no-cors", cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PROBE_MS) });
    return true;
  } catch (error) {
    // Browsers keep the cause to themselves.
    const { cause } = error as Error;
    return cause instanceof Error && cause.message !== "" ? cause.message : false;
  }
}

function lost({ code, reason }: Failure): string {
  const why = reason ? `: ${reason}` : "";
  return `the connection was closed (${code ?? "no code"})${why}`;
}

function said(text: string, url: URL, page: Page): string {
  if (/certificate|self.signed|issuer|altname|ERR_TLS|UNABLE_TO/i.test(text)) {
    return `the certificate of the agent at ${url.origin} is not trusted: ${text}. ${certificate(url)}`;
  }
  if (/\b403\b/.test(text)) {
    const origin = page.origin ?? "the Origin that was sent";
    return `the agent at ${url.origin} refuses ${origin}: add it to allowed_origins under [webapi] in nymi_agent.toml`;
  }
  if (/\b421\b/.test(text)) {
    return `the agent at ${url.origin} is not known by the name ${url.host}: add it to allowed_hosts under [agent] in nymi_agent.toml`;
  }
  return `the agent at ${url.origin} can't be reached: ${text}`;
}

function certificate(url: URL): string {
  return (
    `Open ${healthUrl(url)} in this browser: where it warns, the operator must install the root of that certificate on this ` +
    `machine, or give the agent (certfile) a certificate that is in date and names ${url.hostname}; where nothing answers, the agent does not run`
  );
}

function healthUrl(url: URL): string {
  return `${url.protocol === "wss:" ? "https" : "http"}://${url.host}/healthz`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\./.test(host);
}
