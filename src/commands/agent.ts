/**
 * `sluice agent`: owns nginx for the controller that uses the same runtime folder. It is started by `sluice run`, or is
 * the main process of a container beside the controller's (`sluice run --external-agent`). It has no token and no port of
 * its own.
 *
 * Guarantees in a container of its own: it may start before the controller or after it, and serves what it served last
 * until it hears more; when it is told to end it serves on for the grace period; it needs no shell, and writes nowhere but
 * in the runtime folder and in --temp-dir.
 */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { runAgent } from "../engine/agent/agent.ts";
import { FILES } from "../compile/nginx-conf.ts";
import { ensureDefaultCertificate } from "../engine/agent/default-certificate.ts";
import { ACCESS_LOG, makeAccessLog, makeLog } from "../engine/agent/log-rotation.ts";
import { probeEngine } from "../engine/agent/probe.ts";
import { requireLibraries } from "../engine/agent/self-test.ts";
import { AGENT_LOCK, takeLock } from "../engine/locks.ts";
import { EDGE_DIR, NGINX_BINARY } from "../engine/paths.ts";
import { claimFolder, clearAgentFiles, makeSockets, makeTemp } from "../engine/runtime-folder.ts";
import { helpFor, parseSettings } from "../settings.ts";
import { createLog } from "../support/log.ts";

/** How many listening sockets the launcher put at descriptors 3, 4, … (see engine/launch.ts): ports, and unix sockets. */
const LISTENERS = /^--listeners=(\d+)\+(\d+)$/;

export async function agentCommand(argv: readonly string[]): Promise<void> {
  const [, ports, sockets] = argv.map((word) => LISTENERS.exec(word)).find(Boolean) ?? [];
  const launched = argv.some((word) => LISTENERS.test(word));
  const settings = parseSettings(argv.filter((word) => !LISTENERS.test(word)), "agent");
  if (settings.help) return void process.stdout.write(helpFor("agent"));
  const { runtimeDir } = settings;
  const log = createLog({ level: settings.logLevel, output: settings.output });
  const stop = new AbortController();
  const grace = settings.shutdownGracePeriod;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      if (grace > 0) log("info", `serving on for ${grace} s, then nginx finishes its requests`);
      setTimeout(() => stop.abort(), grace * 1000);
    });
  }
  claimFolder(runtimeDir);
  if (!launched) log("info", "this agent runs nginx for the controller that has the same runtime folder", { folder: runtimeDir });
  const lock = takeLock(`${runtimeDir}/${AGENT_LOCK}`, "agent");
  try {
    const probe = probeEngine({
      binary: NGINX_BINARY,
      runtimeDir,
      edgeDir: EDGE_DIR,
      // An agent that was not launched is a container's main process, whose output is the log; otherwise its output is the controller's.
      accessLog: launched ? `${runtimeDir}/${ACCESS_LOG}` : "/dev/stdout",
      tempDir: settings.tempDir,
    });
    if (settings.tempDir) claimFolder(settings.tempDir);
    else makeTemp(runtimeDir);
    makeSockets(runtimeDir, probe.workers);
    makeLog(FILES.failures, { folder: runtimeDir, workers: probe.workers });
    if (launched) makeAccessLog({ folder: runtimeDir, workers: probe.workers });
    ensureDefaultCertificate(runtimeDir);
    // The controller that launches an agent has tried the libraries already.
    if (!launched) await requireLibraries(probe);
    await runAgent({
      probe,
      listeners: Array.from({ length: Number(ports ?? 0) }, (_, i) => i + 3),
      sockets: Array.from({ length: Number(sockets ?? 0) }, (_, i) => i + 3 + Number(ports)),
      log,
      graceMs: settings.shutdownTimeout * 1000,
      signal: stop.signal,
      resume: !launched,
    });
    await sleep(settings.postShutdownGracePeriod * 1000);
    clearAgentFiles(runtimeDir);
  } finally {
    rmSync(lock, { force: true });
  }
}
