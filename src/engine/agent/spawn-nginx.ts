/** Starts nginx as a process of its own that outlives the agent. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "../../support/process-identity.ts";

export interface SpawnOptions {
  readonly binary: string;
  readonly runtimeDir: string;
  /** Path of nginx.conf. */
  readonly conf: string;
  /** Descriptors of listening sockets, which are handed on in the way of nginx's own binary upgrade; empty: nginx opens its own. */
  readonly inherits: readonly number[];
}

export interface Spawned {
  /** Undefined: nginx could not be started, or has ended already. */
  readonly identity: ProcessIdentity | undefined;
  /** Resolves when nginx has ended, with words that say how. */
  readonly exited: Promise<string>;
}

export function spawnNginx({ binary, runtimeDir, conf, inherits }: SpawnOptions): Spawned {
  // Descriptors 3… of the child are the listening sockets, which nginx learns from NGINX="3;4;".
  const inherited = inherits.map((_, i) => `${i + 3};`).join("");
  const child = spawn(binary, ["-p", runtimeDir, "-c", conf], {
    detached: true,
    stdio: ["ignore", "inherit", "inherit", ...inherits],
    env: { PATH: process.env["PATH"] ?? "", ...(inherited ? { NGINX: inherited } : {}) },
  });
  child.unref();
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, by) => resolve(`it ended with ${by ?? `code ${code}`}; see its error log`));
  });
  return { identity: child.pid === undefined ? undefined : identify(child.pid), exited };
}

/**
 * Resolves to undefined when the master has a worker, because it has then read its configuration and holds the sockets;
 * otherwise to how the master ended.
 */
export async function problemAtStart(master: ProcessIdentity, exited: Promise<string>, hasWorker: () => boolean): Promise<string | undefined> {
  for (; isAlive(master); await sleep(10)) if (hasWorker()) return undefined;
  return await exited;
}
