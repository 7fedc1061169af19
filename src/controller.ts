/**
 * The loop: source → model → compile → engine. The only file that knows every stage.
 *
 * Level-based: each turn takes the references that changed since the last one, reads those objects as they are now, and
 * publishes the difference. Turns never overlap; changes that arrive during a turn are for the next. A long turn is taken in
 * slices, between which probes and watches have the event loop; nothing of it is published before all of it is done.
 */
import { createCompiler } from "./compile/program.ts";
import type { Program } from "./compile/program.ts";
import type { Engine, EngineState } from "./engine/engine.ts";
import { createModelBuilder } from "./model/build/build.ts";
import type { Candidate, Judgement } from "./model/build/candidate.ts";
import type { Config } from "./model/config/config.ts";
import { wantedWith } from "./model/config/named.ts";
import { parseConfig } from "./model/config/parse.ts";
import { grpcFindings } from "./model/routes/grpc.ts";
import { objectKey } from "./model/shapes/lookup.ts";
import type { Finding } from "./model/findings/findings.ts";
import { toldFindings } from "./report/told.ts";
import type { Built } from "./model/model.ts";
import type { Settings } from "./settings.ts";
import { resolveNames } from "./source/names.ts";
import type { GivenWeight, Ingress, ObjectRef } from "./source/objects.ts";
import { keepHeapTight } from "./support/heap.ts";
import { oneAtATime } from "./support/one-at-a-time.ts";
import { inSlices } from "./support/slices.ts";
import { splitName } from "./support/namespaced-name.ts";
import { keyOf, type Snapshot } from "./source/snapshot.ts";
import type { Source } from "./source/source.ts";
import type { Log } from "./support/log.ts";
import { wake, type Wake } from "./support/wake.ts";

export interface ControllerOptions {
  readonly settings: Settings;
  readonly source: Source;
  readonly engine: Engine;
  readonly log: Log;
  /** What is wrong with the engine now. */
  readonly engineFindings: () => readonly Finding[];
  /** Called after each turn, with the parts that it changed and how long it took. */
  readonly turned: (parts: ReadonlySet<string>, milliseconds: number) => void;
  /** Called after each turn, once the engine has been told; `wanted` resolves when the objects that are referred to have been read. */
  readonly taken: (built: Built, wanted: Promise<void>, program: Program) => void;
  /** What rollouts gave canaries when they were last kept. Awaited before the first turn. */
  readonly weights: () => Promise<ReadonlyMap<string, GivenWeight>>;
  /** Called when the controller's ConfigMap was read. */
  readonly configured: (config: Config) => void;
}

export interface Controller {
  /**
   * Resolves when the source was read for the first time and the first turn is done. Rejects as `allowed` does, before which the
   * engine is told nothing.
   */
  start(signal: AbortSignal, allowed: Promise<unknown>): Promise<void>;
  /** To be called when the engine's state changed. */
  engineChanged(): void;
  /** Takes what rollouts give canaries now, by `namespace/name` of the Ingress. */
  weigh(weights: ReadonlyMap<string, GivenWeight>): void;
  /**
   * Reads the source anew and resolves when every worker runs what the source says; rejects when nginx refuses its
   * configuration, or `signal` aborts first.
   */
  sync(signal: AbortSignal): Promise<EngineState>;
  /** Resolves when a turn has taken in the object at least as new as the source has it now; see `Source.catchUp`. */
  catchUp(object: ObjectRef, signal: AbortSignal): Promise<void>;
  /** Everything that is wrong now, sorted. */
  findings(): readonly Finding[];
  /** What would be wrong if an Ingress were written like this; undefined before the first turn. To be asked between turns (`atRest`). */
  consider(candidate: Candidate): Judgement | undefined;
  /** Undefined: no turn is under way. Otherwise it resolves when this one has ended. */
  atRest(): Promise<void> | undefined;
}

export function createController(options: ControllerOptions): Controller {
  const { settings, source, engine, log } = options;
  const builder = createModelBuilder(settings);
  const compiler = createCompiler(settings.profilesPerNamespace);
  const wanted = wantedWith();
  const waiters = new Set<() => void>();
  let config = parseConfig(undefined);
  let built: Built | undefined;
  /** The objects that the last turn wanted of the source, and when they have been read. */
  let wanting: { readonly objects: Built["wanted"]; readonly read: Promise<void> } | undefined;
  let verdicts: ReadonlyMap<string, string> | undefined;
  /** Starts a turn when the Model changes by time alone: a certificate expires. */
  let time: Wake | undefined;
  /**
   * False until the objects that the first Program refers to were read as well. Until then there are no turns, and
   * changes gather in the Snapshot.
   */
  let started = false;
  let ended = false;

  const { resolver, allowLocalTargets } = settings;
  const names = resolveNames({ resolver, allowLocalTargets, ipv6: () => !config.config.disableIpv6Dns, snapshot: source.snapshot, changed: () => void turn(), log });

  const readConfig = (): void => {
    const ref = splitName(settings.configmap);
    config = parseConfig(ref && source.snapshot.get("ConfigMap", ref.namespace, ref.name), config, source.snapshot);
    options.configured(config.config);
  };

  const concernsConfig = ({ kind, namespace, name }: ObjectRef): boolean =>
    kind === "ConfigMap" || ((kind === "Secret" || kind === "SnippetVerdict") && config.objects.has(objectKey(kind, namespace, name)));

  const rebuild = async (): Promise<Built> => {
    const changes = source.snapshot.takeChanges();
    if (!built || changes.some(concernsConfig)) readConfig();
    built = await inSlices(builder.updating(source.snapshot, changes, config.config));
    return built;
  };

  const takeVerdicts = (): void => {
    const { refusedSnippets } = engine.state;
    if (refusedSnippets === verdicts || (verdicts === undefined && refusedSnippets.size === 0)) return;
    verdicts = refusedSnippets;
    putVerdicts(source.snapshot, verdicts);
    // Not now, because the engine is calling us.
    setImmediate(() => void turn());
  };

  /** Takes in what changed until now. Resolves when it is handed to the engine. */
  const turn = (): Promise<void> => (started ? turns.run() : Promise.resolve());

  const takeTurn = async (): Promise<void> => {
    const begun = performance.now();
    const now = await rebuild();
    const objects = wanted(now.wanted, config.objects);
    if (wanting?.objects !== objects) wanting = { objects, read: source.want(objects) };
    names.want(now.names);
    const { program, changed } = await inSlices(compiler.compiling(now));
    if (ended) return;
    // Some settings of the operator's and of listeners are in nginx's configuration alone, and change no part.
    if (changed.size > 0 || now.change.config || now.change.listeners.size > 0) engine.apply(program, changed);
    engine.forgetVerdicts((snippet) => !now.asksAbout(snippet));
    options.taken(now, wanting.read, program);
    options.turned(changed, performance.now() - begun);
    keepHeapTight();
    time?.at(now.changesAt);
  };

  const turns = oneAtATime(orEnd(takeTurn));

  const ingressOf = (namespace: string, name: string): Ingress | undefined => source.snapshot.get("Ingress", namespace, name);
  const ofGrpc = (): readonly Finding[] => (built && engine.state.grpcOverTlsAlone ? grpcFindings(built.model, settings.annotationsPrefix, (kind, namespace, name) => source.snapshot.get(kind, namespace, name)) : []);

  return {
    async start(signal, allowed) {
      signal.addEventListener("abort", () => {
        ended = true;
        names.stop();
      }, { once: true });
      time = wake(() => void turn(), signal);
      await source.start(() => void turn(), signal);
      keepHeapTight();
      putWeights(source.snapshot, await options.weights());
      const first = await rebuild();
      // A first Program without its certificates would answer with the wrong ones for a moment.
      await Promise.all([source.want(wanted(first.wanted, config.objects)), allowed]);
      started = true;
      await turn();
    },
    engineChanged() {
      takeVerdicts();
      for (const check of [...waiters]) check();
    },
    weigh(weights) {
      putWeights(source.snapshot, weights);
      void turn();
    },
    async sync(signal) {
      await source.sync(signal);
      await turn();
      const wanted = engine.state.applied;
      // Later changes are not waited for.
      await settled(waiters, signal, () => engine.state.served >= wanted);
      if (engine.state.refused !== undefined) throw new Error(`nginx refuses its new configuration: ${engine.state.refused}`);
      return engine.state;
    },
    consider: (candidate) => (started ? builder.consider(candidate, source.snapshot) : undefined),
    atRest: () => turns.underWay(),
    async catchUp(object, signal) {
      await source.catchUp(object, signal);
      await turn();
    },
    findings: () => toldFindings([
      ...source.findings, ...config.findings, ...options.engineFindings(), ...(built?.findings() ?? []), ...compiler.findings(ingressOf), ...ofGrpc(),
    ]),
  };
}

/** A mistake of ours in a turn leaves half a model behind: then this process ends, whoever else hears of the mistake. */
function orEnd(work: () => Promise<void>): () => Promise<void> {
  return async () => {
    try {
      await work();
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
      throw error;
    }
  };
}

/** Puts what nginx said of snippets into the Snapshot as objects, so that the Ingresses with those snippets are read again. */
function putVerdicts(snapshot: Snapshot, verdicts: ReadonlyMap<string, string>): void {
  for (const { metadata } of [...snapshot.all("SnippetVerdict").values()]) {
    if (!verdicts.has(metadata.name)) snapshot.remove({ kind: "SnippetVerdict", namespace: "", name: metadata.name });
  }
  for (const [name, problem] of verdicts) {
    if (snapshot.get("SnippetVerdict", "", name)?.problem === problem) continue;
    snapshot.put({ kind: "SnippetVerdict", metadata: { namespace: "", name }, problem });
  }
}

/** Puts what rollouts give canaries into the Snapshot as objects, so that the Ingresses of these are read again. */
function putWeights(snapshot: Snapshot, weights: ReadonlyMap<string, GivenWeight>): void {
  for (const { metadata: { namespace, name } } of [...snapshot.all("RolloutWeight").values()]) {
    if (!weights.has(keyOf(namespace, name))) snapshot.remove({ kind: "RolloutWeight", namespace, name });
  }
  for (const [key, given] of weights) {
    const ref = splitName(key);
    if (!ref || JSON.stringify(snapshot.get("RolloutWeight", ref.namespace, ref.name)?.given) === JSON.stringify(given)) continue;
    snapshot.put({ kind: "RolloutWeight", metadata: ref, given });
  }
}

/** Resolves when `done` is true; checked whenever the engine's state changes. Rejects when `signal` aborts. */
function settled(waiters: Set<() => void>, signal: AbortSignal, done: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      if (!done()) return;
      waiters.delete(check);
      resolve();
    };
    signal.addEventListener(
      "abort",
      () => {
        waiters.delete(check);
        reject(signal.reason as Error);
      },
      { once: true },
    );
    waiters.add(check);
    check();
  });
}
