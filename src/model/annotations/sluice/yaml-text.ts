/** YAML in an annotation, read as plain tables: what is not of the shape asked for is a problem, never a guess. */
import type { Document, ParseOptions } from "yaml";
import { closest } from "../../../support/edit-distance.ts";
import { yaml } from "../../../support/packages.ts";

export type Table = Readonly<Record<string, unknown>>;

/** The text is not what it must be. The message is one clause of a finding. */
export class Malformed extends Error {}

/** Reading takes time with the square of the number of keys: 256 KiB, the most that annotations may have, would take many seconds. */
const LONGEST = 32 * 1024;

/** Nobody misspells a word with more characters. */
const LONGEST_SLIP = 40;

/** A table with string keys; throws Malformed, and nothing else. */
export function readTable(text: string): Table {
  if (text.length > LONGEST) throw new Malformed(`it is longer than ${LONGEST} characters: split the Ingress`);
  // The library's warnings quote the text, and would go to the controller's log as they are.
  const document = yaml().parseDocument(text, { uniqueKeys: true, maxAliasCount: 0, logLevel: "silent" } as ParseOptions);
  const [problem] = document.errors;
  if (problem) throw noYaml(problem);
  return asTable(valueOf(document), "it");
}

/** Aliases, and what a `%YAML` line allows, are found only when the value is made: the library then throws errors of any kind. */
function valueOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw noYaml(error as Error);
  }
}

function noYaml({ message }: Error): Malformed {
  return new Malformed(`it is no YAML: ${(message.split("\n")[0] ?? "").replace(/:$/, "")}`);
}

export function asTable(value: unknown, what: string): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Malformed(`${what} must be a table`);
  return value as Table;
}

/** Text; numbers and booleans as YAML writes them. */
export function asText(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Malformed(`${what} must be text`);
}

/** One text or a list of them. */
export function asTexts(value: unknown, what: string): string[] {
  return Array.isArray(value) ? value.map((one) => asText(one, what)) : [asText(value, what)];
}

export function onlyKeys(table: Table, known: readonly string[], what: string): void {
  const stray = Object.keys(table).find((key) => !known.includes(key));
  if (stray === undefined) return;
  // The search takes time with the length of the word.
  const near = stray.length <= LONGEST_SLIP ? closest(stray, known) : undefined;
  throw new Malformed(`${what} has "${stray.slice(0, LONGEST_SLIP)}"; ${near === undefined ? `it may have ${known.join(", ")}` : `did you mean "${near}"?`}`);
}
