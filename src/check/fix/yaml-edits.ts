/**
 * Changes of a YAML or JSON text, piece by piece: what is not changed keeps its comments, its order and its blanks.
 */
import { isMap, isScalar, type Pair, type Scalar, type YAMLMap } from "yaml";

export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A mapping in a document of this text. */
export interface EditPlace {
  readonly text: string;
  readonly map: YAMLMap;
}

export type KeyPair = Pair<Scalar>;

/** The pairs of a mapping whose keys are texts. */
export function pairsOf({ items }: YAMLMap): KeyPair[] {
  return items.filter((pair): pair is KeyPair => isScalar(pair.key) && typeof pair.key.value === "string");
}

export function pairOf(map: YAMLMap, key: string): KeyPair | undefined {
  return pairsOf(map).findLast((pair) => pair.key.value === key);
}

/** The mapping that stands at a key; undefined: something else does, or nothing. */
export function mapAt(map: YAMLMap | undefined, key: string): YAMLMap | undefined {
  const value = map && pairOf(map, key)?.value;
  return isMap(value) ? value : undefined;
}

/** Of a node that was read from a text. */
function rangeOf(node: unknown): readonly [from: number, to: number] | undefined {
  const range = (node as { readonly range?: readonly [number, number, number] | null } | null | undefined)?.range;
  return range ? [range[0], range[1]] : undefined;
}

/** The same scalar with another value, in the same kind of quotes. */
export function replaced(scalar: Scalar, value: string): Edit[] {
  const range = rangeOf(scalar);
  if (!range) return [];
  const text = scalar.type === "QUOTE_DOUBLE" ? JSON.stringify(value) : scalar.type === "QUOTE_SINGLE" ? `'${value}'` : value;
  return [{ from: range[0], to: range[1], text }];
}

/** A value in quotes, as it stands in the text. Values of several lines are left alone. */
export function quoted(scalar: Scalar, text: string): Edit[] {
  const range = rangeOf(scalar);
  const source = range && text.slice(...range);
  return range && source && scalar.type === "PLAIN" && !source.includes("\n") ? [{ from: range[0], to: range[1], text: JSON.stringify(source) }] : [];
}

/** A pair in front of all others. */
export function insertedFirst({ text, map }: EditPlace, key: string, value: string): Edit[] {
  const first = pairsOf(map)[0];
  const at = rangeOf(first?.key)?.[0];
  if (first === undefined || at === undefined) return [];
  const between = map.flow ? ", " : `${lineBreakAt(text, at)}${" ".repeat(columnOf(text, at))}`;
  return [{ from: at, to: at, text: `${keyAlike(key, first)}: ${value}${between}` }];
}

/** A pair behind another one, whose value is a scalar. */
export function insertedBehind({ text, map }: EditPlace, pair: KeyPair, key: string, value: string): Edit[] {
  const [from, to] = [rangeOf(pair.key)?.[0], rangeOf(pair.value)?.[1]];
  if (from === undefined || to === undefined || !isScalar(pair.value)) return [];
  if (map.flow) return [{ from: to, to, text: `, ${keyAlike(key, pair)}: ${value}` }];
  const at = lineEnd(text, to);
  return [{ from: at, to: at, text: `${lineBreakAt(text, to)}${" ".repeat(columnOf(text, from))}${key}: ${value}` }];
}

/** A mapping without one of its pairs, whose comment stays. Empty where the text around the pair does not allow it. */
export function removed({ text, map }: EditPlace, pair: KeyPair): Edit[] {
  const [from, to] = [rangeOf(pair.key)?.[0], rangeOf(pair.value)?.[1] ?? rangeOf(pair.key)?.[1]];
  if (from === undefined || to === undefined) return [];
  const all = pairsOf(map);
  const index = all.indexOf(pair);
  if (map.flow) {
    const next = rangeOf(all[index + 1]?.key)?.[0];
    const before = rangeOf(all[index - 1]?.value)?.[1];
    const edit = { from: next === undefined ? (before ?? from) : from, to: next ?? to, text: "" };
    return hasComment(text.slice(edit.from, edit.to)) ? [] : [edit];
  }
  const start = text.lastIndexOf("\n", from - 1) + 1;
  // In the line of a dash another pair would have to move up.
  if (text.slice(start, from).trim() !== "") return [];
  const rest = text[to - 1] === "\n" ? "" : text.slice(to, lineEnd(text, to));
  if (rest.trimStart().startsWith("#")) return [{ from, to: to + rest.length - rest.trimStart().length, text: "" }];
  // Comments within the pair would go with it.
  if (hasComment(text.slice(from, to))) return [];
  const end = text[to - 1] === "\n" ? to : lineEnd(text, to) + lineBreakBehind(text, lineEnd(text, to)).length;
  return [{ from: start, to: end, text: "" }];
}

/** Two pairs as one: the first is replaced, the second goes. @param lines the pair as a block, each line without its indentation. */
export function merged(place: EditPlace, first: KeyPair, second: KeyPair | undefined, lines: readonly string[], flow: string): Edit[] {
  const { text, map } = place;
  const [from, to] = [rangeOf(first.key)?.[0], rangeOf(first.value)?.[1]];
  if (from === undefined || to === undefined || hasComment(text.slice(from, to))) return [];
  const removal = second ? removed(place, second) : [];
  if (second && removal.length === 0) return [];
  const indent = " ".repeat(map.flow ? 0 : columnOf(text, from));
  return [{ from, to, text: map.flow ? flow : lines.join(lineBreakAt(text, from) + indent) }, ...removal];
}

/** Keys of JSON are in quotes; those of a mapping are written alike. */
export function keyAlike(key: string, neighbour: KeyPair): string {
  return neighbour.key.type === "QUOTE_DOUBLE" ? JSON.stringify(key) : key;
}

/** A name as a scalar: in quotes where it could be read as something else. */
export function nameScalar(name: string, neighbour: KeyPair): string {
  const plain = neighbour.key.type !== "QUOTE_DOUBLE" && /^[a-z][-a-z0-9.]*$/.test(name) && !/^(?:y|n|yes|no|on|off|true|false|null)$/.test(name);
  return plain ? name : JSON.stringify(name);
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf("\n", offset - 1) + 1);
}

/** The line break at the end of a line's text; empty at the end of the text. */
function lineBreakBehind(text: string, end: number): string {
  return text[end] === "\r" ? "\r\n" : (text[end] ?? "");
}

/** How the line breaks that holds this place. */
function lineBreakAt(text: string, offset: number): string {
  return lineBreakBehind(text, lineEnd(text, offset)) || "\n";
}

/** What goes would take a comment with it. A `#` in quotes looks like one, which does no harm. */
function hasComment(text: string): boolean {
  return /(?:^|\s)#/.test(text);
}

/** Where the line's text ends, in front of its line break. */
function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  if (end < 0) return text.length;
  return text[end - 1] === "\r" ? end - 1 : end;
}

/** The text with all edits made; undefined when two of them meet. */
export function edited(text: string, edits: readonly Edit[]): string | undefined {
  const sorted = [...edits].sort((a, b) => a.from - b.from || a.to - b.to);
  let made = "";
  let at = 0;
  for (const { from, to, text: put } of sorted) {
    if (from < at) return undefined;
    made += text.slice(at, from) + put;
    at = to;
  }
  return made + text.slice(at);
}
