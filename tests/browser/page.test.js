// A person at the page: signs, is told what is missing, and can do all of it with the keyboard.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createRequire } from "node:module";
import { NYMI, ROOT, System, heard, launch, open, sign, signButton, tapButton, tapName } from "./support.js";

const AXE = createRequire(import.meta.url)("axe-core").source;
const README_IMAGE = join(ROOT, "docs/images/sign-a-record.png");

let browser;
let system;
let users;

before(async () => {
  system = await System.start("--ephemeral");
  browser = await launch();
  users = system.ready.users;
});

after(async () => {
  await browser?.close();
  await system?.stop();
});

async function closing(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

/** The audit row that names this document. */
function auditRow(page, hash) {
  return page.locator("#audit-rows tr", { hasText: hash });
}

test("a record is signed, verified offline and audited", async () => {
  const page = await open(browser, system);
  await heard(page);
  await page.locator("#title").fill("Batch 4711, release");
  const signature = await sign(page, users[0]);

  const document = [
    "nymi record 1", "Title: Batch 4711, release", "Reason: All tests passed; batch meets its specification", "",
    await page.locator("#content").inputValue(), "",
  ].join("\n");
  const hash = createHash("sha256").update(document).digest("hex");
  const text = await signature.innerText();
  for (const expected of [
    "Batch 4711, release", "Reason: All tests passed; batch meets its specification",
    "Approved by", users[0].Username, `${users[0].Domain}\\${users[0].Username}`, "Verified. It covers the record above.",
    "Bluetooth tap", system.ready.bands[0].NymiBandID, hash, "Offline", "NES assertions", "NES L2 CA",
  ]) assert.ok(text.includes(expected), `${expected} in\n${text}`);
  assert.match(text, /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \(UTC\)/);
  assert.match(text, /([0-9a-f]{2}:){31}[0-9a-f]{2}/);
  await auditRow(page, hash).waitFor();
  await page.locator(".band .bars:not([data-bars='0'])").first().waitFor();

  await page.evaluate(() => window.scrollTo(0, 0));
  await mkdir(join(ROOT, "target/browser"), { recursive: true });
  const image = process.env.UPDATE_IMAGES || !existsSync(README_IMAGE) ? README_IMAGE : join(ROOT, "target/browser/sign-a-record.png");
  await page.screenshot({ path: image, fullPage: true });
  await closing(page);
});

test("two people sign the same bytes, one over NFC, and a later edit is told from what was signed", async () => {
  const page = await open(browser, system);
  await heard(page);
  await page.locator("#meaning").selectOption("Authored by");
  const first = await sign(page, users[0]);
  await page.locator("#meaning").selectOption("Reviewed by");
  const second = await sign(page, users[1], "Tap NFC");
  assert.match(await second.innerText(), /Reviewed by[^]*NFC tap/);
  const hash = (article) => article.locator("dd code.long").first().innerText();
  assert.equal(await hash(second), await hash(page.locator(".signature").nth(1)));

  await page.locator("#content").fill("Deviations: one");
  await first.getByText("is not covered").waitFor();
  await first.getByRole("button", { name: "Verify again" }).click();
  await first.locator(".again [data-kind='problem']").waitFor();
  await closing(page);
});

test("everything works with the keyboard alone", async () => {
  const page = await open(browser, system);
  await heard(page);
  const focusOn = async (wanted) => {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press("Tab");
      const name = await page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent);
      if (name === wanted) return;
    }
    assert.fail(`${wanted} can't be reached with Tab`);
  };
  await focusOn("Sign");
  await page.keyboard.press("Enter");
  await page.getByText("Waiting for a tap").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Waiting for a tap").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "sign");

  await page.keyboard.press("Space");
  await page.getByText("Waiting for a tap").waitFor();
  await focusOn(tapName(users[1]));
  await page.keyboard.press("Space");
  await page.locator(".signature").waitFor();
  const focused = await page.evaluate(() => document.activeElement.className);
  assert.equal(focused, "signature", "the signature has the focus, so that it is read out");
  await closing(page);
});

test("a tap that another window used is told, and the next one signs", async () => {
  const pages = [await open(browser, system), await open(browser, system)];
  for (const page of pages) {
    await heard(page);
    await signButton(page).click();
    await page.getByText("Waiting for a tap").waitFor();
  }
  await tapButton(pages[0], users[0]).click();
  const told = (page) => page.locator("#progress .told", { hasText: "This tap was already used, in another window perhaps. Tap again." });
  const late = await Promise.any(pages.map((page) => told(page).waitFor().then(() => page)));
  const [first] = pages.filter((page) => page !== late);
  await first.locator(".signature").waitFor();
  assert.ok(await late.getByText("Waiting for a tap").isVisible());
  assert.equal(await late.locator("[data-status]").count(), 0);
  await tapButton(late, users[0]).click();
  await late.locator(".signature").waitFor();
  for (const page of pages) await closing(page);
});

test("signatures outlive a reload, are verified anew, and can be cleared", async () => {
  const page = await open(browser, system);
  await heard(page);
  const jti = (article) => article.getAttribute("data-jti");
  const signed = [await jti(await sign(page, users[0])), await jti(await sign(page, users[1]))].reverse();
  const shown = () => page.locator(".signature").evaluateAll((all) => all.map((article) => article.dataset.jti));
  const reload = async () => {
    const verified = [];
    const note = (request) => { if (request.url().endsWith("/api/verify")) verified.push(request.postDataJSON().token); };
    page.on("request", note);
    await page.reload();
    await heard(page);
    await page.locator(".signature, .unverified").nth(1).waitFor();
    page.off("request", note);
    return verified.length;
  };
  assert.equal(await reload(), 2);
  assert.deepEqual(await shown(), signed);
  await page.locator(".signature").first().getByText("Verified. It covers the record above.").waitFor();

  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.getItem("nymi.signatures"));
    kept[0].document += "more";
    const other = { ...kept[1], l1: "00" };
    localStorage.setItem("nymi.signatures", JSON.stringify([other, ...kept]));
  });
  await reload();
  assert.deepEqual(await shown(), signed.slice(1), "neither what was changed nor what leads to another L1");
  await page.locator(".unverified", { hasText: "was not verified" }).waitFor();

  await page.getByRole("button", { name: "Clear" }).click();
  assert.equal(await page.locator(".signature, .unverified").count(), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  assert.deepEqual(await shown(), signed.slice(1));
  await page.getByRole("button", { name: "Clear" }).click();
  await page.reload();
  await heard(page);
  await page.getByText("None yet.").waitFor();
  const kept = await page.evaluate(() => JSON.parse(localStorage.getItem("nymi.signatures")));
  assert.deepEqual(kept.map(({ l1 }) => l1), ["00"]);
  await closing(page);
});

test("the browser keeps a bounded number of signatures", async () => {
  const page = await open(browser, system);
  const found = await page.evaluate(async () => {
    const { Kept } = await import("/kept.js");
    const one = new Kept("aa");
    for (let i = 0; i < 25; i += 1) one.add(`token ${i}`, "text");
    for (let l1 = 0; l1 < 4; l1 += 1) {
      const other = new Kept(`other ${l1}`);
      for (let i = 0; i < 20; i += 1) other.add(`token ${i}`, "text");
    }
    const before = JSON.parse(localStorage.getItem("nymi.signatures")).length;
    for (let i = 0; i < 25; i += 1) one.add(`token ${i}`, "text");
    const kept = one.list();
    localStorage.clear();
    return { before, count: kept.length, newest: kept[0].token };
  });
  assert.deepEqual(found, { before: 60, count: 20, newest: "token 24" });
  await closing(page);
});

test("what is saved from a signature is all that the shown command names", async () => {
  const page = await open(browser, system, { permissions: ["clipboard-read", "clipboard-write"] });
  await heard(page);
  const signature = await sign(page, users[0]);
  await signature.locator("summary").click();
  const folder = await mkdtemp(join(tmpdir(), "nymi-taken-"));
  for (const [role, name] of [["button", "record.txt"], ["button", "signature.jws"], ["link", "l1.pem"]]) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      signature.getByRole(role, { name: `Save ${name}` }).click(),
    ]);
    assert.equal(download.suggestedFilename(), name);
    await download.saveAs(join(folder, name));
  }
  await signature.getByRole("button", { name: "Copy the command" }).click();
  await signature.getByText("Copied.").waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(command, "nymi assertion verify --l1 l1.pem --grade bronze --document record.txt - < signature.jws");
  const said = execFileSync("sh", ["-c", `"$NYMI" ${command.slice("nymi ".length)}`], { cwd: folder, env: { ...process.env, NYMI }, encoding: "utf8" });
  assert.match(said, /^verified: /);
  await rm(folder, { recursive: true });
  await closing(page);
});

test("a title of blanks is refused", async () => {
  const page = await open(browser, system);
  await heard(page);
  for (const blank of ["   ", "\u200b\u00a0"]) {
    await page.locator("#title").fill(blank);
    await signButton(page).click();
    assert.equal(await page.evaluate(() => document.activeElement.id), "title");
    assert.match(await page.locator("#title").evaluate((field) => field.validationMessage), /can be read/);
    assert.ok(await page.locator("#progress").isHidden());
  }
  await page.locator("#title").fill("Batch 1");
  await signButton(page).click();
  await page.getByText("Waiting for a tap").waitFor();
  await closing(page);
});

test("on a narrow screen a button leads from the waiting box to the bands", async () => {
  const page = await open(browser, system);
  await heard(page);
  await signButton(page).click();
  await page.getByText("Waiting for a tap").waitFor();
  const show = page.getByRole("button", { name: "Show the bands" });
  assert.ok(await show.isHidden(), "beside the record they are in view");
  await page.setViewportSize({ width: 390, height: 700 });
  await show.click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "bands");
  const top = await page.locator("#bands").evaluate((bands) => bands.getBoundingClientRect().top);
  assert.ok(top >= 0 && top < 350, `the bands begin at ${top}`);
  await closing(page);
});

test("a band that moves away loses signal and presence stays readable", async () => {
  const page = await open(browser, system);
  await heard(page);
  const card = page.locator(`.band[data-serial="${system.ready.bands[1].SerialNumber}"]`);
  const slider = card.getByRole("slider");
  const bars = (count) => card.locator(`.bars[data-bars="${count}"]`).waitFor();
  await slider.press("Home");
  await bars(4);
  await slider.press("End");
  await card.locator(".bars[data-bars='1'], .bars[data-bars='0']").waitFor();
  for (let step = 0; step < 6; step += 1) await slider.press("ArrowLeft");
  await closing(page);
});

test("a band that was taken off does not sign, and the page says why", async () => {
  const page = await open(browser, system);
  await heard(page);
  const card = page.locator(`.band[data-serial="${system.ready.bands[1].SerialNumber}"]`);
  await card.getByRole("button", { name: "Take off" }).click();
  await card.getByText("Not worn").waitFor();
  await card.getByText("Off the wrist it is silent").waitFor();
  await signButton(page).click();
  await tapButton(page, users[1], "Tap NFC").click();
  // Off the wrist a band shows readers another number each time, which belongs to nobody.
  const problem = page.locator("#notices [data-status='2201']");
  await problem.waitFor();
  assert.match(await problem.innerText(), /No active band has the NFC UID[^]*What to do:/);
  await page.getByText("Waiting for a tap").waitFor();
  await tapButton(page, users[1]).click();
  const told = page.locator("#progress .told", { hasText: "Off the wrist it is silent: put it on and authenticate" });
  await told.waitFor();

  await card.getByRole("button", { name: "Put on" }).click();
  await card.getByRole("button", { name: "Authenticate" }).click();
  await card.getByText("Worn, authenticated").waitFor();
  await told.waitFor({ state: "detached" });
  await tapButton(page, users[1]).click();
  await page.locator(".signature", { hasText: users[1].Username }).waitFor();
  await problem.waitFor({ state: "detached" });
  await closing(page);
});

test("the page says that the endpoint was stopped, and goes on when it is back", async () => {
  const page = await open(browser, system);
  await heard(page);
  await page.getByRole("button", { name: "Stop the endpoint" }).click();
  const notice = page.locator("#notices [data-status='5100']");
  await notice.waitFor();
  const { statuses } = await (await page.request.get(new URL("/config.json", system.ready.page).href)).json();
  for (const expected of [statuses[5100].description, statuses[5100].cause, statuses[5100].remedy]) {
    assert.ok((await notice.innerText()).includes(expected), expected);
  }
  await notice.getByText("Press Start the endpoint.").waitFor();
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  assert.ok(await page.evaluate(() => window.scrollY) > 0);
  const { top, bottom } = await notice.evaluate((box) => box.getBoundingClientRect());
  assert.ok(top >= 0 && bottom > top && bottom < 900, "in view wherever the page is scrolled to");
  assert.equal(await signButton(page).getAttribute("aria-disabled"), "true");
  await notice.getByRole("link", { name: "Start the endpoint" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "endpoint-switch");
  await page.getByRole("button", { name: "Start the endpoint" }).click();
  await heard(page);
  await notice.waitFor({ state: "detached" });
  await sign(page, users[0]);
  await closing(page);
});

test("each failing status is shown with its description, cause and remedy", async () => {
  let answerWith = 0;
  let statuses = {};
  const before = (page) => page.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const { operation, exchange } = JSON.parse(text);
      if (operation !== "assert_identity") return server.send(text);
      const error = { error_description: statuses[answerWith].description, error_specifics: `intent_id: specifics of ${answerWith}` };
      socket.send(JSON.stringify({ operation, exchange, status: answerWith, payload: {}, error }));
    });
  });
  const page = await open(browser, system, { before });
  ({ statuses } = await (await page.request.get(new URL("/config.json", system.ready.page).href)).json());
  await heard(page);
  for (answerWith of [2000, 2005, 3020, 3021, 4000, 6000, 6001, 6002, 6003, 6010, 6011, 7000, 9000]) {
    await signButton(page).click();
    await tapButton(page, users[0], "Tap NFC").click();
    const problem = page.locator(`#progress [data-status='${answerWith}']`);
    await problem.waitFor();
    const text = await problem.innerText();
    const { description, cause, remedy } = statuses[answerWith];
    for (const expected of [`status ${answerWith}`, description, cause, remedy, `intent_id: specifics of ${answerWith}`]) {
      assert.ok(text.includes(expected), `${expected} in\n${text}`);
    }
    await page.getByRole("button", { name: "Change the record" }).click();
  }
  assert.equal(await page.locator(".signature").count(), 0);
  await closing(page);
});

test("nothing on the page breaks the accessibility rules, in light and dark, wide and narrow", async () => {
  for (const [colorScheme, width] of [["light", 1240], ["dark", 1240], ["light", 390]]) {
    const page = await open(browser, system, { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" });
    await heard(page);
    await sign(page, users[0]);
    await page.locator(".signature summary").click();
    await signButton(page).click();
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    assert.deepEqual(found, [], `${colorScheme} ${width}`);
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    assert.ok(!tooWide, `nothing scrolls sideways at ${width}`);
    await closing(page);
  }
});

test("the policy keeps the page to its own files and the WebAPI", async () => {
  const page = await open(browser, system);
  await heard(page);
  const blocked = await page.evaluate(async (nes) => {
    const violations = new Set();
    const reported = new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
        if (violations.add(effectiveDirective).size === 2) resolve();
      });
    });
    const attempt = (act) => { try { act(); } catch { /* Refused, and reported. */ } };
    attempt(() => { document.body.innerHTML += "<img src=x onerror='window.broken = 1'>"; });
    attempt(() => {
      const script = document.createElement("script");
      script.append("window.broken = 1");
      document.body.append(script);
    });
    await fetch(nes).catch(() => {});
    await reported;
    return { violations: [...violations].sort(), broken: window.broken };
  }, system.ready.nes);
  assert.equal(blocked.broken, undefined);
  assert.deepEqual(blocked.violations, ["connect-src", "require-trusted-types-for"]);
  await page.context().close();
});

test("a page of another origin can't open the WebAPI", async () => {
  const other = createServer((_, response) => response.setHeader("content-type", "text/html").end("<title>other</title>"));
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${other.address().port}/`);
  const result = await page.evaluate((url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve("open");
    socket.onclose = () => resolve("refused");
  }), system.ready.webapi);
  assert.equal(result, "refused");
  await page.close();
  other.close();
});
