/**
 * Writes to a server with HTTP/2 that end at every moment: given up by the client, or cut off by the server. A program of
 * its own: a client that does not bear them writes for ever and never turns its event loop again, or leaves all later
 * requests waiting. Prints how many ended, answered or not, and ends.
 */
import assert from "node:assert/strict";
import { createSecureServer } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../../src/source/kubernetes/transport.ts";
import { selfSigned } from "../../support/openssl.ts";

const pair = selfSigned(["localhost"], "localhost");
const server = createSecureServer({ key: pair.key, cert: pair.chain, allowHTTP1: true });
const sockets = new Set<Socket>();
let requests = 0;
server.on("secureConnection", (socket: Socket) => sockets.add(socket.on("error", () => undefined)));
server.on("request", (request, response) => {
  for (const one of [request, response]) one.on("error", () => undefined);
  const cutsOff = request.url.startsWith("/cut");
  const end = cutsOff ? cutOff : () => void response.writeHead(201).end();
  const turn = requests++ % 3;
  if (!cutsOff || turn === 0) request.resume();
  if (cutsOff && turn === 1) cutOff();
  else setTimeout(end, 2);
});

function cutOff(): void {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
}

await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const credentials = { headers: {}, tls: { ca: pair.chain, servername: "localhost" } };
const access = { server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, namespace: "", description: "", read: async () => credentials, reread: async () => credentials };
const connection = connect(access);
const post = async (path: string, size: number, signal: AbortSignal): Promise<void> => {
  const { body } = await connection.request(path, {}, signal, { method: "POST", body: "x".repeat(size) });
  await body.dump();
};

let ended = 0;
for (let turns = 0; turns < 200; turns++) {
  const abort = new AbortController();
  // A busy machine may answer some before they are given up.
  const asked = post("/events", 1000, abort.signal).catch((reason: Error) => assert.equal(reason.message, "given up"));
  for (let turn = 0; turn < Math.floor(turns / 40); turn++) await new Promise(setImmediate);
  for (let step = 0; step < turns % 40; step++) await Promise.resolve();
  abort.abort(new Error("given up"));
  await asked;
  await sleep(turns % 5);
  ended++;
}
for (const size of [1000, 100_000, 2_000_000]) {
  for (let turn = 0; turn < 30; turn++) {
    const never = new AbortController().signal;
    await Promise.allSettled(Array.from({ length: 1 + (turn % 3) }, () => post("/cut", size, never)));
    ended++;
  }
  await post("/events", size, new AbortController().signal);
}
await connection.close();
server.close();
console.log(`ended: ${ended}`);
process.exit(0);
