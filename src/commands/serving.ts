/**
 * A running Sluice: everything that `sluice run` starts, in the order in which it starts and ends.
 */
import { rmSync } from "node:fs";
import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Webhook } from "../admission/webhook.ts";
import { createController, type Controller } from "../controller.ts";
import type { Program } from "../compile/program.ts";
import { probeEngine, workerAccount, type Probe } from "../engine/agent/probe.ts";
import { requireLibraries } from "../engine/agent/self-test.ts";
import { Engine } from "../engine/engine.ts";
import { AGENT_LOCK, CONTROLLER_LOCK, lockHolder, NGINX_MASTER, takeLock } from "../engine/locks.ts";
import { EDGE_DIR, NGINX_BINARY } from "../engine/paths.ts";
import { claimFolder, clearControllerFiles, clearFolder } from "../engine/runtime-folder.ts";
import { EXTERNAL_AGENT, superviseAgent } from "../engine/supervise.ts";
import { countRoutes, LISTED, rowsOf } from "../get/rows.ts";
import { createClusterReport, type ClusterReport } from "../report/cluster/report.ts";
import { engineFindings } from "../report/engine-findings.ts";
import { createFindingLog, type FindingLog } from "../report/finding-log.ts";
import { serveHealth, type HealthOptions } from "../report/health.ts";
import { askObject } from "../report/object-state.ts";
import { createJournal } from "../report/journal.ts";
import { createMetrics, type Metrics } from "../report/metrics.ts";
import { sameGeneration } from "../report/status/gateway-status.ts";
import type { ObjectStatus } from "../model/shapes/object-status.ts";
import { trackProgrammed, type ProgrammedObjects } from "../report/programmed.ts";
import { createReadiness } from "../report/readiness.ts";
import { steadyNow } from "../support/steady-clock.ts";
import { logReadiness } from "../report/readiness-log.ts";
import { createSpanExport, spanExportSettings, type SpanExport } from "../report/span-export.ts";
import { DEFAULT_CONFIG } from "../model/config/defaults.ts";
import { createTraffic, type Traffic } from "../report/traffic.ts";
import { explainLive } from "../explain/served.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Built } from "../model/model.ts";
import type { Rollouts } from "../rollout/rollouts.ts";
import type { Settings } from "../settings.ts";
import type { Source } from "../source/source.ts";
import type { Log } from "../support/log.ts";
import { UserError } from "../support/user-error.ts";
import { openDashboard, type ExplainNow, type OpenedDashboard } from "./open-dashboard.ts";
import { openRollouts } from "./open-rollouts.ts";
import { clusterOf } from "./sources.ts";

export interface Serving {
  readonly controller: Controller;
  readonly engine: Engine;
  readonly rollouts: Pick<Rollouts, "statuses">;
  /**
   * Ends everything in this order: probes fail, and the grace period passes; nginx finishes its requests; the other parts
   * end; the files go. An agent in another container is left alone: it serves on until it is told to end.
   */
  stop(): Promise<void>;
}

/** Longest path of a unix socket (unix(7)), without the terminating NUL. */
const LONGEST_SOCKET_PATH = 107;

export interface ServingHooks {
  /** Called after every turn that changed something, with the changed parts of the Program and how long the turn took. */
  readonly turned?: (parts: ReadonlySet<string>, milliseconds: number) => void;
  /** Gives up a start that is under way; a Serving that has started ends by `stop` alone. */
  readonly signal?: AbortSignal;
}

/**
 * Starts everything. Resolves when the source was read and its Program is on its way to nginx. When it rejects, what had
 * started has ended.
 */
export async function startServing(settings: Settings, source: Source, log: Log, hooks: ServingHooks = {}): Promise<Serving> {
  const folder = prepareFolder(settings);
  const ending = new AbortController();
  let started = false;
  const endings: (() => Promise<void> | void)[] = [() => folder.leave(!started)];
  let leave = async (): Promise<void> => {};
  const stop = async (): Promise<void> => {
    ending.abort();
    await leave();
    for (const end of endings.splice(0).reverse()) await end();
  };
  const giveUp = (): void => ending.abort();
  hooks.signal?.addEventListener("abort", giveUp, { once: true });
  try {
    hooks.signal?.throwIfAborted();
    const libraries = settings.externalAgent ? Promise.resolve() : tryEngine(settings);
    const tried = libraries.catch(() => {});
    endings.push(() => tried);
    const parts = assemble(settings, source, log, ending.signal, hooks.turned ?? (() => {}));
    endings.push(() => parts.findingLog.stop());
    endings.push(() => parts.spans.stop());
    const health = await serveHealth(parts.health);
    endings.push(() => closeServer(health));
    endings.push(() => parts.dashboard?.close());
    await parts.engine.listen();
    endings.push(() => parts.engine.close());
    if (settings.validatingWebhook !== "") {
      const { openWebhook } = await import("../admission/webhook.ts");
      const webhook = await openWebhook({ settings, consider: parts.controller.consider, atRest: parts.controller.atRest, changed: parts.findingLog.touch });
      endings.push(() => webhook.close());
      if (webhook.port > 0) log("info", "answering admission requests", { port: webhook.port });
      parts.webhook = webhook;
    }
    const agent = settings.externalAgent ? EXTERNAL_AGENT : superviseAgent(settings, log, parts.workers);
    const launched = agent.start();
    endings.push(async () => {
      await launched.catch(() => {});
      await agent.stop(() => parts.engine.stopAgent());
    });
    endings.push(() => parts.cluster?.stop());
    endings.push(() => parts.rollouts.close());
    // Meanwhile the source is read; nginx is told nothing before its libraries have proved good.
    const allowed = Promise.all([libraries, launched]);
    await Promise.all([allowed, parts.controller.start(ending.signal, allowed)]);
    hooks.signal?.throwIfAborted();
    started = true;
    parts.rollouts.start(ending.signal);
    await parts.cluster?.start();
    leave = () => turnAway(parts.engine, settings.shutdownGracePeriod);
    return { controller: parts.controller, engine: parts.engine, rollouts: parts.rollouts, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    hooks.signal?.removeEventListener("abort", giveUp);
  }
}

/**
 * Waits for the grace period: load balancers see a probe fail and send nobody any more, and clients with a connection
 * are asked to open the next one elsewhere.
 */
async function turnAway(engine: Engine, graceSeconds: number): Promise<void> {
  if (graceSeconds === 0) return;
  engine.retire(graceSeconds + 1);
  await sleep(graceSeconds * 1000);
}

interface Assembly {
  readonly engine: Engine;
  readonly controller: Controller;
  /** Undefined: objects come from files. */
  readonly cluster: ClusterReport | undefined;
  readonly findingLog: FindingLog;
  readonly spans: SpanExport;
  readonly rollouts: Rollouts;
  readonly health: HealthOptions;
  /** Undefined: nobody asked for one. */
  readonly dashboard: OpenedDashboard | undefined;
  readonly workers: Probe["workers"];
  /** Undefined until it is open, and where nobody asked for one. */
  webhook: Webhook | undefined;
}

/** Ties the parts to each other; nothing has started yet. */
function assemble(settings: Settings, source: Source, log: Log, ending: AbortSignal, turned: (parts: ReadonlySet<string>, milliseconds: number) => void): Assembly {
  const workers = workerAccount();
  const findings = (): readonly Finding[] => controller.findings();
  const metrics = createMetrics({
    settings,
    state: () => engine.state,
    findings,
    spans: () => spans.counts,
    counts: () => engine.counts,
    measure: () => engine.measure(),
    built: () => built,
    source: () => source.counts,
    cluster: () => cluster?.counts(),
    admission: () => (assembly.webhook && assembly.webhook.port > 0 ? assembly.webhook.figures : undefined),
    rollouts: () => rollouts.figures(),
    exists: (namespace, name) => source.snapshot.get("Ingress", namespace, name) !== undefined,
  });
  /** Findings may have changed. */
  const found = (): void => {
    findingLog.touch();
    dashboard?.look();
  };
  const findingLog = createFindingLog(findings, log, (all) => cluster?.found(all));
  const spans = createSpanExport(spanExportSettings(DEFAULT_CONFIG), log);
  const readiness = createReadiness(() => engine.state, steadyNow, () => source.trouble);
  const readinessLog = logReadiness(() => readiness.problem(), log, ending);
  const engine = new Engine({
    settings,
    log,
    workers,
    changed: () => {
      controller.engineChanged();
      findingLog.touch();
      readinessLog.touch();
      cluster?.engineChanged();
      programmed.look();
      programmedGateways.look();
      metrics.look();
      dashboard?.look();
    },
    measured: (measures) => {
      metrics.measured(measures);
      if (measures.op === "connections") traffic.connected(measures.active);
    },
    counted: (rows, answers) => {
      metrics.count(rows, answers);
      traffic.count(rows, answers);
    },
    spanned: (rows, dropped) => spans.take(rows, dropped),
    noted: (rows, dropped) => journal.take(rows, dropped),
    armed: (rows) => rollouts.count(rows),
  });
  const journal = createJournal((seconds) => engine.watch(seconds));
  const traffic = createTraffic({ settings, routes: () => (built ? countRoutes(built.model) : 0) });
  let built: Built | undefined;
  let served: Program | undefined;
  const programmed = trackProgrammed(() => engine.state, () => controller.atRest());
  const programmedGateways = trackProgrammed<ObjectStatus>(() => engine.state, () => controller.atRest(), sameGeneration);
  const connect = clusterOf(settings);
  const cluster = connect && createClusterReport({
    settings, connect, programmed, programmedGateways, log, snapshot: source.snapshot, state: () => engine.state, changed: () => found(),
    onLease: { notes: (before, leads) => rollouts.team?.notes(before, leads) ?? {}, noted: (notes) => rollouts.team?.noted(notes) },
  });
  const rollouts = openRollouts({ settings, cluster, log, snapshot: source.snapshot, changed: (weights) => controller.weigh(weights), found: () => found() });
  const controller = createController({
    settings,
    source,
    engine,
    log,
    engineFindings: () => [...engineFindings(engine.state, readiness.stuck()), ...(cluster?.findings() ?? []), ...(assembly.webhook?.findings() ?? []), ...rollouts.findings(), ...(dashboard?.findings() ?? [])],
    taken: (now, wanted, program) => {
      built = now;
      served = program;
      programmed.take(now.own, now.change.own, wanted);
      programmedGateways.take(now.judged, now.change.judged, wanted);
      cluster?.taken(now);
      rollouts.taken(now);
    },
    weights: () => rollouts.load(),
    configured: (config) => spans.configure(spanExportSettings(config)),
    turned: (parts, milliseconds) => {
      metrics.turned(parts.size, milliseconds);
      findingLog.touch();
      dashboard?.turned(parts, built?.change.own ?? new Set(), milliseconds);
      if (parts.size > 0) turned(parts, milliseconds);
    },
  });
  const current = (): Current | undefined => built && served && { built, program: served };
  const health = healthOf({ settings, source, engine, controller, programmed, programmedGateways, metrics, journal, traffic, rollouts: rollouts.api, current, notReady: () => (ending.aborted ? "shutting down" : readiness.problem()) });
  const dashboard = openDashboard({ ...health, settings, source: source.description, current, changed: () => found() });
  const assembly: Assembly = { engine, controller, cluster, findingLog, spans, rollouts, health: { ...health, dashboard: dashboard?.answer }, dashboard, workers, webhook: undefined };
  return assembly;
}

/** What is served now. */
interface Current {
  readonly built: Built;
  readonly program: Program;
}

interface TellingParts extends Pick<HealthOptions, "notReady" | "journal" | "rollouts"> {
  readonly settings: Settings;
  readonly source: Source;
  readonly engine: Engine;
  readonly controller: Controller;
  readonly programmed: ProgrammedObjects;
  readonly programmedGateways: ProgrammedObjects<ObjectStatus>;
  readonly metrics: Metrics;
  readonly traffic: Traffic;
  /** Undefined: nothing is served yet. */
  readonly current: () => Current | undefined;
}

/** What the health port tells of the parts. */
function healthOf({ settings, source, engine, controller, programmed, programmedGateways, metrics, journal, traffic, rollouts, current, notReady }: TellingParts): HealthOptions & { readonly explain: ExplainNow } {
  const findings = (): readonly Finding[] => controller.findings();
  const { snapshot } = source;
  return {
    host: settings.healthzHost,
    port: settings.healthzPort,
    healthCheckPath: settings.healthCheckPath,
    state: () => engine.state,
    notReady,
    findings,
    sync: (signal) => controller.sync(signal),
    list: (word) => {
      const kind = LISTED.find((one) => one === word);
      const now = current();
      return kind && (now ? rowsOf(kind, { model: now.built.model, program: now.program, findings: findings(), rollouts: rollouts.statuses() }) : []);
    },
    object: askObject({
      snapshot, programmed, programmedGateways, findings, ours: () => current()?.built, blocked: () => new Set([...engine.state.frontsBlocked.keys()].map(({ id }) => id)),
      catchUp: (...object) => controller.catchUp(...object),
    }),
    metrics: () => metrics.scrape(),
    journal,
    rollouts,
    traffic: (cursor) => traffic.since(cursor),
    explain: async (asked) => {
      const now = current();
      if (!now) throw new UserError("Nothing is served yet.");
      return await explainLive(asked, { model: now.built.model, program: now.program, findings: findings(), snapshot, rollouts: rollouts.statuses() }, settings, engine, () => journal.newest());
    },
    dashboard: undefined,
  };
}

/**
 * Checks that nginx and its libraries are there: throws at once for what is missing, and rejects when the libraries have been
 * tried and are not good. The agent checks again; checking here makes it an error of this command. Libraries are not tried
 * while an agent or an nginx runs already.
 */
function tryEngine({ runtimeDir }: Settings): Promise<void> {
  const probe = probeEngine({ binary: NGINX_BINARY, runtimeDir, edgeDir: EDGE_DIR, accessLog: "" });
  const isThere = [AGENT_LOCK, NGINX_MASTER].some((file) => lockHolder(`${runtimeDir}/${file}`) !== undefined);
  return isThere ? Promise.resolve() : requireLibraries(probe);
}

function closeServer(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/**
 * Claims the runtime folder and takes the controller's lock in it. `leave` removes what Sluice made there, and the
 * folder too when the start `failed` and the folder was not there before.
 */
function prepareFolder({ runtimeDir, externalAgent }: Settings): { leave(failed: boolean): void } {
  if (runtimeDir.length + "/control.sock".length > LONGEST_SOCKET_PATH) {
    throw new UserError(`--runtime-dir=${runtimeDir} is too long for the path of a unix socket: choose one of at most 90 characters.`);
  }
  const made = claimFolder(runtimeDir);
  const lock = takeLock(`${runtimeDir}/${CONTROLLER_LOCK}`, "controller");
  return {
    leave(failed) {
      if (externalAgent) clearControllerFiles(runtimeDir);
      else clearFolder(runtimeDir, failed && made);
      rmSync(lock, { force: true });
    },
  };
}
