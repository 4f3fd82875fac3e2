// Signs a file at the next tap: node tap-to-sign.js FILE [URL]
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { NymiClient, NymiError } from "nymi-webapi";

const [file, url] = process.argv.slice(2);
let nymi;
try {
  nymi = new NymiClient({ url });
  await nymi.subscribe("127.0.0.1");
  console.log(`Tap your band to approve ${file}.`);
  const tap = await nymi.next("tap", { timeoutMs: 60_000 });
  const signed = await nymi.assertIdentity(tap.NymiBandID, {
    intent_id: tap.intent_id,
    document_sha256: createHash("sha256").update(await readFile(file)).digest("hex"),
    meaning: "approved",
  });
  await writeFile(`${file}.jws`, signed.assertion);
  console.log(`${signed.Domain}\\${signed.Username} approved it at ${signed.verified_at}.`);
} catch (error) {
  console.error(error instanceof NymiError ? `${error.message}\n${error.remedy}` : error.message);
  process.exitCode = 1;
} finally {
  nymi?.close();
}
