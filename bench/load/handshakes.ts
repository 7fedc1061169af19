/**
 * TLS handshakes, each with one request: `node handshakes.ts LOAD`. With `resumed` each connection of a lane takes up the
 * session of the one before; a handshake that is not what was asked for counts as failed.
 */
import { connect } from "node:tls";
import { answerLength, count, isSuccess, loadOfArguments, requestOf } from "./client.ts";

const load = loadOfArguments();
const { port, host, connections, seconds, resumed = false } = load;
const counted = count();
const request = requestOf(load, 0, "Connection: close");
const end = performance.now() + seconds * 1000;

/** One connection. Gives the session that the next one may take up. */
function once(session: Buffer | undefined): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const begun = performance.now();
    let text = "";
    let next: Buffer | undefined;
    let asAsked = false;
    const socket = connect({ host: "127.0.0.1", port, servername: host, rejectUnauthorized: false, ...(session ? { session } : {}) }, () => {
      // The first of a lane has no session to take up.
      asAsked = socket.isSessionReused() === (session !== undefined);
      socket.write(request);
    });
    socket.setNoDelay(true);
    socket.on("session", (given: Buffer) => (next = given));
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (!asAsked || answerLength(text) === 0 || !isSuccess(text)) counted.failed();
      else if (!resumed || session) counted.done((performance.now() - begun) * 1000);
      resolve(next);
    });
  });
}

async function lane(): Promise<void> {
  let session: Buffer | undefined;
  while (performance.now() < end) {
    const next = await once(session);
    session = resumed ? next : undefined;
  }
}

await Promise.all(Array.from({ length: connections }, lane));
counted.print();
