/**
 * A small HTTP/1.1 client: sends one request without body, and reads the head of the response.
 *
 * Guarantees: a connection that still holds something of a response never goes back to a pool, so no request reads
 * the answer of another. A response takes a minute at most, whatever its pace. A failure is returned as a text that
 * says what failed, never raised as a Lua error.
 */
import { newDeadline, secondsLeft, type Deadline } from "../deadline.ts";
import type { Keepalive } from "../external-auth.ts";
import { HEAD_LIMIT, readHead } from "../http-response.ts";
import type { Head } from "../http-response.ts";

export interface Call {
  /** The request, as bytes. */
  text: string;
  /** The method is HEAD: no body follows, whatever the head says. */
  bodiless: boolean;
  tls: boolean;
  serverName: string | undefined;
  /** Absent: the connection serves this request alone. */
  keepalive: Keepalive | undefined;
}

const CONNECT_MS = 5000;
const SEND_MS = 60_000;
const LONGEST_SECONDS = 60;
const CHUNK = 4096;
/** Bodies up to this size are read to keep the connection; a larger one costs more than a new connection. */
const BODY_LIMIT = 65536;
/** How many 1xx responses (103 and the like) may come before the response proper. */
const MOST_INTERIM = 8;

/** What went wrong, and whether another try can do no harm because the service has not seen the request. */
export interface Failure {
  problem: string;
  unseen: boolean;
}

/** Asks the service at one address. */
export function ask(address: string, port: number, call: Call): Head | Failure {
  const [socket, failure, reused] = open(address, port, call);
  if (socket === undefined) return failure as Failure;
  const answer = exchange(socket, call);
  if (!reused || isHead(answer) || !answer.unseen) return answer;
  // The service closed an idle connection just as it was taken from the pool. A new connection tells whether the service is there.
  const again: Call = { text: call.text, bodiless: call.bodiless, tls: call.tls, serverName: call.serverName, keepalive: undefined };
  const [fresh, problem] = open(address, port, again);
  return fresh === undefined ? (problem as Failure) : exchange(fresh, again);
}

export function isHead(answer: Head | Failure): answer is Head {
  return (answer as Partial<Head>).status !== undefined;
}

/** A connection with TLS done, or why there is none; and whether it came from a pool. */
function open(address: string, port: number, call: Call): LuaMultiReturn<[ngx.TcpSocket | undefined, Failure | undefined, boolean]> {
  const socket = ngx.socket.tcp();
  socket.settimeouts(CONNECT_MS, SEND_MS, LONGEST_SECONDS * 1000);
  const [connected, problem] = socket.connect(address, port, { pool: poolName(address, port, call) });
  if (connected === undefined) return $multi(undefined, { problem: "connect: " + (problem ?? ""), unseen: true }, false);
  const [times] = socket.getreusedtimes();
  if (times !== undefined && times > 0) return $multi(socket, undefined, true);
  if (call.tls) {
    const [shaken, why] = socket.sslhandshake(false, call.serverName, false);
    if (shaken !== true) {
      socket.close();
      return $multi(undefined, { problem: "TLS: " + (why ?? ""), unseen: true }, false);
    }
  }
  return $multi(socket, undefined, false);
}

/**
 * Calls with the same pool name may share connections, so the name has everything that must be equal. Connections for
 * one request alone have a name under which none is ever kept.
 */
function poolName(address: string, port: number, call: Call): string {
  const { keepalive, tls, serverName } = call;
  if (keepalive === undefined) return "auth:none";
  return "auth:" + (tls ? "https:" : "http:") + address + ":" + port + ":" + (serverName ?? "") + ":" + keepalive.connections;
}

function exchange(socket: ngx.TcpSocket, call: Call): Head | Failure {
  const until = newDeadline(ngx.now(), LONGEST_SECONDS);
  const [sent, problem] = socket.send(call.text);
  if (sent === undefined) return fail(socket, "send: " + (problem ?? ""), true);
  let held = "";
  for (let interim = 0; interim <= MOST_INTERIM; interim++) {
    const [end, received, why] = readToBlankLine(socket, held, until);
    if (end < 0) return fail(socket, why as string, received === "" && why === "receive: closed");
    const head = readHead(received.slice(0, end), call.bodiless);
    if (head === undefined) return fail(socket, "what it answers is no HTTP/1 response", false);
    held = received.slice(end + 4);
    if (head.status >= 200) {
      finish(socket, call, head, held, until);
      return head;
    }
    if (head.status === 101) break;
  }
  return fail(socket, "it answers 1xx without end", false);
}

/** Index of the empty line, and everything read so far; -1 and the reason when no empty line comes. */
function readToBlankLine(socket: ngx.TcpSocket, held: string, until: Deadline): LuaMultiReturn<[number, string, string | undefined]> {
  let text = held;
  let searched = 0;
  for (;;) {
    const end = text.indexOf("\r\n\r\n", searched);
    if (end >= 0) return $multi(end, text, undefined);
    if (text.length > HEAD_LIMIT) return $multi(-1, text, "the head of its response is larger than 32 KiB");
    searched = text.length > 3 ? text.length - 3 : 0;
    if (!limitReads(socket, until)) return $multi(-1, text, "receive: timeout");
    const [more, problem] = socket.receiveany(CHUNK);
    if (more === undefined) return $multi(-1, text, "receive: " + (problem ?? ""));
    text += more;
  }
}

/** Limits the next read to what is left of the minute. False: nothing is left. */
function limitReads(socket: ngx.TcpSocket, until: Deadline): boolean {
  const left = math.floor(secondsLeft(until, ngx.now()) * 1000);
  if (left <= 0) return false;
  socket.settimeouts(CONNECT_MS, SEND_MS, left);
  return true;
}

/** Keeps the connection for another request when nothing of this response is left in it; closes it otherwise. */
function finish(socket: ngx.TcpSocket, call: Call, head: Head, held: string, until: Deadline): void {
  const { keepalive } = call;
  const [times] = socket.getreusedtimes();
  const left = head.length - held.length;
  let keeps = keepalive !== undefined && (times ?? 0) + 1 < keepalive.requests && head.reusable && left >= 0 && left <= BODY_LIMIT;
  if (keeps && left > 0) {
    const [body] = limitReads(socket, until) ? socket.receive(left) : [undefined];
    keeps = body !== undefined;
  }
  if (keeps && keepalive !== undefined) {
    const [kept] = socket.setkeepalive(keepalive.seconds * 1000, keepalive.connections);
    if (kept !== undefined) return;
  }
  socket.close();
}

function fail(socket: ngx.TcpSocket, problem: string, unseen: boolean): Failure {
  socket.close();
  return { problem, unseen };
}
