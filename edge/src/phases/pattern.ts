/**
 * Tenants' patterns, run by PCRE under nginx's limit of steps.
 *
 * Compiled patterns are the worker's own. nginx's cache gives back the memory of one when thousands of others have
 * come; here one that nothing was matched against for a minute or two is freed, and those that are kept weigh no more
 * than two times `MOST_WEIGHT`.
 */
import * as ffi from "ffi";
import * as regex from "resty.core.regex";
import { patternWeight } from "../pattern-weight.ts";
import type { Captures } from "../rewrite-target.ts";

/** Patterns of a usual length take 100 bytes for each character, and so 50 MB. */
const MOST_WEIGHT = 500_000;
const TURN_SECONDS = 60;
/** As many that were freed are worth the walk through the heap that gives their pages back. */
const WORTH_TRIMMING = 100;
/** Of the processor, for one search: a thousand patterns of the usual kind take a tenth of a millisecond. */
const SEARCH_SECONDS = 0.005;
/**
 * Of the processor, for compiling: at most a tenth of a worker's time, and as much at once as the expressions of many
 * hosts of the usual kind take. Searches pay for what is beyond it. Otherwise the first requests to a new worker would
 * get 500 for paths that are not too hard at all.
 */
const COMPILING_SHARE = 0.1;
const MOST_COMPILING_SECONDS = 0.1;
const JIT = "j";
const NO_MATCH = -1;

/** Those compiled or used since the last turn, and those that were so before it. */
let young = new LuaTable<string, regex.Compiled>();
let old = new LuaTable<string, regex.Compiled>();
let weight = 0;
let nextTurn = 0;
let nextWarning = 0;
/** Seconds of compiling that no search has to pay for: those that are left, when they were counted, those that were taken. */
let compilingLeft = MOST_COMPILING_SECONDS;
let compilingCounted = 0;
let compilingTaken = 0;
/** What nginx makes of JIT. */
let regexFlags = 0;

/** Patterns that do not compile, so that each is tried and told once. */
let broken: Record<string, boolean> = {};
let count = 0;
/** More are forgotten: they come from tenants, and change. */
const MOST = 1000;

ffi.cdef("int malloc_trim(size_t pad);");

/** Unanchored, case-sensitive; undefined when the pattern cannot be run. */
export function matches(text: string, pattern: string): boolean | undefined {
  const compiled = young.get(pattern) ?? compiledOf(pattern);
  if (compiled === undefined) return undefined;
  const found = run(compiled, text);
  return found === undefined ? undefined : found > 0;
}

/** Undefined: no match; false: the pattern cannot be run. */
export function capture(text: string, pattern: string): Captures | undefined | false {
  const compiled = young.get(pattern) ?? compiledOf(pattern);
  const found = compiled === undefined ? undefined : run(compiled, text);
  if (compiled === undefined || found === undefined) return false;
  return found === 0 ? undefined : regex.collect_captures(compiled, found, text, regexFlags);
}

/** Of a pattern that could not be run: it compiles, and ran out of steps. */
export function gaveUp(pattern: string): boolean {
  return broken[pattern] !== true;
}

/** The time of this processor, compiling left out, at which a search that begins now has to end. */
export function searchUntil(): number {
  return os.clock() - compilingTaken + SEARCH_SECONDS;
}

export function isPast(time: number): boolean {
  return os.clock() - compilingTaken > time;
}

/** To be called about once a second: frees what has not been used. */
export function freePatterns(): void {
  if (ngx.now() >= nextTurn) turn();
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

function compiledOf(pattern: string): regex.Compiled | undefined {
  if (broken[pattern] === true) return undefined;
  let compiled = old.get(pattern);
  if (compiled === undefined) {
    const begin = os.clock();
    const [made, problem, flags] = regex.re_match_compile(pattern, JIT);
    countCompiling(os.clock() - begin);
    if (made === undefined) return fail(pattern, problem as string);
    compiled = made;
    regexFlags = flags;
  } else old.delete(pattern);
  weight += patternWeight(pattern);
  if (weight > MOST_WEIGHT) turn();
  young.set(pattern, compiled);
  return compiled;
}

function countCompiling(seconds: number): void {
  const now = ngx.now();
  compilingLeft = Math.min(MOST_COMPILING_SECONDS, compilingLeft + (now - compilingCounted) * COMPILING_SHARE);
  compilingCounted = now;
  const free = Math.min(seconds, compilingLeft);
  compilingLeft -= free;
  compilingTaken += free;
}

/** The old ones go, the young ones are old. Nobody holds a compiled pattern for longer than a call. */
function turn(): void {
  nextTurn = ngx.now() + TURN_SECONDS;
  let freed = 0;
  for (const [, compiled] of pairs(old)) {
    regex.destroy_compiled_regex(compiled);
    freed++;
  }
  old = young;
  young = new LuaTable();
  weight = 0;
  if (freed >= WORTH_TRIMMING) ffi.C.malloc_trim(0);
}

function fail(pattern: string, problem: string): undefined {
  ngx.log(ngx.WARN, "a pattern cannot be run: ", problem);
  if (count >= MOST) {
    broken = {};
    count = 0;
  }
  broken[pattern] = true;
  count++;
  return undefined;
}
