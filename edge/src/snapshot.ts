/**
 * Fills the tables of a worker that starts from the two snapshot files: the program, and apart from it the keys.
 *
 * Guarantee: a worker claims a digest only if it holds everything that the digest stands for, in whatever order the two
 * files were read while the agent was writing them. Each state of the keys has a name of its own. The last commit of
 * the keys says which state they are in, and each commit of the program says which state it goes with.
 *
 * Pure: runs in nginx (LuaJIT) and on Node.
 */
import type { Frame } from "./program.ts";
import { discard, newStaging, take, type Tables } from "./tables.ts";

/** Answers one line after the other, then undefined. */
export type NextLine = (this: void) => string | undefined;
/** Answers undefined for a line that is not whole. */
type Decode = (this: void, text: string) => Frame | undefined;

/**
 * Fills the tables. Frames after the last commit of a file, and a line that is not written to its end, are left out:
 * the channel brings them. Answers false, and claims no digest, where the two files do not go together; they may when
 * they are read again.
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

/** Answers the state of the keys that the last commit names. */
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
