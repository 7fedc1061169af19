/** The edge's tables, filled on Node from a Program: exactly the frames that a worker would be sent. */
import { CATCH_ALL, DEFAULT_BACKEND, type Frame } from "../../edge/src/program.ts";
import { emptyTable } from "../../edge/src/table.ts";
import { newStaging, newTables, take, type Tables } from "../../edge/src/tables.ts";
import type { Part, Program } from "../compile/program.ts";
import { partKey } from "../compile/references.ts";
import { hostKey } from "../model/shapes/host-key.ts";
import { levelsOf } from "./entrance.ts";
import type { Entrance } from "./request.ts";

/** Reads a frame. Its strings become the latin-1 reading of their UTF-8 bytes, so that both runtimes compare bytes. */
export function readFrame(line: string): Frame {
  const ascii = JSON.stringify(JSON.parse(line));
  return JSON.parse(Buffer.from(ascii, "utf8").toString("latin1")) as Frame;
}

/** A front is a table by names that clients choose, and nothing is to be inherited in it. */
function readPart(line: string): Frame {
  const frame = readFrame(line);
  return frame.op === "set" && frame.kind === "front" ? { ...frame, value: Object.assign(emptyTable<string>(), frame.value) } : frame;
}

/**
 * @param name nginx's `$host`. What requests for other names alone need is left out, because a Program may have ten thousand hosts.
 * @param at where the request comes in, if Gateways listen there
 */
export function tablesFor(program: Program, name: string, at?: Entrance): Tables {
  const tables = tablesOfParts(partsFor(program, name, at));
  // As the worker knows it from its nginx.conf.
  if (at?.alone) tables.frontSockets[String(at.port)] = true;
  return tables;
}

/** The tables of a worker that was sent these parts, in their order. */
export function tablesOfParts(parts: Iterable<Part>): Tables {
  const tables = newTables();
  const staging = newStaging();
  for (const { kind, frame } of parts) {
    if (kind !== "certificate" && kind !== "users") take(tables, staging, readPart(frame.revealText()), readFrame);
  }
  take(tables, staging, { op: "commit", generation: 1, digest: "" }, readFrame);
  return tables;
}

/** In the Program's order. */
function partsFor({ parts, fronts }: Program, name: string, at: Entrance | undefined): readonly Part[] {
  const needed = new Set<Part>();
  const need = (part: Part | undefined): void => {
    if (!part || needed.has(part)) return;
    needed.add(part);
    for (const key of part.refersTo ?? []) need(parts.get(key));
  };
  for (const part of parts.values()) if (part.kind === "settings" || (part.kind === "alias" && mayName(part.id, name))) need(part);
  const levels = levelsOf(name);
  for (const host of levels) need(parts.get(partKey("host", host)));
  // Which names have a certificate decides about redirects to https. The certificate of all other names covers the name `_` alone.
  for (const covered of levels) if (covered !== CATCH_ALL || name === CATCH_ALL) need(parts.get(partKey("tls", covered)));
  need(parts.get(partKey("pool", DEFAULT_BACKEND)));
  if (at) {
    for (const { id, listeners } of fronts.values()) {
      need(parts.get(partKey("front", id)));
      for (const listener of Object.values(listeners)) for (const level of levelsOf(name)) need(parts.get(partKey("host", hostKey(level, listener))));
    }
  }
  return [...parts.values()].filter((part) => needed.has(part));
}

/** Whether an alias may stand for a name: it is the name, a wildcard, or a pattern. */
function mayName(alias: string, name: string): boolean {
  return alias === name || alias.startsWith("~") || alias.startsWith("*") || alias.startsWith(".") || alias.endsWith("*");
}
