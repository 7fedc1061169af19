/**
 * The self-test of nginx's libraries: calls each function that the edge needs, in the phase where the edge calls it, and then
 * ends the process. It runs in an nginx of its own, of one process, which connects to itself (src/engine/agent/self-test.ts).
 *
 * On standard output, a line each: `try NAME` before a function is called, then `bad WORDS` for the first one that does
 * not do what the edge needs, or `good` at the end. A process that ends without either was brought down by the function
 * that it tried last.
 */
import * as base from "resty.core.base";
import * as balancer from "ngx.balancer";
import type { LibraryCheck, Phase } from "./check.ts";
import { C_LIBRARY, CRYPT, FFI } from "./c.ts";
import { given, statusOf } from "./given.ts";
import type { Given } from "./given.ts";
import { BALANCER, CACHE, CORE, EXPRESSION, SHARED_DICT_FLAGS, JSON_TEXT, NGX, REQUEST, SHARED_MEMORY_CHECKS, SOCKET, TCP_SOCKET, THREAD, TIMER, WORKER } from "./nginx.ts";
import { CLIENT_HELLO, OPENSSL, setPair, TLS } from "./tls.ts";

/** The checks by library, named as in the libraries' documentation. */
const LIBRARIES: readonly (readonly [string, Record<string, LibraryCheck>])[] = [
  ["ffi.", FFI],
  // Before the C function that these call, so that a failure names the function of the library.
  ["resty.core.regex.", EXPRESSION],
  ["C function ", C_LIBRARY],
  ["C function ", CRYPT],
  ["C function ", OPENSSL],
  ["resty.core.base.", CORE],
  ["resty.lrucache.", CACHE],
  ["cjson.safe.", JSON_TEXT],
  ["ngx.", NGX],
  ["ngx.timer.", TIMER],
  ["ngx.worker.", WORKER],
  ["ngx.shared.DICT.", SHARED_MEMORY_CHECKS],
  ["ngx.shared.DICT with flags, ", SHARED_DICT_FLAGS],
  ["ngx.ssl.clienthello.", CLIENT_HELLO],
  ["ngx.ssl.", TLS],
  ["ngx.socket.", SOCKET],
  ["ngx.thread.", THREAD],
  ["tcpsock:", TCP_SOCKET],
  ["ngx.req.", REQUEST],
  ["ngx.balancer.", BALANCER],
];

const ran: Record<string, boolean> = {};

function say(line: string): void {
  io.stdout.write(line + "\n");
  io.stdout.flush();
}

function fail(name: string, why: string): never {
  say("bad " + name + ": " + why);
  return os.exit(1);
}

function attempt(name: string, check: LibraryCheck): void {
  if (ran[name] === true) return;
  say("try " + name);
  const [ended, answer] = pcall(check.works);
  if (!ended) fail(name, tostring(answer));
  if (answer !== true) fail(name, "it does something else than it did");
  ran[name] = true;
}

/** The order is that in which Lua's tables happen to hold the checks: no check depends on another. */
function attemptAll(phase: Phase): void {
  for (const [library, checks] of LIBRARIES) {
    for (const [name, check] of pairs(checks)) if (check.phase === phase) attempt(library + name, check);
  }
}

/** init_worker_by_lua. */
export function start(this: void, options: Given): void {
  given.socket = options.socket;
  given.certificate = options.certificate;
  given.key = options.key;
  say("library lua-resty-core " + (base as unknown as { version: string }).version);
  attempt("ngx.timer.at", { phase: "worker", works: () => ngx.timer.at(0, all)[1] === undefined });
}

function all(this: void): void {
  attemptAll("worker");
  attempt("a request through TLS and a balancer", { phase: "worker", works: () => statusOf("/") === 502 });
  for (const [library, checks] of LIBRARIES) {
    for (const [name] of pairs(checks)) if (ran[library + name] !== true) fail(library + name, "nginx did not come to the phase that calls it");
  }
  say("good");
  os.exit(0);
}

export function hello(this: void): void {
  attemptAll("hello");
}

export function certificate(this: void): void {
  attemptAll("certificate");
  setPair();
}

/** These functions end a request, so their check is in the client (nginx.ts); here only their failure can be told. */
const ENDS: Record<string, [name: string, end: (this: void) => void]> = {
  "/exit": ["ngx.exit", () => ngx.exit(ngx.req.is_internal() ? 500 : 403)],
  "/exec": ["ngx.exec", () => ngx.exec("/print", "")],
  "/redirect": ["ngx.redirect", () => ngx.redirect("/", 308)],
  "/print": ["ngx.print", () => {
    ngx.status = 418;
    ngx.header["Content-Length"] = "1";
    ngx.print("a");
    ngx.exit(418);
  }],
};

/** Requests for the paths of ENDS end here; any other is proxied. */
export function rewrite(this: void): void {
  const end = ENDS[ngx.var.uri ?? ""];
  if (end === undefined) return attemptAll("rewrite");
  const [, problem] = pcall(end[1]);
  fail(end[0], tostring(problem));
}

/** Leads to a port where nobody listens, so that the client gets 502. */
export function balance(this: void): void {
  attemptAll("balancer");
  balancer.set_current_peer("127.0.0.1", 1);
}
