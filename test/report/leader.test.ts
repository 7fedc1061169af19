/** Which of several replicas leads: elections over a Lease in a store of the test's own, with a clock that the test moves. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { ClusterApi } from "../../src/report/cluster/api.ts";
import { standForElection, type Election } from "../../src/report/cluster/leader.ts";
import { Refused, Unreachable } from "../../src/source/kubernetes/failures.ts";
import { mockTime, pass, STEP, unmockTime } from "../support/mock-time.ts";
import { createRandom } from "../support/random.ts";

const TTL = 8000;

interface Lease {
  metadata: { name: string; namespace: string; resourceVersion?: string };
  spec: { holderIdentity: string; leaseDurationSeconds: number; renewTime?: string; acquireTime?: string; leaseTransitions?: number };
}

/**
 * What happens to a request: its answer is `late` by so many milliseconds; it fails with `error`, before the server has carried
 * it out (`arrives: false`) or after; it is carried out, but never answered (`answers: false`).
 */
interface Fate {
  readonly late?: number;
  readonly error?: Error;
  readonly arrives?: boolean;
  readonly answers?: boolean;
}

interface Replica {
  readonly election: Election;
  /** The verbs of its requests (`get`, `create`, `update`), in their order. */
  readonly asked: string[];
  readonly log: string[];
  readonly terms: AbortSignal[];
  /** Gives the fate of each of its requests from now on. */
  fate: () => Fate;
}

let version: number;
let stored: Lease | undefined;
let replicas: Replica[];

beforeEach(() => {
  [version, stored, replicas] = [0, undefined, []];
  mockTime(0.5);
  mock.method(AbortSignal, "timeout", (ms: number) => {
    const timeout = new AbortController();
    setTimeout(() => timeout.abort(new Error(`not within ${ms} ms`)), ms);
    return timeout.signal;
  });
});
afterEach(async () => {
  const resigned = Promise.all(replicas.map(({ election }) => election.resign()));
  await pass(3000);
  await resigned;
  unmockTime();
});

function serve(verb: string, body: string | undefined): Lease {
  const given = body === undefined ? undefined : (JSON.parse(body) as Lease);
  if (!given && stored) return structuredClone(stored);
  if (!given) throw new Refused(404, "not found");
  if (verb === "create" && stored) throw new Refused(409, "already exists");
  if (verb === "update" && !stored) throw new Refused(404, "not found");
  if (verb === "update" && given.metadata.resourceVersion !== stored?.metadata.resourceVersion) throw new Refused(409, "the object has been modified");
  return structuredClone(write(given));
}

function write({ metadata, spec }: Lease): Lease {
  return (stored = { metadata: { ...metadata, resourceVersion: String(++version) }, spec });
}

/** Writes the Lease as somebody else would. */
function writtenBy(holderIdentity: string, more: Partial<Lease["spec"]> = {}): void {
  write({ metadata: { name: "leader", namespace: "sluice" }, spec: { holderIdentity, leaseDurationSeconds: TTL / 1000, ...more } });
}

/** Carries out a request according to its fate. Rejects as soon as the signal aborts, as real requests do. */
async function carry(fate: Fate, signal: AbortSignal, work: () => Lease): Promise<Lease> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  aborted.catch(() => undefined);
  const lease = fate.arrives === false ? undefined : work();
  if (fate.late !== undefined) await Promise.race([aborted, new Promise((resolve) => setTimeout(resolve, fate.late))]);
  if (fate.error) throw fate.error;
  return lease === undefined || fate.answers === false ? await aborted : lease;
}

function stand(identity: string, fate: () => Fate = () => ({})): Replica {
  const replica = { asked: [] as string[], log: [] as string[], terms: [] as AbortSignal[], fate };
  const api: Pick<ClusterApi, "ask"> = {
    ask: ({ verb }, _path, signal, details) => {
      replica.asked.push(verb);
      return carry(replica.fate(), signal, () => serve(verb, details?.body));
    },
  };
  const election = standForElection({
    api: api as ClusterApi, namespace: "sluice", name: "leader", identity, ttl: TTL,
    log: (level, message) => void replica.log.push(`${level} ${message}`), elected: (term) => replica.terms.push(term),
  });
  const standing: Replica = Object.assign(replica, { election });
  replicas.push(standing);
  void election.run();
  return standing;
}

const CUT_OFF = (): Fate => ({ arrives: false, error: new Unreachable("connection refused") });
const leaders = (): number => replicas.filter(({ election }) => election.leading).length;
const onlyOne = (): void => assert.ok(leaders() <= 1, `${leaders()} lead`);

test("the first replica makes the Lease and leads; one that comes later follows it", async () => {
  const first = stand("a");
  assert.equal(first.election.leading, false);
  await pass(0);
  assert.deepEqual([first.election.leading, first.election.leader, first.election.terms, first.terms.length], [true, "a", 1, 1]);
  assert.deepEqual([stored?.spec.holderIdentity, stored?.spec.leaseDurationSeconds, stored?.spec.leaseTransitions], ["a", 8, 0]);
  const second = stand("b");
  await pass(3 * TTL, () => assert.deepEqual([first.election.leading, second.election.leading], [true, false]));
  assert.deepEqual([second.election.leader, second.election.terms, second.asked.every((verb) => verb === "get")], ["a", 0, true]);
});

test("replicas that begin together: one succeeds, and the other says nothing of the conflict", async () => {
  const [one, other] = [stand("a"), stand("b")];
  await pass(0);
  assert.deepEqual([one.election.leading, other.election.leading, other.asked], [true, false, ["get", "create"]]);
  await pass(TTL, onlyOne);
  assert.deepEqual([other.log, other.election.leader], [[], "a"]);
});

test("a leader renews four times in the Lease's time, without reading it, in one term", async () => {
  const one = stand("a");
  await pass(0);
  const { acquireTime } = stored?.spec ?? {};
  await pass(10 * TTL, () => assert.equal(one.election.leading, true));
  assert.deepEqual(one.asked, ["get", "create", ...Array.from({ length: 40 }, () => "update")]);
  assert.deepEqual([one.election.terms, one.terms[0]?.aborted, stored?.spec.acquireTime, stored?.spec.leaseTransitions], [1, false, acquireTime, 0]);
});

test("one that is cut off gives up within half of the Lease's time, before another begins; it leads anew when it is elected anew", async () => {
  const [first, second] = [stand("a"), stand("b")];
  await pass(0);
  first.fate = CUT_OFF;
  await pass(TTL / 2, onlyOne);
  assert.deepEqual([first.election.leading, first.terms[0]?.aborted, second.election.leading], [false, true, false]);
  assert.ok(first.log.includes("warn this replica leads no more: the Lease could not be renewed in time"));
  await pass(TTL, onlyOne);
  assert.deepEqual([second.election.leading, stored?.spec.holderIdentity, stored?.spec.leaseTransitions], [true, "b", 1]);
  first.fate = () => ({});
  await pass(TTL, onlyOne);
  assert.deepEqual([first.election.leading, first.election.leader], [false, "b"]);
  second.fate = CUT_OFF;
  await pass(2 * TTL, onlyOne);
  assert.deepEqual([first.election.leading, first.election.terms, first.terms.length], [true, 2, 2]);
});

test("a term is counted from when its renewal was sent, not from its answer; an answer that does not come is not waited for", async () => {
  const one = stand("a");
  await pass(0);
  one.fate = () => ({ late: TTL / 4 - STEP });
  // The renewal is sent at a quarter of TTL and answered at almost half of it; it holds until three quarters. The next answer comes later.
  await pass((3 * TTL) / 4 - STEP, () => assert.equal(one.election.leading, true));
  await pass(STEP);
  assert.equal(one.election.leading, false);
  one.fate = () => ({});
  await pass(TTL);
  assert.equal(one.election.leading, true);
  one.fate = () => ({ answers: false });
  await pass(TTL);
  assert.equal(one.election.leading, false);
  one.fate = () => ({});
  await pass(TTL);
  assert.equal(one.election.leading, true);
});

test("a renewal that arrived, and whose answer was lost, is no conflict with oneself", async () => {
  const one = stand("a");
  await pass(0);
  let lost = 0;
  one.fate = () => (lost++ === 0 ? { error: new Unreachable("connection reset") } : {});
  await pass(3 * TTL, () => assert.equal(one.election.leading, true));
  assert.deepEqual(one.asked.slice(0, 5), ["get", "create", "update", "get", "update"]);
  assert.equal(one.election.terms, 1);
});

test("a Lease that was deleted is made anew within the term", async () => {
  const one = stand("a");
  await pass(0);
  stored = undefined;
  await pass(TTL, () => assert.equal(one.election.leading, true));
  assert.deepEqual([one.election.terms, (stored as Lease | undefined)?.spec.holderIdentity], [1, "a"]);
});

test("a Lease that somebody else took ends the term as soon as that is seen, and is nothing wrong", async () => {
  const one = stand("a");
  await pass(0);
  writtenBy("somebody");
  await pass(TTL / 2);
  assert.deepEqual([one.election.leading, one.terms[0]?.aborted, one.election.leader], [false, true, "somebody"]);
  assert.deepEqual(one.log.slice(1), ["warn this replica leads no more: somebody leads"]);
});

test("what is wrong is said once, until it is well again", async () => {
  const one = stand("a");
  await pass(0);
  one.fate = CUT_OFF;
  await pass(3 * TTL);
  one.fate = () => ({});
  await pass(TTL);
  one.fate = CUT_OFF;
  await pass(TTL);
  assert.equal(one.log.filter((line) => line.startsWith("warn the Lease sluice/leader cannot be had: connection refused")).length, 2);
});

test("somebody else's Lease is left alone for the time that its holder asked for, from when it was seen, whatever clock wrote it", async () => {
  for (const [renewTime, holder] of [["1970-01-01T00:00:00.000000Z", "slow"], ["2199-01-01T00:00:00.000000Z", "fast"]] as const) {
    writtenBy(holder, { leaseDurationSeconds: 60, renewTime });
    const one = stand(`after ${holder}`);
    await pass(60_000, () => assert.equal(one.election.leading, false));
    assert.equal(one.election.leader, holder);
    await pass(TTL);
    assert.equal(one.election.leading, true);
    const resigned = one.election.resign();
    await pass(0);
    await resigned;
  }
});

test("each renewal begins that time anew", async () => {
  writtenBy("other");
  const one = stand("a");
  for (let i = 0; i < 5; i++) {
    await pass(TTL - STEP, () => assert.equal(one.election.leading, false));
    writtenBy("other", { leaseTransitions: 7 });
  }
  await pass(2 * TTL);
  assert.deepEqual([one.election.leading, stored?.spec.leaseTransitions], [true, 8]);
});

test("its own Lease, of before a restart, and one that was given back are free at once", async () => {
  writtenBy("a", { leaseTransitions: 3, acquireTime: "2026-01-01T00:00:00.000000Z" });
  const one = stand("a");
  await pass(0);
  assert.deepEqual([one.election.leading, stored?.spec.leaseTransitions, stored?.spec.acquireTime], [true, 3, "2026-01-01T00:00:00.000000Z"]);
  writtenBy("");
  const other = stand("b");
  await pass(0);
  assert.deepEqual([other.election.leading, stored?.spec.holderIdentity], [true, "b"]);
});

const FORBIDDEN = () => ({ arrives: false, error: new Refused(403, 'leases "leader" is forbidden: User "x" cannot get resource "leases"') });

test("a right that is missing is asked for less and less often, down to once a minute, and not said here: it is a finding", async () => {
  const one = stand("a", FORBIDDEN);
  await pass(58_000);
  assert.equal(one.asked.length, 6);
  await pass(600_000);
  const before = one.asked.length;
  await pass(330_000); // ten times half a minute and a tenth of it, with this test's random numbers
  assert.deepEqual([one.asked.length - before, new Set(one.asked), one.log], [10, new Set(["get"]), []]);
  one.fate = () => ({});
  await pass(34_000);
  assert.equal(one.election.leading, true);
});

test("an API server that refuses everybody while it starts delays the leader by a few tries", async () => {
  const one = stand("a");
  await pass(0);
  one.fate = FORBIDDEN;
  await pass(TTL);
  one.fate = () => ({});
  await pass(TTL);
  assert.deepEqual([one.election.leading, one.election.terms], [true, 2]);
});

test("who resigns ends its term and gives the Lease back, and another leads at its next try", async () => {
  const [first, second] = [stand("a"), stand("b")];
  await pass(0);
  const resigned = first.election.resign();
  await pass(0);
  await resigned;
  assert.deepEqual([first.election.leading, first.terms[0]?.aborted, stored?.spec.holderIdentity], [false, true, ""]);
  await pass(TTL / 4 + TTL / 20);
  assert.deepEqual([second.election.leading, stored?.spec.holderIdentity], [true, "b"]);
  const asked = first.asked.length;
  await pass(2 * TTL);
  assert.deepEqual([first.asked.length, first.election.terms], [asked, 1], "it stands no more");
});

test("who does not lead gives nothing back", async () => {
  const [, second] = [stand("a"), stand("b")];
  await pass(0);
  const resigned = second.election.resign();
  await pass(0);
  await resigned;
  assert.deepEqual([stored?.spec.holderIdentity, second.asked.includes("update")], ["a", false]);
});

test("resigning takes two seconds at most, and is no failure, when the API server does not answer", async () => {
  const one = stand("a");
  await pass(0);
  one.fate = () => ({ arrives: false, answers: false });
  let resigned = false;
  void one.election.resign().then(() => (resigned = true));
  await pass(1000);
  assert.deepEqual([one.election.leading, one.terms[0]?.aborted, resigned], [false, true, false], "it leads no more, whatever becomes of the Lease");
  await pass(1000);
  assert.equal(resigned, true);
  assert.ok(one.log.some((line) => line.startsWith("debug the Lease sluice/leader was not given back")));
});

test("whatever becomes of requests, at most one leads; and one does when all is well", async () => {
  const random = createRandom();
  const wrong = (): Fate => random.pick<Fate>([
    { arrives: false, error: new Unreachable("refused") }, { error: new Unreachable("reset") }, { answers: false }, { arrives: false, answers: false },
    { late: random.below(TTL) }, { error: new Refused(500, "etcd") },
  ]);
  for (const identity of ["a", "b", "c"]) stand(identity);
  for (let round = 0; round < 30; round++) {
    for (const replica of replicas) {
      const share = random.pick([0, 0.3, 1]);
      replica.fate = () => (random.chance(share) ? wrong() : {});
    }
    await pass(random.below(30) * 10 * STEP, () => assert.ok(leaders() <= 1, `seed ${random.seed}, round ${round}: ${leaders()} lead`));
  }
  for (const replica of replicas) replica.fate = () => ({});
  await pass(3 * TTL, onlyOne);
  assert.equal(leaders(), 1, `seed ${random.seed}`);
});
