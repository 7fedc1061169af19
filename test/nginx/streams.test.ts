/**
 * Ports below http on real sockets. The endpoint is chosen for each connection, so endpoints come and go without a reload.
 * A new port costs the nginx below http a reload, which no connection notices.
 */
import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { fileOf } from "../../edge/stream/endpoint.ts";
import { probeEngine } from "../../src/engine/agent/probe.ts";
import { EDGE_DIR, NGINX_BINARY } from "../../src/engine/paths.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";
import { converse, startTcp, startUdp, udpClient, whoAnswers, type TcpBackend, type UdpBackend } from "../support/stream-backends.ts";
import { services, streamService, STREAM_FLAGS, withoutStream } from "../support/streams.ts";

const { facts } = probeEngine({ binary: NGINX_BINARY, runtimeDir: "/tmp", edgeDir: EDGE_DIR, accessLog: "" });
const skip = withoutStream(facts.stream);

let sluice: Sluice;
let ports: readonly number[];
let backends: TcpBackend[];
let udp: UdpBackend[];
const at = (index: number): number => ports[index] as number;
const backend = (index: number): TcpBackend => backends[index] as TcpBackend;

before(async () => {
  if (skip) return;
  ports = await freePorts(10);
  backends = [await startTcp("a"), await startTcp("b"), await startTcp("c"), await startTcp("d"), await startTcp("proxied", { proxy: true })];
  udp = [await startUdp("one"), await startUdp("two")];
  sluice = await startSluice({
    args: STREAM_FLAGS,
    files: {
      "tcp.yaml": services("tcp", { [at(0)]: "net/echo:7", [at(1)]: "net/four:7", [at(2)]: "net/proxied:7::PROXY", [at(3)]: "net/proxied:7:PROXY:PROXY", [at(4)]: "net/echo:7:PROXY", [at(8)]: "net/nobody:7" }),
      "udp.yaml": services("udp", { [at(5)]: "net/datagrams:7" }),
      "echo.yaml": streamService("echo", [backend(0).port]),
      "four.yaml": streamService("four", backends.slice(0, 4).map(({ port }) => port)),
      "proxied.yaml": streamService("proxied", [backend(4).port]),
      "datagrams.yaml": streamService("datagrams", udp.map(({ port }) => port), { protocol: "UDP" }),
    },
  });
});
after(async () => {
  await sluice?.stop();
  await Promise.all([...(backends ?? []), ...(udp ?? [])].map((one) => one.close()));
});

async function findings(): Promise<readonly Finding[]> {
  return JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[];
}

async function reloads(): Promise<number> {
  const [, count] = /^sluice_reloads_total\{reason="listeners"\} (\d+)$/m.exec((await sluice.ask("/metrics")).text) ?? [];
  assert.ok(count !== undefined, "there is no such metric");
  return Number(count);
}

test("a TCP port leads to its Service, also for a client that waits to be spoken to", { skip }, async () => {
  const conversation = await converse(at(0));
  assert.equal(await conversation.line(), "a");
  conversation.write("hello");
  assert.equal(await conversation.read(5), "hello");
  conversation.socket.destroy();
});

test("endpoints change without a reload: open connections stay, new ones go to the new endpoint", { skip }, async () => {
  const before = await reloads();
  const http = (await sluice.generation()).reloads;
  const open = await converse(at(0));
  assert.equal(await open.line(), "a");
  await sluice.apply({ "echo.yaml": streamService("echo", [backend(1).port]) });
  for (let i = 0; i < 20; i++) assert.equal(await whoAnswers(at(0)), "b");
  open.write("still here");
  assert.equal(await open.read(10), "still here");
  open.socket.destroy();
  await sluice.apply({ "echo.yaml": streamService("echo", []) });
  assert.equal(await whoAnswers(at(0)), "", "no endpoint: the connection is closed");
  assert.ok((await findings()).some(({ code, field, effect }) => code === "no-endpoints" && field === `data[${at(0)}]` && effect.includes(`TCP port ${at(0)}`)));
  await sluice.apply({ "echo.yaml": streamService("echo", [backend(0).port]) });
  assert.equal(await whoAnswers(at(0)), "a");
  assert.equal(await reloads(), before);
  assert.equal((await sluice.generation()).reloads, http);
});

test("a Service that does not exist is a finding, and its port closes connections until it does", { skip }, async () => {
  assert.equal(await whoAnswers(at(8)), "");
  assert.ok((await findings()).some(({ code, field }) => code === "service-missing" && field === `data[${at(8)}]`));
  await sluice.apply({ "nobody.yaml": streamService("nobody", [backend(2).port]) });
  assert.equal(await whoAnswers(at(8)), "c");
  await sluice.apply({ "nobody.yaml": undefined });
});

test("endpoints that cannot be written down are not acknowledged: a finding, no sync, http as before; then they are caught up with", { skip }, async () => {
  const file = `${sluice.runtimeDir}/endpoints/${fileOf(`tcp ${at(0)}`)}.new`;
  mkdirSync(`${file}/in-the-way`, { recursive: true });
  sluice.write({ "echo.yaml": streamService("echo", [backend(1).port]) });
  const { status, text } = await sluice.ask("/api/v1/sync", "POST");
  assert.equal(status, 504);
  assert.match(text, /the files that connections below http are led by cannot be written/);
  assert.ok((await findings()).some(({ code, severity }) => code === "endpoints-behind" && severity === "error"));
  assert.equal(await whoAnswers(at(0)), "a");
  assert.equal((await sluice.ask("/readyz")).status, 200, "no reason to turn http away");
  rmSync(file, { recursive: true });
  await sluice.apply({});
  assert.equal(await whoAnswers(at(0)), "b");
  assert.ok(!(await findings()).some(({ code }) => code === "endpoints-behind"));
  await sluice.apply({ "echo.yaml": streamService("echo", [backend(0).port]) });
  assert.equal(await whoAnswers(at(0)), "a");
});

test("a thousand connections are spread evenly", { skip }, async () => {
  const counts: Record<string, number> = {};
  for (let round = 0; round < 50; round++) {
    for (const name of await Promise.all(Array.from({ length: 20 }, () => whoAnswers(at(1))))) counts[name] = (counts[name] ?? 0) + 1;
  }
  assert.deepEqual(Object.keys(counts).sort(), ["a", "b", "c", "d"]);
  // The expected number is 250 for each, with a standard deviation of 14.
  for (const count of Object.values(counts)) assert.ok(Math.abs(count - 250) < 100, JSON.stringify(counts));
});

test("an endpoint that cannot be connected to costs a connection, and the next ones go elsewhere", { skip }, async () => {
  const [dead] = await freePorts(1);
  await sluice.apply({ "echo.yaml": streamService("echo", [backend(0).port, dead]) });
  const answers: string[] = [];
  // Until one connection has met the dead endpoint, each one meets it with a chance of one half.
  while (!answers.includes("") && answers.length < 100) answers.push(await whoAnswers(at(0)));
  assert.ok(answers.includes(""), "no connection came to the dead endpoint");
  for (let i = 0; i < 30; i++) assert.equal(await whoAnswers(at(0)), "a");
  await sluice.apply({ "echo.yaml": streamService("echo", [backend(0).port]) });
});

test("the PROXY protocol is spoken to endpoints, and understood from clients", { skip }, async () => {
  const plain = await converse(at(2));
  assert.equal(await plain.line(), "proxied");
  assert.match(backend(4).headers.at(-1) ?? "", new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${at(2)}\r\n$`));
  plain.socket.destroy();
  const both = await converse(at(3));
  both.write("PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\nhello");
  assert.equal(await both.line(), "proxied");
  assert.equal(await both.read(5), "hello");
  assert.match(backend(4).headers.at(-1) ?? "", /^PROXY TCP4 203\.0\.113\.9 /);
  both.socket.destroy();
  const taken = await converse(at(4));
  taken.write("PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\nhello");
  assert.equal(await taken.line(), "a");
  assert.equal(await taken.read(5), "hello");
  taken.socket.destroy();
  const missing = await converse(at(4));
  missing.write("no header at all\r\n");
  assert.equal(await missing.ended(), "");
});

test("datagrams of a client keep to one endpoint, clients are spread over all", { skip }, async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 30; i++) {
    const client = udpClient(at(5));
    const answers = [];
    for (const text of ["first", "second", "third"]) answers.push(await client.ask(text));
    client.close();
    const [name = ""] = (answers[0] ?? "").split(" ");
    assert.deepEqual(answers, [`${name} first`, `${name} second`, `${name} third`]);
    seen.add(name);
  }
  assert.deepEqual([...seen].sort(), ["one", "two"]);
});

test("a port that another process has is a finding, and the others are served", { skip }, async () => {
  const thief = createServer((socket) => socket.end("thief\n"));
  await new Promise<void>((resolve) => thief.listen(at(6), "127.0.0.1", resolve));
  try {
    const all = { [at(0)]: "net/echo:7", [at(1)]: "net/four:7", [at(6)]: "net/echo:7", [at(7)]: "net/echo:7" };
    await sluice.apply({ "tcp.yaml": services("tcp", all) });
    assert.equal(await whoAnswers(at(7)), "a");
    assert.equal(await whoAnswers(at(6)), "thief");
    const blocked = (await findings()).filter(({ code }) => code === "stream-port-blocked");
    assert.deepEqual(blocked.map(({ object, field }) => [object.kind, object.name, field]), [["ConfigMap", "tcp", `data[${at(6)}]`]]);
  } finally {
    await new Promise((resolve) => thief.close(resolve));
  }
});

test("a new port costs a reload that no connection notices", { skip }, async () => {
  const before = await reloads();
  const open = await converse(at(1));
  const name = await open.line();
  const client = udpClient(at(5));
  const problems = { refused: 0, lost: 0 };
  let running = true;
  const connecting = (async () => {
    while (running) if ((await whoAnswers(at(0)).catch(() => "")) !== "a") problems.refused++;
  })();
  const datagrams = (async () => {
    while (running) if ((await client.ask("hello", 2000)) === undefined) problems.lost++;
  })();
  try {
    for (let round = 0; round < 3; round++) {
      await sluice.apply({ "tcp.yaml": services("tcp", { [at(0)]: "net/echo:7", [at(1)]: "net/four:7", ...(round % 2 === 0 ? { [at(9)]: "net/echo:7" } : {}) }) });
      if (round % 2 === 0) assert.equal(await whoAnswers(at(9)), "a");
      open.write("still");
      assert.equal(await open.read(5), "still", name);
    }
  } finally {
    running = false;
    await Promise.all([connecting, datagrams]);
    client.close();
    open.socket.destroy();
  }
  assert.equal(problems.refused, 0);
  // nginx answers datagrams from the listening socket. A worker that leaves closes it, so an answer on its way can be lost.
  assert.ok(problems.lost <= 3, `${problems.lost} answers to datagrams were lost`);
  assert.equal(await reloads(), before + 3);
});

test("bad entries are findings, one each, and the others are served", { skip }, async () => {
  await sluice.apply({
    "tcp.yaml": JSON.stringify({
      apiVersion: "v1", kind: "ConfigMap", metadata: { name: "tcp", namespace: "sluice" },
      data: { [at(0)]: "net/echo:7", no: "net/echo:7", "70000": "net/echo:7", [at(1)]: "nonsense", [at(7)]: "net/echo:99", [sluice.http]: "net/echo:7", [at(8)]: "net/echo:7:PROXY:NO" },
    }),
    "udp.yaml": services("udp", { [at(5)]: "net/datagrams:7:PROXY" }),
  });
  const codes = (await findings()).filter(({ object }) => object.kind === "ConfigMap").map(({ code, field }) => `${field} ${code}`).sort();
  assert.deepEqual(codes, [
    `data[${at(1)}] stream-entry-invalid`, `data[${at(5)}] stream-proxy-over-udp`, `data[${at(7)}] service-port-missing`,
    `data[${at(8)}] stream-entry-invalid`, `data[${sluice.http}] stream-port-taken`, "data[70000] stream-port-invalid", "data[no] stream-port-invalid",
  ].sort());
  assert.equal(await whoAnswers(at(0)), "a");
});
