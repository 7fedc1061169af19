/**
 * Lock files in the runtime folder say which process is the controller, and which is the agent. A lock names its
 * process by pid and start time, so that the lock of a process that was killed need not be cleaned up.
 *
 * Guarantee: of any number of processes that take a lock at the same moment exactly one gets it, whatever was left
 * there. Each process first writes a claim under a name of its own, and only then looks for the claims of others, so of
 * two processes at least one sees the other. The winner's claim becomes the lock by a rename.
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

/** Written by the controller for the agent (mode 0600): an agent proves itself by knowing it. */
export const AGENT_TOKEN = "agent.token";
/** Written by the controller for commands that change something (report/admin-token.ts). */
export const ADMIN_TOKEN = "admin.token";

/** How long another process's claim is waited for. It lasts a moment only, unless its process is stopped meanwhile. */
const CLAIM_MS = 2000;

/** The living process that holds a lock; undefined: there is none. */
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

/**
 * The process that has the lock, or will have it; undefined: none does. Of two processes that claim it the one with the
 * lower pid waits for the other, which gives up.
 */
function rival(file: string, self: ProcessIdentity): ProcessIdentity | undefined {
  for (const deadline = Date.now() + CLAIM_MS; ; pause()) {
    // Claims are read before the lock: a claim that is renamed in between is then seen as the lock.
    const claims = claimsOn(file).filter(({ pid }) => pid !== self.pid);
    const holder = lockHolder(file);
    if (holder || claims.length === 0) return holder;
    const stronger = claims.find(({ pid }) => pid < self.pid);
    if (stronger || Date.now() > deadline) return stronger ?? claims[0];
  }
}

/** Living processes that claim a lock. Claims of dead processes are removed. */
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
