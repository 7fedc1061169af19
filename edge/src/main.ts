/** The functions that nginx.conf calls, one per phase. */
import { startBalancer } from "./phases/balancer.ts";
import { startChannel } from "./phases/channel.ts";
import { expectGarbage, mendCompiler, tuneCollector } from "./phases/compiler.ts";
import { beginPhases, lookForGateways } from "./phases/entries.ts";
import { startJournal, type LogPhases } from "./phases/journal.ts";
import { noteMaster } from "./phases/identity.ts";
import type { Options } from "./phases/options.ts";
import { options } from "./phases/options.ts";
import { startDigest } from "./phases/digest.ts";
import { startPasswords } from "./phases/passwords.ts";
import { startRequestIds } from "./phases/request-id.ts";
import { startTracing } from "./phases/trace.ts";
import { startTallies } from "./phases/tallies.ts";
import { loadSnapshot } from "./phases/snapshot.ts";
import { tables } from "./phases/state.ts";
import { takeSeat } from "./phases/workers.ts";

export * as selfTest from "./phases/self-test/run.ts";
export { sayLastWords as exitWorker } from "./phases/last-words.ts";
export {
  rewritePhase as rewrite, accessPhase as access, balancePhase as balance, respondPhase as respond, addHeadersPhase as addHeaders, logPhase as log,
  logMeasuredPhase as logMeasured, clientHelloPhase as clientHello, certificatePhase as certificate,
} from "./phases/entries.ts";
export { serveErrorPage as errorPage } from "./phases/error-page.ts";
export { muteUndeclared, muteUris } from "./phases/mute.ts";
export { balanceCopy } from "./phases/copies.ts";
export { balanceMirror, restore } from "./phases/upstream.ts";
export { handOn, isPreface, rewriteUnlessBad } from "./phases/plain-http2.ts";
export { bodyRead, refuseBody } from "./phases/body.ts";

/** The exports of this file, under the name that nginx.conf gives them. */
declare const sluice: LogPhases;

/** What nginx.conf says once, when the edge starts. */
interface Given extends Options {
  /** Endpoints that may be tried for one request where its route does not say; 0: any number. */
  tries: number;
  /** As `Tables.frontSockets`. */
  fronts: Record<string, boolean>;
}

/** init_by_lua: in the master, before workers are forked. */
export function init(given: Given): void {
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
  tables.findsClients = given.followsBoth === true;
  options.sent = given.sent;
  options.bodySize = given.bodySize;
  startBalancer(given.tries);
  options.measured = given.measured;
  options.gateways = given.gateways;
  tables.frontSockets = given.fronts;
  if (given.gateways) lookForGateways();
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
  beginPhases();
  expectGarbage();
  loadSnapshot();
  tuneCollector();
  startChannel();
}
