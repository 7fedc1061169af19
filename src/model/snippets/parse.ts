/**
 * Reads the text of a snippet annotation as nginx's own reader does: quotes, escapes, comments, blocks.
 *
 * Guarantee: what comes back is balanced. Printed again, each argument quoted (src/compile/directive.ts), it cannot
 * end the block that it stands in, whatever the text was; text that is not whole statements is a problem instead.
 */
import type { Statement } from "../shapes/snippet.ts";

export type ParsedSnippet = { readonly statements: readonly Statement[] } | { readonly problem: string };

/** Longer text is no snippet but a configuration of its own. */
const LONGEST = 64 * 1024;
/** nginx itself allows a block in a block at most (`if` or `limit_except` in a location). */
const DEEPEST = 4;
const SPACE = new Set([" ", "\t", "\r", "\n"]);
const ESCAPED: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };
const DIRECTIVE_NAME = /^[a-z][a-z0-9_]*$/;

interface Token {
  readonly kind: "word" | ";" | "{" | "}";
  readonly text: string;
  readonly line: number;
}

class Unreadable extends Error {}

export function parseSnippet(text: string): ParsedSnippet {
  if (text.length > LONGEST) return { problem: `it is longer than ${LONGEST / 1024} KiB` };
  if (text.includes("\0")) return { problem: "it holds a NUL byte" };
  try {
    const tokens = [...tokenize(text)];
    const at = { index: 0 };
    const statements = readStatements(tokens, at, 0);
    const left = tokens[at.index];
    if (left) throw new Unreadable(`line ${left.line} has a "}" that closes nothing`);
    return { statements };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}

function readStatements(tokens: readonly Token[], at: { index: number }, depth: number): Statement[] {
  const out: Statement[] = [];
  for (let token = tokens[at.index]; token && token.kind !== "}"; token = tokens[at.index]) {
    out.push(readStatement(tokens, at, depth));
  }
  return out;
}

function readStatement(tokens: readonly Token[], at: { index: number }, depth: number): Statement {
  const first = tokens[at.index++] as Token;
  if (first.kind !== "word") throw new Unreadable(`line ${first.line} has a "${first.kind}" without a directive before it`);
  if (!DIRECTIVE_NAME.test(first.text)) throw new Unreadable(`line ${first.line} begins with ${quoted(first.text)}, which is no directive`);
  const args: string[] = [];
  for (;;) {
    const token = tokens[at.index++];
    if (token?.kind === "word") args.push(token.text);
    else if (token?.kind === ";") return { name: first.text, args };
    else if (token?.kind === "{") return { name: first.text, args, children: readBlock(tokens, at, depth + 1, first) };
    else throw new Unreadable(`${quoted(first.text)} in line ${first.line} does not end with ";"`);
  }
}

function readBlock(tokens: readonly Token[], at: { index: number }, depth: number, opened: Token): Statement[] {
  if (opened.text.endsWith("_by_lua_block")) throw new Unreadable(`line ${opened.line} holds Lua code`);
  if (depth > DEEPEST) throw new Unreadable(`the blocks in line ${opened.line} are nested too deeply`);
  const children = readStatements(tokens, at, depth);
  if (tokens[at.index++]?.kind !== "}") throw new Unreadable(`the block of ${quoted(opened.text)} in line ${opened.line} is not closed with "}"`);
  return children;
}

/** nginx's ngx_conf_read_token: "}" and "#" mean something only where a token begins. */
function* tokenize(text: string): Generator<Token> {
  let line = 1;
  let i = 0;
  while (i < text.length) {
    const ch = text[i] as string;
    if (ch === "\n") line++;
    if (SPACE.has(ch)) {
      i++;
    } else if (ch === "#") {
      while (i < text.length && text[i] !== "\n") i++;
    } else if (ch === ";" || ch === "{" || ch === "}") {
      yield { kind: ch, text: ch, line };
      i++;
    } else {
      const end = ch === '"' || ch === "'" ? endOfQuoted(text, i, line) : endOfBare(text, i);
      const raw = ch === '"' || ch === "'" ? text.slice(i + 1, end - 1) : text.slice(i, end);
      yield { kind: "word", text: unescape(raw), line };
      line += raw.split("\n").length - 1;
      i = end;
    }
  }
}

/** After a closing quote nginx wants a space, the end of the statement, or the ")" of a condition. */
function endOfQuoted(text: string, start: number, line: number): number {
  const quote = text[start];
  let i = start + 1;
  while (i < text.length && text[i] !== quote) i += text[i] === "\\" ? 2 : 1;
  if (i >= text.length) throw new Unreadable(`the quote in line ${line} is not closed`);
  const next = text[i + 1];
  if (next !== undefined && !SPACE.has(next) && ![";", "{", ")"].includes(next)) {
    throw new Unreadable(`line ${line} has ${quoted(next)} directly after a quoted text`);
  }
  return i + 1;
}

/** A "{" ends a word, but for the one of `${name}`. */
function endOfBare(text: string, start: number): number {
  let afterDollar = false;
  let i = start;
  while (i < text.length) {
    const ch = text[i] as string;
    if (SPACE.has(ch) || ch === ";" || (ch === "{" && !afterDollar)) break;
    afterDollar = ch === "$";
    i += ch === "\\" ? 2 : 1;
  }
  return Math.min(i, text.length);
}

/** Other escapes keep their backslash: they belong to a regular expression. */
function unescape(raw: string): string {
  return raw.replace(/\\([\s\S])/g, (whole, ch: string) => ESCAPED[ch] ?? whole);
}

function quoted(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  return JSON.stringify(short);
}
