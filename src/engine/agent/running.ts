/**
 * Writes down in the runtime folder which nginx runs, and with which configuration, for the agent that comes after this
 * one.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { groupMembers, isAlive, type ProcessIdentity } from "../../support/process-identity.ts";
import { INSTANCES, type Instance } from "../instances.ts";
import type { EngineStatus, Listen } from "../protocol.ts";
import { workersOf, type OldGeneration } from "./leaving-workers.ts";

/** What an nginx was started or reloaded with. */
export interface Loaded {
  /** Digest of its nginx.conf. */
  readonly config: string;
  readonly profiles: EngineStatus["profiles"];
  /** Sockets that nginx opened itself. */
  readonly listens: readonly Listen[];
  /** This instance has the https port, which otherwise the nginx of http has. */
  readonly ownsHttps?: true;
}

/** The master, and what it runs. */
export interface Running extends ProcessIdentity, Loaded {
  /** Workers of earlier configurations and of masters that died, which finish their requests; the oldest generation first. */
  readonly leaving: readonly OldGeneration[];
}

export function loadedBy({ config, profiles, listens, ownsHttps }: Loaded): Loaded {
  return { config, profiles, listens, ...(ownsHttps ? { ownsHttps } : {}) };
}

/** What an agent wrote down about its nginx, which may be dead or alive; undefined: nothing. */
export function rememberedNginx({ master }: Instance, runtimeDir: string): Running | undefined {
  try {
    // An earlier version wrote down no sockets, because its nginx opened none, and no leaving workers.
    return { listens: [], leaving: [], ...(JSON.parse(readFileSync(join(runtimeDir, master), "utf8")) as Omit<Running, "listens" | "leaving">) };
  } catch {
    return undefined;
  }
}

export function distinct(processes: readonly ProcessIdentity[]): ProcessIdentity[] {
  return [...new Map(processes.map((one) => [one.pid, one])).values()];
}

/** Swapped by rename, so that nobody reads half a file and takes a living nginx for a dead one. */
export function writeDown(running: Running, file: string): void {
  writeFileSync(`${file}.new`, JSON.stringify(running), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/**
 * Finds workers that lost their master and their agent. They serve on, and hold the ports. When they are told to quit,
 * they let go of the ports at once and finish their requests.
 */
export function findOrphans(runtimeDir: string, binary: string): ProcessIdentity[] {
  return INSTANCES.flatMap((instance) => orphansOfInstance(instance, runtimeDir, binary));
}

export function orphansOfInstance(instance: Instance, runtimeDir: string, binary: string): ProcessIdentity[] {
  const remembered = rememberedNginx(instance, runtimeDir);
  if (!remembered || isAlive(remembered)) return [];
  return distinct([...groupMembers(remembered.pid, basename(binary)), ...workersOf(remembered.leaving)]).filter(isAlive);
}
