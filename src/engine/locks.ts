/**
 * Lock files in the runtime folder: which process is the controller, which the agent. A lock names its process by
 * pid and start time, so one that was killed leaves nothing to clean up.
 *
 * Guarantee: of any number of processes that take a lock at the same moment exactly one gets it, whatever was left
 * there. Each first lays down a claim under a name of its own and only then looks for others, so of two at least one
 * sees the other; the winner's claim becomes the lock by a rename.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { identify, isAlive, type ProcessIdentity } from "../support/process-identity.ts";
import { UserError } from "../support/user-error.ts";

export const CONTROLLER_LOCK = "controller.lock";
export const AGENT_LOCK = "agent.lock";
/** Written by the agent: the nginx masters that run (see agent/nginx-process.ts), of http and of what is below it. */
export const NGINX_MASTER = "nginx-master.json";
export const STREAM_MASTER = "stream-master.json";

/** Written by the controller for the agent (mode 0600): what an agent must know to be believed. */
export const AGENT_TOKEN = "agent.token";

/** How long the claim of another is waited for: it takes a moment, unless its process was stopped meanwhile. */
const CLAIM_MS = 2000;

/** The living process that holds a lock. */
export function lockHolder(file: string): ProcessIdentity | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, "utf8")) as ProcessIdentity;
    return isAlive(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes a lock for this process; answers its path. Throws a UserError when a living process holds it, or when
 * nothing can be written there.
 */
export function takeLock(file: string, role: string): string {
  if (lockHolder(file)?.pid === process.pid) return file;
  const self = identify(process.pid);
  if (!self) throw new Error("this process is not in /proc");
  const claim = `${file}.${self.pid}.${self.started}`;
  try {
    writeFileSync(claim, JSON.stringify(self), { mode: 0o644 });
    const other = rival(file, self);
    if (other) {
      throw new UserError(`Another Sluice ${role} (pid ${other.pid}) uses ${file}: stop it, or give this one a --runtime-dir of its own.`);
    }
    renameSync(claim, file);
    return file;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new UserError(`${file} cannot be written (${message}): choose another folder with --runtime-dir.`);
  } finally {
    rmSync(claim, { force: true });
  }
}

/** Who else has the lock, or is about to: of two that claim it the lower pid waits, and the higher one goes. */
function rival(file: string, self: ProcessIdentity): ProcessIdentity | undefined {
  for (const deadline = Date.now() + CLAIM_MS; ; pause()) {
    // Claims before the lock: one that is renamed in between is seen as the lock.
    const claims = claimsOn(file).filter(({ pid }) => pid !== self.pid);
    const holder = lockHolder(file);
    if (holder || claims.length === 0) return holder;
    const stronger = claims.find(({ pid }) => pid < self.pid);
    if (stronger || Date.now() > deadline) return stronger ?? claims[0];
  }
}

/** Living processes that claim a lock; what dead ones left is removed. */
function claimsOn(file: string): ProcessIdentity[] {
  const prefix = `${basename(file)}.`;
  return readdirSync(dirname(file)).flatMap((name) => {
    const [pid, started] = name.startsWith(prefix) ? name.slice(prefix.length).split(".") : [];
    if (!/^\d+$/.test(pid ?? "") || !/^\d+$/.test(started ?? "")) return [];
    const identity = { pid: Number(pid), started: started ?? "" };
    if (isAlive(identity)) return [identity];
    rmSync(`${dirname(file)}/${name}`, { force: true });
    return [];
  });
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
