/**
 * Paths as regular expressions: which hosts have them, and which paths are none.
 *
 * ingress-nginx behaviour: `use-regex`, or a `rewrite-target` that is not the path itself, makes every path of the host
 * a case-insensitive expression that is anchored at its start only. What is certainly no PCRE is refused here, alone;
 * what only PCRE can tell is left to the workers, where such a path matches nothing.
 */
import { HEAVIEST_PATTERN, patternWeight } from "../../../edge/src/pattern-weight.ts";

/** Why a tenant's text is no expression that can be run here; undefined: it may be one. */
export function whyNoExpression(text: string): string | undefined {
  const weight = patternWeight(text);
  if (weight <= HEAVIEST_PATTERN) return whyNoPattern(text);
  return `means too much: its ${text.length} characters, with the groups that are repeated, stand for ${weight}, and ${HEAVIEST_PATTERN} are allowed`;
}

/** Why PCRE cannot take this text as a pattern; undefined: it may take it. */
export function whyNoPattern(text: string): string | undefined {
  if (CHANGES_THE_REST.test(text)) return undefined;
  const reader = { text, at: 0, depth: 0, repeatable: false };
  while (reader.at < text.length) {
    const why = takeOne(reader);
    if (why !== undefined) return why;
  }
  return reader.depth > 0 ? `has ${reader.depth === 1 ? "a bracket" : "brackets"} "(" that nothing closes` : undefined;
}

/** How many groups `$1` to `$9` may stand for; undefined: the text is no pattern, or one that changes what the rest means. */
export function groupCount(text: string): number | undefined {
  if (CHANGES_THE_REST.test(text) || whyNoPattern(text) !== undefined) return undefined;
  const reader = { text, at: 0, depth: 0, repeatable: false };
  let count = 0;
  while (reader.at < text.length) {
    if (/^\((?!\?)|^\(\?(?:P?<\w|')/.test(text.slice(reader.at))) count++;
    takeOne(reader);
  }
  return count;
}

/** Verbs, comments and extended syntax. */
const CHANGES_THE_REST = /\(\*|\(\?#|\(\?[a-z]*x/;

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
  /** What stands before `at` can be repeated. */
  repeatable: boolean;
}

function takeOne(reader: Reader): string | undefined {
  const { text, at } = reader;
  const c = text[at] ?? "";
  if (c === "\\") return takeEscape(reader);
  if (c === "[") return takeClass(reader);
  const repeat = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(text.slice(at))?.[0];
  if (repeat !== undefined) return takeRepeat(reader, repeat);
  reader.at++;
  reader.repeatable = c !== "(" && c !== "|" && c !== "^";
  if (c === "(") {
    reader.depth++;
    const kind = /^\?(?:[:=!>|]|<[=!]|P?<\w+>|'\w+'|[imsJU-]+:?)/.exec(text.slice(at + 1))?.[0];
    if (kind === undefined && text[at + 1] === "?") return 'has a "(?" that begins no group';
    reader.at += kind?.length ?? 0;
  }
  if (c === ")" && --reader.depth < 0) return 'closes a bracket ")" that nothing opens';
  return undefined;
}

function takeEscape(reader: Reader): string | undefined {
  const { text, at } = reader;
  if (at === text.length - 1) return 'ends with a single "\\"';
  const end = text.indexOf("\\E", at);
  reader.at = text[at + 1] !== "Q" ? at + 2 : end < 0 ? text.length : end + 2;
  reader.repeatable = true;
  return undefined;
}

function takeClass(reader: Reader): string | undefined {
  const { text } = reader;
  let at = reader.at + 1;
  if (text[at] === "^") at++;
  if (text[at] === "]") at++;
  while (at < text.length && text[at] !== "]") {
    const posix = /^\[:\^?[a-z]+:\]/.exec(text.slice(at))?.[0].length;
    at += posix ?? (text[at] === "\\" ? 2 : 1);
  }
  reader.at = at + 1;
  reader.repeatable = true;
  return at >= text.length ? 'has a "[" that nothing closes' : undefined;
}

function takeRepeat(reader: Reader, repeat: string): string | undefined {
  const { text, at } = reader;
  // A brace with nothing before it is a literal.
  if (!reader.repeatable && !repeat.startsWith("{")) return `has nothing to repeat before "${repeat}"`;
  reader.at = at + repeat.length;
  if (/[+?]/.test(text[reader.at] ?? "")) reader.at++;
  reader.repeatable = repeat.startsWith("{");
  return undefined;
}
