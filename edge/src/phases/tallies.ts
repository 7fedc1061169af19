/**
 * Requests measured by route, canary, status and method, until the channel takes them to the controller. Only with
 * `--enable-metrics`; without, `counters.ts` counts.
 *
 * As there, a route's tallies live in the route itself. What a request costs here is in bench/README.md.
 */
import * as ffi from "ffi";
import { get_errmsg_ptr, get_request } from "resty.core.base";
import type { Bounds, Layout, Scale, Tallies } from "../measures.ts";
import { bucketOf, layoutOf, METHOD_FACTOR, METHODS, newScale } from "../measures.ts";
import type { Canary, Route } from "../program.ts";
import { rowOf, type Counted } from "./counters.ts";

interface Counting {
  readonly route: Route;
  readonly canary: Canary | undefined;
  readonly key: number;
  readonly tally: number[];
}

let layout: Layout = { starts: [], length: 1 };
let time: Scale = newScale([]);
let length: Scale = time;
let size: Scale = time;
/** Method → its place in METHODS. */
const places: Record<string, number | undefined> = {};
let counting: Counting[] = [];
/** On their way to the controller; until a tally is, the requests of its route are still counted in it. */
let leaving: Counting[] = [];

/** To be called once, before the first request. */
export function startTallies(bounds: Bounds): void {
  layout = layoutOf(bounds);
  time = newScale(bounds.time);
  length = newScale(bounds.length);
  size = newScale(bounds.size);
  for (let place = 0; place < METHODS.length; place++) places[METHODS[place]] = place;
}

/** Counts the request at hand, which has ended. */
export function measure(route: Route, canary: Canary | undefined, status: number): void {
  const key = status * METHOD_FACTOR + (places[ngx.req.get_method()] ?? METHODS.length - 1);
  const counted = canary ?? route;
  const tally = counted.tallies === undefined ? undefined : counted.tallies[key];
  add(tally ?? newTally(route, canary, key));
}

/** Never compiled, like what it is rarely called from. */
function newTally(route: Route, canary: Canary | undefined, key: number): number[] {
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
  observe(tally, starts[0], time, math.floor((ngx.now() - ngx.req.start_time()) * 1000 + 0.5));
  read();
  let value = nextNumber();
  if (value >= 0) observe(tally, starts[1], time, value);
  value = nextNumber();
  if (value >= 0) observe(tally, starts[2], time, value);
  value = nextNumber();
  if (value >= 0) observe(tally, starts[3], time, value);
  value = nextNumber();
  if (value >= 0) {
    observe(tally, starts[4], length, value);
    observe(tally, starts[5], size, value);
  }
  value = nextNumber();
  if (value >= 0) observe(tally, starts[6], length, value);
}

function observe(tally: number[], start: number, scale: Scale, value: number): void {
  tally[start] += value;
  tally[start + 1 + bucketOf(scale, value)] += 1;
}

/**
 * All other measurements in one text of nginx's, which is read where it lies in memory: a Lua string for each would cost
 * as much as all the rest. nginx.conf says what it holds: connect, header and response time in seconds with three
 * digits, bytes sent, request length. `;` follows each.
 */
const VARIABLE = "sluice_measures";
const scratch = ffi.create("char[32]");
const valueAt = ffi.create("char *[1]");
const lengthAt = ffi.create("size_t[1]");
let bytes: ffi.Memory = scratch;
let at = 0;
let end = 0;

function read(): void {
  at = 0;
  end = 0;
  const result = ffi.C.ngx_http_lua_ffi_var_get(get_request(), VARIABLE, VARIABLE.length, scratch, 0, valueAt, lengthAt, get_errmsg_ptr());
  if (result !== 0) return;
  bytes = valueAt[0] as unknown as ffi.Memory;
  end = tonumber(lengthAt[0]) as number;
}

/** The digits up to the next `;` as one number, -1 when there is none, or more than one: of a request tried twice, say. */
function nextNumber(): number {
  let value = 0;
  let digits = 0;
  for (let place = at; place < end; place++) {
    const byte = bytes[place];
    if (byte >= 48 && byte <= 57) {
      value = value * 10 + byte - 48;
      digits++;
    } else if (byte === 59) {
      at = place + 1;
      return digits > 0 ? value : -1;
    } else if (byte !== 46) {
      digits = -1000;
    }
  }
  at = end;
  return -1;
}

/** As `beginDrain` and `drain` of counters.ts. */
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
    row.host = route.host;
    row.method = METHODS[key % METHOD_FACTOR];
    row.cells = sparse(tally);
    rows.push(row);
  }
  return rows;
}

/** Index and value in turn, of those that are not 0. */
function sparse(tally: number[]): number[] {
  const cells: number[] = [];
  for (let cell = 1; cell < tally.length; cell++) {
    if (tally[cell] === 0) continue;
    cells.push(cell);
    cells.push(tally[cell]);
  }
  return cells;
}
