/**
 * Requests measured by route, canary, status and method, until the channel takes them to the controller. Only with
 * `--enable-metrics`; without, `counters.ts` counts.
 *
 * As with those counts, a route's tallies live in the route itself. What a request costs here is in bench/README.md.
 */
import * as ffi from "ffi";
import { get_errmsg_ptr, get_request } from "resty.core.base";
import type { BucketBounds, Layout, Scale, Tallies } from "../measures.ts";
import { bucketOf, layoutOf, METHOD_FACTOR, TALLIED_METHODS, newScale } from "../measures.ts";
import type { EdgeCanary, EdgeRoute } from "../program.ts";
import { rowOf, type Counted } from "./counters.ts";
import { noteFirst } from "./journal.ts";

interface Counting {
  readonly route: EdgeRoute;
  readonly canary: EdgeCanary | undefined;
  readonly key: number;
  readonly tally: number[];
}

let layout: Layout = { starts: [], length: 1 };
let time: Scale = newScale([]);
let length: Scale = time;
let size: Scale = time;
/** Method → its index in TALLIED_METHODS. */
const places: Record<string, number | undefined> = {};
let counting: Counting[] = [];
/** Tallies that the drain still has to hand over; until then the requests of their routes are still counted in them. */
let leaving: Counting[] = [];

/** To be called once, before the first request. */
export function startTallies(bounds: BucketBounds): void {
  layout = layoutOf(bounds);
  time = newScale(bounds.time);
  length = newScale(bounds.length);
  size = newScale(bounds.size);
  for (let place = 0; place < TALLIED_METHODS.length; place++) places[TALLIED_METHODS[place]] = place;
}

/** Counts the request at hand, which has ended. */
export function tallyRequest(route: EdgeRoute, canary: EdgeCanary | undefined, status: number): void {
  const key = status * METHOD_FACTOR + (places[ngx.req.get_method()] ?? TALLIED_METHODS.length - 1);
  const counted = canary ?? route;
  const tally = counted.tallies === undefined ? undefined : counted.tallies[key];
  add(tally ?? newTally(route, canary, key));
}

/** Never compiled, because it is rarely called: a recording stops at it and begins again later. */
function newTally(route: EdgeRoute, canary: EdgeCanary | undefined, key: number): number[] {
  noteFirst(route, canary, Math.floor(key / METHOD_FACTOR));
  const tally: number[] = [];
  for (let cell = 0; cell < layout.length; cell++) tally.push(0);
  const counted = canary ?? route;
  counted.tallies = counted.tallies ?? ({} as Tallies);
  counted.tallies[key] = tally;
  counting.push({ route, canary, key, tally });
  return tally;
}
jit.off(newTally);

function add(tally: number[]): void {
  const { starts } = layout;
  tally[0] += 1;
  observe(tally, starts[0], time, math.max(0, math.floor((ngx.now() - ngx.req.start_time()) * 1000 + 0.5)));
  if (!find()) return;
  const text = textAt[0];
  let value = readTime(text);
  if (value >= 0) observe(tally, starts[1], time, value);
  value = readTime(text);
  if (value >= 0) observe(tally, starts[2], time, value);
  value = readTime(text);
  if (value >= 0) observe(tally, starts[3], time, value);
  value = readBytes(text);
  if (value >= 0) {
    observe(tally, starts[4], length, value);
    observe(tally, starts[5], size, value);
  }
  value = readBytes(text);
  if (value >= 0) observe(tally, starts[6], length, value);
}

function observe(tally: number[], start: number, scale: Scale, value: number): void {
  tally[start] += value;
  tally[start + 1 + bucketOf(scale, value)] += 1;
}

/**
 * nginx gives all other measurements in one text, which is read where it lies in memory: a Lua string for each would
 * cost as much as all the rest, and so would a pointer that is kept. nginx.conf declares the text: connect, header and
 * response time in seconds, bytes sent, request length, each followed by `;`.
 */
ffi.cdef("double strtod(const char *text, char **stop); long strtol(const char *text, char **stop, int base); char *strchr(const char *text, int byte);");
const { C } = ffi;
const VARIABLE = "sluice_measures";
const SEMICOLON = 59;
const DOT = 46;
const ZERO = 48;
const scratch = ffi.create("char[32]");
const textAt = ffi.create("char *[1]") as unknown as ffi.Pointers;
const lengthAt = ffi.create("size_t[1]");
const stopAt = ffi.create("char *[1]") as unknown as ffi.Pointers;
declare const following: LuaAddition<ffi.Memory, number, ffi.Memory>;
declare const distance: LuaSubtraction<ffi.Memory, ffi.Memory, number>;
/** Where the next field of the text begins. */
let next = 0;

/** Finds the text of the request at hand. False: nginx has none. */
function find(): boolean {
  next = 0;
  return C.ngx_http_lua_ffi_var_get(get_request(), VARIABLE, VARIABLE.length, scratch, 0, textAt, lengthAt, get_errmsg_ptr()) === 0;
}

/**
 * Milliseconds; -1: the field is not exactly one number. A request that was tried twice has several. Below ten seconds a
 * field is `0.003;`, which is read without a loop and without a call.
 */
function readTime(text: ffi.Memory): number {
  const at = next;
  if (text[at + 1] === DOT && text[at + 5] === SEMICOLON) {
    next = at + 6;
    return text[at] * 1000 + text[at + 2] * 100 + text[at + 3] * 10 + text[at + 4] - ZERO * 1111;
  }
  const seconds = C.strtod(following(text, at), stopAt);
  return isWhole(text) ? math.floor(seconds * 1000 + 0.5) : -1;
}

/** Like `readTime`, for a number of bytes. */
function readBytes(text: ffi.Memory): number {
  const bytes = tonumber(C.strtol(following(text, next), stopAt, 10)) as number;
  return isWhole(text) ? bytes : -1;
}

/** Whether the field just read was exactly one number. Goes on to the next field. */
function isWhole(text: ffi.Memory): boolean {
  const stop = stopAt[0];
  const whole = stop !== following(text, next) && stop[0] === SEMICOLON;
  next = distance(whole ? stop : C.strchr(stop, SEMICOLON), text) + 1;
  return whole;
}

/** This and `drainTallies` do what `beginDrain` and `drain` of counters.ts do. */
export function beginTallyDrain(): void {
  if (leaving.length > 0) return;
  leaving = counting;
  counting = [];
}

export function drainTallies(most: number): Counted[] {
  const rows: Counted[] = [];
  while (rows.length < most) {
    const one = leaving.pop();
    if (one === undefined) break;
    const { route, canary, key, tally } = one;
    const counted = canary ?? route;
    if (counted.tallies !== undefined && counted.tallies[key] === tally) (counted.tallies as Record<number, number[] | undefined>)[key] = undefined;
    const row = rowOf(route, canary, Math.floor(key / METHOD_FACTOR), tally[0]);
    row.method = TALLIED_METHODS[key % METHOD_FACTOR];
    row.cells = sparse(tally);
    rows.push(row);
  }
  return rows;
}

/** Index and value in turn, of the cells that are not 0. */
function sparse(tally: number[]): number[] {
  const cells: number[] = [];
  for (let cell = 1; cell < tally.length; cell++) {
    if (tally[cell] === 0) continue;
    cells.push(cell);
    cells.push(tally[cell]);
  }
  return cells;
}
