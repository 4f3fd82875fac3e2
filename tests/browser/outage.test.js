// The system is killed under the page, and comes back.

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, test } from "node:test";
import { System, heard, launch, open, sign } from "./support.js";

let browser;
let system;

before(async () => {
  system = await System.durable();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await system?.stop();
  if (system) await rm(system.ready.data, { recursive: true, force: true });
});

test("killed right after a signature, nothing is lost and the page reconnects by itself", async () => {
  const page = await open(browser, system);
  await heard(page);
  const [user] = system.ready.users;
  const signature = await sign(page, user);
  const jti = await signature.getAttribute("data-jti");
  const hash = await page.locator("#hash").innerText();
  await system.kill();

  const notice = page.locator("#notices [data-status='4000']");
  await notice.waitFor();
  assert.match(await notice.innerText(), /Nymi Agent missing\.[^]*What to do:[^]*Trying again/);
  await page.locator("#agent-state", { hasText: "missing" }).waitFor();
  await page.getByText("Can't be read just now").waitFor();

  await system.restart();
  await heard(page);
  await notice.waitFor({ state: "detached" });
  const audit = await (await page.request.get(new URL("/api/audit?limit=100", system.ready.page).href)).json();
  const row = audit.find(({ detail }) => detail?.includes(jti));
  assert.ok(row?.detail.includes(hash), "the audit row of the signature before the kill");
  await sign(page, user);
  assert.equal(await page.locator(".signature").count(), 2);
  await page.context().close();
});
