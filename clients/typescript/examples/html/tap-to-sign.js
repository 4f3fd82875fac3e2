// A page without any framework: the record is approved by whoever taps next.
import { NymiClient } from "nymi-webapi";

const [state, record, sign, cancel, result] = ["state", "record", "sign", "cancel", "result"].map((id) => document.getElementById(id));

async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function listen(nymi) {
  nymi.on("state", (now) => {
    state.textContent = now.state === "waiting" ? `${now.error.specifics}. Trying again…` : `The agent is ${now.state}.`;
  });
  nymi.on("subscribed", ({ endpoint_id: terminal }) => { state.textContent = `Listening at ${terminal}.`; });
  // Once asked for, the subscription outlives the connection.
  nymi.subscribe("127.0.0.1").catch((error) => { state.textContent = error.message; });
  sign.addEventListener("click", () => void approve(nymi));
}

async function approve(nymi) {
  const giveUp = new AbortController();
  cancel.onclick = () => giveUp.abort();
  cancel.hidden = false;
  sign.disabled = true;
  result.textContent = "Waiting for a tap…";
  try {
    const document_sha256 = await sha256(record.value);
    const tap = await nymi.next("tap", { signal: giveUp.signal });
    const what = { intent_id: tap.intent_id, document_sha256, meaning: "approved" };
    const signed = await nymi.assertIdentity(tap.NymiBandID, what, { signal: giveUp.signal });
    result.textContent = `Approved by ${signed.Domain}\\${signed.Username} at ${signed.verified_at}.`;
  } catch (error) {
    result.textContent = error.name === "AbortError" ? "" : error.message;
  }
  cancel.hidden = true;
  sign.disabled = false;
}

try {
  // ?webapi=ws://... names another agent than that of this machine.
  listen(new NymiClient({ url: new URLSearchParams(location.search).get("webapi") ?? undefined }));
} catch (error) {
  // Such as an address that is none.
  state.textContent = error.message;
}
