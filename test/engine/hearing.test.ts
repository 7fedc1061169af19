import assert from "node:assert/strict";
import { test } from "node:test";
import { heard } from "../../src/engine/hearing.ts";

const worker = { op: "hello", role: "worker", slot: 0, pid: 1, master: 2, config: "c", generation: 0, digest: "" };
const row = { namespace: "n", ingress: "i", service: "s", path: "/", canary: "", status: 200, requests: 3 };
const reloaded = { op: "engine", status: { master: 1, config: "c", profiles: { p: {} } }, event: "reloaded" };
const measured = { op: "processes", processes: 3, cpuSeconds: 0.5, readBytes: 0, writtenBytes: 1, residentBytes: 2, virtualBytes: 3, oldestStart: 4 };
const say = (message: unknown, role?: "worker" | "agent"): unknown => heard(JSON.stringify(message), role);

test("each role has its own words", () => {
  assert.deepEqual(say(worker), worker);
  assert.deepEqual(say({ op: "ack", generation: 7 }, "worker"), { op: "ack", generation: 7 });
  assert.deepEqual(say({ op: "counters", rows: [row] }, "worker"), { op: "counters", rows: [row], answers: {} });
  const ofHost = { ...row, host: "x.example" };
  assert.deepEqual(say({ op: "counters", rows: [ofHost] }, "worker"), { op: "counters", rows: [ofHost], answers: {} });
  assert.deepEqual(say({ op: "counters", rows: {} }, "worker"), { op: "counters", rows: [], answers: {} });
  assert.deepEqual(say({ op: "refused", config: "c", problem: "p" }, "agent"), { op: "refused", config: "c", problem: "p" });
  assert.deepEqual(say({ ...worker, cpu: 0.25 }), { ...worker, cpu: 0.25 });
  assert.deepEqual(say({ op: "beat", cpu: 1.5 }, "worker"), { op: "beat", cpu: 1.5 });
  assert.deepEqual(say({ op: "ended", pid: 3, ended: true }, "agent"), { op: "ended", pid: 3, ended: true });
  const left = { op: "leaving", generations: 1, workers: 2, since: 3, ended: 0 };
  assert.deepEqual(say({ ...left, more: 1 }, "agent"), left);
  assert.deepEqual(say({ op: "reloading", seconds: 6 }, "agent"), { op: "reloading", seconds: 6 });
  assert.deepEqual(say({ op: "reloading", seconds: 6, farewell: 2 }, "agent"), { op: "reloading", seconds: 6, farewell: 2 });
  assert.deepEqual(say({ op: "retired", farewell: 2, connections: 0 }, "worker"), { op: "retired", farewell: 2, connections: 0 });
  assert.deepEqual(say({ ...reloaded, more: 1 }, "agent"), reloaded);
  assert.deepEqual(say({ ...reloaded, instance: "stream" }, "agent"), { ...reloaded, instance: "stream" });
  assert.deepEqual(say({ ...measured, more: 1 }, "agent"), measured);
});

test("a label is cut where it is too long: a tenant's path must not cost a worker its connection", () => {
  const path = `/${"x".repeat(5000)}`;
  assert.deepEqual(say({ op: "counters", rows: [{ ...row, path }] }, "worker"), { op: "counters", rows: [{ ...row, path: path.slice(0, 2048) }], answers: {} });
});

const span = {
  trace: "4bf92f3577b34da6a3ce929d0e0e4736", span: "00f067aa0ba902b7", parent: "", name: "GET /", start: 1, end: 2, status: 200, method: "GET",
  scheme: "http", host: "h", port: "80", uri: "/", protocol: "HTTP/1.1", client: "c", agent: "a", route: "/", namespace: "n", ingress: "i",
  service: "s", canary: "", upstream: "u",
};

test("counters: with measurements, and from a worker that exits over a connection of its own", () => {
  const tallied = { ...row, method: "GET", host: "x.example", cells: [1, 5, 2, 1] };
  assert.deepEqual(say({ op: "counters", rows: [{ ...tallied, more: 1 }] }, undefined), { op: "counters", rows: [tallied], answers: {} });
  for (const cells of [[1, "x"], [1, -1], Array.from({ length: 2000 }, () => 1), {}]) {
    assert.deepEqual(say({ op: "counters", rows: [{ ...tallied, cells }] }, "worker"), { op: "counters", rows: [{ ...tallied, cells: [] }], answers: {} });
  }
});

test("answers: of the reasons that there are", () => {
  const said = say({ op: "counters", rows: [], answers: { "no-route": 2, "made-up": 1, "no-endpoints": "3" } }, "worker");
  assert.deepEqual(said, { op: "counters", rows: [], answers: { "no-route": 2 } });
});

test("spans: their fields and nothing else", () => {
  assert.deepEqual(say({ op: "spans", rows: [{ ...span, more: 1 }], dropped: 3 }, "worker"), { op: "spans", rows: [span], dropped: 3 });
  assert.deepEqual(say({ op: "spans", rows: {}, dropped: 3 }, "worker"), { op: "spans", rows: [], dropped: 3 });
  assert.deepEqual(say({ op: "tried", id: "i", problem: "p" }, "agent"), { op: "tried", id: "i", problem: "p" });
});

const request = {
  time: 1, took: 2, status: 200, client: "c", method: "GET", scheme: "http", host: "h", path: "/", reason: "", route: "/", namespace: "n", ingress: "i",
  service: "s", canary: "", upstream: "u", answers: "200", id: "x",
};
const reply = { id: 1, generation: 2, host: "h", route: "/", namespace: "n", ingress: "i", pool: "", canary: "", status: 404, reason: "no-route", endpoints: ["10.0.0.1:80"] };

test("requests and replies: their fields and nothing else", () => {
  assert.deepEqual(say({ op: "requests", rows: [{ ...request, more: 1 }], dropped: 3 }, "worker"), { op: "requests", rows: [request], dropped: 3 });
  assert.deepEqual(say({ op: "requests", rows: {}, dropped: 3 }, "worker"), { op: "requests", rows: [], dropped: 3 });
  assert.deepEqual(say({ op: "replied", reply: { ...reply, more: 1 } }, "worker"), { op: "replied", reply });
  assert.deepEqual(say({ op: "replied", reply: { ...reply, reason: "made-up", endpoints: {} } }, "worker"), { op: "replied", reply: { ...reply, reason: "", endpoints: [] } });
  const endpoints = Array.from({ length: 500 }, () => "x".repeat(5000));
  const { reply: cut } = say({ op: "replied", reply: { ...reply, endpoints } }, "worker") as { reply: { endpoints: string[] } };
  assert.deepEqual([cut.endpoints.length, cut.endpoints[0]?.length], [64, 2048]);
});

for (const [what, message, role] of [
  ["a request without a field", { op: "requests", rows: [{ ...request, host: undefined }], dropped: 0 }, "worker"],
  ["a request with a status that is none", { op: "requests", rows: [{ ...request, status: 1000 }], dropped: 0 }, "worker"],
  ["a request at a time that no date can say", { op: "requests", rows: [{ ...request, time: 9e15 }], dropped: 0 }, "worker"],
  ["more requests than fit in a message", { op: "requests", rows: Array.from({ length: 129 }, () => request), dropped: 0 }, "worker"],
  ["requests from the agent", { op: "requests", rows: [request], dropped: 0 }, "agent"],
  ["a reply without an id", { op: "replied", reply: { ...reply, id: undefined } }, "worker"],
  ["a reply from nobody", { op: "replied", reply }, undefined],
  ["a span with an id that is none", { op: "spans", rows: [{ ...span, trace: "x" }], dropped: 0 }, "worker"],
  ["a span without a field", { op: "spans", rows: [{ ...span, uri: undefined }], dropped: 0 }, "worker"],
  ["too many spans at once", { op: "spans", rows: Array.from({ length: 129 }, () => span), dropped: 0 }, "worker"],
  ["a worker that judges a snippet for the agent", { op: "tried", id: "i", problem: "" }, "worker"],
  ["anything before a hello", { op: "ack", generation: 1 }, undefined],
  ["counters of the agent", { op: "counters", rows: [row] }, "agent"],
  ["a second hello", worker, "worker"],
  ["a worker that speaks for the agent", { op: "engine", status: { master: 1, config: "c", profiles: {} }, event: "reloaded" }, "worker"],
  ["an nginx without a master", { ...reloaded, status: { config: "c", profiles: {} } }, "agent"],
  ["an nginx with profiles that are none", { ...reloaded, status: { master: 1, config: "c", profiles: { p: 1 } } }, "agent"],
  ["something that never happens to nginx", { ...reloaded, event: "vanished" }, "agent"],
  ["measures of processes that are no numbers", { ...measured, cpuSeconds: "0.5" }, "agent"],
  ["measures of processes, as a worker tells", measured, "worker"],
  ["a worker that refuses for the agent", { op: "refused", config: "c", problem: "p" }, "worker"],
  ["a beat that is none", { op: "beat", cpu: "1" }, "worker"],
  ["a worker that was ended, as a worker tells", { op: "ended", pid: 3, ended: true }, "worker"],
  ["old workers, as a worker tells", { op: "leaving", generations: 1, workers: 2, since: 3, ended: 0 }, "worker"],
  ["old workers in no numbers", { op: "leaving", generations: 1, workers: 2, since: null, ended: 0 }, "agent"],
  ["a worker that announces a reload for the agent", { op: "reloading", seconds: 9 }, "worker"],
  ["an agent that counts clients for the workers", { op: "retired", farewell: 2, connections: 0 }, "agent"],
  ["clients that are no number", { op: "retired", farewell: 2, connections: "0" }, "worker"],
  ["a farewell that has no number", { op: "reloading", seconds: 6, farewell: "2" }, "agent"],
  ["a reload that takes no number of seconds", { op: "reloading", seconds: -1 }, "agent"],
  ["a row with other labels", { op: "counters", rows: [{ ...row, ingress: undefined, x: "1" }] }, "worker"],
  ["a row that counts no number", { op: "counters", rows: [{ ...row, requests: "3" }] }, "worker"],
  ["a negative generation", { op: "ack", generation: -1 }, "worker"],
  ["a slot beyond all sense", { ...worker, slot: 1e9 }, undefined],
  ["an agent without a token", { op: "hello", role: "agent", facts: {}, status: {} }, undefined],
  ["an array", [worker], undefined],
  ["null", null, undefined],
] as const) {
  test(`${what} is not believed`, () => assert.equal(say(message, role), undefined));
}

test("text that is no JSON is not believed", () => assert.equal(heard("{", "worker"), undefined));
