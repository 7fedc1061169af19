/**
 * One Ingress as this replica sees and serves it: what `sluice wait` asks for.
 */
import { keyOf } from "../source/snapshot.ts";
import type { Snapshot } from "../source/snapshot.ts";
import type { Ingress } from "../source/objects.ts";
import type { OwnObject } from "../model/model.ts";
import { objectKey } from "../model/shapes/lookup.ts";
import type { Finding } from "../model/findings/findings.ts";
import { pause } from "../support/backoff.ts";
import type { ProgrammedObjects } from "./programmed.ts";

/** A version of an object. Objects from files have neither field. */
export interface Version {
  readonly generation?: number;
  readonly resourceVersion?: string;
}

export interface IngressState {
  /** `namespace/name`. */
  readonly ingress: string;
  /**
   * In this order: there is no such Ingress; it has another class; it is refused as a whole; it is on its way; every
   * worker serves it as it is now.
   */
  readonly state: "absent" | "foreign" | "refused" | "pending" | "programmed";
  /** The version that this replica has read. */
  readonly seen?: Version;
  /** The version that every worker serves, which may be older. */
  readonly programmed?: Version;
  /** Why it is not programmed. */
  readonly waitingFor?: string;
  readonly findings: readonly Finding[];
}

export interface IngressStateOptions {
  readonly snapshot: Snapshot;
  readonly programmed: ProgrammedObjects;
  /** What is ours, as of the last turn; undefined before the first. */
  readonly ours: () => ReadonlyMap<string, OwnObject> | undefined;
  readonly findings: () => readonly Finding[];
  readonly catchUp: (namespace: string, name: string, signal: AbortSignal) => Promise<void>;
}

/**
 * Resolves with the state of an Ingress: when its newest version is programmed, when that version never will be, or after
 * `limit` milliseconds. With a limit of 0 it resolves at once, without asking the source for the newest version.
 */
export type AskIngress = (namespace: string, name: string, limit: number) => Promise<IngressState>;

export function askIngress(options: IngressStateOptions): AskIngress {
  const { snapshot, programmed, ours, findings, catchUp } = options;

  const stateOf = (namespace: string, name: string, problem?: string): IngressState => {
    const key = keyOf(namespace, name);
    const seen = snapshot.get("Ingress", namespace, name);
    const id = objectKey("Ingress", namespace, name);
    const own = ours()?.get(id);
    const served = programmed.version(id);
    const waitingFor = problem ?? programmed.obstacle(id);
    const isCurrent = own !== undefined && own.object === seen && served === seen;
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
