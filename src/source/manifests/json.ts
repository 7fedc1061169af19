/**
 * A document of a manifest file that is JSON: its value, and where its members and elements stand. Comments may stand before
 * and behind it, as YAML has them. Takes a small part of the YAML parser's time.
 *
 * Guarantee: the value is JSON.parse's; a text that is not JSON gives undefined.
 */
import { joinPath } from "./fields.ts";

export interface JsonNode {
  /** Where the value begins; of an object's member, where its key begins. */
  readonly offset: number;
  /** The last one of a doubled key. */
  readonly members?: ReadonlyMap<string, JsonNode>;
  readonly elements?: readonly JsonNode[];
}

export interface Json {
  readonly value: unknown;
  readonly root: JsonNode;
  /** Keys that their objects have more than once: their paths, and the offsets of the later ones. Not more than were asked for. */
  readonly doubled: readonly { readonly path: string; readonly offset: number }[];
}

interface JsonReading {
  readonly text: string;
  at: number;
  /** The path to what is being read. */
  readonly steps: (string | number)[];
  readonly doubled: { path: string; offset: number }[];
  readonly mostDoubled: number;
}

/** Thrown and caught here only; made once, so that giving up costs no stack trace. */
const NO_JSON = new Error("no JSON");

/** Most levels of nesting. Manifests have ten or twenty; thousands would exhaust the stack. */
const MOST_LEVELS = 500;

/** @param text one document, without the `---` that ends it. */
export function readJson(text: string, mostDoubled = 0): Json | undefined {
  const start = behindComments(text, /^---[ \t\r\n]/.test(text) ? 3 : 0);
  if (text[start] !== "{") return undefined;
  const reading: JsonReading = { text, at: start, steps: [], doubled: [], mostDoubled };
  try {
    // Reads keys and brackets; whether all of it is JSON is for JSON.parse to say.
    const root = readNode(reading, start);
    if (text[reading.at] === "#" || behindComments(text, reading.at) < text.length) return undefined;
    return { value: JSON.parse(text.slice(start, reading.at)) as unknown, root, doubled: reading.doubled };
  } catch (error) {
    if (error === NO_JSON || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readNode(reading: JsonReading, offset: number): JsonNode {
  if (reading.steps.length > MOST_LEVELS) throw NO_JSON;
  const first = reading.text[reading.at];
  if (first === "{") return { offset, members: readMembers(reading) };
  if (first === "[") return { offset, elements: readElements(reading) };
  reading.at = first === '"' ? endOfString(reading) : endOfWord(reading);
  return { offset };
}

function readMembers(reading: JsonReading): ReadonlyMap<string, JsonNode> {
  const members = new Map<string, JsonNode>();
  reading.at++;
  if (follows(reading, "}")) return members;
  do {
    const offset = skipBlanks(reading);
    const name = readKey(reading);
    if (!follows(reading, ":")) throw NO_JSON;
    skipBlanks(reading);
    reading.steps.push(name);
    if (members.has(name) && reading.doubled.length < reading.mostDoubled) reading.doubled.push({ path: reading.steps.reduce<string>(joinPath, ""), offset });
    members.set(name, readNode(reading, offset));
    reading.steps.pop();
  } while (follows(reading, ","));
  if (!follows(reading, "}")) throw NO_JSON;
  return members;
}

function readElements(reading: JsonReading): readonly JsonNode[] {
  const elements: JsonNode[] = [];
  reading.at++;
  if (follows(reading, "]")) return elements;
  do {
    reading.steps.push(elements.length);
    elements.push(readNode(reading, skipBlanks(reading)));
    reading.steps.pop();
  } while (follows(reading, ","));
  if (!follows(reading, "]")) throw NO_JSON;
  return elements;
}

function readKey(reading: JsonReading): string {
  const from = reading.at;
  if (reading.text[from] !== '"') throw NO_JSON;
  reading.at = endOfString(reading);
  const written = reading.text.slice(from, reading.at);
  return written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1);
}

/** The offset behind the quote that ends the string, which is the first one after an even number of backslashes. */
function endOfString({ text, at }: JsonReading): number {
  for (let quote = text.indexOf('"', at + 1); quote > 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === "\\") before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  throw NO_JSON;
}

const WORD = /[\w.+-]+/y;

function endOfWord({ text, at }: JsonReading): number {
  WORD.lastIndex = at;
  if (!WORD.test(text)) throw NO_JSON;
  return WORD.lastIndex;
}

/** Whether this character comes next, after blanks; if so it is passed. */
function follows(reading: JsonReading, character: string): boolean {
  if (reading.text[skipBlanks(reading)] !== character) return false;
  reading.at++;
  return true;
}

function skipBlanks(reading: JsonReading): number {
  return (reading.at = behindBlanks(reading.text, reading.at));
}

/** The offset behind JSON's blanks. No regular expression, because this is called at every token. */
function behindBlanks(text: string, from: number): number {
  for (let at = from; ; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
  }
}

/** The offset behind the blanks and comments that begin here. */
function behindComments(text: string, from: number): number {
  let at = behindBlanks(text, from);
  while (text[at] === "#") {
    const end = text.indexOf("\n", at);
    at = end < 0 ? text.length : behindBlanks(text, end);
  }
  return at;
}
