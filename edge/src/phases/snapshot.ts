/**
 * Loads the snapshot when a worker starts, before it accepts its first connection.
 *
 * The snapshot is two files of frames (keys apart), as the channel sends them. What comes after the last commit, or a
 * line that was being written when the worker started, is left out: the channel brings it.
 */
import * as cjson from "cjson.safe";
import type { Frame } from "../program.ts";
import { discard, newStaging, take } from "../tables.ts";
import { tables } from "./state.ts";

export function loadSnapshot(path: string): void {
  const [file] = io.open(path, "r");
  if (file === undefined) return;
  const staging = newStaging();
  for (;;) {
    const line = file.read("*l");
    if (line === undefined) break;
    const frame = decode(line);
    if (frame === undefined) break;
    take(tables, staging, frame, decode as (text: string) => Frame);
  }
  file.close();
  discard(staging);
}

function decode(text: string): Frame | undefined {
  const [frame] = cjson.decode(text);
  return frame as Frame | undefined;
}
