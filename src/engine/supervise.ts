/**
 * Keeps an agent for this controller: the one that an earlier controller left, or a new one.
 *
 * An agent that dies is replaced. When its nginx lives on, the new agent adopts it. No socket is opened then, because
 * the living nginx holds them.
 */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { bindAddresses } from "../compile/nginx-conf.ts";
import type { Settings } from "../settings.ts";
import type { Log } from "../support/log.ts";
import { isAlive, signal, signalAll, type ProcessIdentity } from "../support/process-identity.ts";
import { ENGINE_LOG } from "./agent/log-rotation.ts";
import { hasIpv6 } from "./agent/probe.ts";
import { QUIT_MS } from "./agent/nginx-process.ts";
import { findOrphans } from "./agent/running.ts";
import { launchAgent, type ListenAddress } from "./launch.ts";
import { INSTANCES, UNIX_SOCKETS } from "./instances.ts";
import { AGENT_LOCK, lockHolder, NGINX_MASTER, STREAM_MASTER } from "./locks.ts";
import { MAIN, NGINX_BINARY } from "./paths.ts";
import { makeSockets } from "./runtime-folder.ts";

const WATCH_MS = 500;
/** How long a new agent may take to write its lock. */
const START_MS = 10_000;

export interface Supervisor {
  /** Resolves when an agent is there. Rejects with a UserError when the ports cannot be had. */
  start(): Promise<void>;
  /** Ends the agent, and with it nginx. `ask` asks the agent over the channel; where it answers false, the agent gets a signal. */
  stop(ask: () => boolean): Promise<void>;
}

/** For an agent in another container: what runs that container starts and ends it. */
export const EXTERNAL_AGENT: Supervisor = { start: () => Promise.resolve(), stop: () => Promise.resolve() };

/** @param workers account of nginx's workers, when this process is root. */
export function superviseAgent(settings: Settings, log: Log, workers: { readonly gid: number } | undefined): Supervisor {
  const lock = `${settings.runtimeDir}/${AGENT_LOCK}`;
  let stopping = false;

  const ensure = async (): Promise<void> => {
    if (lockHolder(lock)) return;
    const nginx = lockHolder(`${settings.runtimeDir}/${NGINX_MASTER}`);
    const orphans = findOrphans(settings.runtimeDir, NGINX_BINARY);
    signalAll(orphans, "SIGQUIT");
    const left = nginx ? undefined : lockHolder(`${settings.runtimeDir}/${STREAM_MASTER}`);
    if (left) letGo(left, `${settings.runtimeDir}/${STREAM_MASTER}`);
    if (left || orphans.length > 0) await sleep(QUIT_MS);
    makeSockets(settings.runtimeDir, workers);
    await launchAgent({
      addresses: nginx ? [] : listenAddresses(settings),
      sockets: !nginx && settings.enableSslPassthrough ? UNIX_SOCKETS.map((file) => `${settings.runtimeDir}/${file}`) : [],
      command: agentCommand(settings),
      output: `${settings.runtimeDir}/${ENGINE_LOG}`,
    });
    const deadline = Date.now() + START_MS;
    while (!lockHolder(lock) && Date.now() < deadline) await sleep(20);
  };

  const watch = async (): Promise<void> => {
    while (!stopping) {
      await sleep(WATCH_MS, undefined, { ref: false });
      if (stopping || lockHolder(lock)) continue;
      log("warn", "the agent ended; starting another one, which adopts its nginx");
      await ensure().catch((error: Error) => log("error", error.message));
    }
  };

  return {
    async start() {
      const left = lockHolder(lock);
      if (left) log("info", "an earlier run left nginx and its agent serving; adopting them", { agent: left.pid });
      await ensure();
      void watch();
    },
    async stop(ask) {
      stopping = true;
      const patience = settings.shutdownTimeout * 1000 + 5000;
      const agent = lockHolder(lock);
      if (agent && !ask()) signal(agent, "SIGTERM");
      if (agent) await awaitEnd(agent, patience);
      // If the agent was killed a moment ago, its nginx is still there.
      for (const { master } of INSTANCES) {
        const nginx = lockHolder(`${settings.runtimeDir}/${master}`);
        if (nginx && signal(nginx, "SIGQUIT")) await awaitEnd(nginx, patience);
      }
    },
  };
}

/**
 * Ends a left master of the nginx below http, which may hold the https port that is about to be opened anew. It
 * finishes its connections, and is not adopted.
 */
function letGo(master: ProcessIdentity, file: string): void {
  signal(master, "SIGQUIT");
  rmSync(file, { force: true });
}

/** Waits for a process to end; after `withinMs` it is killed. */
export async function awaitEnd(process: ProcessIdentity, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (isAlive(process) && Date.now() < deadline) await sleep(20);
  signal(process, "SIGKILL");
}

function agentCommand(settings: Settings): string[] {
  return [
    MAIN,
    "agent",
    `--runtime-dir=${settings.runtimeDir}`,
    `--log-level=${settings.logLevel}`,
    `--output=${settings.output}`,
    `--shutdown-timeout=${settings.shutdownTimeout}`,
  ];
}

function listenAddresses(settings: Settings): ListenAddress[] {
  const hosts = bindAddresses(settings, !hasIpv6()).map((address) => address.replace(/^\[|\]$/g, ""));
  return hosts.flatMap((host) => [
    { host, port: settings.httpPort, flag: "--http-port" },
    { host, port: settings.httpsPort, flag: "--https-port" },
  ]);
}
