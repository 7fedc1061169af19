/** The edge's tables, filled on Node from a Program: exactly the frames that a worker would be sent. */
import type { Frame } from "../../edge/src/program.ts";
import { newStaging, newTables, take, type Tables } from "../../edge/src/tables.ts";
import type { Program } from "../compile/program.ts";

/** Reads a frame. Its strings become the latin-1 reading of their UTF-8 bytes, so that both runtimes compare bytes. */
export function readFrame(line: string): Frame {
  const ascii = JSON.stringify(JSON.parse(line));
  return JSON.parse(Buffer.from(ascii, "utf8").toString("latin1")) as Frame;
}

export function tablesOf(program: Program): Tables {
  const tables = newTables();
  const staging = newStaging();
  const parts = [...program.parts.values()].filter(({ kind }) => kind !== "certificate" && kind !== "users");
  for (const { frame } of parts) take(tables, staging, readFrame(frame.reveal().toString("latin1")), readFrame);
  take(tables, staging, { op: "commit", generation: 1, digest: "" }, readFrame);
  return tables;
}
