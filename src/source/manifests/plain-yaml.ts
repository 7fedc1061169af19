/**
 * A fast reader for the plain YAML that most manifests are written in: block mappings and sequences, one-line
 * scalars, one-level flow collections of plain values. About ten times as fast as a complete parser.
 *
 * Guarantee: it answers what the complete parser (YAML 1.2, core schema) answers, or not at all. Whatever lies
 * outside the subset (block scalars, escapes, anchors, comments behind values, floats, doubled keys, `on` …) gives undefined.
 */
import { isOldBoolean } from "./old-boolean.ts";


/** One line that is neither blank nor a comment. */
interface Line {
  readonly indent: number;
  readonly content: string;
}

interface YamlReading {
  readonly lines: Line[];
  next: number;
}

/** Thrown and caught here only; made once, so that giving up costs no stack trace. */
const OUTSIDE = new Error("outside the plain subset");

const KEY = /^([A-Za-z][\w./-]*):(?: +(.*))?$/;
const KEYWORD = /^(?:null|Null|NULL|true|True|TRUE|false|False|FALSE)$/;
const PLAIN = /^[A-Za-z0-9/._](?:[\w/.+@=~,;()-]| (?=[^ ])|:(?=[^ ]))*$/;
const PLAIN_IN_FLOW = /^[A-Za-z0-9/._][\w/.+@=~;()-]*$/;
const QUOTED = /^(?:"[^"\\\p{Cc}]*"|'[^'\p{Cc}]*')$/u;
const DIGITS = /^[0-9]{1,15}$/;
/** What the core schema may read as a number that is not plain decimal digits. */
const OTHER_NUMBER = /^(?:0x[0-9a-fA-F]+|0o[0-7]+|\.(?:inf|Inf|INF|nan|NaN|NAN)|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$/;

/** The mapping in `text` (one document, without `---`), or undefined when it is not in the plain subset. */
export function readPlainYaml(text: string): Record<string, unknown> | undefined {
  try {
    const reading: YamlReading = { lines: significantLines(text), next: 0 };
    const first = reading.lines[0];
    if (!first) return undefined;
    const value = readMap(reading, first.indent);
    return reading.next === reading.lines.length ? value : undefined;
  } catch (error) {
    if (error === OUTSIDE) return undefined;
    throw error;
  }
}

function significantLines(text: string): Line[] {
  if (text.includes("\t") || text.includes("\r")) throw OUTSIDE;
  const lines: Line[] = [];
  for (const raw of text.split("\n")) {
    let indent = 0;
    while (raw.charCodeAt(indent) === 32) indent++;
    let end = raw.length;
    while (end > indent && raw.charCodeAt(end - 1) === 32) end--;
    if (end > indent && raw[indent] !== "#") lines.push({ indent, content: raw.slice(indent, end) });
  }
  return lines;
}

function readMap(reading: YamlReading, indent: number): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  for (let line = reading.lines[reading.next]; line && line.indent >= indent; line = reading.lines[reading.next]) {
    const [, key, value] = KEY.exec(line.content) ?? [];
    if (line.indent > indent || key === undefined || KEYWORD.test(key) || Object.hasOwn(map, key)) throw OUTSIDE;
    reading.next++;
    map[key] = value === undefined ? readNested(reading, indent) : readInline(reading, indent, value);
  }
  return map;
}

/** What follows `key:` on the next lines. A sequence may stand at the indent of its key. */
function readNested(reading: YamlReading, indent: number): unknown {
  const line = reading.lines[reading.next];
  if (!line || line.indent < indent) return null;
  const sequence = line.content.startsWith("- ");
  if (line.indent === indent) return sequence ? readSequence(reading, indent) : null;
  return sequence ? readSequence(reading, line.indent) : readMap(reading, line.indent);
}

function readSequence(reading: YamlReading, indent: number): unknown[] {
  const items: unknown[] = [];
  for (let line = reading.lines[reading.next]; line && line.indent >= indent; line = reading.lines[reading.next]) {
    if (line.indent > indent) throw OUTSIDE;
    if (!line.content.startsWith("- ")) break;
    const content = line.content.slice(2).trimStart();
    const inner = indent + line.content.length - content.length;
    if (KEY.test(content)) {
      // "- key: value" starts a mapping whose column is that of the key.
      reading.lines[reading.next] = { indent: inner, content };
      items.push(readMap(reading, inner));
    } else {
      reading.next++;
      items.push(readInline(reading, indent, content));
    }
  }
  return items;
}

/** A value that stands behind `key:` or `-`. Deeper lines below it would continue it, which is outside of the subset. */
function readInline(reading: YamlReading, indent: number, text: string): unknown {
  const following = reading.lines[reading.next];
  if (following && following.indent > indent) throw OUTSIDE;
  if (text.startsWith("[") && text.endsWith("]")) return flowParts(text).map((part) => readScalar(part, PLAIN_IN_FLOW));
  if (text.startsWith("{") && text.endsWith("}")) return readFlowMap(text);
  return readScalar(text, PLAIN);
}

function readFlowMap(text: string): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  for (const part of flowParts(text)) {
    const [, key, value] = KEY.exec(part) ?? [];
    if (key === undefined || value === undefined || KEYWORD.test(key) || Object.hasOwn(map, key)) throw OUTSIDE;
    map[key] = readScalar(value, PLAIN_IN_FLOW);
  }
  return map;
}

/** A comma within quotes leaves parts that no scalar matches, so splitting needs no care. */
function flowParts(text: string): string[] {
  const inner = text.slice(1, -1).trim();
  return inner === "" ? [] : inner.split(",").map((part) => part.trim());
}

function readScalar(text: string, plain: RegExp): unknown {
  if (QUOTED.test(text)) return text.slice(1, -1);
  if (!plain.test(text)) throw OUTSIDE;
  if (DIGITS.test(text)) return Number(text);
  if (OTHER_NUMBER.test(text)) throw OUTSIDE;
  if (isOldBoolean(text)) throw OUTSIDE;
  if (!KEYWORD.test(text)) return text;
  const word = text.toLowerCase();
  return word === "null" ? null : word === "true";
}
