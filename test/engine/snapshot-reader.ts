/** The agent's snapshot files as tests write them, and a worker that starts from them. */
import { existsSync, readFileSync } from "node:fs";
import type { Frame } from "../../edge/src/program.ts";
import { takeSnapshot, type NextLine } from "../../edge/src/snapshot.ts";
import type { Part } from "../../src/compile/program.ts";
import type { SnapshotFiles } from "../../src/engine/agent/snapshot-files.ts";
import type { Ledger } from "../../src/engine/ledger.ts";
import { follower, type Follower } from "./follower.ts";

export const quiet = (): void => undefined;
export const changesTo = (...parts: readonly Part[]): Map<string, Part | undefined> => new Map(parts.map((one) => [one.key, one]));

export function writeLines(files: SnapshotFiles, lines: Iterable<string>): (number | undefined)[] {
  return Array.from(lines, (line) => files.take(line));
}

/** What the agent does after a commit, however long ago the last failure was: it asks for everything where the files need it. Answers whether it did. */
export function askAndWrite(files: SnapshotFiles, ledger: Ledger): boolean {
  const asks = files.asksForAll(Infinity);
  if (asks) writeLines(files, ledger.catchUp(""));
  return asks;
}

/** The contents of the two files at one moment; undefined: the file does not exist. */
export interface SnapshotTexts {
  readonly keys: string | undefined;
  readonly program: string | undefined;
}

export function filesIn(where: string): SnapshotTexts {
  const text = (name: string): string | undefined => (existsSync(`${where}/${name}`) ? readFileSync(`${where}/${name}`, "latin1") : undefined);
  return { keys: text("keys.log"), program: text("program.log") };
}

/** A worker that starts and finds files with these contents. */
export function startFrom({ keys, program }: SnapshotTexts): Follower {
  const worker = follower();
  takeSnapshot(worker.tables, linesOf(keys), linesOf(program), decode);
  return worker;
}

function linesOf(text: string | undefined): NextLine {
  const lines = (text ?? "").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return () => lines.shift();
}

function decode(this: void, line: string): Frame | undefined {
  try {
    return JSON.parse(line) as Frame;
  } catch {
    return undefined;
  }
}
