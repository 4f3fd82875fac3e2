// What the compiler must accept and refuse; compiled, never run.

import { NymiClient, Status, type Proximity, type StatusName } from "nymi-webapi";

export async function calls(nymi: NymiClient): Promise<void> {
  const info = await nymi.request("info");
  const proximity: Proximity | null | undefined = info.bands[0]?.proximity;
  const name: StatusName = "BAND_NOT_PRESENT";
  const code: 3020 = Status[name];
  const other: object = await nymi.request("levitate", { metres: 1 });
  const stop: () => void = nymi.on("tap", (tap) => tap.intent_id.toUpperCase());
  console.log(proximity, code, other, stop);

  // @ts-expect-error a column that lookup does not offer
  await nymi.lookup({ Username: "alice" }, ["EncryptedPassword"]);
  // @ts-expect-error a field of the wrong type
  await nymi.assertIdentity(7);
  // @ts-expect-error no such event
  nymi.on("knock", () => {});
  // @ts-expect-error a tap has no such field
  nymi.on("tap", (tap) => tap.username);
}
