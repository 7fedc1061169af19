/** `sluice run`: serves the Ingresses of a cluster, or of folders, until it is told to stop. */
import { setTimeout as sleep } from "node:timers/promises";
import { isNameless, isNews } from "../report/part-names.ts";
import { helpFor, parseSettings } from "../settings.ts";
import { withoutEffect } from "../settings/ingress-nginx-flags.ts";
import { createLog } from "../support/log.ts";
import { openSource } from "./sources.ts";
import { startServing } from "./serving.ts";

export async function runCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "run");
  if (settings.help) return void process.stdout.write(helpFor("run"));
  const log = createLog({ level: settings.logLevel, output: settings.output });
  for (const sentence of withoutEffect(settings.ignored)) log("info", sentence);
  const asked = new AbortController();
  const stopped = untilSignal().then(() => asked.abort());
  const source = openSource(settings, log);
  const serving = await startServing(settings, source, log, {
    signal: asked.signal,
    turned: (parts, milliseconds) => {
      log(isNews(parts) ? "info" : "debug", "published a change", { parts: inShort(parts), "turn-ms": Number(milliseconds.toFixed(1)) });
    },
  }).catch((error: Error) => {
    if (asked.signal.aborted) return undefined;
    throw error;
  });
  if (serving) {
    log("info", `everything is read from ${source.description}; nginx gets it`, { http: settings.httpPort, https: settings.httpsPort, health: settings.healthzPort });
    await stopped;
    const { shutdownGracePeriod: grace } = settings;
    if (grace > 0) log("info", `not ready any more; serving on for ${grace} s`);
    await serving.stop();
    await sleep(settings.postShutdownGracePeriod * 1000);
  }
  log("info", "stopped");
}

const SHOWN_PARTS = 5;

/** The first of what changed, and how much more there is. */
function inShort(parts: ReadonlySet<string>): string {
  const shown = [...parts].filter((part) => !isNameless(part)).sort().slice(0, SHOWN_PARTS);
  const more = parts.size - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

/** A second signal within this time is the same wish to stop: process groups (a terminal, `timeout`) deliver it twice. */
const SAME_WISH_MS = 500;

/** Resolves at the first SIGINT or SIGTERM; another one later ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked: number | undefined;
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      process.on(name, () => {
        if (asked !== undefined && performance.now() - asked > SAME_WISH_MS) process.exit(130);
        asked ??= performance.now();
        resolve();
      });
    }
  });
}
