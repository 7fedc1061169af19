/**
 * Tenants' patterns, run by PCRE under nginx's limit of steps.
 *
 * Compiled patterns are the worker's own. nginx's cache gives back the memory of one when thousands of others have
 * come; here one that nothing was matched against for a minute or two is freed, and those that are kept weigh no more
 * than `MOST_WEIGHT`. Each namespace has its own, and room is made by those that have most: whatever one namespace has
 * its requests matched against, one that has clearly less keeps all that it uses, and the time to compile it.
 */
import * as ffi from "ffi";
import * as regex from "resty.core.regex";
import { patternWeight } from "../pattern-weight.ts";
import type { Captures } from "../rewrite-target.ts";

/** Patterns of a usual length take up to 100 bytes for each character, and so 100 MB. */
const MOST_WEIGHT = 1_000_000;
/** PCRE compiles nothing that is larger, however many repetitions are written. */
const MOST_OF_A_PATTERN = 65_536;
/** A namespace that has less than this part of what the heaviest one has loses nothing to make room. */
const NEARLY = 7 / 8;
const TURN_SECONDS = 60;
/** As many that were freed are worth the walk through the heap that gives their pages back. */
const WORTH_TRIMMING = 100;
/** Of the processor, for one search: a thousand patterns of the usual kind take a tenth of a millisecond. */
const SEARCH_SECONDS = 0.005;
/**
 * Of the processor, for compiling the patterns of one namespace: at most a tenth of a worker's time, and as much at once
 * as those of a host at its bounds take (a tenth of a second) on a processor that is slow, or shared. Searches pay for what
 * is beyond it. Otherwise the first requests to a new worker would get 500 for paths that are not too hard at all.
 */
const COMPILING_SHARE = 0.1;
const MOST_COMPILING_SECONDS = 0.3;
const JIT = "j";
const NO_MATCH = -1;

/** False: the pattern does not compile, which is tried and told once. */
type Patterns = LuaTable<string, regex.Compiled | false>;

/** What one namespace has of a worker. */
interface Share {
  /** Those compiled or used since the last turn, and those that were so before it; what each of the two weigh. */
  young: Patterns;
  old: Patterns;
  youngWeight: number;
  oldWeight: number;
  /** Seconds of compiling that no search has to pay for: those that are left, and when they were counted. */
  compilingLeft: number;
  compilingCounted: number;
}

/** By namespace; EVERYBODY has one as well. */
const shares = new LuaTable<string, Share>();
let weight = 0;
let nextTurn = 0;
let nextWarning = 0;
/** Seconds of compiling that no search had to pay for. */
let compilingTaken = 0;
/** What nginx makes of JIT. */
let regexFlags = 0;

ffi.cdef("int malloc_trim(size_t pad);");

/** Unanchored, case-sensitive; undefined when the pattern cannot be run. @param namespace whose it is, or EVERYBODY. */
export function matches(text: string, pattern: string, namespace: string): boolean | undefined {
  const compiled = find(pattern, namespace);
  if (compiled === false) return undefined;
  const found = run(compiled, text);
  return found === undefined ? undefined : found > 0;
}

/** Undefined: no match; false: the pattern cannot be run. @param namespace whose it is, or EVERYBODY. */
export function capture(text: string, pattern: string, namespace: string): Captures | undefined | false {
  const compiled = find(pattern, namespace);
  const found = compiled === false ? undefined : run(compiled, text);
  if (compiled === false || found === undefined) return false;
  return found === 0 ? undefined : regex.collect_captures(compiled, found, text, regexFlags);
}

/** Of a pattern that could not be run just now: it compiles, and ran out of steps. */
export function gaveUp(pattern: string, namespace: string): boolean {
  return find(pattern, namespace) !== false;
}

/** The time of this processor, compiling left out, at which a search that begins now has to end. */
export function searchUntil(): number {
  return os.clock() - compilingTaken + SEARCH_SECONDS;
}

export function isPast(time: number): boolean {
  return os.clock() - compilingTaken > time;
}

/** To be called once a second at least: frees what has not been used. */
export function freePatterns(): void {
  const now = ngx.now();
  if (now < nextTurn) return;
  nextTurn = now + TURN_SECONDS;
  let freed = 0;
  for (const [namespace, share] of pairs(shares)) {
    freed += turn(share);
    if (share.youngWeight + share.oldWeight === 0 && compilingLeftAt(share, now) === MOST_COMPILING_SECONDS) shares.delete(namespace);
  }
  trim(freed);
}

/** Groups that took part and the whole; 0: no match; undefined: out of steps, which it may be on one text and not on others. */
function run(compiled: regex.Compiled, text: string): number | undefined {
  const result = ffi.C.ngx_http_lua_ffi_exec_regex(compiled, regexFlags, text, text.length, 0);
  if (result > 0) return result;
  if (result === NO_MATCH) return 0;
  // A client can have it said with every request.
  if (ngx.now() >= nextWarning) {
    nextWarning = ngx.now() + 1;
    ngx.log(ngx.WARN, "a pattern cannot be run: pcre_exec() failed: ", result);
  }
  return undefined;
}

function find(pattern: string, namespace: string): regex.Compiled | false {
  const share = shares.get(namespace) ?? newShare(namespace);
  return share.young.get(pattern) ?? findOld(share, pattern);
}

function newShare(namespace: string): Share {
  const share: Share = {
    young: new LuaTable(), old: new LuaTable(), youngWeight: 0, oldWeight: 0,
    compilingLeft: MOST_COMPILING_SECONDS, compilingCounted: ngx.now(),
  };
  shares.set(namespace, share);
  return share;
}

function findOld(share: Share, pattern: string): regex.Compiled | false {
  const known = share.old.get(pattern);
  const more = Math.min(patternWeight(pattern), MOST_OF_A_PATTERN);
  if (known !== undefined) {
    share.old.delete(pattern);
    share.oldWeight -= more;
    weight -= more;
  }
  const compiled = known ?? compile(share, pattern);
  makeRoom(share, more);
  share.young.set(pattern, compiled);
  share.youngWeight += more;
  weight += more;
  return compiled;
}

function compile(share: Share, pattern: string): regex.Compiled | false {
  const begin = os.clock();
  const [made, problem, flags] = regex.re_match_compile(pattern, JIT);
  countCompiling(share, os.clock() - begin);
  if (made === undefined) {
    ngx.log(ngx.WARN, "a pattern cannot be run: ", problem as string);
    return false;
  }
  regexFlags = flags;
  return made;
}

function countCompiling(share: Share, seconds: number): void {
  const now = ngx.now();
  const left = compilingLeftAt(share, now);
  const free = Math.min(seconds, left);
  share.compilingLeft = left - free;
  share.compilingCounted = now;
  compilingTaken += free;
}

function compilingLeftAt({ compilingLeft, compilingCounted }: Share, now: number): number {
  return Math.min(MOST_COMPILING_SECONDS, compilingLeft + (now - compilingCounted) * COMPILING_SHARE);
}

/** For so much more in a share. One that has all to itself keeps what it used last. */
function makeRoom(share: Share, more: number): void {
  let freed = share.youngWeight + more > MOST_WEIGHT / 2 ? turn(share) : 0;
  while (weight + more > MOST_WEIGHT) freed += turnHeaviest();
  trim(freed);
}

/** Those that weigh nearly as much turn with the heaviest, lest each of many equal ones is looked for among all. Gives how many patterns went. */
function turnHeaviest(): number {
  let most = 0;
  for (const [, share] of pairs(shares)) most = Math.max(most, share.youngWeight + share.oldWeight);
  let freed = 0;
  for (const [, share] of pairs(shares)) {
    if (share.youngWeight + share.oldWeight >= most * NEARLY) freed += turn(share);
  }
  return freed;
}

/** The old ones go, the young ones are old. Nobody holds a compiled pattern for longer than a call. Gives how many went. */
function turn(share: Share): number {
  let freed = 0;
  for (const [, compiled] of pairs(share.old)) {
    if (compiled !== false) {
      regex.destroy_compiled_regex(compiled);
      freed++;
    }
  }
  weight -= share.oldWeight;
  share.old = share.young;
  share.oldWeight = share.youngWeight;
  share.young = new LuaTable();
  share.youngWeight = 0;
  return freed;
}

function trim(freed: number): void {
  if (freed >= WORTH_TRIMMING) ffi.C.malloc_trim(0);
}
