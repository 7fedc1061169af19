/**
 * Which workers are alive, old ones that still finish their requests included: what one counts in shared memory counts
 * for all while it lives, and is forgotten when it is gone, however it ended.
 *
 * Each worker takes a seat when it starts, and with it an epoch: a number that no other worker of this shared memory
 * ever had. Whoever finds a seat whose process is gone (looked for once a second) clears it with all it had counted.
 */
/** Who there is, from which nothing is evicted, and what they count. */
const registry = (): ngx.SharedMemory => ngx.shared.sluice_workers;
const counted = (): ngx.SharedMemory => ngx.shared.sluice_connections;

const VERSION = "seats";
const EPOCH = "epoch";
/** No seat from this one on was ever taken. */
const FREE_FROM = "free from";
const SWEEPER = "sweeper";
const MOST_SEATS = 4096;
const SWEEP_SECONDS = 1;
/** Of the fields of /proc/<pid>/stat after the name: the time at which the process started. */
const START_TIME = 19;

let own = "";
let version = -1;
let others: string[] = [];
let nextSweep = 0;

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

/** Workers that do so at the same time may count it up too far: then some look at a few seats more. */
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

/** Those of the other workers. */
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

/** To be called once a second at least, by each worker: one of them looks. */
export function sweepSeats(): void {
  if (ngx.now() < nextSweep) return;
  nextSweep = ngx.now() + SWEEP_SECONDS;
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

/** Of those who find the same dead worker one clears: the seat could be another's by the time a second one does. */
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

/** When this process started; "" when there is none. The same process id at another time is another process. */
function startOf(pid: number): string {
  const [file] = io.open("/proc/" + pid + "/stat", "r");
  if (file === undefined) return "";
  const text = (file.read("*a") as string | undefined) ?? "";
  file.close();
  const fields = text.substring(text.indexOf(") ") + 2).split(" ");
  // A zombie counts nothing any more.
  return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[START_TIME] ?? "");
}
