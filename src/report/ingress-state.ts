/**
 * One Ingress as this replica sees and serves it: what `sluice wait` asks for.
 */
import { keyOf } from "../source/snapshot.ts";
import type { Snapshot } from "../source/snapshot.ts";
import type { Ingress } from "../source/objects.ts";
import type { OwnIngress } from "../model/model.ts";
import type { Finding } from "../model/findings/findings.ts";
import { pause } from "../support/backoff.ts";
import type { ProgrammedIngresses } from "./programmed.ts";

/** A version of an object. Objects from files have neither. */
export interface Version {
  readonly generation?: number;
  readonly resourceVersion?: string;
}

export interface IngressState {
  /** `namespace/name`. */
  readonly ingress: string;
  /** `absent`; of another class; refused as a whole; on its way; served by every worker as it is now. */
  readonly state: "absent" | "foreign" | "refused" | "pending" | "programmed";
  /** What this replica has taken in. */
  readonly seen?: Version;
  /** What every worker serves; it may be older. */
  readonly programmed?: Version;
  /** Why it is not programmed. */
  readonly waitingFor?: string;
  readonly findings: readonly Finding[];
}

export interface IngressStateOptions {
  readonly snapshot: Snapshot;
  readonly programmed: ProgrammedIngresses;
  /** Ingresses that are ours, as of the last turn; undefined before the first. */
  readonly ours: () => ReadonlyMap<string, OwnIngress> | undefined;
  readonly findings: () => readonly Finding[];
  readonly catchUp: (namespace: string, name: string, signal: AbortSignal) => Promise<void>;
}

/**
 * Answers when the Ingress as it is now is programmed, or cannot be, or after `limit` milliseconds with what is so far;
 * with a limit of 0 at once, without asking the source what it is now.
 */
export type AskIngress = (namespace: string, name: string, limit: number) => Promise<IngressState>;

export function askIngress(options: IngressStateOptions): AskIngress {
  const { snapshot, programmed, ours, findings, catchUp } = options;

  const stateOf = (namespace: string, name: string, problem?: string): IngressState => {
    const key = keyOf(namespace, name);
    const seen = snapshot.get("Ingress", namespace, name);
    const own = ours()?.get(key);
    const served = programmed.version(key);
    const waitingFor = problem ?? programmed.obstacle(key);
    const isCurrent = own !== undefined && own.ingress === seen && served === seen;
    const unknown = problem !== undefined || !ours();
    const state = unknown ? "pending" : !seen ? "absent" : !own ? "foreign" : own.refused ? "refused" : isCurrent ? "programmed" : "pending";
    return {
      ingress: key,
      state,
      ...(seen ? { seen: versionOf(seen) } : {}),
      ...(served ? { programmed: versionOf(served) } : {}),
      ...(waitingFor === undefined ? {} : { waitingFor }),
      findings: findings().filter(({ object, other }) => [object, other?.object].some((one) => one?.kind === "Ingress" && one.namespace === namespace && one.name === name)),
    };
  };

  return async (namespace, name, limit) => {
    if (limit === 0) return stateOf(namespace, name);
    const signal = AbortSignal.timeout(limit);
    if (!ours()) {
      await pause(limit / 10, signal);
      return stateOf(namespace, name, "this Sluice has not read its objects yet");
    }
    try {
      await catchUp(namespace, name, signal);
    } catch (error) {
      return stateOf(namespace, name, `its newest version is not known: ${signal.aborted ? "no answer in time" : (error as Error).message}`);
    }
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (stateOf(namespace, name).state === "pending" && !signal.aborted) return;
        stop();
        resolve();
      };
      const stop = programmed.listen(check);
      signal.addEventListener("abort", check, { once: true });
      check();
    });
    return stateOf(namespace, name);
  };
}

function versionOf({ metadata: { generation, resourceVersion } }: Ingress): Version {
  return { ...(generation === undefined ? {} : { generation }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}
