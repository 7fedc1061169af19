/** What the processes of the Sluice under test need, measured again and again. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { stat } from "../../src/support/process-identity.ts";
import type { Census, Role } from "./census.ts";
import type { Notes } from "./notes.ts";

export interface ProcessSample {
  readonly pid: number;
  /** Clock ticks since boot: with `pid` the name of one life. */
  readonly started: string;
  readonly role: Role;
  readonly current: boolean;
  /** Memory of its own (RssAnon), and with what it shares (VmRSS). */
  readonly ownMiB: number;
  readonly residentMiB: number;
  /** What was live when everything was last collected, of a process that says so (live-memory.ts) and has collected. */
  readonly liveMiB?: number;
  readonly descriptors: number;
}

export interface Sample {
  /** Seconds since the start. */
  readonly at: number;
  readonly processes: readonly ProcessSample[];
  readonly requestsPerSecond: number;
  readonly p99Ms: number | undefined;
  /** Reloads of nginx since the start, over all controllers. */
  readonly reloads: number;
  /** Bytes of all files in the runtime folder, logs among them. */
  readonly folderBytes: number;
}

export interface Series {
  readonly samples: readonly Sample[];
  take(): Sample;
}

/**
 * @param live bytes that a process of this id said were live; undefined: it said nothing
 * @param reloads gives the count of reloads so far
 */
export function startSeries(census: Census, notes: Notes, runtimeDir: string, live: (pid: number) => number | undefined, reloads: () => number): Series {
  const samples: Sample[] = [];
  const begun = performance.now();
  let last = begun;
  return {
    samples,
    take() {
      const now = performance.now();
      const { requests, p99 } = notes.lately();
      const sample: Sample = {
        at: (now - begun) / 1000,
        processes: census.members().flatMap(({ pid, started, role, current }) => {
          const measured = measure(pid);
          const bytes = live(pid);
          return measured ? [{ pid, started, role, current, ...measured, ...(bytes === undefined ? {} : { liveMiB: bytes / 2 ** 20 }) }] : [];
        }),
        requestsPerSecond: (requests * 1000) / Math.max(1, now - last),
        p99Ms: p99,
        reloads: reloads(),
        folderBytes: bytesIn(runtimeDir),
      };
      last = now;
      samples.push(sample);
      return sample;
    },
  };
}

function measure(pid: number): Pick<ProcessSample, "ownMiB" | "residentMiB" | "descriptors"> | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const mib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
    if (stat(pid)?.state === "Z") return undefined;
    return { ownMiB: mib("RssAnon"), residentMiB: mib("VmRSS"), descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

/** Bytes that the files of a folder take, without those of its folders. */
function bytesIn(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder)) {
    try {
      const found = statSync(join(folder, name));
      if (found.isFile()) bytes += found.size;
    } catch {
      // Renamed meanwhile.
    }
  }
  return bytes;
}
