/**
 * Writes to an HTTP/2 server that are given up at every moment. A program of its own: where the client does not bear that, it
 * writes for ever and never turns its event loop again. Prints how many ended, answered or given up, and ends: a busy machine may
 * answer some before they are given up.
 */
import assert from "node:assert/strict";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../../src/source/kubernetes/transport.ts";
import { selfSigned } from "../../support/openssl.ts";

const pair = selfSigned(["localhost"], "localhost");
const server = createSecureServer({ key: pair.key, cert: pair.chain });
server.on("stream", (stream) => {
  stream.on("error", () => undefined);
  stream.resume().on("end", () => setTimeout(() => stream.destroyed || stream.respond({ ":status": 201 }, { endStream: true }), 2));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const credentials = { headers: {}, tls: { ca: pair.chain, servername: "localhost" } };
const access = { server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, namespace: "", description: "", read: async () => credentials, reread: async () => credentials };
const connection = connect(access);
let ended = 0;
for (let turns = 0; turns < 200; turns++) {
  const abort = new AbortController();
  const asked = connection.request("/events", {}, abort.signal, { method: "POST", body: "x".repeat(1000) }).then(({ body }) => body.dump(), (reason: Error) => assert.equal(reason.message, "given up"));
  for (let turn = 0; turn < Math.floor(turns / 40); turn++) await new Promise(setImmediate);
  for (let step = 0; step < turns % 40; step++) await Promise.resolve();
  abort.abort(new Error("given up"));
  await asked;
  await sleep(turns % 5);
  ended++;
}
await connection.close();
server.close();
console.log(`ended: ${ended}`);
process.exit(0);
