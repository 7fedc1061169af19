/**
 * The functions that nginx.conf calls, one per phase. Those that many requests run return at once when they are called with `true`,
 * which only `beginPhases` does.
 */
import { checkAccess } from "./phases/access.ts";
import { setNextPeer } from "./phases/balancer.ts";
import { certificate as chooseCertificate } from "./phases/certificate.ts";
import { startChannel } from "./phases/channel.ts";
import { clientHello as readClientHello } from "./phases/client-hello.ts";
import { beginPhases, mendCompiler } from "./phases/compiler.ts";
import { startJournal, type LogPhases } from "./phases/journal.ts";
import { noteMaster } from "./phases/identity.ts";
import { log as countAndForget } from "./phases/log.ts";
import { logMeasured as measureAndForget } from "./phases/log-measured.ts";
import { addHeaders as addOperatorHeaders } from "./phases/operator-headers.ts";
import type { Options } from "./phases/options.ts";
import { options } from "./phases/options.ts";
import { startDigest } from "./phases/digest.ts";
import { startPasswords } from "./phases/passwords.ts";
import { respond as setResponseHeaders } from "./phases/response.ts";
import { routeRequest } from "./phases/rewrite.ts";
import { startRequestIds } from "./phases/request-id.ts";
import { startTracing } from "./phases/trace.ts";
import { startTallies } from "./phases/tallies.ts";
import { loadSnapshot } from "./phases/snapshot.ts";
import { takeSeat } from "./phases/workers.ts";

export * as selfTest from "./phases/self-test/run.ts";
export { sayLastWords as exitWorker } from "./phases/last-words.ts";
export { serveErrorPage as errorPage } from "./phases/error-page.ts";
export { muteUndeclared, muteUris } from "./phases/mute.ts";
export { balanceMirror, restore } from "./phases/upstream.ts";

/** The exports of this file, under the name that nginx.conf gives them. */
declare const sluice: LogPhases;

export function rewrite(begins?: boolean): void {
  if (begins !== true) routeRequest();
}

export function access(begins?: boolean): void {
  if (begins !== true) checkAccess();
}

export function balance(begins?: boolean): void {
  if (begins !== true) setNextPeer();
}

export function respond(begins?: boolean): void {
  if (begins !== true) setResponseHeaders();
}

export function addHeaders(begins?: boolean): void {
  if (begins !== true) addOperatorHeaders();
}

export function log(begins?: boolean): void {
  if (begins !== true) countAndForget();
}

export function logMeasured(begins?: boolean): void {
  if (begins !== true) measureAndForget();
}

export function clientHello(begins?: boolean): void {
  if (begins !== true) readClientHello();
}

export function certificate(begins?: boolean): void {
  if (begins !== true) chooseCertificate();
}

/** init_by_lua: in the master, before workers are forked. */
export function init(given: Options): void {
  mendCompiler();
  options.config = given.config;
  options.socket = given.socket;
  options.program = given.program;
  options.keys = given.keys;
  options.hideServer = given.hideServer;
  options.requestIds = given.requestIds;
  options.accessLog = given.accessLog;
  options.logLabels = given.logLabels;
  options.logScores = given.logScores;
  options.followsBoth = given.followsBoth;
  options.sent = given.sent;
  options.measured = given.measured;
}

/** init_worker_by_lua: a worker loads the snapshot files before it serves, then follows the channel. */
export function initWorker(): void {
  noteMaster();
  math.randomseed(ngx.worker.pid() * 1000 + ngx.now());
  startRequestIds();
  takeSeat();
  startPasswords();
  startDigest();
  startTracing();
  startJournal(sluice);
  if (options.measured !== undefined) startTallies(options.measured);
  beginPhases([rewrite, access, balance, respond, addHeaders, log, logMeasured, clientHello, certificate]);
  loadSnapshot();
  startChannel();
}
