// Why did a connection fail? A browser tells its page nothing; this says what is likely and who can mend it.

import { DEFAULT_URL } from "./address.js";

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
  // To a page only whether something answers is known, and the health of an agent is no error in its console.
  const answers = await page.probe?.(page.origin === undefined ? httpUrl(url) : healthUrl(url));
  if (typeof answers === "string") return said(answers, url, page);
  if (typeof answers === "number" && page.origin === undefined) return refused(answers, url, page);
  if (answers) {
    const origin = page.origin === undefined ? "the Origin that is sent" : JSON.stringify(page.origin);
    return (
      `${where} answers, but does not let this ${page.origin === undefined ? "program" : "page"} connect: its operator must add ` +
      `${origin} to allowed_origins under [webapi] in nymi_agent.toml (nymi up: --allow-origin); or it is no WebAPI: ${RIGHT_ADDRESS}`
    );
  }
  if (url.protocol === "wss:") return `${where} can't be reached, or this browser does not trust its certificate. ${certificate(url)}`;
  return `${where} can't be reached: check that it runs, and its port`;
}

const RIGHT_ADDRESS = `look for that of the agent, ${DEFAULT_URL} by default; other ports and paths speak something else`;

/** What the page around the client can tell. */
export interface Page {
  readonly origin?: string | undefined;
  readonly protocol?: string | undefined;
  /** The status with which a server answers over HTTP, `true` if the platform hides it, or what the platform says of why nothing does. */
  readonly probe?: ((url: string) => Promise<number | boolean | string>) | undefined;
}

function platformPage(): Page {
  const location = (globalThis as { location?: Location }).location;
  return { origin: location?.origin, protocol: location?.protocol, probe };
}

async function probe(url: string): Promise<number | boolean | string> {
  try {
    const { status } = await fetch(url, { mode: "no-cors", cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PROBE_MS) });
    // Browsers hide that of another origin.
    return status === 0 || status;
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
  const status = /(?:response|status|code)\W{1,3}(\d{3})\b/i.exec(text)?.[1];
  if (status !== undefined) return refused(Number(status), url, page);
  return `the agent at ${url.origin} can't be reached: ${text}`;
}

/** What answered with a status of HTTP, and opened no WebSocket. */
function refused(status: number, url: URL, page: Page): string {
  if (status === 403) {
    const origin = page.origin ?? "the Origin that was sent";
    return `the agent at ${url.origin} refuses ${origin}: add it to allowed_origins under [webapi] in nymi_agent.toml`;
  }
  if (status === 421) {
    return `the agent at ${url.origin} is not known by the name ${url.host}: add it to allowed_hosts under [agent] in nymi_agent.toml`;
  }
  if (status === 426) {
    return `${url.origin} answers with HTTP status 426: a WebSocket is there, but none was asked for; does a proxy between take out "Upgrade"?`;
  }
  return `${url.origin} answers with HTTP status ${status} and opens no WebSocket: it may be no WebAPI: ${RIGHT_ADDRESS}`;
}

function certificate(url: URL): string {
  return (
    `Open ${healthUrl(url)} in this browser: where it warns, the operator must install the root of that certificate on this ` +
    `machine, or give the agent (certfile) a certificate that is in date and names ${url.hostname}; where nothing answers, the agent does not run`
  );
}

function healthUrl(url: URL): string {
  return new URL("/healthz", httpUrl(url)).href;
}

function httpUrl(url: URL): string {
  return url.href.replace(/^ws/, "http");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\./.test(host);
}
