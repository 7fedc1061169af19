/** Which orders the nginx below http gets, and what the engine's state says of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineFacts } from "../../src/compile/facts.ts";
import type { Program } from "../../src/compile/program.ts";
import type { Listener } from "../../src/compile/stream-conf.ts";
import { NO_ENGINE, type AgentOrder, type FromSubscriber } from "../../src/engine/protocol.ts";
import type { Order } from "../../src/engine/step/orders.ts";
import { adoptStreams, configureStreams, hearStreams, NO_STREAMS, streamState, type StreamState } from "../../src/engine/step/streams.ts";
import { DEFAULT_CONFIG } from "../../src/model/config/defaults.ts";
import { streamFindings } from "../../src/report/stream-findings.ts";
import { parseSettings } from "../../src/settings.ts";

const facts: EngineFacts = {
  version: [1, 22, 1], modules: [], stream: ["/m/stream.so", "/m/js.so"], processors: 2, openFiles: 4096, ipv6: false,
  accessLog: "/run/s/access.log", runtimeDir: "/run/s", edgeDir: "/edge",
};
const { stream: _, ...withoutModules } = facts;

const listener = (port: number): Listener => ({
  id: `tcp ${port}`, protocol: "tcp", port, acceptProxy: false, sendProxy: false, service: "net/echo:7",
  origin: { kind: "ConfigMap", namespace: "sluice", name: "tcp", field: `data[${port}]` },
});
const program = (...ports: readonly number[]): Program =>
  ({ parts: new Map(), profiles: new Map(), trust: new Map(), fronts: new Map(), config: DEFAULT_CONFIG, listeners: new Map(ports.map((port) => [`tcp ${port}`, listener(port)])) }) as unknown as Program;

type Configure = AgentOrder & { op: "configure" };

function started(machine: EngineFacts = facts, flags: readonly string[] = []) {
  const settings = parseSettings(flags, "run");
  const orders: Configure[] = [];
  let [now, listeners, streams] = [0, program().listeners, adoptStreams(NO_STREAMS, NO_ENGINE)];
  const take = (next: { streams: typeof streams; orders: readonly Order[] }): void => {
    streams = next.streams;
    for (const one of next.orders) if (one.kind === "tell" && one.order.op === "configure") orders.push(one.order);
  };
  const shown = {
    get state(): StreamState {
      return streamState(streams, settings, listeners, machine);
    },
    /** Whether an order has no answer yet. */
    get open(): boolean {
      return streams.ordered !== undefined;
    },
    configure(wanted: Program, number: number): void {
      ({ listeners } = wanted);
      take(configureStreams(streams, number, { settings, program: wanted, facts: machine }, now));
    },
    hear: (message: FromSubscriber & { op: "engine" | "refused" }): void => take(hearStreams(streams, message, now)),
    pass: (ms: number): void => void (now += ms),
  };
  const last = (): Configure => orders.at(-1) ?? assert.fail("no order");
  const obey = (): void => shown.hear({ op: "engine", instance: "stream", event: "reloaded", status: { master: 7, config: last().digest, profiles: {} } });
  return { streams: shown, orders, last, obey };
}

test("nothing below http: no order; a listener: one, and no second until it is answered or something changes", () => {
  const { streams, orders, obey, last } = started();
  streams.configure(program(), 1);
  assert.deepEqual([orders.length, streams.open], [0, false]);
  streams.configure(program(9000), 1);
  assert.deepEqual(last().listens?.map(({ id, host, port }) => `${id} at ${host}:${port}`), ["tcp 9000 at 0.0.0.0:9000"]);
  streams.configure(program(9000, 9001), 1);
  assert.deepEqual([orders.length, streams.open], [1, true]);
  obey();
  assert.equal(streams.open, false);
  streams.configure(program(9000), 1);
  assert.equal(orders.length, 1);
  streams.configure(program(), 1);
  assert.equal(orders.length, 2, "the last listener is gone: an nginx without any");
});

test("a port that cannot be had is left out with a finding on its entry; the others are ordered again", () => {
  const { streams, orders, obey, last } = started();
  streams.configure(program(9000, 9001), 1);
  streams.hear({ op: "refused", instance: "stream", config: last().digest, problem: "ports cannot be had: tcp 9000", ports: { "tcp 9000": "EADDRINUSE" } });
  streams.configure(program(9000, 9001), 1);
  assert.deepEqual(last().listens?.map(({ id }) => id), ["tcp 9001"]);
  obey();
  streams.configure(program(9000, 9001), 1);
  assert.equal(orders.length, 2);
  const findings = streamFindings(streams.state);
  assert.deepEqual(findings.map(({ code, object, field }) => [code, object.kind, object.name, field]), [["stream-port-blocked", "ConfigMap", "tcp", "data[9000]"]]);
});

test("a configuration that nginx refuses is not ordered again at once, and is a finding", () => {
  const { streams, orders, last } = started();
  streams.configure(program(9000), 1);
  streams.hear({ op: "refused", instance: "stream", config: last().digest, problem: "no room" });
  streams.configure(program(9000), 1);
  assert.equal(orders.length, 1);
  assert.deepEqual(streamFindings(streams.state).map(({ code }) => code), ["stream-refused"]);
  streams.configure(program(9001), 1);
  assert.equal(orders.length, 2);
});

test("what stays blocked or refused is no other finding while it is tried again, and is gone when it succeeds", () => {
  const { streams, orders, obey, last } = started();
  const said = (): string[] => streamFindings(streams.state).map(({ code, field }) => `${code} ${field}`);
  const step = (): void => streams.configure(program(9000, 9001), 1);
  const refuse = (...ids: string[]): void =>
    streams.hear({ op: "refused", instance: "stream", config: last().digest, problem: "ports cannot be had", ports: Object.fromEntries(ids.map((id) => [id, "EADDRINUSE"])) });
  const both = ["stream-port-blocked data[9000]", "stream-port-blocked data[9001]"];
  step();
  refuse("tcp 9000", "tcp 9001");
  step();
  for (let times = 0; times < 3; times++) {
    streams.pass(30_000);
    assert.deepEqual(said(), both);
    step();
    assert.deepEqual([said(), last().listens?.length], [both, 2]);
    refuse("tcp 9000", "tcp 9001");
    assert.deepEqual(said(), both);
    step();
  }
  streams.pass(30_000);
  step();
  refuse("tcp 9001");
  assert.deepEqual(said(), both.slice(1));
  step();
  obey();
  assert.deepEqual([said(), last().listens?.map(({ id }) => id)], [both.slice(1), ["tcp 9000"]]);
  streams.pass(30_000);
  step();
  obey();
  assert.deepEqual([said(), last().listens?.length], [[], 2]);
  const before = orders.length;
  step();
  assert.equal(orders.length, before);
});

test("a configuration that stays refused is no other finding while it is tried again", () => {
  const { streams, orders, obey, last } = started();
  const said = (): string[] => streamFindings(streams.state).map(({ code }) => code);
  streams.configure(program(9000), 1);
  for (let times = 1; times < 4; times++) {
    assert.equal(orders.length, times);
    streams.hear({ op: "refused", instance: "stream", config: last().digest, problem: "no room" });
    streams.pass(30_000);
    assert.deepEqual(said(), ["stream-refused"]);
    streams.configure(program(9000), 1);
    assert.deepEqual(said(), ["stream-refused"]);
  }
  obey();
  assert.deepEqual(said(), []);
});

test("without nginx's modules nothing is ordered, and the finding names Debian's packages", () => {
  for (const [flags, ports] of [[[], [9000]], [["--enable-ssl-passthrough"], []]] as const) {
    const { streams, orders } = started(withoutModules, flags);
    streams.configure(program(...ports), 1);
    assert.deepEqual([orders.length, streams.open], [0, false]);
    const [finding, ...others] = streamFindings(streams.state);
    assert.deepEqual([finding?.code, others.length], ["stream-module-missing", 0]);
    assert.match(finding?.sentence ?? "", /libnginx-mod-stream and libnginx-mod-stream-js/);
  }
  const { streams } = started(withoutModules);
  streams.configure(program(), 1);
  assert.deepEqual(streamFindings(streams.state), [], "nobody asked for it");
});
