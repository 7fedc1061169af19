/**
 * A Kubernetes source under test: started, with its log lines kept, and ways to wait for what it says.
 */
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
  /** Number of calls of `changed`. */
  readonly changes: number;
  /** Resolves as soon as `holds` is true; asked after each change and each log line. */
  until(holds: () => boolean): Promise<void>;
  untilLogged(pattern: RegExp): Promise<void>;
  /** `kind namespace/name` of all objects of a kind, sorted. */
  names(kind: Kind): string[];
  stop(): void;
}

/** Back-off short enough for tests; everything else as in production. */
const QUICK = { ...TIMING, backoffBase: 20, backoffCap: 200 };

export function follow(options: Partial<KubernetesSourceOptions> & { readonly kubeconfig: string }): Followed {
  const log: string[] = [];
  const checks = new Set<() => void>();
  const check = (): void => {
    for (const one of checks) one();
  };
  const abort = new AbortController();
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

/** What `want` takes, for tests about Secrets. */
export function secretsOnly(secrets: readonly string[]): WantedObjects {
  return { secrets: new Set(secrets), configMaps: new Set() };
}
