/**
 * Finds the alias of a name in the order in which nginx matches `server_name`: exact names, then the longest
 * `*.parent`, then the longest `start.*`. Regular expressions come last, after the wildcard hosts of rules, which stand
 * for one label. Pure.
 */
import { aliasPattern } from "./pattern-weight.ts";
import type { EdgeAlias } from "./program.ts";
import { EVERYBODY, isLate } from "./search.ts";
import type { PatternView } from "./search.ts";
import { emptyTable, put } from "./table.ts";

export interface Aliases {
  exact: Record<string, EdgeAlias>;
  /** `*.example.com`, stored under `.example.com`; any number of labels. */
  parents: Record<string, EdgeAlias>;
  /** `shop.*`, stored under `shop.`. */
  starts: Record<string, EdgeAlias>;
  /** True once an alias of the two kinds above was set; until then nobody looks for them. */
  wild: boolean;
  /** In the order in which they are tried: by host, then by text. */
  patterns: PatternAlias[];
  /** The regular expressions that changed since the last commit: id → the alias, or false for one that is dropped. */
  staged: Record<string, EdgeAlias | false>;
}

interface PatternAlias {
  /** `~` and the regular expression. */
  id: string;
  pattern: string;
  alias: EdgeAlias;
}

const DOT = 46;
/** The longest name in the DNS (RFC 1035, 2.3.4). Longer names are not looked up: a client could send thousands of labels, each a look-up. */
const LONGEST_NAME = 253;

export function newAliases(): Aliases {
  return { exact: emptyTable(), parents: emptyTable(), starts: emptyTable(), wild: false, patterns: [], staged: emptyTable() };
}

/** `value` undefined: the alias is dropped. Regular expressions wait for `commitPatterns`. */
export function setAlias(aliases: Aliases, id: string, value: EdgeAlias | undefined): void {
  if (id.startsWith("~")) aliases.staged[id] = value ?? false;
  else if (id.startsWith("*.")) {
    put(aliases.parents, id.slice(1), value);
    aliases.wild = true;
  } else if (id.endsWith(".*")) {
    put(aliases.starts, id.slice(0, -1), value);
    aliases.wild = true;
  } else put(aliases.exact, id, value);
}

/**
 * Applies the staged regular expressions in one walk through the list, however many they are. The list is replaced by a
 * new one, because a request may be walking the old one.
 */
export function commitPatterns(aliases: Aliases): void {
  const { staged } = aliases;
  let changed = false;
  const coming: PatternAlias[] = [];
  for (const id in staged) {
    changed = true;
    const alias = staged[id];
    if (alias !== undefined && alias !== false) coming.push({ id, pattern: aliasPattern(id), alias });
  }
  if (!changed) return;
  aliases.staged = emptyTable();
  aliases.patterns = merged(aliases.patterns, sorted(coming), staged);
}

/** Merges two sorted lists. @param staged the ids that are left out of `old`. */
function merged(old: PatternAlias[], coming: PatternAlias[], staged: Record<string, EdgeAlias | false>): PatternAlias[] {
  const patterns: PatternAlias[] = [];
  let next = 0;
  for (const one of old) {
    if (staged[one.id] !== undefined) continue;
    while (next < coming.length && comesBefore(coming[next] as PatternAlias, one)) {
      patterns.push(coming[next] as PatternAlias);
      next++;
    }
    patterns.push(one);
  }
  for (; next < coming.length; next++) patterns.push(coming[next] as PatternAlias);
  return patterns;
}

/** Merge sort of our own, because the built-in sorts of Lua and of JavaScript differ. */
function sorted(list: PatternAlias[]): PatternAlias[] {
  if (list.length < 2) return list;
  const middle = Math.floor(list.length / 2);
  const first: PatternAlias[] = [];
  const second: PatternAlias[] = [];
  for (let i = 0; i < middle; i++) first.push(list[i] as PatternAlias);
  for (let i = middle; i < list.length; i++) second.push(list[i] as PatternAlias);
  return merged(sorted(first), sorted(second), NOTHING);
}

const NOTHING: Record<string, EdgeAlias | false> = emptyTable();

function comesBefore(a: PatternAlias, b: PatternAlias): boolean {
  return a.alias.host === b.alias.host ? a.id < b.id : a.alias.host < b.alias.host;
}

/** The alias of a name, regular expressions left out. */
export function findAlias(aliases: Aliases, name: string): EdgeAlias | undefined {
  const exact = aliases.exact[name];
  if (exact !== undefined || !aliases.wild || name.length > LONGEST_NAME) return exact;
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

/**
 * The first alias whose regular expression a name matches. A pattern that does not compile matches nothing. A pattern
 * that exceeds its limits on the name ends the search, and so does the time limit of the search: a name that is made to
 * be too hard has no alias.
 */
export function findPatternAlias(aliases: Aliases, name: string, request: PatternView): EdgeAlias | undefined {
  const until = request.searchUntil();
  const { patterns } = aliases;
  for (let i = 0; i < patterns.length; i++) {
    if (isLate(i, until, request)) return undefined;
    const { pattern, alias } = patterns[i] as PatternAlias;
    const matched = request.matches(name, pattern, EVERYBODY);
    if (matched === true) return alias;
    if (matched === undefined && request.gaveUp(pattern, EVERYBODY)) return undefined;
  }
  return undefined;
}
