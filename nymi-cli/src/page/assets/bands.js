// The virtual bands: what the endpoint hears of each, and a wrist to move and tap it with.

import { attribute, button, el, setText } from "./dom.js";

const STEPS_METRES = [0.05, 0.3, 0.5, 1, 2, 3, 5, 10, 20, 40];
const PRESENCE = { yes: "Here", likely: "Probably here", unlikely: "Probably gone", no: "Not here" };
const PROXIMITY = { tap: "at the adapter", close: "close", far: "far" };
// Typical indoor figures: next to the adapter, at the desk, in the room, next door.
const BARS_DBM = [-88, -76, -64, -52];
const TAPPED_MS = 4000;

/** The list of bands. `act(serial, action, body)` does what the person asks. */
export class Bands {
  #root;
  #act;
  #cards = new Map();

  constructor(root, act) {
    this.#root = root;
    this.#act = act;
  }

  /** Shows the bands as the simulator has them. */
  update(bands) {
    for (const band of bands) {
      const key = band.SerialNumber;
      if (!this.#cards.has(key)) this.#cards.set(key, new Card(band, this.#act));
      this.#cards.get(key).virtual(band);
    }
    for (const key of this.#cards.keys()) {
      if (!bands.some((band) => band.SerialNumber === key)) this.#cards.delete(key);
    }
    const elements = Array.from(this.#cards.values(), (card) => card.element);
    const shown = Array.from(this.#root.children);
    if (elements.length !== shown.length || elements.some((element, i) => element !== shown[i])) {
      this.#root.replaceChildren(...(elements.length ? elements : [el("p", { class: "empty" }, "No band is enrolled.")]));
    }
  }

  /** What the endpoint says of a band. */
  presence(heard) {
    this.#of(heard.NymiBandID)?.heard(heard);
  }

  /** A band was tapped. */
  tapped(bandId) {
    this.#of(bandId)?.tapped();
  }

  /** Nobody listens: what was heard before says nothing now. */
  unheard() {
    for (const card of this.#cards.values()) card.unheard();
  }

  /** Whether a tap is what the page waits for. */
  arm(armed) {
    for (const card of this.#cards.values()) attribute(card.element, "data-armed", armed);
  }

  /** `DOMAIN\user` of a band, for texts before the server was asked. */
  ownerOf(bandId) {
    return this.#of(bandId)?.owner ?? bandId;
  }

  /** `DOMAIN\user` of the band with this serial number. */
  owner(serial) {
    return this.#cards.get(serial)?.owner ?? serial;
  }

  /** Why a tap of the band with this serial number goes unheard, if it does. */
  silence(serial) {
    return this.#cards.get(serial)?.silence ?? "";
  }

  #of(bandId) {
    return Array.from(this.#cards.values()).find((card) => card.bandId === bandId);
  }
}

class Card {
  bandId = null;
  owner = "";
  silence = "";
  #serial;
  #parts;
  #tapTimer;

  constructor(band, act) {
    this.#serial = band.SerialNumber;
    const send = (action, body = {}) => act(this.#serial, action, body);
    const id = `distance-${this.#serial}`;
    const slider = el("input", { type: "range", id, min: 0, max: STEPS_METRES.length - 1, step: 1 });
    slider.addEventListener("input", () => this.#describe(slider));
    slider.addEventListener("change", () => send("move", { metres: STEPS_METRES[slider.value] }));
    this.#parts = {
      name: el("h3", { id: `name-${this.#serial}` }),
      id: el("p", { class: "id" }),
      presence: el("p", { class: "presence", "data-presence": "unknown" }, "Listening…"),
      bars: el("span", { class: "bars", "data-bars": 0, "aria-hidden": "true" }, [1, 2, 3, 4].map(() => el("i"))),
      signal: el("span", { class: "dbm" }, "no signal"),
      wrist: el("p", { class: "wrist" }),
      silent: el("p", { class: "silent" }),
      ble: button("Tap", () => send("tap", { method: "ble" }), { class: "tap" }),
      nfc: button("Tap NFC", () => send("tap", { method: "nfc" }), { class: "tap" }),
      wear: button("Take off", () => send(this.#parts.wear.dataset.action)),
      auth: button("Authenticate", () => send("auth")),
      slider,
      metres: el("output", { for: id }),
    };
    this.element = this.#layout(id);
  }

  #layout(sliderId) {
    const p = this.#parts;
    return el("article", { class: "band", "aria-labelledby": `name-${this.#serial}`, "data-serial": this.#serial },
      el("div", { class: "head" }, el("div", {}, p.name, p.id), el("div", { class: "signal" }, p.bars, p.signal)),
      el("div", { class: "status" }, p.presence, p.wrist),
      el("div", { class: "distance" }, el("label", { for: sliderId }, "Distance"), p.slider, p.metres),
      el("div", { class: "buttons" }, p.ble, p.nfc, p.wear, p.auth),
      p.silent);
  }

  virtual(band) {
    const p = this.#parts;
    this.bandId = band.NymiBandID;
    this.owner = band.Username ? `${band.Domain}\\${band.Username}` : `band ${band.SerialNumber}`;
    setText(p.name, band.Username ?? "Not enrolled");
    setText(p.id, [band.Domain, band.SerialNumber, band.NymiBandID].filter(Boolean).join(" · "));
    setText(p.wrist, band.worn ? (band.authenticated ? "Worn, authenticated" : "Worn, not authenticated") : "Not worn");
    setText(p.wear, band.worn ? "Take off" : "Put on");
    p.wear.dataset.action = band.worn ? "remove" : "wear";
    p.auth.hidden = !band.worn || band.authenticated;
    this.silence = silence(band);
    setText(p.silent, this.silence);
    for (const tap of [p.ble, p.nfc]) attribute(tap, "aria-label", `${tap.textContent}: band of ${this.owner}`);
    attribute(p.wear, "aria-label", `${p.wear.textContent}: band of ${this.owner}`);
    attribute(p.auth, "aria-label", `Authenticate: ${this.owner}`);
    if (document.activeElement !== p.slider) {
      p.slider.value = nearestStep(band.metres);
      this.#describe(p.slider);
    }
  }

  #describe(slider) {
    const metres = STEPS_METRES[slider.value];
    setText(this.#parts.metres, metres < 1 ? `${Math.round(metres * 100)} cm` : `${metres} m`);
    attribute(slider, "aria-valuetext", metres < 1 ? `${Math.round(metres * 100)} centimetres` : `${metres} metres`);
  }

  heard({ after, rssi, proximity }) {
    const p = this.#parts;
    const audible = Number.isFinite(rssi) && after !== "no";
    attribute(p.presence, "data-presence", after);
    const where = PROXIMITY[proximity];
    setText(p.presence, [PRESENCE[after] ?? after, after === "yes" ? where : null].filter(Boolean).join(", "));
    attribute(p.bars, "data-bars", audible ? BARS_DBM.filter((level) => rssi >= level).length : 0);
    setText(p.signal, audible ? `${rssi} dBm` : "no signal");
  }

  unheard() {
    attribute(this.#parts.presence, "data-presence", "unknown");
    setText(this.#parts.presence, "Nobody listens");
    attribute(this.#parts.bars, "data-bars", 0);
    setText(this.#parts.signal, "no signal");
  }

  tapped() {
    clearTimeout(this.#tapTimer);
    attribute(this.element, "data-tapped", true);
    this.#tapTimer = setTimeout(() => attribute(this.element, "data-tapped", false), TAPPED_MS);
  }
}

/** Why nobody will hear a tap of this band, if so. */
function silence({ worn, authenticated }) {
  if (!worn) return "Off the wrist it is silent: put it on and authenticate before you tap.";
  return authenticated ? "" : "Until its wearer authenticates it is silent: authenticate before you tap.";
}

function nearestStep(metres) {
  const distance = (step) => Math.abs(Math.log(STEPS_METRES[step] / Math.max(metres, 0.01)));
  return STEPS_METRES.map((_, step) => step).reduce((best, step) => (distance(step) < distance(best) ? step : best), 0);
}
