/** The Sluices of a run: all that were started can be stopped at once, folders included, however the run ends. */
import { startSluice, type Sluice, type SluiceOptions } from "../test/support/sluice.ts";
import { interrupted } from "./ending.ts";

/** All starts, and all stops, whether under way or done. */
const STARTED = new Set<Promise<Sluice>>();
const STOPS = new Map<Sluice, Promise<void>>();

/** How long a start may take: with 100,000 hosts, and on a machine that does other things, too. */
const READY_MS = 300_000;

/** @throws Error when the run is over. */
export async function beginSluice(options: SluiceOptions): Promise<Sluice> {
  interrupted.throwIfAborted();
  const starting = startSluice({ readyMs: READY_MS, ...options });
  STARTED.add(starting);
  return await starting;
}

export async function stopSluice(sluice: Sluice): Promise<void> {
  const stopping = STOPS.get(sluice) ?? sluice.stop();
  STOPS.set(sluice, stopping);
  await stopping;
}

/** Stops all Sluices, those included whose start or stop is still under way. Resolves when none is left. */
export async function stopSluices(): Promise<void> {
  for (const started of await Promise.allSettled(STARTED)) {
    if (started.status === "fulfilled") await stopSluice(started.value);
  }
}
