/**
 * Tenants' regular expressions on Node. nginx runs them in PCRE; this translates the part of the language on which
 * the two engines agree, and refuses the rest, so that an answer given here is nginx's answer.
 */

/** Letters after a backslash, as V8 writes what PCRE means. `\s` is written out, because V8's also matches Unicode blanks. */
const ESCAPES: Readonly<Record<string, string>> = {
  d: "\\d", D: "\\D", w: "\\w", W: "\\W", b: "\\b", B: "\\B", t: "\\t", n: "\\n", r: "\\r", f: "\\f",
  s: "[\\t-\\r ]", S: "[^\\t-\\r ]",
};

/**
 * Whether both engines capture alike. In a repeated group they may not: PCRE keeps what an inner group matched in any
 * round, V8 only what it matched in the last one.
 */
export function capturesAlike(pattern: string): boolean {
  return !/\)[*+{]|\(\?[a-z|]*[|R(&0-9]/.test(pattern);
}

interface Reader {
  readonly text: string;
  at: number;
  out: string;
}

/** The same pattern as a RegExp; undefined for a pattern that only PCRE can run, or neither engine. Text is latin-1. */
export function translatePattern(pattern: string): RegExp | undefined {
  const [, inline = "", rest = ""] = /^(\(\?i\))?(.*)$/s.exec(pattern) ?? [];
  const reader: Reader = { text: rest, at: 0, out: "" };
  while (reader.at < reader.text.length) if (!takeOne(reader)) return undefined;
  try {
    // Without the flag "u" V8 ignores the case of letters beyond ASCII, too; PCRE that of ASCII letters only. So other letters are refused.
    if (inline && /[^\0-\x7f]/.test(rest)) return undefined;
    return new RegExp(reader.out, inline ? "i" : "");
  } catch {
    return undefined;
  }
}

/** Takes one piece of the pattern; false when the engines may differ about it. */
function takeOne(reader: Reader): boolean {
  const c = reader.text[reader.at];
  switch (c) {
    case "\\":
      return takeEscape(reader, false);
    case "[":
      return takeClass(reader);
    case "(":
      return takeGroup(reader);
    case "*":
    case "+":
    case "?":
    case "{":
      return takeRepeat(reader);
    case ".":
      return put(reader, "[^\\n]", 1);
    default:
      return put(reader, c ?? "", 1);
  }
}

function put(reader: Reader, text: string, length: number): true {
  reader.out += text;
  reader.at += length;
  return true;
}

/** Digits (octal or a reference), `\A`, `\Q`, `\x`, … are left to PCRE. */
function takeEscape(reader: Reader, inClass: boolean): boolean {
  const c = reader.text[reader.at + 1] ?? "";
  if (/[^A-Za-z0-9]/.test(c)) return put(reader, `\\${c}`, 2);
  const same = ESCAPES[c];
  if (same === undefined || (inClass && /[sSbB]/.test(c))) return false;
  return put(reader, same, 2);
}

/** `[]…]` and `[:alpha:]` mean something else to V8. */
function takeClass(reader: Reader): boolean {
  put(reader, "[", 1);
  if (reader.text[reader.at] === "^") put(reader, "^", 1);
  if (reader.text[reader.at] === "]") return false;
  while (reader.at < reader.text.length) {
    const c = reader.text[reader.at] ?? "";
    if (c === "]") return put(reader, "]", 1);
    if (c === "[") return false;
    if (c === "\\" ? !takeEscape(reader, true) : !put(reader, c, 1)) return false;
  }
  return false;
}

/** Lookaheads are left to PCRE: before version 10 it does not find `(?=a)\w?a` in "a". */
function takeGroup(reader: Reader): boolean {
  const opening = /^\((?:\?:)?(?![?*])/.exec(reader.text.slice(reader.at))?.[0];
  return opening === undefined ? false : put(reader, opening, opening.length);
}

/** `a++` is possessive in PCRE; `{` that starts no repetition is a literal in both. */
function takeRepeat(reader: Reader): boolean {
  const found = /^(?:[*+?]|\{\d{1,4}(?:,\d{0,4})?\})\??/.exec(reader.text.slice(reader.at))?.[0];
  if (found === undefined) return reader.text[reader.at + 1] === "," ? false : put(reader, "\\{", 1);
  put(reader, found, found.length);
  return reader.text[reader.at] !== "+";
}
