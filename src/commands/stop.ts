/**
 * `sluice stop`: ends whatever runs with a runtime folder (a controller, an agent, an nginx that both left behind), and
 * removes what they left in it, except logs.
 */
import { rmSync } from "node:fs";
import { findOrphans } from "../engine/agent/running.ts";
import { INSTANCES } from "../engine/instances.ts";
import { AGENT_LOCK, CONTROLLER_LOCK, lockHolder, NGINX_MASTER, STREAM_MASTER, takeLock } from "../engine/locks.ts";
import { DEMO_RUNTIME_DIR, NGINX_BINARY } from "../engine/paths.ts";
import { clearFolder, isLeftOver } from "../engine/runtime-folder.ts";
import { awaitEnd } from "../engine/supervise.ts";
import { helpFor, parseSettings } from "../settings.ts";
import { isAlive, signal, signalAll } from "../support/process-identity.ts";
import { UserError } from "../support/user-error.ts";

export async function stopCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "stop");
  if (settings.help) return void process.stdout.write(helpFor("stop"));
  const patience = (settings.shutdownGracePeriod + settings.shutdownTimeout) * 1000 + 10_000;
  const orphans = findOrphans(settings.runtimeDir, NGINX_BINARY);
  let found = orphans.length > 0;
  signalAll(orphans, "SIGQUIT");
  for (const orphan of orphans) await awaitEnd(orphan, patience);
  // A controller ends its agent, and an agent its nginx: an nginx that still runs after that was left behind.
  for (const [file, how] of [
    [CONTROLLER_LOCK, "SIGTERM"],
    [AGENT_LOCK, "SIGTERM"],
    [STREAM_MASTER, "SIGQUIT"],
    [NGINX_MASTER, "SIGQUIT"],
  ] as const) {
    const path = `${settings.runtimeDir}/${file}`;
    const holder = lockHolder(path);
    if (!holder) continue;
    found = true;
    if (!signal(holder, how) && isAlive(holder)) {
      throw new UserError(`Process ${holder.pid}, which uses ${settings.runtimeDir}, belongs to another user: run "sluice stop" as that user, or as root`);
    }
    await awaitEnd(holder, patience);
    rmSync(path, { force: true });
  }
  if (isLeftOver(settings.runtimeDir)) clearAfter(settings.runtimeDir);
  if (settings.output === "json") process.stdout.write(`${JSON.stringify({ runtimeDir: settings.runtimeDir, stopped: found })}\n`);
  else process.stdout.write(found ? `stopped what ran in ${settings.runtimeDir}\n` : `nothing runs in ${settings.runtimeDir}${hintOfDemo(settings.runtimeDir)}\n`);
}

/** Clears the folder after every process has ended; the lock keeps a new controller from starting meanwhile. */
function clearAfter(runtimeDir: string): void {
  const lock = takeLock(`${runtimeDir}/${CONTROLLER_LOCK}`, "controller");
  for (const { master } of INSTANCES) rmSync(`${runtimeDir}/${master}`, { force: true });
  clearFolder(runtimeDir);
  rmSync(lock, { force: true });
}

/** A demo has a folder of its own, which people do not know. */
function hintOfDemo(stopped: string): string {
  const runs = stopped !== DEMO_RUNTIME_DIR && [CONTROLLER_LOCK, AGENT_LOCK, NGINX_MASTER].some((file) => lockHolder(`${DEMO_RUNTIME_DIR}/${file}`));
  return runs ? `; a demo runs in ${DEMO_RUNTIME_DIR}: sluice stop --runtime-dir=${DEMO_RUNTIME_DIR}` : "";
}
