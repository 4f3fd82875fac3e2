// Elements without innerHTML: text from bands, people and servers stays text.

/**
 * An element. `props` are attributes, except `on` (handlers by event name); null and false leave an
 * attribute away, true sets it empty. Children are nodes or text; null is skipped.
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else {
      attribute(element, name, value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets an attribute, or removes it for null and false. */
export function attribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : value);
}

/** Changes the text only if it differs, so that a screen reader is not told the same thing twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

const LOCAL = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});

/** A time as people here read it, with its zone. */
export function localTime(iso) {
  return LOCAL.format(new Date(iso));
}

/** The same time in UTC, as the signature carries it. */
export function utcTime(iso) {
  return new Date(iso).toISOString();
}

/** A button. */
export function button(text, click, props = {}) {
  return el("button", { type: "button", ...props, on: { click } }, text);
}
