// An agent with a certificate that nobody trusts, and the files of pages.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { NYMI } from "../../../tests/browser/support.js";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

/** The agent alone, over wss, with a self-signed certificate for 127.0.0.1. */
export class SecureAgent {
  static async start(...origins) {
    const agent = new SecureAgent();
    agent.folder = await mkdtemp(join(tmpdir(), "nymi-secure-"));
    const [key, certificate] = ["agent.key", "agent.pem"].map((name) => join(agent.folder, name));
    await promisify(execFile)("openssl", [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=agent",
      "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
    ]);
    agent.certificate = await readFile(certificate);
    const config = join(agent.folder, "nymi_agent.toml");
    await writeFile(config, [
      "[agent]", 'listen = "127.0.0.1:0"', "[webapi]", 'listen = "127.0.0.1:0"', 'protocol = "wss"',
      'certfile = "agent.pem"', 'keyfile = "agent.key"', `allowed_origins = ${JSON.stringify(origins)}`, "",
    ].join("\n"));
    agent.process = spawn(join(dirname(NYMI), "nymi-agent"), ["--config", config], {
      stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, NO_COLOR: "1" },
    });
    for await (const line of createInterface(agent.process.stderr)) {
      const [, url] = /webapi="(wss:[^"]+)"/.exec(line) ?? [];
      if (url === undefined) continue;
      agent.webapi = url;
      return agent;
    }
    throw new Error("the agent ended before it ran");
  }

  async stop() {
    const exit = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await exit;
    await rm(this.folder, { recursive: true });
  }
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".map": "application/json" };

/** Serves this package's folder, and `more` files by path, to pages of `origin` and, as another one, `localOrigin`. */
export class Pages {
  static async start(more = {}) {
    const pages = new Pages();
    pages.more = more;
    pages.server = createServer((request, response) => void pages.#answer(request, response));
    pages.server.listen(0, "127.0.0.1");
    await once(pages.server, "listening");
    const { port } = pages.server.address();
    pages.origin = `http://127.0.0.1:${port}`;
    pages.localOrigin = `http://localhost:${port}`;
    return pages;
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #answer(request, response) {
    const path = normalize(new URL(request.url, this.origin).pathname);
    try {
      const body = this.more[path] ?? (await readFile(join(PACKAGE, path)));
      response.setHeader("content-type", TYPES[extname(path)] ?? "text/plain");
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }
}
