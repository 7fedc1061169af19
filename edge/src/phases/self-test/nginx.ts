/** Checks of nginx's Lua API. */
import * as balancer from "ngx.balancer";
import * as cjson from "cjson.safe";
import * as core from "resty.core.base";
import * as regex from "resty.core.regex";
import * as lrucache from "resty.lrucache";
import { EVERYBODY } from "../../search.ts";
import { capture, matches } from "../pattern.ts";
import { after, inBalancer, inRewrite, inWorker } from "./check.ts";
import type { LibraryChecks } from "./check.ts";
import { given, open, sendRequest, statusOf } from "./given.ts";

export const NGX: LibraryChecks<typeof ngx> = {
  log: inWorker(() => after(ngx.log(ngx.INFO, "self-test", 1))),
  // These functions end a request. The rewrite phase calls them for these paths, see run.ts.
  exit: inWorker(() => statusOf("/exit") === 403),
  exec: inWorker(() => statusOf("/exec") === 418),
  redirect: inWorker(() => statusOf("/redirect") === 308),
  print: inWorker(() => statusOf("/print") === 418),
  now: inWorker(() => ngx.now() > 0),
  time: inWorker(() => ngx.time() > 0),
  sleep: inWorker(() => after(ngx.sleep(0.001))),
  get_phase: inWorker(() => ngx.get_phase() === "timer"),
  md5: inWorker(() => ngx.md5("a") === "0cc175b9c0f1b6a831c399e269772661"),
  md5_bin: inWorker(() => ngx.md5_bin("a").length === 16),
  sha1_bin: inWorker(() => ngx.sha1_bin("a").length === 20),
  hmac_sha1: inWorker(() => ngx.hmac_sha1("key", "a").length === 20),
  encode_base64: inWorker(() => ngx.encode_base64("\0a") === "AGE="),
  decode_base64: inWorker(() => ngx.decode_base64("AGE=") === "\0a" && ngx.decode_base64("?") === undefined),
  cookie_time: inWorker(() => ngx.cookie_time(0) === "Thu, 01-Jan-70 00:00:00 GMT"),
  escape_uri: inWorker(() => ngx.escape_uri("/ ", 0) === "/%20" && ngx.escape_uri("/ ") === "%2F%20"),
  parse_http_time: inWorker(() => ngx.parse_http_time("Thu, 01 Jan 1970 00:00:01 GMT") === 1),
};

export const REQUEST: LibraryChecks<typeof ngx.req> = {
  set_uri: inRewrite(() => {
    ngx.req.set_uri("/self", false);
    ngx.req.set_uri("/self%20", false, true);
    return ngx.var.uri === "/self%20";
  }),
  get_method: inRewrite(() => ngx.req.get_method() === "GET"),
  // Tried on another path, because after set_uri a request counts as internal.
  is_internal: inWorker(() => statusOf("/exit") === 403),
  start_time: inRewrite(() => ngx.req.start_time() > 0),
  get_headers: inRewrite(() => ngx.req.get_headers(0, true)["X-Self-Test"] === "a"),
  set_header: inRewrite(() => {
    ngx.req.set_header("X-Set", "a");
    return ngx.var.http_x_set === "a";
  }),
  clear_header: inRewrite(() => {
    ngx.req.set_header("X-Clear", "a");
    ngx.req.clear_header("X-Clear");
    return ngx.var.http_x_clear === undefined;
  }),
  // Raw, it would end the request.
  socket: inRewrite(() => ngx.req.socket(false)[1] === "no body"),
  discard_body: inRewrite(() => after(ngx.req.discard_body())),
};

/** Called by way of pattern.ts: with a pattern that matches, one that does not, and one that does not compile. */
export const EXPRESSION: LibraryChecks<typeof regex> = {
  re_match_compile: inWorker(() => matches("abc", "b", EVERYBODY) === true && matches("abc", "^b", EVERYBODY) === false && matches("abc", "(", EVERYBODY) === undefined),
  collect_captures: inWorker(() => {
    const groups = capture("abc", "(?<name>b)(x)?", EVERYBODY);
    return groups !== undefined && groups !== false && groups["name"] === "b" && groups[0] === "b";
  }),
  destroy_compiled_regex: inWorker(() => {
    const [compiled] = regex.re_match_compile("c", "j");
    return compiled !== undefined && after(regex.destroy_compiled_regex(compiled));
  }),
};

export const TIMER: LibraryChecks<typeof ngx.timer> = { at: inWorker(() => ngx.timer.at(60, () => undefined)[1] === undefined) };

export const WORKER: LibraryChecks<typeof ngx.worker> = {
  id: inWorker(() => ngx.worker.id() === 0),
  pid: inWorker(() => ngx.worker.pid() > 0),
  exiting: inWorker(() => !ngx.worker.exiting()),
};

export const THREAD: LibraryChecks<typeof ngx.thread> = {
  spawn: inWorker(() => after(ngx.thread.spawn(() => undefined))),
  wait: inWorker(() => after(ngx.thread.wait(ngx.thread.spawn(() => undefined)))),
};

export const SOCKET: LibraryChecks<typeof ngx.socket> = { tcp: inWorker(() => after(ngx.socket.tcp())) };

export const TCP_SOCKET: LibraryChecks<ngx.TcpSocket> = {
  connect: inWorker(() => ngx.socket.tcp().connect("unix:" + given.socket)[0] !== undefined),
  sslhandshake: inWorker(() => after(open().close())),
  settimeouts: inWorker(() => after(ngx.socket.tcp().settimeouts(1000, 1000, 1000))),
  getreusedtimes: inWorker(() => open().getreusedtimes()[0] === 0),
  // In a pool of its own, from which no other check takes a connection.
  setkeepalive: inWorker(() => open("kept").setkeepalive(1000, 1)[0] !== undefined),
  send: inWorker(() => open().send("GET")[0] === 3),
  receive: inWorker(() => {
    const socket = sendRequest("/exit");
    const [bytes] = socket.receive(9);
    const [line] = socket.receive("*l");
    return bytes === "HTTP/1.1 " && line !== undefined;
  }),
  receiveany: inWorker(() => sendRequest("/exit").receiveany(1000)[0] !== undefined),
  close: inWorker(() => after(open().close())),
};

const shared = ngx.shared.sluice_limits;

export const SHARED_MEMORY_CHECKS: LibraryChecks<ngx.SharedMemory> = {
  get: inWorker(() => shared.get("nobody") === undefined),
  set: inWorker(() => shared.set("set", "a", 60)[0] === true && shared.get("set") === "a"),
  safe_set: inWorker(() => shared.safe_set("safe_set", 1)[0] === true && shared.get("safe_set") === 1),
  add: inWorker(() => shared.add("add", 1)[0] === true && shared.add("add", 1)[0] !== true),
  safe_add: inWorker(() => shared.safe_add("safe_add", 1)[0] === true),
  incr: inWorker(() => shared.incr("incr", 2, 1)[0] === 3),
  expire: inWorker(() => after(shared.set("expire", 1), shared.expire("expire", 60))),
  delete: inWorker(() => {
    shared.set("delete", 1);
    shared.delete("delete");
    return shared.get("delete") === undefined;
  }),
  get_keys: inWorker(() => after(shared.set("key", 1)) && shared.get_keys(100).length > 0),
};

const flagged = ngx.shared.sluice_ewma as ngx.SharedDict;

/** The same with flags, which hold a second number. */
export const SHARED_DICT_FLAGS: LibraryChecks<ngx.SharedDict> = {
  set: inWorker(() => after(flagged.set("set", 1, 60, 5)) && flagged.get("set")[1] === 5),
  add: inWorker(() => after(flagged.add("add", 1, 60, 6)) && flagged.get("add")[1] === 6),
  get: inWorker(() => flagged.get("nobody")[0] === undefined),
};

export const BALANCER: LibraryChecks<typeof balancer> = {
  set_current_peer: inBalancer(() => balancer.set_current_peer("127.0.0.1", 1)[0] === true),
  set_more_tries: inBalancer(() => balancer.set_more_tries(1)[0] === true),
  set_timeouts: inBalancer(() => after(balancer.set_timeouts(1, 1, 1))),
  get_last_failure: inBalancer(() => balancer.get_last_failure()[0] === undefined),
};

export const JSON_TEXT: LibraryChecks<typeof cjson> = {
  decode: inWorker(() => (cjson.decode('{"a":[1]}')[0] as { a?: number[] }).a?.[0] === 1 && cjson.decode("{")[0] === undefined),
  encode: inWorker(() => cjson.encode({ a: "\0" }) === '{"a":"\\u0000"}'),
};

export const CORE: LibraryChecks<typeof core> = {
  get_request: inRewrite(() => after(core.get_request().toString())),
  get_errmsg_ptr: inWorker(() => after(core.get_errmsg_ptr().toString())),
};

const [cache] = lrucache.new<string>(2);

export const CACHE: LibraryChecks<NonNullable<typeof cache>> & LibraryChecks<typeof lrucache> = {
  new: inWorker(() => cache !== undefined),
  set: inWorker(() => after(cache?.set("set", "a", 60)) && cache?.get("set") === "a"),
  get: inWorker(() => cache?.get("nobody") === undefined),
};
