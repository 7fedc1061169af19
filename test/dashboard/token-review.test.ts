/** Reviews of tokens, with strangers who try any number: on a server that answers as an API server does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { request } from "undici";
import { createTokenReviews, type TokenReviews } from "../../src/dashboard/token-review.ts";
import type { Connection } from "../../src/source/kubernetes/transport.ts";

/** Tokens that were asked about. */
const asked: string[] = [];
const server = createServer((incoming, response) => {
  void text(incoming).then((body) => {
    const { spec } = JSON.parse(body) as { readonly spec: { readonly token?: string } };
    if (spec.token !== undefined) asked.push(spec.token);
    const status = spec.token === undefined ? { allowed: true } : { authenticated: spec.token.startsWith("good"), user: { username: "ann" } };
    response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify({ status }));
  });
});
let origin: string;

before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

function reviews(now: () => number): TokenReviews {
  asked.length = 0;
  const connection: Connection = {
    server: origin, description: origin, namespace: "", renewals: 0,
    request: (path, _query, signal, details) => request(`${origin}${path}`, { method: details?.method ?? "GET", body: details?.body ?? null, signal }),
    close: async () => {},
  };
  return createTokenReviews(() => Promise.resolve(connection), () => {}, now);
}

test("a verdict holds for a while, and is asked for once", async () => {
  let now = 0;
  const { review, close } = reviews(() => now);
  assert.deepEqual(await Promise.all([review("good"), review("good"), review("bad")]), [true, true, false]);
  assert.deepEqual([await review("good"), await review("bad")], [true, false]);
  assert.deepEqual(asked.toSorted(), ["bad", "good"]);
  now = 61_000;
  assert.deepEqual([await review("good"), await review("bad")], [true, false]);
  assert.equal(asked.length, 4);
  await close();
});

test("strangers get few reviews, and keep nobody out who was let in before", async () => {
  let now = 0;
  const { review, close } = reviews(() => now);
  assert.equal(await review("good"), true);
  const tried = await Promise.all(Array.from({ length: 3000 }, (_, index) => review(`bad ${index}`)));
  assert.deepEqual([tried.filter((verdict) => verdict === false).length, tried.filter((verdict) => verdict === undefined).length], [4, 2996]);
  // Whatever they try after each answer, there is no place for a while.
  assert.equal(await review("bad again"), undefined);
  now = 1000;
  assert.equal(await review("bad again"), false);
  now = 61_000;
  assert.equal(await review("good"), true, "its verdict no longer holds, and it is reviewed all the same");
  await close();
});
