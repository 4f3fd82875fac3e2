// The audit trail, read again after each change and every few seconds.

import { attribute, byId, el, localTime, setText, utcTime } from "./dom.js";
import { read } from "./http.js";

const EVERY_MS = 2000;
const ROWS = 50;

/** Keeps the table current while the page is visible. */
export class Audit {
  #newest = null;
  #timer;

  start() {
    document.addEventListener("visibilitychange", () => this.refresh());
    this.refresh();
  }

  /** Reads now. */
  async refresh() {
    clearTimeout(this.#timer);
    if (!document.hidden) await this.#read();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), EVERY_MS);
  }

  async #read() {
    try {
      this.#show(await read(`/api/audit?limit=${ROWS}`));
      setText(byId("audit-state"), "Live, newest first");
    } catch {
      setText(byId("audit-state"), "Can't be read just now; trying again");
    }
  }

  #show(rows) {
    const newest = rows[0]?.id ?? 0;
    if (newest === this.#newest) return;
    const before = this.#newest ?? newest;
    this.#newest = newest;
    const empty = el("tr", {}, el("td", { colspan: 7, class: "empty" }, "Nothing has happened yet."));
    byId("audit-rows").replaceChildren(...(rows.length ? rows.map((row) => line(row, row.id > before)) : [empty]));
  }
}

function line(row, isNew) {
  const cell = (value, name) => el("td", { "data-name": name }, value);
  const tr = el("tr", {},
    cell(`${row.id}`, "No."),
    el("td", { "data-name": "Time" }, el("time", { datetime: row.at, title: utcTime(row.at) }, localTime(row.at))),
    el("td", { "data-name": "Event" }, el("span", {}, el("span", { class: "code" }, `${row.EventTypeID}`), " ", row.event)),
    cell(row.user, "Person"),
    cell(row.NymiBandID ? el("code", {}, row.NymiBandID) : null, "Band"),
    cell(row.endpoint, "Endpoint"),
    cell(row.detail, "Detail"));
  attribute(tr, "class", isNew ? "new" : null);
  return tr;
}
