/** What workers share, and what each keeps of its requests: several edges over nginx's own shared memory. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "../support/build.ts";
import { programOf, runLua } from "../support/in-nginx.ts";
import { ingress, ingressClass, secret, service, slice } from "../support/objects.ts";

const SCRIPT = fileURLToPath(new URL("../support/workers.lua", import.meta.url));
const WORKERS = 70;
const ADDRESSES = 5000;
/** More than the memory for digest authentication holds. */
const GUESSES = 10_000;

let found: {
  /** Statuses of three simultaneous requests on three workers, of a client that may have one connection. */
  readonly connections: readonly number[];
  /** Whether a worker that starts while memory is full has the same key of digest authentication as the others. */
  readonly sameSeal: boolean;
  /** Statuses of a client's right answers: the first, at once; one to a new challenge, after others have guessed; the first one again. */
  readonly replay: readonly number[];
  /** Statuses at two Ingresses with a limit: of the last of very many clients at one, then of four requests at the other. */
  readonly rates: readonly number[];
  /** States of requests in memory: before the clean-up, after it (`left`), and those of ended requests that still refer to something (`pinned`). */
  readonly states: number;
  readonly left: number;
  readonly pinned: number;
};

before(() => {
  const built = build(
    ingress("shop/held").host("held.example").path("/", "web:80").annotate("limit-connections", "1"),
    ingress("shop/digest").host("digest.example").path("/", "web:80").annotate("auth-type", "digest").annotate("auth-secret", "users").annotate("auth-realm", "r"),
    ingress("shop/rate").host("rate.example").path("/", "web:80").annotate("limit-rps", "5"),
    ingress(`shop/${"long".repeat(50)}`).host("long.example").path("/", "web:80").annotate("limit-rps", "5"),
    secret("shop/users", { auth: "ann:r:0123456789abcdef0123456789abcdef\n" }),
    service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"), ingressClass("nginx"),
  );
  found = JSON.parse(runLua(SCRIPT, programOf(built), { workers: WORKERS, addresses: ADDRESSES, guesses: GUESSES })) as typeof found;
});

test("limits on connections are shared by any number of workers, also when the generation before them has ended", () => {
  assert.deepEqual(found.connections, [200, 503, 503]);
});

test("the key of digest authentication stays, whatever clients fill", () => {
  assert.equal(found.sameSeal, true);
});

test("however many guess, who knows the password gets in, and an answer that was used stays used", () => {
  assert.deepEqual(found.replay, [200, 200, 401]);
});

test("very many clients of one Ingress keep those of another from nothing", () => {
  assert.deepEqual(found.rates, [200, 200, 200, 200, 200]);
});

test("states of requests that have ended are dropped, and those that are kept hold on to nothing", () => {
  assert.ok(found.states >= ADDRESSES, "there were as many as addresses");
  const inFlight = ADDRESSES / 100;
  assert.ok(found.left >= inFlight && found.left <= inFlight + 512, `${found.left} are left`);
  assert.equal(found.pinned, 0);
});
