/**
 * Runs tenants' patterns with PCRE, under nginx's limit of steps.
 *
 * The edge keeps compiled patterns itself, because nginx's cache frees a pattern only when thousands of others have
 * come. Here a pattern that nothing was matched against for a minute or two is freed, and the kept ones weigh no more
 * than `MOST_WEIGHT`. Each namespace has a share of its own, and room is made by the largest shares. So whatever one
 * namespace has its requests matched against, a namespace with clearly less keeps all the patterns that it uses, and
 * its time to compile them.
 */
import * as ffi from "ffi";
import * as regex from "resty.core.regex";
import { isOver, newDeadline, putDeadline } from "../deadline.ts";
import { patternWeight } from "../pattern-weight.ts";
import type { Captures } from "../rewrite-target.ts";

/** Patterns of a usual length take up to 100 bytes for each character, and so 100 MB. */
const MOST_WEIGHT = 1_000_000;
/** PCRE compiles no larger pattern, so none counts for more, however many repetitions are written. */
const MOST_OF_A_PATTERN = 65_536;
/** A namespace with less than this part of the heaviest one's weight loses nothing when room is made. */
const NEARLY = 7 / 8;
const TURN_SECONDS = 60;
/** So many freed patterns are worth the walk through the heap that gives their pages back to the kernel. */
const WORTH_TRIMMING = 100;
/** Processor time for one search: a thousand patterns of the usual kind take a tenth of a millisecond. */
const SEARCH_SECONDS = 0.005;
/**
 * Processor time for compiling the patterns of one namespace that no search has to pay for: without it, the first requests
 * to a new worker would get 500 for paths that are not too hard at all. It is at most a tenth of a worker's time. At once
 * it is as much as compiling all patterns of a host at its bounds takes (a tenth of a second) on a slow or shared
 * processor. Time beyond it counts against the search.
 */
const COMPILING_SHARE = 0.1;
const MOST_COMPILING_SECONDS = 0.3;
const JIT = "j";
const NO_MATCH = -1;

/** False: the pattern does not compile. That is tried, and logged, once. */
type Patterns = LuaTable<string, regex.Compiled | false>;

/** The compiled patterns of one namespace, and its time for compiling. */
interface Share {
  /** `young`: patterns compiled or used since the last turn; `old`: between the last two turns and not since; and the weight of each. */
  young: Patterns;
  old: Patterns;
  youngWeight: number;
  oldWeight: number;
  /** How many seconds of compiling no search has to pay for, and the time at which they were counted. */
  compilingLeft: number;
  compilingCounted: number;
}

/** By namespace; EVERYBODY has one as well. */
const shares = new LuaTable<string, Share>();
let weight = 0;
const nextTurn = newDeadline(0, 0);
const nextWarning = newDeadline(0, 0);
/** Seconds of compiling that no search had to pay for. */
let compilingTaken = 0;
/** The flags that nginx makes of the option JIT. */
let regexFlags = 0;

ffi.cdef("int malloc_trim(size_t pad); long clock(void);");
/** POSIX has it the same everywhere. */
const CLOCKS_PER_SECOND = 1_000_000;

/** `os.clock`, which LuaJIT does not compile: it would leave the rest of the phase to the interpreter. */
function processorTime(): number {
  return (tonumber(ffi.C.clock()) as number) / CLOCKS_PER_SECOND;
}

/** Unanchored, case-sensitive; undefined when the pattern cannot be run. @param namespace the one that the pattern belongs to, or EVERYBODY. */
export function matches(text: string, pattern: string, namespace: string): boolean | undefined {
  const compiled = find(pattern, namespace);
  if (compiled === false) return undefined;
  const found = run(compiled, text);
  return found === undefined ? undefined : found > 0;
}

/** Undefined: no match; false: the pattern cannot be run. @param namespace the one that the pattern belongs to, or EVERYBODY. */
export function capture(text: string, pattern: string, namespace: string): Captures | undefined | false {
  const compiled = find(pattern, namespace);
  const found = compiled === false ? undefined : run(compiled, text);
  if (compiled === false || found === undefined) return false;
  return found === 0 ? undefined : regex.collect_captures(compiled, found, text, regexFlags);
}

/** Of a pattern that could not be run just now: true when it compiles, and so ran out of steps. */
export function gaveUp(pattern: string, namespace: string): boolean {
  return find(pattern, namespace) !== false;
}

/** The worker's processor time, compiling left out, at which a search that begins now has to end. */
export function searchUntil(): number {
  return processorTime() - compilingTaken + SEARCH_SECONDS;
}

export function isPast(time: number): boolean {
  return processorTime() - compilingTaken > time;
}

/** To be called once a second at least: frees what has not been used. */
export function freePatterns(): void {
  const now = ngx.now();
  if (!isOver(nextTurn, now)) return;
  putDeadline(nextTurn, now, TURN_SECONDS);
  let freed = 0;
  for (const [namespace, share] of pairs(shares)) {
    freed += turn(share);
    if (share.youngWeight + share.oldWeight === 0 && compilingLeftAt(share, now) === MOST_COMPILING_SECONDS) shares.delete(namespace);
  }
  trim(freed);
}

/** Number of groups of the match, the whole counted; 0: no match; undefined: the pattern ran out of steps on this text. */
function run(compiled: regex.Compiled, text: string): number | undefined {
  const result = ffi.C.ngx_http_lua_ffi_exec_regex(compiled, regexFlags, text, text.length, 0);
  if (result > 0) return result;
  if (result === NO_MATCH) return 0;
  // At most once a second, because a client can cause this with every request.
  if (isOver(nextWarning, ngx.now())) {
    putDeadline(nextWarning, ngx.now(), 1);
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
  const begin = processorTime();
  const [made, problem, flags] = regex.re_match_compile(pattern, JIT);
  countCompiling(share, processorTime() - begin);
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
  return Math.min(MOST_COMPILING_SECONDS, compilingLeft + math.max(0, now - compilingCounted) * COMPILING_SHARE);
}

/** Makes room for `more` weight in a share. A share that has all the room to itself keeps the patterns that it used last. */
function makeRoom(share: Share, more: number): void {
  let freed = share.youngWeight + more > MOST_WEIGHT / 2 ? turn(share) : 0;
  while (weight + more > MOST_WEIGHT) freed += turnHeaviest();
  trim(freed);
}

/**
 * Turns the heaviest shares, and those that weigh nearly as much: otherwise, with many equal shares, finding the next
 * one to turn would take a walk through all shares each time. Answers how many patterns were freed.
 */
function turnHeaviest(): number {
  let most = 0;
  for (const [, share] of pairs(shares)) most = Math.max(most, share.youngWeight + share.oldWeight);
  let freed = 0;
  for (const [, share] of pairs(shares)) {
    if (share.youngWeight + share.oldWeight >= most * NEARLY) freed += turn(share);
  }
  return freed;
}

/**
 * Frees the old patterns and makes the young ones old. Freeing is safe, because nobody holds a compiled pattern for
 * longer than a call. Answers how many were freed.
 */
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
