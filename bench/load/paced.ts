/**
 * Requests at a fixed rate: `node paced.ts LOAD`. The k-th request is due k ÷ rate seconds after the start, whatever became
 * of those before. Its latency counts from then, not from when a connection was free to send it, so that an answer that
 * takes long is not hidden by the requests that waited for it (coordinated omission).
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { answerLength, count, isSuccess, loadOfArguments, requestOf } from "./client.ts";

const load = loadOfArguments();
const { port, protocol, host, connections, seconds, rate = 1000, hosts = 1 } = load;
const counted = count();
const total = Math.round(rate * seconds);
/** What is left unanswered so long after the last request was due counts as failed. */
const PATIENCE_MS = 5000;
/** What is sent so long after it was due counts as late: the connections were all in use, or this program did not run. */
const LATE_MS = 1;

interface Lane {
  readonly socket: Socket;
  /** When the request under way was due, in ms; 0: it has none. */
  due: number;
  text: string;
}

const requests = Array.from({ length: Math.min(hosts, total) }, (_, i) => requestOf(load, i));
const idle: Lane[] = [];
let open = 0;
let answered = 0;

function openLane(): Promise<void> {
  return new Promise((resolve, reject) => {
    const where = { host: "127.0.0.1", port };
    const socket = protocol === "https" ? connectTls({ ...where, servername: host, rejectUnauthorized: false }, ready) : connectTcp(where, ready);
    const lane: Lane = { socket, due: 0, text: "" };
    function ready(): void {
      socket.setNoDelay(true);
      idle.push(lane);
      open++;
      resolve();
    }
    socket.on("data", (chunk: Buffer) => hear(lane, chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => {
      open--;
      if (lane.due > 0) fail(lane);
    });
  });
}

function fail(lane: Lane): void {
  lane.due = 0;
  answered++;
  counted.failed();
}

function hear(lane: Lane, text: string): void {
  lane.text = lane.text === "" ? text : lane.text + text;
  if (answerLength(lane.text) === 0) return;
  if (isSuccess(lane.text)) counted.done((performance.now() - lane.due) * 1000);
  else counted.failed();
  answered++;
  lane.text = "";
  lane.due = 0;
  idle.push(lane);
}

await Promise.all(Array.from({ length: connections }, openLane));
const begun = performance.now() + 10;
const last = begun + seconds * 1000 + PATIENCE_MS;
let next = 0;

/** Sends what is due. Timers of Node are up to a millisecond late, so this looks again in each turn of the loop. */
function turn(): void {
  const now = performance.now();
  while (next < total && begun + (next / rate) * 1000 <= now) {
    const lane = idle.pop();
    if (!lane) break; // The latency of what waits counts from when it was due.
    if (lane.socket.destroyed) continue;
    lane.due = begun + (next / rate) * 1000;
    if (now - lane.due > LATE_MS) counted.late();
    lane.socket.write(requests[next % requests.length] as string);
    next++;
  }
  if (answered < total && open > 0 && now < last) setImmediate(turn);
  else finish();
}

function finish(): void {
  for (let missing = total - answered; missing > 0; missing--) counted.failed();
  counted.print();
  process.exit();
}

turn();
