// A signature as evidence: who, what it means, when, how it was given and how it was verified.

import { attribute, button, byId, el, localTime, setText, utcTime } from "./dom.js";
import { Kept, KEPT } from "./kept.js";
import { problem } from "./notices.js";
import { headings } from "./record.js";

const METHOD = { ble: "Bluetooth tap", "nfc+ble": "NFC tap, with a fresh Bluetooth frame" };

/** The list of signatures. `verify(token, document)` asks the page's own route. */
export class Signatures {
  #root;
  #verify;
  #config;
  #kept;
  #clear = byId("signatures-clear");
  #shown = [];
  #current = "";

  constructor(root, verify, config) {
    this.#root = root;
    this.#verify = verify;
    this.#config = config;
    this.#kept = new Kept(config.l1.sha256);
    this.#clear.addEventListener("click", () => this.#forget());
    setText(byId("signatures-hint"), `This browser keeps the newest ${KEPT}.`);
  }

  /** Shows what was kept, each verified anew, under what was signed meanwhile. */
  async restore() {
    const entries = this.#kept.list();
    const verified = await Promise.allSettled(entries.map(({ token, document }) => this.#verify(token, document)));
    verified.forEach(({ value, reason }, i) => {
      const { token, document } = entries[i];
      this.#put(value ? this.#card(value, token, document) : unverified(reason, document), "append");
    });
  }

  /** Adds a verified signature over `document`, newest first. */
  add(signature, token, document) {
    this.#kept.add(token, document);
    const element = this.#card(signature, token, document);
    this.#put(element, "prepend");
    element.focus();
  }

  /** Says of each signature whether it covers the record as it is now. */
  compare(document) {
    this.#current = document;
    for (const shown of this.#shown) shown.compare(document);
  }

  #card(signature, token, document) {
    const shown = new Shown(signature, token, document, this.#verify, this.#config);
    shown.compare(this.#current);
    this.#shown.push(shown);
    return shown.element;
  }

  #put(element, where) {
    if (this.#clear.hidden) this.#root.replaceChildren();
    this.#clear.hidden = false;
    this.#root[where](element);
  }

  /** Empties list and storage; until the next signature that can be undone. */
  #forget() {
    const entries = this.#kept.list();
    const elements = Array.from(this.#root.children);
    this.#kept.replace([]);
    this.#clear.hidden = true;
    const undo = button("Undo", () => {
      this.#kept.replace(entries);
      this.#root.replaceChildren(...elements);
      this.#clear.hidden = false;
      this.#clear.focus();
    });
    this.#root.replaceChildren(el("p", { class: "empty" }, "Cleared from this browser. The audit trail stays. ", undo));
    undo.focus();
  }
}

/** A kept signature that does not verify now. */
function unverified(error, document) {
  const { title } = headings(document);
  const what = `A signature kept in this browser${title ? `, of “${title}”,` : ""} was not verified: ${error.message}`;
  return el("article", { class: "unverified" }, problem(new Error(what)));
}

class Shown {
  #document;
  #now;
  #covers;

  constructor(signature, token, document, verify, config) {
    const { claims } = signature;
    this.#document = document;
    this.#now = document;
    this.#covers = el("p", { class: "covers", "data-covers": "yes" });
    const name = `${claims.meaning ?? "Signed by"} ${claims.Username}, verified`;
    this.element = el("article", { class: "signature", tabindex: -1, "aria-label": name, "data-jti": claims.jti },
      el("p", { class: "meaning" }, claims.meaning ?? "Signed by"),
      el("h3", {}, claims.Username, " ", el("span", {}, `${claims.Domain}\\${claims.Username}`)),
      this.#covers,
      el("dl", {}, facts(signature, document)),
      this.#again(token, verify),
      el("details", {}, el("summary", {}, "Take it along and verify it elsewhere"), portable(token, document, config)));
    this.compare(document);
  }

  compare(document) {
    this.#now = document;
    const covers = document === this.#document;
    attribute(this.#covers, "data-covers", covers ? "yes" : "no");
    setText(this.#covers, covers
      ? "Verified. It covers the record above."
      : "Verified for the record as it was. The record above has changed since and is not covered.");
  }

  #again(token, verify) {
    const result = el("div", { class: "again", "aria-live": "polite" });
    const check = async () => {
      try {
        await verify(token, this.#now);
        result.replaceChildren(el("p", { class: "notice", "data-kind": "good" }, "Verified again, over the record above."));
      } catch (error) {
        result.replaceChildren(problem(error));
      }
    };
    return el("div", {}, button("Verify again", check), result);
  }
}

function facts({ claims, leaf, l2, l1_fingerprint: l1, grade }, document) {
  const { title, reason } = headings(document);
  const fact = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];
  return [
    fact("When", el("time", { datetime: claims.verified_at }, localTime(claims.verified_at)), el("br"),
      el("small", {}, `${utcTime(claims.verified_at)} (UTC)`)),
    fact("How", METHOD[claims.method] ?? claims.method, el("br"),
      el("small", {}, claims.intent ? `intended with the tap at ${utcTime(claims.intent_at)}` : "without a tap")),
    fact("Band", el("code", {}, claims.NymiBandID), el("br"), el("small", {}, `time step ${claims.counter}`)),
    fact("Where", `endpoint ${claims.endpoint}`, el("br"), el("small", {}, `reported by agent ${claims.agent}`)),
    fact("Record", el("b", {}, title), el("br"), `Reason: ${reason}`, el("br"), el("code", { class: "long" }, claims.document_sha256), el("br"),
      el("small", {}, "SHA-256, the same as of the text above when it was signed")),
    fact("Verified", "Offline, with nothing but the enterprise's root certificate (L1)", chain(leaf, l2, l1, grade)),
  ];
}

function chain(leaf, l2, l1, grade) {
  return el("ol", { class: "chain" },
    el("li", {}, "ES256 signature by ", el("b", {}, leaf)),
    el("li", {}, "issued by ", el("b", {}, l2), ` (${grade})`),
    el("li", {}, "issued by the pinned L1, SHA-256 ", el("code", { class: "long" }, pairs(l1))));
}

function pairs(hex) {
  return hex.match(/../g).join(":");
}

function portable(token, document, config) {
  const command = `nymi assertion verify --l1 l1.pem --grade ${config.grade} --document record.txt - < signature.jws`;
  return [
    el("p", {}, "Three things are enough, anywhere and without this system: the record, the token and L1."),
    el("div", { class: "buttons" },
      download("Save record.txt", "record.txt", document),
      download("Save signature.jws", "signature.jws", token),
      el("a", { class: "button", href: "/l1.pem", download: "l1.pem" }, "Save l1.pem")),
    el("p", {}, "Saved in one folder, this command verifies them there:"),
    el("pre", {}, el("code", {}, command)),
    copying("Copy the command", command),
    el("pre", {}, el("code", {}, token)),
    copying("Copy the token", token),
  ];
}

function copying(name, text) {
  const told = el("span", { "aria-live": "polite" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setText(told, "Copied.");
    } catch {
      setText(told, "The browser does not allow it: select the text and copy it.");
    }
  };
  return el("div", { class: "buttons" }, button(name, copy), told);
}

function download(text, name, content) {
  return button(text, () => {
    const url = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
    el("a", { href: url, download: name }).click();
    URL.revokeObjectURL(url);
  });
}
