/** Parsers of what workers and the agent say over the channel, and of the files that a worker starts from. */
import assert from "node:assert/strict";
import { newTables } from "../../edge/src/tables.ts";
import { takeSnapshot } from "../../edge/src/snapshot.ts";
import type { Frame } from "../../edge/src/program.ts";
import { createCompiler } from "../../src/compile/program.ts";
import { heard, type Role } from "../../src/engine/hearing.ts";
import { lineReader } from "../../src/engine/lines.ts";
import { readFrame } from "../../src/explain/tables.ts";
import { cut } from "../../src/report/events/event.ts";
import { packKept, readLeader, readPacked } from "../../src/rollout/lease-notes.ts";
import { begin, weightOfRelease } from "../../src/rollout/release.ts";
import { readKept, textOfKept, type Kept } from "../../src/rollout/store.ts";
import { build } from "../support/build.ts";
import { ingress, ingressClass, service, slice } from "../support/objects.ts";
import type { Parser } from "./parser.ts";

const SAID: readonly object[] = [
  { op: "hello", role: "worker", id: 0, pid: 7, generation: 3, digest: "abc", config: "def" },
  { op: "hello", role: "agent", token: "x", pid: 7, generation: 3, digest: "abc" },
  { op: "ack", generation: 3 }, { op: "beat", cpu: 0.5 }, { op: "ended", pid: 7, ended: true }, { op: "exiting" }, { op: "done" },
  { op: "counters", rows: [{ namespace: "shop", ingress: "web", service: "web", path: "/", canary: "", status: 200, requests: 1, host: "a", method: "GET", cells: [0, 1, 5, 2] }], answers: [] },
  { op: "arms", rows: [{ rollout: "shop/next", canary: { requests: 2, errors: 1, times: [3, 1] }, primary: { requests: 4, errors: 0, times: [3, 2, 5, 2] } }] },
  { op: "connections", active: 1, reading: 0, writing: 1, waiting: 0, accepted: 5, handled: 5, requests: 9 },
  { op: "spans", rows: [{ trace: "0".repeat(32), span: "1".repeat(16), parent: "", start: 1, end: 2, status: 200, name: "a" }], dropped: 0 },
  { op: "requests", rows: [{ time: 1, took: 0.1, status: 200, client: "192.0.2.1", method: "GET", path: "/" }], dropped: 0 },
  { op: "replied", reply: { id: 1, generation: 2, status: 0, host: "a", route: "/", endpoints: ["10.0.0.1:80"] } },
  { op: "engine", status: { master: 7, config: "c", profiles: {} }, event: "started" }, { op: "leaving", pids: [1, 2] }, { op: "refused", config: "c", problem: "p", ports: { a: "EADDRINUSE" } },
  { op: "processes", openFiles: 3 }, { op: "retired", farewell: 1, connections: 0 }, { op: "snapshot", problem: "", endpoints: "" },
];
const ROLES: readonly Role[] = ["worker", "agent", undefined];

const program = createCompiler().compile(build(ingressClass("nginx"), ingress("shop/web").host("shop.example").path("/", "web:80"), service("shop/web", "80"), slice("shop/web", 80, "10.0.0.1"))).program;
const SNAPSHOT = [...program.parts.values()].map(({ frame }) => frame.reveal().toString("latin1")).concat('{"op":"commit","generation":1,"digest":"abc","keys":"k"}').join("\n");
const KEYS = '{"op":"commit","generation":1,"digest":"k","keys":"k"}';

const linesOf = (text: string): (() => string | undefined) => {
  const lines = text.split("\n").values();
  return () => lines.next().value;
};

/** As cjson.safe in nginx: undefined for what is no JSON. */
function decode(text: string): Frame | undefined {
  try {
    return readFrame(text);
  } catch {
    return undefined;
  }
}

/** What a crash, or a full disk, can leave of a file: its beginning. */
function beginning(text: string): string {
  let length = 0;
  while (length < text.length && length < SNAPSHOT.length && text.charCodeAt(length) === SNAPSHOT.charCodeAt(length)) length++;
  return SNAPSHOT.slice(0, length);
}

const RELEASE = begin({
  spec: { steps: [{ weight: 5, lasts: 1000, requests: 20 }], errors: 0.01, latency: { quantile: 0.99, bound: { within: 1.5 } }, onFailure: "back" },
  most: 100, uid: "u", canary: ["shop/next/80"], primary: ["shop/web/80"], owners: ["next-6f7d8c9b54"],
}, 1, "A release begins").release;

export const OF_WORKERS: readonly Parser[] = [
  {
    names: ["readKept"], seeds: [textOfKept({ revision: 1, releases: { "shop/next": RELEASE } }), '{"version":2}', "{}"],
    take: (text) => {
      let kept: Kept;
      try {
        kept = readKept(text);
      } catch {
        return;
      }
      for (const release of Object.values(kept.releases)) assert.ok(weightOfRelease(release) <= 100);
    },
  },
  {
    names: ["heard"], seeds: SAID.map((one) => JSON.stringify(one)),
    take: (text) => {
      for (const role of ROLES) {
        const message = heard(text, role);
        if (message !== undefined) assert.equal(message.op, (JSON.parse(text) as { op: string }).op);
      }
    },
  },
  {
    names: ["readPacked"], seeds: [packKept({ revision: 1, releases: { "shop/next": RELEASE } })],
    take: (text) => {
      try {
        assert.ok(readPacked(text).revision >= 0);
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof assert.AssertionError));
      }
    },
  },
  {
    names: ["readLeader"], seeds: [JSON.stringify({ url: "http://10.0.0.5:10254", key: "a".repeat(64) })],
    take: (text) => assert.match(readLeader(text)?.url ?? "http://none", /^http:\/\//),
  },
  {
    names: ["lineReader"], seeds: [SAID.map((one) => JSON.stringify(one)).join("\n"), "a\n\nb\n"],
    take: (text) => {
      const bytes = Buffer.from(text);
      const read = (step: number): readonly string[] => {
        const lines: string[] = [];
        const take = lineReader((line) => lines.push(line));
        for (let at = 0; at < bytes.length; at += step) take(bytes.subarray(at, at + step));
        return lines;
      };
      const whole = read(Math.max(1, bytes.length));
      assert.deepEqual(whole, bytes.toString("latin1").split("\n").slice(0, -1).map((line) => Buffer.from(line, "latin1").toString("utf8")));
      assert.deepEqual(read(7), whole, "however the bytes arrive");
    },
  },
  {
    names: ["takeSnapshot", "readFrame"], seeds: [SNAPSHOT],
    take: (text) => {
      const tables = newTables();
      takeSnapshot(tables, linesOf(KEYS), linesOf(beginning(text)), decode);
      assert.equal(tables.digest === "abc", beginning(text) === SNAPSHOT, "a digest is claimed for the whole alone");
      assert.equal(tables.hosts["shop.example"] !== undefined, tables.digest === "abc", "a commit is taken whole");
    },
  },
  { names: ["cut"], seeds: ["a sentence", "\ud83d\ude00"], take: (text) => assert.ok(cut(text).isWellFormed() || !text.isWellFormed()) },
];
