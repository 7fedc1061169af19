/** The Sluices of a run: all that were started can be stopped at once, folders included, however the run ends. */
import { startSluice, type Sluice, type SluiceOptions } from "../test/support/sluice.ts";

/** Starts under way, and what became of them. */
const STARTED = new Set<Promise<Sluice>>();
const STOPS = new Map<Sluice, Promise<void>>();

export async function beginSluice(options: SluiceOptions): Promise<Sluice> {
  const starting = startSluice(options);
  STARTED.add(starting);
  return await starting;
}

export async function stopSluice(sluice: Sluice): Promise<void> {
  const stopping = STOPS.get(sluice) ?? sluice.stop();
  STOPS.set(sluice, stopping);
  await stopping;
}

/** Resolves when none is left, those included that are being started or stopped by somebody else. */
export async function stopSluices(): Promise<void> {
  for (const started of await Promise.allSettled(STARTED)) {
    if (started.status === "fulfilled") await stopSluice(started.value);
  }
}
