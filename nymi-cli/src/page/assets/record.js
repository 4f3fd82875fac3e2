// What is signed: a text that anybody can write again, byte for byte.

/**
 * The record's canonical text. Title and reason are one line each, so the blank line before the
 * content can't be imitated. The meaning is not in it: it belongs to each signature, so that author,
 * reviewer and approver sign the same bytes.
 */
export function canonicalText({ title, reason, content }) {
  const body = content.replace(/\r\n?/g, "\n").replace(/[ \t]+$/gm, "").trim();
  return `nymi record 1\nTitle: ${line(title)}\nReason: ${line(reason)}\n\n${body}\n`.normalize("NFC");
}

/** The title and reason that a canonical text begins with. */
export function headings(text) {
  const [, title, reason] = /^nymi record 1\nTitle: (.*)\nReason: (.*)\n\n/.exec(text) ?? [];
  return { title, reason };
}

/** Whether there is nothing to read in a text. */
export function isBlank(text) {
  return !/[^\s\p{Cf}]/u.test(text);
}

function line(text) {
  return text.replace(/\s+/g, " ").trim();
}

/** SHA-256 of the text in UTF-8, lower-case hex. */
export async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
