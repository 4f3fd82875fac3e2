// The page: a web application like any other on the WebAPI, plus a virtual wrist to act with.

import { Audit } from "./audit.js";
import { Bands } from "./bands.js";
import { attribute, button, byId, el, setText } from "./dom.js";
import { post, read } from "./http.js";
import { notify, problem, resolved, useCatalogue } from "./notices.js";
import { canonicalText, isBlank, sha256 } from "./record.js";
import { Signatures } from "./signatures.js";
import { Signing } from "./signing.js";
import { AGENT_MISSING, StatusError, WebApi, errorOf } from "./webapi.js";

const NOT_FOUND = 2201;
const ENDPOINT_MISSING = 5100;
const ADAPTER_MISSING = 5101;
const READER_MISSING = 5102;
const BANDS_EVERY_MS = 2000;
const SUBSCRIBE_AGAIN_MS = 2000;
const CONFIG_AGAIN_MS = 2000;

async function configuration() {
  for (;;) {
    try {
      const config = await read("/config.json");
      resolved("page");
      return config;
    } catch (error) {
      notify("page", problem(new Error(`The page can't be reached: ${error.message}. Is nymi up still running?`)));
      await new Promise((resolve) => setTimeout(resolve, CONFIG_AGAIN_MS));
    }
  }
}

/** The facts of a signature over this document, or an error that says what is wrong with it. */
async function verify(token, document) {
  const { signature, Message: wrong } = await post("/api/verify", { token, document });
  if (!signature) throw new Error(wrong);
  return signature;
}

class App {
  #config;
  #api;
  #bands;
  #signing;
  #signatures;
  #audit = new Audit();
  #endpointId = null;
  #ready = false;
  #running = null;
  #document = "";
  #hash = "";
  #subscribeTimer;
  #bandsTimer;
  #countdown;

  constructor(config) {
    this.#config = config;
    this.#api = new WebApi(config.webapi);
    this.#bands = new Bands(byId("band-list"), (serial, action, body) => this.#act(serial, action, body));
    this.#signatures = new Signatures(byId("signature-list"), verify, config);
    this.#signing = new Signing({
      request: (operation, payload) => this.#api.request(operation, payload),
      verify,
      ownerOf: (band) => this.#bands.ownerOf(band),
      changed: () => this.#show(),
      signed: (...signature) => this.#signed(...signature),
    });
  }

  start() {
    const config = this.#config;
    setText(byId("where"), `${config.enterprise} · ${config.grade} grade, for evaluation`);
    setText(byId("facts"), `WebAPI ${config.webapi} · NES ${config.nes} · nymulator ${config.nymulator}`);
    this.#api.addEventListener("open", () => this.#opened());
    this.#api.addEventListener("closed", (event) => this.#closed(event.detail));
    this.#api.addEventListener("update", (event) => this.#update(event.detail));
    window.addEventListener("online", () => this.#api.connect());
    byId("form").addEventListener("submit", (event) => this.#submit(event));
    byId("form").addEventListener("input", () => this.#edited());
    byId("endpoint-switch").addEventListener("click", () => this.#switchEndpoint());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#signing.state === "waiting") this.#signing.cancel();
    });
    this.#edited();
    this.#signatures.restore();
    this.#refreshBands();
    this.#audit.start();
    this.#api.connect();
    this.#show();
  }

  // Connection

  #opened() {
    clearInterval(this.#countdown);
    resolved("agent");
    this.#subscribe();
    this.#show();
  }

  #closed({ retryAt, attempt }) {
    this.#endpointId = null;
    this.#lost();
    clearTimeout(this.#subscribeTimer);
    clearInterval(this.#countdown);
    resolved("endpoint");
    const when = el("p", { class: "when", "aria-live": "off" });
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
      setText(when, seconds ? `Trying again in ${seconds} s.` : "Trying again…");
    };
    tick();
    this.#countdown = setInterval(tick, 250);
    const earlier = document.querySelector('#notices [data-key="agent"] .when');
    if (earlier) {
      // The same box stays, so that a screen reader hears of the loss once, not at each attempt.
      earlier.replaceWith(when);
    } else {
      const error = new StatusError(AGENT_MISSING, "Nymi Agent missing.", "The connection to the WebAPI is down. It comes back by itself");
      notify("agent", problem(error, when, button("Try now", () => this.#api.connect())));
    }
    if (attempt === 2) this.#checkMoved();
  }

  /** After a restart on other ports this page can't reach the WebAPI: its policy names the old one. */
  async #checkMoved() {
    try {
      const config = await read("/config.json");
      if (config.webapi !== this.#config.webapi) location.reload();
    } catch {
      // Not there either: the notice says it already.
    }
  }

  async #subscribe() {
    clearTimeout(this.#subscribeTimer);
    try {
      const { endpoint_id: id } = await this.#api.request("subscribe_endpoint", { endpoint_id: this.#config.endpoint });
      this.#endpointId = id;
      resolved("endpoint");
    } catch (error) {
      if (!this.#api.isOpen) return;
      this.#lost();
      notify("endpoint", problem(error));
      this.#subscribeTimer = setTimeout(() => this.#subscribe(), SUBSCRIBE_AGAIN_MS);
    }
    this.#show();
  }

  #lost() {
    this.#ready = false;
    this.#bands.unheard();
    this.#show();
  }

  #update(update) {
    const { operation, payload, status } = update;
    if (status !== 0) {
      this.#troubled(errorOf(update));
    } else if (operation === "presence") {
      this.#bands.presence(payload);
    } else if (operation === "tap") {
      this.#bands.tapped(payload.NymiBandID);
      resolved(`status-${NOT_FOUND}`);
      this.#signing.tap(payload).finally(() => this.#audit.refresh());
    } else if (operation === "endpoint") {
      this.#endpointEvent(payload);
    }
  }

  #endpointEvent({ event, endpoint_id: id }) {
    if (this.#endpointId !== null && id !== this.#endpointId) return;
    if (event === "gone") this.#endpointGone();
    else if (event === "ble_lost") this.#lost();
    else if (event === "ble_ready") this.#radioReady();
    else if (event === "nfc_ready") resolved(`status-${READER_MISSING}`);
    else if (event === "back") this.#subscribe();
  }

  /** The agent says what is missing, in an update of its own beside the event. */
  #troubled(error) {
    const { status } = error;
    if (status === ENDPOINT_MISSING) this.#endpointGone();
    if (status === ENDPOINT_MISSING || status === ADAPTER_MISSING) {
      this.#lost();
      notify("endpoint", problem(error));
    } else {
      notify(`status-${status}`, this.#dismissible(`status-${status}`, error));
    }
  }

  #endpointGone() {
    this.#endpointId = null;
    this.#lost();
    clearTimeout(this.#subscribeTimer);
    this.#subscribeTimer = setTimeout(() => this.#subscribe(), SUBSCRIBE_AGAIN_MS);
  }

  #radioReady() {
    this.#ready = true;
    resolved("endpoint");
    this.#show();
  }

  #dismissible(key, error) {
    return problem(error, button("Dismiss", () => resolved(key)));
  }

  // The record

  #record() {
    return Object.fromEntries(new FormData(byId("form")));
  }

  async #edited() {
    for (const name of ["title", "content", "reason"]) {
      const field = byId(name);
      field.setCustomValidity(isBlank(field.value) ? "Write something that can be read." : "");
    }
    const text = canonicalText(this.#record());
    const hash = await sha256(text);
    this.#document = text;
    this.#hash = hash;
    setText(byId("hash"), hash);
    this.#signatures.compare(text);
  }

  async #submit(event) {
    event.preventDefault();
    if (byId("sign").getAttribute("aria-disabled") === "true") return;
    await this.#edited();
    if (!byId("form").reportValidity()) return;
    this.#signing.begin({ document: this.#document, hash: this.#hash, meaning: this.#record().meaning });
  }

  #signed(signature, token, document) {
    this.#signatures.add(signature, token, document);
    this.#signatures.compare(this.#document);
    this.#audit.refresh();
  }

  // The wrist and the power switch

  async #act(serial, action, body) {
    const key = `act-${serial}`;
    try {
      await post(`/api/bands/${encodeURIComponent(serial)}/${action}`, body);
      resolved(key);
    } catch (error) {
      notify(key, this.#dismissible(key, error));
    }
    await this.#refreshBands();
    const silence = this.#bands.silence(serial);
    if (action === "tap" && silence) this.#signing.tell(`Nobody heard the band of ${this.#bands.owner(serial)}. ${silence}`);
    else if (action === "auth") this.#signing.tell("");
  }

  async #refreshBands() {
    clearTimeout(this.#bandsTimer);
    try {
      this.#bands.update(await read("/api/bands"));
      this.#running = (await read("/api/endpoint")).running;
    } catch {
      this.#running = null;
    }
    clearTimeout(this.#bandsTimer);
    this.#bandsTimer = setTimeout(() => this.#refreshBands(), BANDS_EVERY_MS);
    this.#show();
  }

  async #switchEndpoint() {
    try {
      await post("/api/endpoint", { running: !this.#running });
      resolved("switch");
    } catch (error) {
      notify("switch", this.#dismissible("switch", error));
    }
    this.#refreshBands();
  }

  // What all of it looks like

  #show() {
    const connected = this.#api.isOpen;
    state("agent-state", connected ? "good" : "bad", connected ? "connected" : "missing");
    const [mood, text] = this.#endpointState(connected);
    state("endpoint-state", mood, text);
    this.#showForm(connected && this.#ready);
    this.#signing.audible(connected && this.#ready);
    this.#bands.arm(this.#signing.state === "waiting" && this.#ready);
    const power = byId("endpoint-switch");
    power.disabled = this.#running === null;
    setText(power, this.#running === false ? "Start the endpoint" : "Stop the endpoint");
    this.#showStart();
  }

  /** The notice of a missing endpoint names the button, if that is what it takes. */
  #showStart() {
    const notice = document.querySelector('#notices [data-key="endpoint"]');
    const shown = notice?.querySelector(".start");
    if (this.#running !== false) shown?.remove();
    else if (notice && !shown) {
      notice.append(el("p", { class: "start" }, "It was stopped here. Press ", el("a", { href: "#endpoint-switch" }, "Start the endpoint"), "."));
    }
  }

  #endpointState(connected) {
    if (!connected) return ["unknown", "unknown"];
    if (this.#ready) return ["good", "ready"];
    return this.#endpointId === null ? ["bad", "missing"] : ["bad", "no radio"];
  }

  #showForm(audible) {
    const editing = this.#signing.state === "idle";
    for (const field of byId("form").elements) {
      if (field.tagName !== "BUTTON") field.disabled = !editing;
    }
    const sign = byId("sign");
    sign.hidden = !editing;
    attribute(sign, "aria-disabled", audible ? null : "true");
    const hint = audible ? "Then tap a band." : "Not possible just now: taps can't be heard. See above.";
    setText(byId("sign-hint"), editing ? hint : "");
  }
}

function state(id, mood, text) {
  const item = byId(id);
  attribute(item, "data-state", mood);
  setText(item.querySelector("b"), text);
}

const config = await configuration();
useCatalogue(config.statuses);
new App(config).start();
