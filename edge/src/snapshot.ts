/**
 * What a worker that starts makes of the snapshot files: the program, and apart from it the keys.
 *
 * Guarantee: a digest is claimed only by whoever holds everything that it stands for, in whatever order the two files
 * were read while the agent was writing them. Each state of the keys has a name of its own; the last commit of the keys
 * says which state they are in, and each commit of the program which one it goes with.
 *
 * Pure: runs in nginx (LuaJIT) and on Node.
 */
import type { Frame } from "./program.ts";
import { discard, newStaging, take, type Tables } from "./tables.ts";

/** Answers one line after the other, then undefined. */
export type NextLine = (this: void) => string | undefined;
/** Answers undefined for a line that is not whole. */
export type Decode = (this: void, text: string) => Frame | undefined;

/**
 * Fills the tables. What comes after the last commit of a file, or a line that was being written, is left out: the
 * channel brings it. Answers false, and claims nothing, where the two files do not go together: read again, they may.
 */
export function takeSnapshot(tables: Tables, keys: NextLine, program: NextLine, decode: Decode): boolean {
  const held = takeLines(tables, keys, decode);
  // Keys alone are no Program, whatever their commit says.
  tables.digest = "";
  const wanted = takeLines(tables, program, decode);
  if (wanted !== undefined && wanted === held) return true;
  tables.digest = "";
  return wanted === undefined;
}

/** Answers the state of the keys that the last commit speaks of. */
function takeLines(tables: Tables, next: NextLine, decode: Decode): string | undefined {
  const staging = newStaging();
  let keys: string | undefined;
  for (;;) {
    const line = next();
    if (line === undefined) break;
    const frame = decode(line);
    if (frame === undefined) break;
    take(tables, staging, frame, decode as (text: string) => Frame);
    if (frame.op === "commit") keys = frame.keys;
  }
  discard(staging);
  return keys;
}
