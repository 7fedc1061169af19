/**
 * `sluice.ingress/match`: conditions on method, headers, cookies and query, path by path.
 *
 *     /:                                       # a path that this Ingress declares
 *     - headers: {Accept-Language: {pattern: ^zh}}
 *     - query: {lang: zh}                      # or
 *       method: [GET, HEAD]                    # and
 *
 * A request that meets none of the items of a path goes where it would go without that path.
 */
import type { Condition } from "../../../../edge/src/program.ts";
import { asTable, asTexts, Malformed, onlyKeys, readTable } from "./yaml-text.ts";
import type { Table } from "./yaml-text.ts";

/** Path → alternatives; a Malformed where a path's conditions cannot be read. */
export type Matches = ReadonlyMap<string, readonly (readonly Condition[])[] | Malformed>;

/** Throws Malformed when not even the paths can be read. */
export function readMatches(text: string): Matches {
  return new Map(Object.entries(readTable(text)).map(([path, items]) => [path, alternatives(items)]));
}

function alternatives(items: unknown): readonly (readonly Condition[])[] | Malformed {
  try {
    if (!Array.isArray(items) || items.length === 0) throw new Malformed("it must be a list of conditions");
    return items.map((item, index) => conditions(asTable(item, `item ${index + 1}`), `item ${index + 1}`));
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}

function conditions(item: Table, what: string): readonly Condition[] {
  onlyKeys(item, ["method", "headers", "cookies", "query"], what);
  const all = [
    ...(item["method"] === undefined ? [] : [methods(asTexts(item["method"], `${what}: method`), what)]),
    ...named(item["headers"], `${what}: headers`, HEADER, (name) => `http_${name.toLowerCase().replaceAll("-", "_")}`),
    ...named(item["cookies"], `${what}: cookies`, COOKIE, (name) => `cookie_${name.toLowerCase()}`),
    ...named(item["query"], `${what}: query`, ARGUMENT, (name) => `arg_${name.toLowerCase()}`),
  ];
  if (all.length === 0) throw new Malformed(`${what} has no condition`);
  return all;
}

const HEADER = /^[A-Za-z0-9-]+$/;
/** nginx's variables can name no other cookies and arguments. */
const COOKIE = /^[A-Za-z0-9_]+$/;
const ARGUMENT = /^[A-Za-z0-9_]+$/;

function methods(values: string[], what: string): Condition {
  const odd = values.find((value) => !/^[A-Z]+$/.test(value));
  if (odd !== undefined) throw new Malformed(`${what}: "${odd}" is no method: write it like GET`);
  return { variable: "request_method", values };
}

function named(value: unknown, what: string, allowed: RegExp, variable: (name: string) => string): Condition[] {
  if (value === undefined) return [];
  return Object.entries(asTable(value, what)).map(([name, wanted]) => {
    if (!allowed.test(name)) throw new Malformed(`${what}: "${name}" is no name that can be matched`);
    return { variable: variable(name), ...test(wanted, `${what}: ${name}`) };
  });
}

/** The test of one value. Text, or a list of texts: the value is one of them, exactly. `{pattern: …}`: PCRE. `{present: true}`: whatever value there is. */
function test(wanted: unknown, what: string): Omit<Condition, "variable"> {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) return { values: asTexts(wanted, what) };
  const table = asTable(wanted, what);
  onlyKeys(table, ["pattern", "present"], what);
  const { pattern, present } = table;
  if (typeof pattern === "string" && pattern !== "" && present === undefined) return { pattern };
  if (present === true && pattern === undefined) return {};
  throw new Malformed(`${what} must be text, a list of texts, {pattern: …} or {present: true}`);
}
