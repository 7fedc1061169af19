/** Whatever process is killed, ports below http go on: new connections are served, open ones stay, and a new process takes over. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { probeEngine } from "../../src/engine/agent/probe.ts";
import { EDGE_DIR, NGINX_BINARY } from "../../src/engine/paths.ts";
import { identify, isAlive, type ProcessIdentity } from "../../src/support/process-identity.ts";
import { freePorts, startSluice, type Sluice } from "../support/sluice.ts";
import { converse, startTcp, startUdp, udpClient, whoAnswers, type Conversation, type TcpBackend, type UdpBackend } from "../support/stream-backends.ts";
import { services, streamService, STREAM_FLAGS, withoutStream } from "../support/streams.ts";

const { facts } = probeEngine({ binary: NGINX_BINARY, runtimeDir: "/tmp", edgeDir: EDGE_DIR, accessLog: "" });
const skip = withoutStream(facts.stream);

let sluice: Sluice;
let first: TcpBackend;
let second: TcpBackend;
let udp: UdpBackend;
let tcpPort: number;
let udpPort: number;
let spare: number;
let open: Conversation;

before(async () => {
  if (skip) return;
  [tcpPort, udpPort, spare] = await freePorts(3);
  [first, second, udp] = [await startTcp("first"), await startTcp("second"), await startUdp("udp")];
  sluice = await startSluice({
    args: STREAM_FLAGS,
    files: {
      "tcp.yaml": services("tcp", { [tcpPort]: "net/echo:7" }),
      "udp.yaml": services("udp", { [udpPort]: "net/datagrams:7" }),
      "echo.yaml": streamService("echo", [first.port]),
      "datagrams.yaml": streamService("datagrams", [udp.port], { protocol: "UDP" }),
    },
  });
  open = await converse(tcpPort);
  assert.equal(await open.line(), "first");
});
after(async () => {
  open?.socket.destroy();
  await sluice?.stop();
  await Promise.all([first?.close(), second?.close(), udp?.close()]);
});

function processIn(file: string): ProcessIdentity {
  return JSON.parse(readFileSync(join(sluice.runtimeDir, file), "utf8")) as ProcessIdentity;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await holds()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 20 s\n${sluice.log()}\n${sluice.engineLog()}`);
  }
}

async function expectServed(name: string): Promise<void> {
  for (let i = 0; i < 5; i++) assert.equal(await whoAnswers(tcpPort), name);
  const client = udpClient(udpPort);
  assert.equal(await client.ask("hello"), "udp hello");
  client.close();
  open.write("still");
  assert.equal(await open.read(5), "still");
}

test("the controller is killed: everything is served on, and the next one continues without a reload", { skip }, async () => {
  const master = processIn("stream-master.json");
  const gone = new Promise((resolve) => sluice.process.once("exit", resolve));
  sluice.process.kill("SIGKILL");
  await gone;
  await expectServed("first");
  sluice = await startSluice({ successorOf: sluice, args: STREAM_FLAGS });
  assert.deepEqual(processIn("stream-master.json").pid, master.pid);
  await sluice.apply({ "echo.yaml": streamService("echo", [second.port]) });
  await expectServed("second");
  assert.match((await sluice.ask("/metrics")).text, /^sluice_reloads_total\{reason="listeners"\} 0$/m);
});

test("the agent is killed: the next one adopts the nginx that runs, and can give it another port", { skip }, async () => {
  const [agent, master] = [processIn("agent.lock"), processIn("stream-master.json")];
  process.kill(agent.pid, "SIGKILL");
  await until("another agent", () => !isAlive(agent) && identify(processIn("agent.lock").pid) !== undefined && processIn("agent.lock").pid !== agent.pid);
  await expectServed("second");
  await until("it is ready", async () => (await sluice.ask("/readyz")).status === 200);
  await sluice.apply({ "tcp.yaml": services("tcp", { [tcpPort]: "net/echo:7", [spare]: "net/echo:7" }), "echo.yaml": streamService("echo", [first.port]) });
  assert.equal(await whoAnswers(spare), "first");
  await expectServed("first");
  assert.equal(processIn("stream-master.json").pid, master.pid);
});

test("nginx's master is killed: its workers serve on until another takes the ports", { skip }, async () => {
  const master = processIn("stream-master.json");
  process.kill(master.pid, "SIGKILL");
  await until("another master", () => processIn("stream-master.json").pid !== master.pid && identify(processIn("stream-master.json").pid) !== undefined);
  await until("it accepts", async () => (await whoAnswers(tcpPort).catch(() => "")) === "first");
  await expectServed("first");
  await sluice.apply({ "echo.yaml": streamService("echo", [second.port]) });
  await expectServed("second");
});

test("the whole Sluice is stopped: no process and no file is left", { skip }, async () => {
  const master = processIn("stream-master.json");
  sluice.process.kill("SIGTERM");
  await until("the end", () => sluice.process.exitCode !== null);
  assert.ok(!isAlive(master));
  for (const file of ["stream.conf", "stream-master.json", "endpoints", "stream-failures", "sockets"]) assert.ok(!existsSync(join(sluice.runtimeDir, file)), file);
});
