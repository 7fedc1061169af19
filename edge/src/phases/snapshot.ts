/** Loads the snapshot when a worker starts, before it accepts its first connection. */
import * as cjson from "cjson.safe";
import type { Frame } from "../program.ts";
import { takeSnapshot, type NextLine } from "../snapshot.ts";
import { clear } from "../tables.ts";
import { options } from "./options.ts";
import { tables } from "./state.ts";

/** The two files may not go together while the agent writes one after the other; that takes a moment only. */
const MOST_TRIES = 3;

export function loadSnapshot(): void {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    clear(tables);
    if (load()) return;
  }
}

function load(): boolean {
  const [keys] = io.open(options.keys, "r");
  const [program] = io.open(options.program, "r");
  const whole = takeSnapshot(tables, linesOf(keys), linesOf(program), decode);
  if (keys !== undefined) keys.close();
  if (program !== undefined) program.close();
  return whole;
}

function linesOf(file: LuaFile | undefined): NextLine {
  return () => (file === undefined ? undefined : (file.read("*l") as string | undefined));
}

function decode(this: void, text: string): Frame | undefined {
  const [frame] = cjson.decode(text);
  return frame as Frame | undefined;
}
