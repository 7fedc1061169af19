/** One of several replicas: what it takes from the Lease, and what it says when others are not to be had. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LEADER_NOTE, packKept, STATE_NOTE, type LeaseNotes } from "../../src/rollout/lease-notes.ts";
import { newKey } from "../../src/rollout/replicas.ts";
import type { Kept } from "../../src/rollout/store.ts";
import { createTeam, type Team } from "../../src/rollout/team.ts";
import { freePorts } from "../support/sluice.ts";

interface Member {
  readonly team: Team;
  /** What it took from others. */
  readonly taken: Kept[];
  leads: boolean;
  kept: Kept | undefined;
  hurried: number;
  lease: LeaseNotes | undefined;
}

function member(replica = "one"): Member {
  const one: Omit<Member, "team"> = { taken: [], leads: false, kept: { revision: 5, releases: {} }, hurried: 0, lease: {} };
  const team = createTeam({
    replica, url: "http://127.0.0.1:1", leads: () => one.leads, hurry: () => void one.hurried++, kept: () => one.kept, take: (kept) => void one.taken.push(kept), log: () => {}, found: () => {},
    readLease: async () => one.lease ?? Promise.reject(new Error("no route")), count: () => {}, act: async () => undefined, state: () => ({ kept: "", statuses: [] }),
  });
  return Object.assign(one, { team });
}

const noted = (revision: number): LeaseNotes => ({ [STATE_NOTE]: packKept({ revision, releases: {} }) });
const codes = (team: Team): readonly string[] => team.findings().map(({ code }) => code);

test("the state of the Lease is taken if it is not older, and one that cannot be read is not", () => {
  const one = member();
  for (const [revision, count] of [[4, 0], [5, 1], [9, 2]] as const) {
    one.team.noted(noted(revision));
    assert.equal(one.taken.length, count, `revision ${revision}`);
  }
  one.team.noted({ [STATE_NOTE]: "no state" });
  assert.equal(one.taken.length, 2);
});

test("who begins to lead takes the state before it notes its own, with a key of its own; who leads on does not", () => {
  const one = member();
  one.leads = true;
  const keyOf = (notes: LeaseNotes): unknown => (JSON.parse(notes[LEADER_NOTE] ?? "{}") as { key?: unknown }).key;
  const first = one.team.notes(noted(9), false);
  assert.equal(one.taken[0]?.revision, 9);
  const next = one.team.notes(noted(10), true);
  assert.equal(one.taken.length, 1, "nobody else writes while it leads");
  assert.equal(keyOf(next), keyOf(first));
  assert.notEqual(keyOf(one.team.notes(noted(9), false)), keyOf(first));
  one.kept = undefined;
  assert.deepEqual(one.team.notes({}, true), {}, "without a rollout nothing is noted");
});

test("a Lease that cannot be read at the start is no state, and no reason to stop", async () => {
  const one = member();
  one.lease = noted(7);
  assert.equal((await one.team.store.load()).revision, 7);
  one.lease = undefined;
  assert.deepEqual(await one.team.store.load(), { revision: 0, releases: {} });
});

test("a leader that does not answer is a finding until this replica leads or the Lease names another, and is looked for", async () => {
  const one = member();
  const [closed] = await freePorts(1);
  one.team.noted({ [LEADER_NOTE]: JSON.stringify({ url: `http://127.0.0.1:${closed}`, key: newKey() }) });
  assert.equal(await one.team.tell([]), undefined);
  assert.deepEqual(codes(one.team), ["leader-not-heard"]);
  assert.match(one.team.findings()[0]?.sentence ?? "", new RegExp(`127\\.0\\.0\\.1:${closed}: ECONNREFUSED: let the pods`));
  assert.equal(one.hurried, 1);
  one.leads = true;
  assert.deepEqual(codes(one.team), []);
  one.leads = false;
  one.team.noted({});
  assert.equal(await one.team.tell([]), undefined, "nobody leads");
  assert.deepEqual(codes(one.team), []);
});

test("who does not lead believes nobody", async () => {
  const one = member();
  assert.equal(await one.team.hear("{}", "0".repeat(64)), undefined);
});
