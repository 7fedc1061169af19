/**
 * One document of a manifest file: its value, and the lines of its fields.
 *
 * Values are read by the fast path where that suffices. Lines are computed only when somebody asks, by reading that
 * one document again with positions. Messages about a text never quote it: it may hold a private key.
 */
import type { Document, LineCounter, Node, Pair, YAMLMap } from "yaml";
import { yaml } from "../../support/packages.ts";
import type { FileOrigin } from "../objects.ts";
import { joinPath } from "./fields.ts";
import { readJson } from "./json.ts";
import type { Json, JsonNode } from "./json.ts";
import { isOldBoolean, OldBoolean } from "./old-boolean.ts";
import { readPlainYaml } from "./plain-yaml.ts";
import type { DocumentText } from "./split.ts";

export { splitDocuments } from "./split.ts";

/** A key that its mapping has more than once. */
export interface DoubledKey {
  /** `metadata.labels[a/b]`, from the document's root. */
  readonly path: string;
  /** Where the later one stands, from 1 within the document. */
  readonly line: number;
  readonly column: number;
}

export type ParsedDocument =
  /** Where a key stands more than once the last one counts, as for kubectl; `doubled` has the first such keys. */
  | { readonly valid: true; readonly value: unknown; readonly doubled?: readonly DoubledKey[] }
  /** `line` and `column` count from 1 within the document. */
  | { readonly valid: false; readonly line: number; readonly column?: number; readonly reason: string; readonly tooLarge?: true };

/** The largest document for the complete parser, which takes about 20 µs a field and cannot pause: more than etcd takes for one object. */
export const MOST_YAML = "2 MiB or 150,000 fields";
const MOST_LENGTH = 2 * 1024 * 1024;
const MOST_MARKS = 150_000;

/** Counts fields and elements by their marks: a colon or comma before a blank, a dash at the start of a line. */
function isTooLarge(text: string): boolean {
  if (text.length > MOST_LENGTH) return true;
  let marks = 0;
  for (const _ of text.matchAll(/[:,](?=\s)|^[ ]*-(?= )/gm)) if (++marks > MOST_MARKS) return true;
  return false;
}

/**
 * The value of one document: YAML 1.2 with merge keys, or JSON. A word without quotes that YAML 1.1 takes for a boolean is
 * an `OldBoolean`. Never throws.
 */
export function parseDocument(text: string): ParsedDocument {
  const json = readJson(text, MOST_DOUBLED);
  if (json) return { valid: true, value: json.value, ...withLines(json.doubled, text) };
  const plain = readPlainYaml(text);
  if (plain !== undefined) return { valid: true, value: plain };
  if (isTooLarge(text)) return { valid: false, line: 1, reason: "too large", tooLarge: true };
  const read = parsed(text);
  if (!read) return { valid: false, line: 1, reason: TOO_DEEP };
  const { document, lines } = read;
  const error = document.errors[0];
  if (error) return { valid: false, ...positionAt(lines, error.pos[0]), reason: withoutQuotation(error.message) };
  try {
    const doubled = lookThrough(document, lines);
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { valid: true, value, ...(doubled.length > 0 ? { doubled } : {}) };
  } catch (error) {
    if (error instanceof RangeError) return { valid: false, line: 1, reason: TOO_DEEP };
    // Only aliases can fail here: one without an anchor, or so many that expanding them would eat the memory.
    return { valid: false, line: 1, reason: "an alias (*name) has no anchor, or aliases expand to too much" };
  }
}

const TOO_DEEP = "it is nested too deep";

/**
 * Does not look for doubled keys, because the parser takes quadratic time for it. Undefined: the text has so many
 * levels that they exhaust the stack.
 */
function parsed(text: string): ParsedYaml | undefined {
  const lines = new (yaml().LineCounter)();
  const options = { merge: true, prettyErrors: false, logLevel: "silent", lineCounter: lines, uniqueKeys: false } as const;
  try {
    return { lines, document: yaml().parseDocument(text, options) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function withLines(doubled: Json["doubled"], text: string): { readonly doubled?: readonly DoubledKey[] } {
  if (doubled.length === 0) return {};
  const lines = linesOf(text);
  return { doubled: doubled.map(({ path, offset }) => ({ path, ...positionAt(lines, offset) })) };
}

function linesOf(text: string): LineCounter {
  const lines = new (yaml().LineCounter)();
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
  return lines;
}

/** Most doubled keys that are found in a document: enough to see what is wrong. */
const MOST_DOUBLED = 20;

/** Marks the booleans of YAML 1.1, and finds the keys that stand twice. */
function lookThrough(document: Document, lines: LineCounter): readonly DoubledKey[] {
  const { isMap, isScalar, isSeq } = yaml();
  const doubled: DoubledKey[] = [];
  const look = (node: unknown, path: string): void => {
    if (isScalar(node)) {
      if (node.type === "PLAIN" && typeof node.value === "string" && isOldBoolean(node.value)) node.value = new OldBoolean(node.value);
    } else if (isSeq(node)) node.items.forEach((item, index) => look(item, `${path}[${index}]`));
    else if (isMap(node)) {
      const seen = new Set<string>();
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : "";
        const below = joinPath(path, name);
        // Several `<<` are several merges and no doubled key; the parser gives them as symbols.
        if (isScalar(key) && typeof key.value !== "symbol" && seen.has(name) && doubled.length < MOST_DOUBLED) doubled.push({ path: below, ...positionAt(lines, startOf(key) ?? 0) });
        seen.add(name);
        look(value, below);
      }
    }
  };
  look(document.contents, "");
  return doubled;
}

/** The parser's messages end in pieces of the text (`…: "abc"`): cut off, because the text may be a Secret's. */
function withoutQuotation(message: string): string {
  return message.replace(/(?::\s|\s["'`]).*$/s, "").replace(/\.$/, "");
}

/** A key at the start of a line, behind the dashes of lists. */
const KEY = /^[ \t]*(?:-[ \t]+)*["']?([A-Za-z][A-Za-z0-9._/-]{0,100})["']?[ \t]*:(?:[ \t\r]|$)/;

/**
 * The last key that begins a line at or before this one (from 1 within the document), for people to find the place by.
 * Undefined where the document may be a Secret: what looks like a key there may be a piece of a value.
 */
export function keyAt(text: string, line: number): string | undefined {
  if (/\bSecret\b/.test(text)) return undefined;
  const lines = text.split("\n").slice(0, line);
  return lines.map((one) => KEY.exec(one)?.[1]).findLast((key) => key !== undefined);
}

/** A field path as keys and indexes: `a.b[0].c[x.y/z]` → `a`, `b`, `0`, `c`, `x.y/z`. */
export function splitFieldPath(path: string): string[] {
  const closed = path.lastIndexOf("]") + 1;
  // Behind the last bracket that closes, none is looked for: a key may hold thousands that nothing closes.
  return [...steps(path.slice(0, closed), /\[([^\]]*)\]|[^.[\]]+/g), ...steps(path.slice(closed), /[^.[]+/g)];
}

function steps(path: string, step: RegExp): string[] {
  return [...path.matchAll(step)].map((match) => match[1] ?? match[0]);
}

/** Names of fields in the older API shapes that we upgrade, by their present names. */
const OLD_NAMES: Readonly<Record<string, string>> = { defaultBackend: "backend", service: "serviceName" };

interface ParsedYaml {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** A value in a document, and the way to the values in it. */
interface Spot {
  readonly offset: number;
  below(step: string): Spot | undefined;
}

interface Positions {
  readonly text: string;
  readonly root: Spot;
  readonly lines: LineCounter;
}

function positionsIn(text: string): Positions | undefined {
  const json = readJson(text);
  if (json) return { text, root: spotInJson(json.root), lines: linesOf(text) };
  const read = parsed(text);
  return read && { text, root: spotInYaml(read.document, read.document.contents, startOf(read.document.contents) ?? 0), lines: read.lines };
}

function spotInJson({ offset, members, elements }: JsonNode): Spot {
  return {
    offset,
    below(step) {
      const child = members?.get(step) ?? elements?.[Number(step)];
      return child && spotInJson(child);
    },
  };
}

/** The document asked about last: one document's findings ask several times in a row. */
let lastAsked: Positions | undefined;

/**
 * Most characters that are read again for lines between two calls of `renewLines`. Without this bound, findings that
 * alternate between long documents would take hours.
 */
const MOST_READ_AGAIN = 4 * 1024 * 1024;
let left = MOST_READ_AGAIN;

/** Makes the whole of `MOST_READ_AGAIN` available again. To be called before each look at the files, and before their objects are judged. */
export function renewLines(): void {
  left = MOST_READ_AGAIN;
}

/** A place in a text. Both count from 1; columns are UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const BEGINNING: Position = { line: 1, column: 1 };

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: Math.max(1, col) };
}

/**
 * Where a field begins within the document; its nearest parent that exists, if it is absent; the beginning of the
 * document when too much was read again for positions since `renewLines`.
 */
export function positionOfField(text: string, path: string): Position {
  if (lastAsked?.text !== text) {
    left -= text.length;
    if (left < 0) return BEGINNING;
    lastAsked = positionsIn(text);
    if (!lastAsked) return BEGINNING;
  }
  let spot = lastAsked.root;
  for (const step of splitFieldPath(path)) {
    const child = spot.below(step) ?? spot.below(OLD_NAMES[step] ?? step);
    if (!child) break;
    spot = child;
  }
  return positionAt(lastAsked.lines, spot.offset);
}

function spotInYaml(document: Document, value: unknown, offset: number): Spot {
  const { isAlias, isMap, isSeq } = yaml();
  const node = isAlias(value) ? value.resolve(document) : value;
  return {
    offset,
    below(step) {
      const pair = isMap(node) ? pairsOf(node).get(step) : undefined;
      const [key, child] = isSeq(node) ? [node.items[Number(step)], node.items[Number(step)]] : [pair?.key, pair?.value];
      const start = startOf(key);
      return start === undefined ? undefined : spotInYaml(document, child, start);
    },
  };
}

/** The pairs of a mapping by key, the last one of a doubled key. Kept, because a mapping may have 100,000 keys and a finding about each. */
const PAIRS = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = PAIRS.get(map);
  if (known) return known;
  const { isScalar } = yaml();
  const pairs = new Map(map.items.flatMap((pair): [string, Pair][] => (isScalar(pair.key) ? [[String(pair.key.value), pair]] : [])));
  PAIRS.set(map, pairs);
  return pairs;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** Where an object stands. */
export interface DocumentPlace {
  readonly file: string;
  readonly document: DocumentText;
  /** `items[3].` for an object within a List, else empty. */
  readonly prefix: string;
  /** Of an object that names none. */
  readonly namespace: string;
}

/** The origin of an object from a file. It can move, because an object is kept while the text around it changes. Never prints the document's text. */
export class ManifestOrigin implements FileOrigin {
  #place: DocumentPlace;

  constructor(place: DocumentPlace) {
    this.#place = place;
  }

  get file(): string {
    return this.#place.file;
  }
  get document(): number {
    return this.#place.document.index;
  }
  line(fieldPath: string): number {
    return this.#place.document.startLine - 1 + this.#position(fieldPath).line;
  }
  column(fieldPath: string): number {
    return this.#position(fieldPath).column;
  }
  moveTo(place: DocumentPlace): void {
    this.#place = place;
  }
  #position(fieldPath: string): Position {
    const { document, prefix } = this.#place;
    return positionOfField(document.text, prefix + fieldPath);
  }
}
