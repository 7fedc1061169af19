/** The edge's tables, filled on Node from a Program: exactly the frames that a worker would be sent. */
import { CATCH_ALL, DEFAULT_BACKEND, type Frame } from "../../edge/src/program.ts";
import { newStaging, newTables, take, type Tables } from "../../edge/src/tables.ts";
import type { Part, Program } from "../compile/program.ts";
import { partKey } from "../compile/references.ts";

/** Reads a frame. Its strings become the latin-1 reading of their UTF-8 bytes, so that both runtimes compare bytes. */
export function readFrame(line: string): Frame {
  const ascii = JSON.stringify(JSON.parse(line));
  return JSON.parse(Buffer.from(ascii, "utf8").toString("latin1")) as Frame;
}

/** @param name nginx's `$host`. What requests for other names alone need is left out, because a Program may have ten thousand hosts. */
export function tablesFor(program: Program, name: string): Tables {
  return tablesOfParts(partsFor(program, name));
}

/** The tables of a worker that was sent these parts, in their order. */
export function tablesOfParts(parts: Iterable<Part>): Tables {
  const tables = newTables();
  const staging = newStaging();
  for (const { kind, frame } of parts) {
    if (kind !== "certificate" && kind !== "users") take(tables, staging, readFrame(frame.revealText()), readFrame);
  }
  take(tables, staging, { op: "commit", generation: 1, digest: "" }, readFrame);
  return tables;
}

/** In the Program's order. */
function partsFor({ parts }: Program, name: string): readonly Part[] {
  const needed = new Set<Part>();
  const need = (part: Part | undefined): void => {
    if (!part || needed.has(part)) return;
    needed.add(part);
    for (const key of part.refersTo ?? []) need(parts.get(key));
  };
  for (const part of parts.values()) if (part.kind === "settings" || (part.kind === "alias" && mayName(part.id, name))) need(part);
  const names = [name, ...wildcardsOf(name)];
  for (const host of [...names, CATCH_ALL]) need(parts.get(partKey("host", host)));
  // Which names have a certificate decides about redirects to https.
  for (const covered of names) need(parts.get(partKey("tls", covered)));
  need(parts.get(partKey("pool", DEFAULT_BACKEND)));
  return [...parts.values()].filter((part) => needed.has(part));
}

/** Whether an alias may stand for a name: it is the name, a wildcard, or a pattern. */
function mayName(alias: string, name: string): boolean {
  return alias === name || alias.startsWith("~") || alias.startsWith("*") || alias.startsWith(".") || alias.endsWith("*");
}

function wildcardsOf(name: string): string[] {
  const labels = name.split(".");
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`);
}
