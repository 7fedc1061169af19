/**
 * Which workers are alive, old ones that still finish their requests included. What a worker counts in shared memory
 * counts for all workers while it lives, and is forgotten when it is gone, however it ended.
 *
 * Each worker takes a seat when it starts, and with it an epoch: a number that no other worker of this shared memory
 * ever had. Once a second a worker looks for seats whose process is gone, and clears them with all that the process had
 * counted.
 */
import { isOver, newDeadline, putDeadline } from "../deadline.ts";

/** The seats, in memory from which nothing is evicted; and what the workers count. */
const registry = (): ngx.SharedMemory => ngx.shared.sluice_workers;
const counted = (): ngx.SharedMemory => ngx.shared.sluice_connections;

const VERSION = "seats";
const EPOCH = "epoch";
/** Key of the number of the first seat that was never taken, nor any after it. */
const FREE_FROM = "free from";
const SWEEPER = "sweeper";
const MOST_SEATS = 4096;
const SWEEP_SECONDS = 1;
/** Index, among the fields of /proc/<pid>/stat after the name, of the time at which the process started. */
const START_TIME = 19;

let own = "";
let version = -1;
let others: string[] = [];
const nextSweep = newDeadline(0, 0);

/** To be called when the worker starts. */
export function takeSeat(): void {
  const dict = registry();
  const pid = ngx.worker.pid();
  const [epoch] = dict.incr(EPOCH, 1, 0);
  own = tostring(epoch) + "|";
  const entry = pid + " " + startOf(pid) + " " + own;
  for (let seat = 0; seat < MOST_SEATS; seat++) {
    const held = dict.get("seat " + seat) as string | undefined;
    if (held !== undefined && !isAlive(held)) clear(seat, held);
    const [taken] = dict.safe_add("seat " + seat, entry);
    if (taken) {
      noteTaken(seat);
      break;
    }
  }
  dict.incr(VERSION, 1, 0);
}

/** Counts FREE_FROM up past a seat that was taken. Workers that do so at the same time may count too far; then a few seats more are looked at. */
function noteTaken(seat: number): void {
  const dict = registry();
  let until = (dict.get(FREE_FROM) as number | undefined) ?? 0;
  while (until <= seat) {
    const [now] = dict.incr(FREE_FROM, 1, 0);
    if (now === undefined) return;
    until = now;
  }
}

/** The beginning of the keys under which this worker counts. */
export function ownPrefix(): string {
  return own;
}

/** The prefixes of the other workers. */
export function otherPrefixes(): string[] {
  const now = (registry().get(VERSION) as number | undefined) ?? 0;
  if (now !== version) {
    version = now;
    others = readOthers();
  }
  return others;
}

function readOthers(): string[] {
  const prefixes: string[] = [];
  eachSeat((_seat, held) => {
    const prefix = prefixOf(held);
    if (prefix !== own) prefixes.push(prefix);
  });
  return prefixes;
}

/** To be called once a second at least by each worker; each second one of them looks. */
export function sweepSeats(): void {
  if (!isOver(nextSweep, ngx.now())) return;
  putDeadline(nextSweep, ngx.now(), SWEEP_SECONDS);
  const [first] = registry().safe_add(SWEEPER, 1, SWEEP_SECONDS / 2);
  if (!first) return;
  eachSeat((seat, held) => {
    if (!isAlive(held)) clear(seat, held);
  });
}

function eachSeat(visit: (this: void, seat: number, held: string) => void): void {
  const until = (registry().get(FREE_FROM) as number | undefined) ?? 0;
  for (let seat = 0; seat < until; seat++) {
    const held = registry().get("seat " + seat) as string | undefined;
    if (held !== undefined) visit(seat, held);
  }
}

/** Only one of the workers that find the same dead worker clears its seat: a second one could clear a seat that is taken again by then. */
function clear(seat: number, held: string): void {
  const dict = registry();
  const [first] = dict.safe_add("gone " + held, 1, 60);
  if (!first) return;
  dict.delete("seat " + seat);
  dict.incr(VERSION, 1, 0);
  const prefix = prefixOf(held);
  for (const key of counted().get_keys(0)) if (key.startsWith(prefix)) counted().delete(key);
}

function prefixOf(held: string): string {
  return held.split(" ")[2];
}

function isAlive(held: string): boolean {
  const [pid, started] = held.split(" ");
  return startOf(tonumber(pid) as number) === started;
}

/** When a process started; "" when there is no such process. The same process id at another time is another process. */
function startOf(pid: number): string {
  const [file] = io.open("/proc/" + pid + "/stat", "r");
  if (file === undefined) return "";
  const text = (file.read("*a") as string | undefined) ?? "";
  file.close();
  const fields = text.substring(text.indexOf(") ") + 2).split(" ");
  // A zombie counts nothing any more.
  return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[START_TIME] ?? "");
}
