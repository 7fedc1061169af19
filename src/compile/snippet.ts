/**
 * A snippet as directives of its location.
 *
 * Guarantee: a snippet finds what it would find in ingress-nginx's location: the client's URI, and, beside the headers
 * that it sets, those that every backend and client gets. nginx drops inherited lists where a location begins one of
 * its own, so a list that the snippet begins is completed here.
 */
import type { Config } from "../model/config/config.ts";
import { isPlain, splitHeader } from "../model/snippets/headers-more.ts";
import type { Statement, Snippet } from "../model/shapes/snippet.ts";
import { withRoutedHost } from "./asked-origin.ts";
import type { Directive } from "./directive.ts";
import { directive, expression } from "./directive.ts";
import { upstreamHeaders } from "./forwarding.ts";

/** @param others the location's own directives, which come before the snippet's. */
export function snippetDirectives({ statements }: Snippet, config: Config, others: readonly Directive[]): Directive[] {
  const outer = upstreamHeaders(config);
  const written = statements.flatMap((statement) => translated(statement, true, outer));
  const own = written.filter((one) => !repeats(one, others));
  return [
    // The location was found by the name of its profile; `break` at the end keeps nginx from looking for another.
    directive("rewrite", "^", expression("$sluice_path")),
    ...LISTS.flatMap((list) => completed(list, outer, own, others)),
    // Redirects of a snippet are made by nginx, so they have to be completed here: the server block turns that off,
    // because the edge completes its own.
    ...(config.relativeRedirects || own.some(({ name }) => name === "absolute_redirect") ? [] : [directive("absolute_redirect", "on")]),
    ...own,
    directive("break"),
  ];
}

/** Lists that a location inherits as a whole or not at all. */
const LISTS = ["proxy_set_header", "add_header", "proxy_hide_header"];

/** The server block's directives of a list that the snippet begins, without those that the snippet sets itself. */
function completed(list: string, outer: readonly Directive[], own: readonly Directive[], others: readonly Directive[]): readonly Directive[] {
  const begins = own.some(({ name }) => name === list) && !others.some(({ name }) => name === list);
  if (!begins) return [];
  const said = new Set(own.filter(({ name }) => name === list).map(firstWord));
  return outer.filter((one) => one.name === list && !said.has(firstWord(one)));
}

/** Whether a directive only repeats one of the location: that can be no more than hiding the same header. */
function repeats(one: Directive, others: readonly Directive[]): boolean {
  return one.name === "proxy_hide_header" && others.some((other) => other.name === one.name && firstWord(other) === firstWord(one));
}

function firstWord({ args: [first] }: Directive): string {
  const text = typeof first === "object" ? first.expression : String(first ?? "");
  return text.toLowerCase();
}

/** @param top false inside `if`, where nginx knows fewer directives. */
function translated(statement: Statement, top: boolean, outer: readonly Directive[]): readonly Directive[] {
  const { name, args, children } = statement;
  if (name === "more_set_headers" && isPlain(args)) return args.flatMap((pair) => setHeader(pair, top));
  if (name === "more_clear_headers" && isPlain(args) && top) return args.map((header) => directive("proxy_hide_header", expression(header)));
  if (name === "more_set_input_headers" && isPlain(args) && top) return args.map(inputHeader);
  const ending = name === "rewrite" && args[2] === "last" ? [args[0] ?? "", args[1] ?? "", "break"] : args;
  const inner = children?.flatMap((child) => translated(child, false, outer));
  const keeps = inner ? completed("add_header", outer, inner, []) : [];
  return [{ name, args: ending.map((arg) => expression(withRoutedHost(arg))), ...(inner ? { children: [...keeps, ...inner] } : {}) }];
}

/** Sets a response header in place of the backend's. Inside `if` the backend's stays beside it, because headers cannot be hidden there. */
function setHeader(pair: string, top: boolean): readonly Directive[] {
  const [name, value] = splitHeader(pair);
  if (value === "") return top ? [directive("proxy_hide_header", expression(name))] : [];
  const hidden = top ? [directive("proxy_hide_header", expression(name))] : [];
  return [...hidden, directive("add_header", expression(name), expression(withRoutedHost(value)), "always")];
}

function inputHeader(pair: string): Directive {
  const [name, value] = splitHeader(pair);
  return directive("proxy_set_header", expression(name), expression(withRoutedHost(value)));
}
