/**
 * The agent: owns nginx for a controller that it follows over the channel.
 *
 * It keeps the snapshot, writes and tests nginx.conf, starts, reloads and replaces nginx, and outlives the
 * controller: when the controller is gone everything keeps serving, and the agent waits for the next one. It has no
 * API token and no port.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Frame } from "../../../edge/src/program.ts";
import { FILES } from "../../compile/nginx-conf.ts";
import type { Log } from "../../support/log.ts";
import { lineReader } from "../lines.ts";
import { AGENT_TOKEN } from "../locks.ts";
import type { ProcessIdentity } from "../../support/process-identity.ts";
import type { AgentOrder, FromSubscriber, OfInstance, ProcessMeasures } from "../protocol.ts";
import { HTTP, STREAM, type Instance } from "../instances.ts";
import { EndpointFiles } from "./endpoint-files.ts";
import { measureProcesses } from "./process-measures.ts";
import { NginxProcess, QUIT_MS } from "./nginx-process.ts";
import { NginxPatience } from "./patience.ts";
import { PortsTaken } from "./ports.ts";
import { boundLogs } from "./log-rotation.ts";
import type { Probe } from "./probe.ts";
import { isPart, SnapshotFiles } from "./snapshot-files.ts";

export interface AgentOptions {
  readonly probe: Probe;
  /** Descriptors of listening sockets: of ports, and the UNIX_SOCKETS or none. */
  readonly listeners: readonly number[];
  readonly sockets: readonly number[];
  readonly log: Log;
  /** How long nginx may finish its requests when the agent is stopped. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
  /** Whether to start what ran here last without waiting for a controller. */
  readonly resume: boolean;
}

const RECONNECT_MS = 100;
/** How often the agent looks whether old workers have left, and whether files that could not be written can be written now. */
const LOOK_MS = 1000;

/** Runs until `signal` aborts or the controller orders a stop; nginx has ended when it resolves. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { runtimeDir } = options.probe.facts;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const endpoints = new EndpointFiles(runtimeDir, options.probe.workers);
  const snapshot = new SnapshotFiles(runtimeDir, options.probe.workers, options.log, (frames) => endpoints.commit(frames));
  const run = (instance: Instance, of: OfInstance, sockets: readonly number[]): NginxProcess =>
    new NginxProcess({
      instance,
      binary: options.probe.binary,
      runtimeDir,
      listeners: options.listeners,
      sockets,
      log: options.log,
      patience: new NginxPatience(),
      restarted: (status) => tellEngine(agent, { status, event: "restarted", ...of }),
      loadedLate: (status) => tellEngine(agent, { status, event: "reloaded", ...of }),
      reloading: (seconds, farewell) => say(agent, { op: "reloading", seconds, farewell }),
      // The workers of the nginx below http have no channel.
      heard: () => instance === HTTP && agent.socket !== undefined,
    });
  const [nginx, stream] = [
    run(HTTP, {}, options.sockets.slice(0, HTTP.sockets.length)),
    run(STREAM, { instance: "stream" }, options.sockets.slice(HTTP.sockets.length)),
  ];
  const agent: Agent = { options, snapshot, endpoints, held: undefined, stop, nginx, stream, measure: measureProcesses(), told: new Map(), socket: undefined };
  const reopen = (): void => {
    nginx.reopenLogs();
    stream.reopenLogs();
  };
  const looks = setInterval(() => {
    tellLeaving(agent);
    tryEndpoints(agent);
    askForAll(agent);
  }, LOOK_MS);
  const logs = boundLogs({ folder: runtimeDir, workers: options.probe.workers, reopen });
  if (options.resume) {
    await nginx.resume();
    await stream.resume();
  }
  while (!signal.aborted) {
    await follow(agent, `${runtimeDir}/${FILES.socket}`, signal);
    snapshot.discard();
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
  clearInterval(logs);
  clearInterval(looks);
  // TLS connections come through the nginx below http to the other: it stops accepting first, then both finish their requests.
  const ending = stream.stop(options.graceMs);
  if (stream.status.master !== 0) await sleep(QUIT_MS);
  await Promise.all([ending, nginx.stop(options.graceMs)]);
}

interface Agent {
  readonly options: AgentOptions;
  readonly snapshot: SnapshotFiles;
  readonly endpoints: EndpointFiles;
  /** A generation that is not acknowledged yet, because the files with the endpoints of connections below http are behind it. */
  held: number | undefined;
  readonly stop: AbortController;
  readonly nginx: NginxProcess;
  /** The nginx below http. */
  readonly stream: NginxProcess;
  readonly measure: (processes: readonly ProcessIdentity[]) => ProcessMeasures;
  /** What the controller was told last, by subject, so that nothing is told twice. */
  readonly told: Map<string, string>;
  socket: Socket | undefined;
}

function say(agent: Agent, message: FromSubscriber): void {
  agent.socket?.write(JSON.stringify(message) + "\n");
}

/** Tells of an nginx. Which workers were replaced is told first, because the engine's next step depends on it. */
function tellEngine(agent: Agent, news: Omit<FromSubscriber & { readonly op: "engine" }, "op">): void {
  tellLeaving(agent);
  say(agent, { op: "engine", ...news });
}

function tellLeaving(agent: Agent): void {
  tellNews(agent, "http", { op: "leaving", ...agent.nginx.leaving });
  tellNews(agent, "stream", { op: "leaving", ...agent.stream.leaving, instance: "stream" });
}

/** Sends a message unless it is the last one that the controller got about this subject. */
function tellNews(agent: Agent, subject: string, message: FromSubscriber): void {
  const text = JSON.stringify(message);
  if (!agent.socket || agent.told.get(subject) === text) return;
  agent.told.set(subject, text);
  say(agent, message);
}

/**
 * Acknowledges a generation once the files with the endpoints of connections below http are written. The snapshot files
 * may be behind it, because workers that run have the generation from the channel.
 */
function acknowledge(agent: Agent): void {
  const { snapshot, endpoints, held } = agent;
  tellNews(agent, "files", { op: "snapshot", problem: snapshot.problem ?? "", endpoints: endpoints.problem ?? "" });
  if (held === undefined || endpoints.problem !== undefined) return;
  agent.held = undefined;
  say(agent, { op: "ack", generation: held });
}

/** Asks the controller for the whole Program where the snapshot files have to be written anew. */
function askForAll({ socket, snapshot }: Agent): void {
  if (socket && snapshot.asksForAll()) socket.write(`${JSON.stringify({ op: "anew" } satisfies FromSubscriber)}\n`);
}

function tryEndpoints(agent: Agent): void {
  if (agent.endpoints.problem === undefined) return;
  agent.endpoints.write();
  acknowledge(agent);
}

/** One connection to one controller; resolves when it ends. Orders are carried out one after the other. */
async function follow(agent: Agent, path: string, signal: AbortSignal): Promise<void> {
  const socket = connect(path);
  let orders = Promise.resolve();
  const over = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  const giveUp = (): void => void socket.destroy();
  signal.addEventListener("abort", giveUp, { once: true });
  socket.on("error", () => socket.destroy());
  socket.on("connect", () => {
    agent.socket = socket;
    try {
      greet(agent);
    } catch {
      // The controller that listens here has not written its token yet, or is gone: the next try will tell.
      socket.destroy();
    }
  });
  socket.on(
    "data",
    lineReader((line) => {
      // Most lines are parts of the Program, and a part may be long: what it says is not for the agent.
      const message = isPart(line) ? undefined : (JSON.parse(line) as Frame | AgentOrder);
      if (!message) return void agent.snapshot.take(line);
      // These three are taken at once: an order may be under way, which may take long, or wait for them.
      if (message.op === "runs") return agent.nginx.workerSays(message.config, message.pid);
      if (message.op === "nobody-connected") return agent.nginx.farewell.nobodyConnected(message.farewell);
      if (message.op === "end") return say(agent, { op: "ended", pid: message.pid, ended: agent.nginx.endWorker(message.pid, message.cpu) });
      if (message.op === "configure" || message.op === "try" || message.op === "measure" || message.op === "stop") {
        orders = orders.then(() => carryOut(agent, message));
        return;
      }
      const generation = agent.snapshot.take(line);
      if (generation === undefined) return;
      agent.held = generation;
      acknowledge(agent);
      askForAll(agent);
    }),
  );
  await over;
  signal.removeEventListener("abort", giveUp);
  agent.socket = undefined;
  agent.held = undefined;
  await orders;
}

function greet(agent: Agent): void {
  say(agent, {
    op: "hello",
    role: "agent",
    pid: process.pid,
    token: readFileSync(`${agent.options.probe.facts.runtimeDir}/${AGENT_TOKEN}`, "utf8"),
    facts: { ...agent.options.probe.facts, ...(agent.stream.ownsHttps ? { httpsBelow: true } : {}), ...(agent.snapshot.keepsKeys ? {} : { onDisk: true }) },
    status: agent.nginx.status,
    stream: agent.stream.status,
    digest: agent.snapshot.claim(),
    keepsKeys: agent.snapshot.keepsKeys,
  });
  agent.told.clear();
  tellLeaving(agent);
}

async function carryOut(agent: Agent, order: Exclude<AgentOrder, { readonly op: "runs" | "end" | "nobody-connected" }>): Promise<void> {
  if (order.op === "stop") {
    agent.stop.abort();
    return;
  }
  if (order.op === "measure") {
    say(agent, { op: "processes", ...agent.measure(agent.nginx.processes) });
    return;
  }
  if (order.op === "try") {
    const problem = await agent.nginx.check(order.text, order.files).then(() => "", (error: unknown) => (error as Error).message);
    say(agent, { op: "tried", id: order.id, problem });
    return;
  }
  const of: OfInstance = order.instance ? { instance: order.instance } : {};
  const nginx = order.instance === "stream" ? agent.stream : agent.nginx;
  try {
    const event = await nginx.configure(order);
    tellEngine(agent, { status: nginx.status, event, ...of });
  } catch (error) {
    const taken = error instanceof PortsTaken ? { ports: error.ports } : {};
    say(agent, { op: "refused", config: order.digest, problem: (error as Error).message, ...taken, ...of });
  }
}
