// One signature, from the record to the proof: hash, tap, who is it, assertion, offline verification.

import { attribute, button, byId, el, setText } from "./dom.js";
import { problem } from "./notices.js";

const INVALID_FIELD = 1003;
const USED = "This tap was already used, in another window perhaps. Tap again.";

/**
 * The flow. `request` speaks to the WebAPI, `verify(token, document)` to the page's verifier;
 * `ownerOf(band)` names a band; `changed(state)` and `signed(signature, token, document)` tell the page.
 */
export class Signing {
  #state = "idle";
  #job = null;
  #panel = byId("progress");
  #step = this.#panel.querySelector(".step");
  #told = this.#panel.querySelector(".told");
  #hooks;

  constructor(hooks) {
    this.#hooks = hooks;
  }

  /** `idle`, `waiting` for a tap, `working` on one, or `failed`. */
  get state() {
    return this.#state;
  }

  /** Waits for the tap that signs this record. */
  begin(job) {
    this.#job = job;
    this.#wait();
    this.#panel.focus();
  }

  /** Back to the record. */
  cancel() {
    this.#job = null;
    this.#enter("idle");
    byId("sign").focus();
  }

  /** A tap: signs if the page waits for one. */
  async tap({ NymiBandID: device, intent_id: intentId }) {
    if (this.#state !== "waiting") return;
    const job = this.#job;
    this.#enter("working", el("p", { class: "what" }, el("strong", {}, `Tapped by ${this.#hooks.ownerOf(device)}. Verifying…`)));
    try {
      const { token, document, signature } = await this.#sign(job, device, intentId);
      if (this.#job !== job) return;
      this.#job = null;
      this.#enter("idle");
      this.#hooks.signed(signature, token, document);
    } catch (error) {
      if (this.#job !== job) return;
      if (tapWasUsed(error)) {
        this.#wait();
        this.tell(USED);
      } else {
        this.#fail(error);
      }
    }
  }

  /** Says, while waiting, what a person should know before the next tap. */
  tell(text) {
    if (this.#state === "waiting") setText(this.#told, text);
  }

  /** Says, while waiting, whether a tap can be heard. */
  audible(can) {
    const line = this.#panel.querySelector(".audible");
    if (line) setText(line, can ? "" : "Taps can't be heard just now. Once the connection is back, a tap signs.");
  }

  async #sign(job, device, intentId) {
    const keys = ["Username", "Domain", "NymiBandID", "IsActive"];
    const who = await this.#hooks.request("lookup", { query: { NymiBandID: device }, lookup_keys: keys });
    const name = this.#panel.querySelector("strong");
    if (name) setText(name, `${job.meaning} ${who.Domain}\\${who.Username}. Verifying…`);
    const answer = await this.#hooks.request("assert_identity", {
      assert_type: "assert_user",
      device,
      intent_id: intentId,
      document_sha256: job.hash,
      meaning: job.meaning,
    });
    const signature = await this.#hooks.verify(answer.assertion, job.document);
    return { token: answer.assertion, document: job.document, signature };
  }

  #wait() {
    this.#enter("waiting",
      el("p", { class: "what" }, el("strong", {}, "Waiting for a tap")),
      el("p", {}, `Whoever taps next signs this record as “${this.#job.meaning}”. Under “Virtual bands”, press Tap or Tap NFC.`),
      el("p", { class: "audible" }),
      el("div", { class: "buttons" },
        button("Show the bands", showBands, { class: "narrow" }),
        button("Cancel", () => this.cancel())));
  }

  #fail(error) {
    const again = button("Try again", () => this.begin(this.#job), { class: "primary" });
    const back = button("Change the record", () => this.cancel());
    this.#enter("failed", problem(error, el("div", { class: "buttons" }, again, back)));
    this.#panel.focus();
  }

  #enter(state, ...content) {
    this.#state = state;
    attribute(this.#panel, "data-state", state);
    this.#step.replaceChildren(...content);
    setText(this.#told, "");
    this.#panel.hidden = content.length === 0;
    this.#hooks.changed(state);
  }
}

/** Two pages of one origin are one application, and a tap counts once for each. */
function tapWasUsed({ status, specifics }) {
  return status === INVALID_FIELD && /^intent_id\b.*\bused\b/.test(specifics ?? "");
}

/** On a narrow screen the bands are below the record. */
function showBands() {
  byId("bands").scrollIntoView();
  byId("bands").focus({ preventScroll: true });
}
