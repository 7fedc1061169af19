/**
 * The text of a manifest file: its documents, their values, and the lines of their fields.
 *
 * Values are read by the fast path where that suffices. Lines are computed only when somebody asks, by reading that
 * one document again with positions. What is wrong with a text is said without quoting it: it may hold a key.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument as parseYaml } from "yaml";
import type { Document, Node } from "yaml";
import type { FileOrigin } from "../objects.ts";
import { readPlainYaml } from "./plain-yaml.ts";

export interface DocumentText {
  /** Position among the file's documents, from 0. Empty documents do not count. */
  readonly index: number;
  /** Line of the file, from 1, on which `text` starts. */
  readonly startLine: number;
  readonly text: string;
}

export type ParsedDocument =
  | { readonly valid: true; readonly value: unknown }
  /** `line` counts from 1 within the document. */
  | { readonly valid: false; readonly line: number; readonly reason: string };

/** `---` and `...` at the start of a line end a document wherever they stand (YAML 1.2, section 9.1.2). */
const MARKER = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;
const EMPTY = /^(?:[ \t\r]*(?:#.*)?(?:\n|$)|%.*(?:\n|$))*$/;

/** The documents of a file's text; those with nothing but comments are left out. */
export function splitDocuments(fileText: string): DocumentText[] {
  const source = fileText.startsWith("\uFEFF") ? fileText.slice(1) : fileText;
  const documents: DocumentText[] = [];
  let line = 1;
  let from = 0;
  const add = (to: number): void => {
    const text = source.slice(from, to);
    if (!EMPTY.test(text)) documents.push({ index: documents.length, startLine: line, text });
    line += linesIn(text);
    from = to;
  };
  for (const marker of source.matchAll(MARKER)) {
    add(marker.index);
    // A marker alone on its line is no part of the document; `--- {…}` carries a value and is kept with it.
    const end = source.indexOf("\n", marker.index) + 1 || source.length;
    const rest = source.slice(marker.index + 3, end).trim();
    if (rest !== "" && marker[0] === "---") continue;
    from = end;
    line++;
  }
  add(source.length);
  return documents;
}

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** The value of one document: YAML 1.2 with merge keys, or JSON. Never throws. */
export function parseDocument(text: string): ParsedDocument {
  const plain = readPlainYaml(text) ?? readJson(text);
  if (plain !== undefined) return { valid: true, value: plain };
  const lines = new LineCounter();
  const document = parseYaml(text, { merge: true, prettyErrors: false, logLevel: "silent", lineCounter: lines });
  const error = document.errors[0];
  if (error) return { valid: false, line: lines.linePos(error.pos[0]).line, reason: withoutQuotation(error.message) };
  try {
    return { valid: true, value: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch {
    // Only aliases can fail here: one without an anchor, or so many that expanding them would eat the memory.
    return { valid: false, line: 1, reason: "an alias (*name) has no anchor, or aliases expand to too much" };
  }
}

function readJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // The YAML parser says where it is wrong.
  }
}

/** The parser's messages end in pieces of the text (`…: "abc"`): cut off, because the text may be a Secret's. */
function withoutQuotation(message: string): string {
  return message.replace(/(?::\s|\s["'`]).*$/s, "").replace(/\.$/, "");
}

/** A key at the start of a line, behind the dashes of lists. */
const KEY = /^[ \t]*(?:-[ \t]+)*["']?([A-Za-z][A-Za-z0-9._/-]{0,100})["']?[ \t]*:(?:[ \t\r]|$)/;

/**
 * The last key that begins a line at or before this one (from 1 within the document), for people to find the place by.
 * None of a Secret: what looks like a key there may be a piece of a value.
 */
export function keyAt(text: string, line: number): string | undefined {
  if (/\bSecret\b/.test(text)) return undefined;
  const lines = text.split("\n").slice(0, line);
  return lines.map((one) => KEY.exec(one)?.[1]).findLast((key) => key !== undefined);
}

/** A field path as keys and indexes: `a.b[0].c[x.y/z]` → `a`, `b`, `0`, `c`, `x.y/z`. */
export function splitFieldPath(path: string): string[] {
  return [...path.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map((match) => match[1] ?? match[0]);
}

/** How fields are called in the older API shapes that we upgrade. */
const OLD_NAMES: Readonly<Record<string, string>> = { defaultBackend: "backend", service: "serviceName" };

interface Positions {
  readonly text: string;
  readonly document: Document;
  readonly lines: LineCounter;
}
/** The document asked about last: one document's findings ask several times in a row. */
let lastAsked: Positions | undefined;

/** The line, from 1 within the document, of a field; of its nearest parent that exists, if it is absent. */
export function lineOfField(text: string, path: string): number {
  if (lastAsked?.text !== text) {
    const lines = new LineCounter();
    lastAsked = { text, lines, document: parseYaml(text, { merge: true, logLevel: "silent", lineCounter: lines }) };
  }
  const { document, lines } = lastAsked;
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const step of splitFieldPath(path)) {
    const child = childOf(document, node, step) ?? childOf(document, node, OLD_NAMES[step] ?? step);
    if (!child) break;
    node = child.value;
    offset = child.offset;
  }
  return lines.linePos(offset).line;
}

function childOf(document: Document, parent: unknown, step: string): { value: unknown; offset: number } | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
    const offset = startOf(pair?.key);
    return pair && offset !== undefined ? { value: pair.value, offset } : undefined;
  }
  const value = isSeq(node) ? node.items[Number(step)] : undefined;
  const offset = startOf(value);
  return offset === undefined ? undefined : { value, offset };
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** Where an object stands. */
export interface Place {
  readonly file: string;
  readonly document: DocumentText;
  /** `items[3].` for an object within a List, else empty. */
  readonly prefix: string;
}

/** The origin of an object that is kept while the text around it changes: it can move. Never prints its text. */
export class ManifestOrigin implements FileOrigin {
  #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  get file(): string {
    return this.#place.file;
  }
  get document(): number {
    return this.#place.document.index;
  }
  line(fieldPath: string): number {
    const { document, prefix } = this.#place;
    return document.startLine - 1 + lineOfField(document.text, prefix + fieldPath);
  }
  moveTo(place: Place): void {
    this.#place = place;
  }
}
