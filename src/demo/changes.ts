/**
 * Says for each change of the files how long it took until every worker ran it: from the moment at which the file was
 * written to the last worker's acknowledgement. Says so, too, when a file was written and nothing changed.
 */
import { readdirSync, statSync } from "node:fs";
import { basename, join, normalize, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Finding } from "../model/findings/findings.ts";
import { isManifestName } from "../source/manifests/folders.ts";

export interface DemoProgress {
  readonly observed: number;
  readonly programmed: number;
  /** Reloads of nginx since the start. */
  readonly reloads: number;
}

export interface ChangeReport {
  /** To be called right after a turn of the controller that changed something. */
  turned(parts: number, milliseconds: number): Promise<void>;
  /** To be called regularly: tells of the files that were written before the last call and that no turn has taken in since. */
  look(): void;
}

/** How often acknowledgements are looked at; what is printed is too long by this at most. */
const LOOK_MS = 1;
/** A file that was written this much longer before a turn than another was read by an earlier turn, which found nothing new in it. */
const READ_MS = 500;

export interface ChangeReportOptions {
  readonly folders: readonly string[];
  readonly progress: () => DemoProgress;
  readonly findings: () => readonly Finding[];
  /** What changed since the last time that is in no file; undefined: nothing. */
  readonly besides: () => string | undefined;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

export function reportChanges({ folders, progress, findings, besides, print, signal }: ChangeReportOptions): ChangeReport {
  let known = writtenAt(folders);
  /** Files that were written or removed since the last turn that changed something → when. */
  const written = new Map<string, number>();
  const waiting = new Set<string>();

  /** Notes what was written since the last time. */
  const note = (): void => {
    const before = known;
    known = writtenAt(folders);
    for (const [file, at] of known) if (before.get(file) !== at) written.set(file, at);
    for (const file of before.keys()) if (!known.has(file)) written.set(file, now());
  };
  const ofFile = (file: string): readonly Finding[] => findings().filter((one) => one.file === file && one.severity !== "info");
  const sayNothing = (file: string): void => {
    const wrong = ofFile(file).map(({ code, line }) => ` (${code}, line ${line ?? 1})`);
    print(`${shown(file)}: changes nothing${wrong.join("")}`);
    written.delete(file);
    waiting.delete(file);
  };

  return {
    async turned(parts, milliseconds) {
      const begun = now() - milliseconds;
      const { observed: wanted, reloads } = progress();
      note();
      for (const file of written.keys()) if (ofFile(file).some(({ object }) => object.kind === "File")) sayNothing(file);
      const beside = besides();
      const newest = beside === undefined ? Math.max(...written.values()) : begun;
      for (const [file, at] of written) if (at < newest - READ_MS) sayNothing(file);
      const names = [...written.keys()].map(shown).join(", ") || (beside ?? "the endpoints");
      const first = Math.min(begun, ...written.values());
      written.clear();
      waiting.clear();
      while (progress().programmed < wanted && !signal.aborted) await sleep(LOOK_MS);
      if (signal.aborted) return;
      const reloaded = progress().reloads > reloads ? ", and nginx was reloaded" : "";
      print(`${names}: live after ${(now() - first).toFixed(1)} ms (${parts === 1 ? "1 part" : `${parts} parts`} of the routing program${reloaded})`);
    },
    look() {
      for (const file of [...waiting]) sayNothing(file);
      note();
      for (const file of written.keys()) waiting.add(file);
    },
  };
}

function shown(file: string): string {
  return relative(process.cwd(), file);
}

/** Milliseconds since 1970 with their fraction, as a file's time of change has them. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * When each file was last written: the time of the inode (ctime), because a copied or moved file may bring an old mtime.
 * A file that vanishes meanwhile is left out.
 */
function writtenAt(roots: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const file of roots.flatMap(filesBelow)) {
    const stats = isManifestName(basename(file)) ? statSync(file, { throwIfNoEntry: false }) : undefined;
    if (stats?.isFile()) times.set(file, stats.ctimeMs);
  }
  return times;
}

/** All paths below a root, or the root itself if it is a file. */
function filesBelow(root: string): string[] {
  const stats = statSync(root, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats ? [normalize(root)] : [];
  return readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => join(root, name));
}
