/**
 * Further names of hosts, found as nginx finds the names of `server_name`: exact ones, then the longest `*.parent`,
 * then the longest `start.*`, and, after the hosts that stand for one label, regular expressions. Pure.
 */
import type { RequestView } from "./match.ts";
import type { Alias } from "./program.ts";
import { emptyTable, put } from "./table.ts";

export interface Aliases {
  exact: Record<string, Alias>;
  /** `*.example.com`, stored under `.example.com`; any number of labels. */
  parents: Record<string, Alias>;
  /** `shop.*`, stored under `shop.`. */
  starts: Record<string, Alias>;
  /** There has been one of the two kinds above. */
  wild: boolean;
  /** In the order in which they are tried: by host, then by text. */
  patterns: PatternAlias[];
}

export interface PatternAlias {
  /** `~` and the regular expression. */
  id: string;
  pattern: string;
  alias: Alias;
}

const DOT = 46;

export function newAliases(): Aliases {
  return { exact: emptyTable(), parents: emptyTable(), starts: emptyTable(), wild: false, patterns: [] };
}

/** `value` undefined: the alias goes. */
export function setAlias(aliases: Aliases, id: string, value: Alias | undefined): void {
  if (id.startsWith("~")) setPattern(aliases, id, value);
  else if (id.startsWith("*.")) {
    put(aliases.parents, id.slice(1), value);
    aliases.wild = true;
  } else if (id.endsWith(".*")) {
    put(aliases.starts, id.slice(0, -1), value);
    aliases.wild = true;
  } else put(aliases.exact, id, value);
}

/** A new list, because a request may be walking the old one. Names are lower case, so case never matters. */
function setPattern(aliases: Aliases, id: string, value: Alias | undefined): void {
  const patterns: PatternAlias[] = [];
  let added = value === undefined;
  for (const one of aliases.patterns) {
    if (one.id === id) continue;
    if (!added && value !== undefined && comesBefore(value.host, id, one)) {
      patterns.push({ id, pattern: "(?i)" + id.slice(1), alias: value });
      added = true;
    }
    patterns.push(one);
  }
  if (!added && value !== undefined) patterns.push({ id, pattern: "(?i)" + id.slice(1), alias: value });
  aliases.patterns = patterns;
}

function comesBefore(host: string, id: string, other: PatternAlias): boolean {
  return host === other.alias.host ? id < other.id : host < other.alias.host;
}

/** The alias that a name is, regular expressions left out. */
export function findAlias(aliases: Aliases, name: string): Alias | undefined {
  const exact = aliases.exact[name];
  if (exact !== undefined || !aliases.wild) return exact;
  for (let i = 1; i < name.length; i++) {
    if (name.charCodeAt(i) === DOT) {
      const parent = aliases.parents[name.slice(i)];
      if (parent !== undefined) return parent;
    }
  }
  for (let i = name.length - 2; i > 0; i--) {
    if (name.charCodeAt(i) === DOT) {
      const start = aliases.starts[name.slice(0, i + 1)];
      if (start !== undefined) return start;
    }
  }
  return undefined;
}

/** The first alias whose regular expression a name matches. One that cannot be run matches nothing. */
export function findPatternAlias(aliases: Aliases, name: string, request: Pick<RequestView, "matches">): Alias | undefined {
  for (const one of aliases.patterns) {
    if (request.matches(name, one.pattern) === true) return one.alias;
  }
  return undefined;
}
