/** Reads what snippets say with headers-more, a module that Debian's nginx does not have: nginx's own directives and the edge do it. */
import type { Statement } from "../shapes/snippet.ts";

/** True: the arguments hold no options and no wildcards, which Sluice does not understand. */
export function isPlain(args: readonly string[]): boolean {
  return args.length > 0 && args.every((arg) => !arg.startsWith("-") && !arg.includes("*"));
}

/** Name and value of `"Name: value"`. */
export function splitHeader(pair: string): readonly [name: string, value: string] {
  const colon = pair.indexOf(":");
  return colon < 0 ? [pair.trim(), ""] : [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()];
}

/** Response headers that a snippet sets or clears in every answer, whoever else has set them. */
export function writtenHeaders(statements: readonly Statement[]): readonly string[] {
  const writes = statements.filter(({ name, args }) => (name === "more_set_headers" || name === "more_clear_headers") && isPlain(args));
  return [...new Set(writes.flatMap(({ args }) => args.map((arg) => splitHeader(arg)[0])))];
}
