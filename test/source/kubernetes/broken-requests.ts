/**
 * Requests that end at every moment: writes that the client gives up, writes and watches that the server cuts off. A
 * program of its own: a client that does not bear them writes for ever and never turns its event loop again, or leaves all
 * later requests waiting. Prints how many ended, answered or not, and ends.
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
server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => undefined).once("close", () => sockets.delete(socket))));
server.on("request", (request, response) => {
  for (const one of [request, response]) one.on("error", () => undefined);
  const cutsOff = request.url.startsWith("/cut");
  const end = cutsOff ? cutOff : () => void response.writeHead(201).end();
  const turn = requests++ % 3;
  if (request.url === "/watch") {
    response.writeHead(200);
    const events = setInterval(() => response.write("x".repeat(3000)), 1);
    return void response.once("close", () => clearInterval(events));
  }
  if (!cutsOff || turn === 0) request.resume();
  if (cutsOff && turn === 1) cutOff();
  else setTimeout(() => end(), 2);
});

/** @param how some connections end, others are reset. */
function cutOff(how: "destroy" | "resetAndDestroy" = "destroy"): void {
  for (const socket of sockets) socket[how]();
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
/** What a client does all the time: seven watches, and a short request now and then. The server cuts everything off at random moments. */
const reading = async (path: string, until: number): Promise<void> => {
  while (performance.now() < until) {
    const given = new AbortController();
    const up = path === "/watch" && Math.random() < 0.1 ? setTimeout(() => given.abort(new Error("given up")), Math.random() * 30) : undefined;
    const asked = connection.request(path, {}, AbortSignal.any([AbortSignal.timeout(10_000), given.signal])).then(({ body }) => body.dump({ limit: Infinity }));
    await asked.catch((error: Error) => assert.notEqual(error.name, "TimeoutError", `${path} waits for ever`));
    clearTimeout(up);
    await sleep(Math.random() * (path === "/quick" ? 4 : 3));
  }
};
const until = performance.now() + 3000;
const cutting = (async () => {
  while (performance.now() < until) {
    await sleep(Math.random() * 25);
    cutOff(Math.random() < 0.5 ? "destroy" : "resetAndDestroy");
  }
})();
await Promise.all([...Array.from({ length: 7 }, () => reading("/watch", until)), reading("/quick", until), reading("/quick", until), cutting]);
cutOff();
await connection.close();
server.close();
console.log(`ended: ${ended}`);
process.exit(0);
