// A record that is approved by whoever taps next.

import { useRef, useState } from "react";
import { NymiError, type AssertIdentityAnswer, type NymiClient } from "nymi-webapi";
import { useNymi } from "./useNymi.js";

type Signing = { step: "idle" } | { step: "waiting" } | { step: "signed"; answer: AssertIdentityAnswer } | { step: "failed"; why: string };

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function approve(client: NymiClient, record: string, signal: AbortSignal): Promise<AssertIdentityAnswer> {
  const document_sha256 = await sha256(record);
  const { NymiBandID, intent_id } = await client.next("tap", { signal });
  return client.assertIdentity(NymiBandID, { intent_id, document_sha256, meaning: "approved" }, { signal });
}

export function App({ url }: { readonly url: string | undefined }) {
  const { client, connection, problem, terminal } = useNymi(url, "127.0.0.1");
  const [record, setRecord] = useState("Batch 4711: all tests passed.");
  const [signing, setSigning] = useState<Signing>({ step: "idle" });
  const giveUp = useRef<AbortController>(undefined);

  async function sign(): Promise<void> {
    if (client === undefined) return;
    const { signal } = (giveUp.current = new AbortController());
    setSigning({ step: "waiting" });
    try {
      setSigning({ step: "signed", answer: await approve(client, record, signal) });
    } catch (error) {
      if (signal.aborted) setSigning({ step: "idle" });
      else setSigning({ step: "failed", why: error instanceof NymiError ? `${error.message} ${error.remedy ?? ""}` : String(error) });
    }
  }

  return (
    <main>
      <h1>Tap to sign</h1>
      <p role="status">{problem ?? (terminal === undefined ? `The agent is ${connection}.` : `Listening at ${terminal}.`)}</p>
      <label>
        Record <textarea value={record} onChange={(event) => setRecord(event.target.value)} />
      </label>
      {signing.step === "waiting" ? (
        <p>
          Waiting for a tap… <button onClick={() => giveUp.current?.abort()}>Cancel</button>
        </p>
      ) : (
        <button disabled={terminal === undefined} onClick={() => void sign()}>
          Approve with a tap
        </button>
      )}
      {signing.step === "signed" && (
        <p role="status">
          Approved by {signing.answer.Domain}\{signing.answer.Username} at {signing.answer.verified_at}.
        </p>
      )}
      {signing.step === "failed" && <p role="alert">{signing.why}</p>}
    </main>
  );
}
