// The control port of the rig: a line there, a line back.

import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** The answer to one command. */
export async function control(address, command) {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host);
  const line = once(createInterface(socket), "line");
  socket.write(`${command}\n`);
  const [answer] = await line;
  socket.destroy();
  return answer;
}
