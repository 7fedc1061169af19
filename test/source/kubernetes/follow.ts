/**
 * Starts a Kubernetes source under test, keeps its log lines, and gives ways to wait for what it does. The source ends with its test.
 */
import type { TestContext } from "node:test";
import type { WantedObjects } from "../../../src/source/snapshot.ts";
import { kubernetesSource } from "../../../src/source/kubernetes/source.ts";
import type { KubernetesSource, KubernetesSourceOptions } from "../../../src/source/kubernetes/source.ts";
import { TIMING } from "../../../src/source/kubernetes/timing.ts";
import type { Kind } from "../../../src/source/objects.ts";

export interface Followed {
  readonly source: KubernetesSource;
  readonly log: readonly string[];
  /** Resolves when `start` does. */
  readonly started: Promise<void>;
  /** How often the source has told of a change. */
  readonly changes: number;
  /** Resolves as soon as `holds` is true, which is tried after each change and each log line. */
  until(holds: () => boolean): Promise<void>;
  untilLogged(pattern: RegExp): Promise<void>;
  /** `kind namespace/name` of all objects of a kind, sorted. */
  names(kind: Kind): string[];
  stop(): void;
}

/** The timing of production, except for a back-off that is short enough for tests. */
const QUICK = { ...TIMING, backoffBase: 20, backoffCap: 200 };

export function follow(t: Pick<TestContext, "after">, options: Partial<KubernetesSourceOptions> & { readonly kubeconfig: string }): Followed {
  const log: string[] = [];
  const checks = new Set<() => void>();
  const check = (): void => {
    for (const one of checks) one();
  };
  const abort = new AbortController();
  t.after(() => abort.abort());
  let changes = 0;
  const source = kubernetesSource({
    context: "", watchNamespace: "", configmap: "", timing: QUICK,
    log(level, message) {
      log.push(`${level} ${message}`);
      check();
    },
    ...options,
  });
  const started = source.start(() => {
    changes++;
    check();
  }, abort.signal);
  started.catch(() => {});
  const until = (holds: () => boolean): Promise<void> => new Promise((resolve) => {
    const one = (): void => {
      if (!holds()) return;
      checks.delete(one);
      resolve();
    };
    checks.add(one);
    one();
  });
  return {
    source, log, started, until,
    get changes() {
      return changes;
    },
    untilLogged: (pattern) => until(() => log.some((line) => pattern.test(line))),
    names: (kind) => [...source.snapshot.all(kind).keys()].sort(),
    stop: () => abort.abort(),
  };
}

/** The argument of `want` for these Secrets and no ConfigMap. */
export function secretsOnly(secrets: readonly string[]): WantedObjects {
  return { secrets: new Set(secrets), configMaps: new Set() };
}
