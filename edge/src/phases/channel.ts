/**
 * The worker's end of the channel: reads frames from the controller's unix socket and acknowledges commits.
 *
 * The loop lives in a timer. Reads time out soon, so that an exiting worker without requests leaves at once. An exiting worker
 * with requests in flight goes on reading until they end, because they may still need endpoints.
 */
import * as cjson from "cjson.safe";
import { isOver, newDeadline, putDeadline } from "../deadline.ts";
import type { Frame } from "../program.ts";
import { discard, newStaging, take } from "../tables.ts";
import { tellArms } from "./arms.ts";
import { tuneCollector } from "./compiler.ts";
import { clientConnections } from "./connections-report.ts";
import { isWatched, tellJournal, tellNoted, watchRequests } from "./journal.ts";
import { masterPid } from "./identity.ts";
import { replyTo } from "./question.ts";
import { report } from "./reports.ts";
import { send } from "./sending.ts";
import { lookForMaster, retireFor } from "./retirement.ts";
import { options } from "./options.ts";
import { dropIdleStates, requestsInFlight, tables } from "./state.ts";
import { freePatterns } from "./pattern.ts";
import { sweepSeats } from "./workers.ts";

const CONNECT_TIMEOUT_MS = 1000;
const SEND_TIMEOUT_MS = 1000;
/** How often a worker that hears nothing looks whether it has to leave. */
const READ_TIMEOUT_MS = 200;
/** Pause between two tries to connect. Each failure doubles it, because nginx writes a line to its error log for every failure. */
const RECONNECT_SECONDS = 0.2;
const LONGEST_RECONNECT_SECONDS = 2;
/** How often a worker says that it is alive: the controller has a worker ended that says nothing for half a minute. */
const BEAT_SECONDS = 5;
/** How often a worker says what the arms of releases did: those who judge them act within two seconds. */
const ARMS_SECONDS = 0.5;
/** How long a worker that leaves waits for the controller. */
const LEAVING_SECONDS = 1;
/** After so many bytes of frames the loop lets requests run. */
const YIELD_BYTES = 65536;

const staging = newStaging();

export function startChannel(): void {
  startAfter(0);
}

function startAfter(seconds: number): void {
  const [ok, problem] = ngx.timer.at(seconds, run);
  if (!ok && stays()) ngx.log(ngx.ERR, "channel cannot start: ", problem ?? "");
}

/** Starts `follow` anew after any Lua error, as long as the worker stays: a worker must never be left with old tables. */
function run(this: void): void {
  const [ok, problem] = pcall(follow);
  if (!ok) ngx.log(ngx.ERR, "channel failed and starts anew: ", tostring(problem));
  if (!ok && stays()) startAfter(RECONNECT_SECONDS);
}

function follow(this: void): void {
  let wait = RECONNECT_SECONDS;
  while (stays()) {
    const socket = ngx.socket.tcp();
    socket.settimeouts(CONNECT_TIMEOUT_MS, SEND_TIMEOUT_MS, READ_TIMEOUT_MS);
    const [connected] = socket.connect("unix:" + options.socket);
    if (connected) {
      wait = RECONNECT_SECONDS;
      // Frames that a broken connection left staged do not belong to this connection.
      discard(staging);
      converse(socket);
      discard(staging);
      socket.close();
    }
    pause(wait);
    wait = math.min(2 * wait, LONGEST_RECONNECT_SECONDS);
  }
}

/** Sleeps in short steps, so that an exiting worker leaves soon, and a worker that lost its master notices. */
function pause(seconds: number): void {
  for (let left = seconds; left > 0.001 && stays(); left -= RECONNECT_SECONDS) {
    keepHouse();
    ngx.sleep(RECONNECT_SECONDS);
  }
}

/** What has to be done once a second at least, controller or not. */
function keepHouse(): void {
  lookForMaster();
  sweepSeats();
  freePatterns();
  dropIdleStates();
  tuneCollector();
}

function stays(): boolean {
  return !ngx.worker.exiting() || requestsInFlight() > 0;
}

function converse(socket: ngx.TcpSocket): void {
  if (!send(socket, hello())) return;
  let partial = "";
  let since = 0;
  const nextReport = newDeadline(ngx.now(), 1);
  const nextArms = newDeadline(ngx.now(), 1);
  const nextBeat = newDeadline(ngx.now(), BEAT_SECONDS);
  let saidExiting = false;
  while (stays()) {
    if (ngx.worker.exiting() && !saidExiting) {
      saidExiting = true;
      if (!send(socket, { op: "exiting" })) return;
    }
    if (isOver(nextBeat, ngx.now())) {
      putDeadline(nextBeat, ngx.now(), BEAT_SECONDS);
      if (!send(socket, { op: "beat", cpu: os.clock() })) return;
    }
    keepHouse();
    const [line, problem, rest] = socket.receive("*l");
    if (line !== undefined) {
      const text = partial === "" ? line : partial + line;
      partial = "";
      since += text.length;
      if (!obey(socket, text)) return;
      if (since > YIELD_BYTES) {
        since = 0;
        ngx.sleep(0.001);
      }
    } else if (problem === "timeout") {
      partial = partial + (rest ?? "");
    } else {
      return;
    }
    if (isOver(nextArms, ngx.now())) {
      putDeadline(nextArms, ngx.now(), ARMS_SECONDS);
      if (!tellArms(socket)) return;
    }
    if (isOver(nextReport, ngx.now())) {
      const pause = report(socket);
      if (pause === undefined) return;
      putDeadline(nextReport, ngx.now(), pause);
    } else if (isWatched() && !tellJournal(socket)) {
      return;
    }
  }
  leave(socket);
}

/**
 * The controller closes the connection, once it has read everything. Were it closed here, a frame that the controller is just writing would
 * fail, and what it has not read yet would be lost, the last report among it.
 */
function leave(socket: ngx.TcpSocket): void {
  if (!send(socket, { op: "done" })) return;
  const patience = newDeadline(ngx.now(), LEAVING_SECONDS);
  while (!isOver(patience, ngx.now())) {
    const [, problem] = socket.receive("*l");
    if (problem !== undefined && problem !== "timeout") return;
  }
}

function hello(): object {
  return {
    op: "hello",
    role: "worker",
    slot: ngx.worker.id(),
    pid: ngx.worker.pid(),
    master: masterPid(),
    config: options.config,
    generation: tables.generation,
    digest: tables.digest,
    cpu: os.clock(),
  };
}

/** False ends the connection: the line is no frame, or the controller is gone. */
function obey(socket: ngx.TcpSocket, line: string): boolean {
  const frame = decode(line);
  if (frame === undefined) {
    ngx.log(ngx.ERR, "frame cannot be read; asking the controller anew");
    return false;
  }
  if (frame.op === "retire") {
    retireFor(frame.seconds);
    const connections = clientConnections();
    return frame.farewell === undefined || connections === undefined || send(socket, { op: "retired", farewell: frame.farewell, connections });
  }
  // Who asks hears first of the requests that ended before the question.
  if (frame.op === "ask") return tellNoted(socket) && send(socket, { op: "replied", reply: replyTo(frame.question) });
  if (frame.op === "watch") watchRequests(frame.seconds);
  if (!take(tables, staging, frame, decode as (text: string) => Frame)) return true;
  return send(socket, { op: "ack", generation: tables.generation });
}

function decode(text: string): Frame | undefined {
  const [frame] = cjson.decode(text);
  return frame as Frame | undefined;
}
