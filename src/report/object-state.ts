/**
 * One object as this replica sees and serves it: what `sluice wait` asks for.
 */
import { keyOf } from "../source/snapshot.ts";
import type { Snapshot } from "../source/snapshot.ts";
import type { Meta, ObjectRef } from "../source/objects.ts";
import type { Built } from "../model/model.ts";
import { objectKey } from "../model/shapes/lookup.ts";
import type { ObjectStatus } from "../model/shapes/object-status.ts";
import type { Finding } from "../model/findings/findings.ts";
import { pause } from "../support/backoff.ts";
import type { AskedKind } from "./asked-kinds.ts";
import type { ProgrammedObjects } from "./programmed.ts";
import { sameGeneration } from "./status/gateway-status.ts";

/** A version of an object. Objects from files have neither field. */
export interface Version {
  readonly generation?: number;
  readonly resourceVersion?: string;
}

export interface AskedState {
  readonly kind: AskedKind;
  /** `namespace/name`. */
  readonly object: string;
  /** The same, of an Ingress: for scripts from before there were other kinds. */
  readonly ingress?: string;
  /**
   * In this order: there is no such object; it is not ours, by its class or because it names no Gateway that is; nothing of it is served;
   * it is on its way; every worker serves it as it is now.
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

export interface AskedStateOptions {
  readonly snapshot: Snapshot;
  readonly programmed: ProgrammedObjects;
  readonly programmedGateways: ProgrammedObjects<ObjectStatus>;
  /** What is ours, as of the last turn; undefined before the first. */
  readonly ours: () => Pick<Built, "own" | "judged"> | undefined;
  /** Keys of fronts (`Front.id`) whose port cannot be opened. */
  readonly blocked: () => ReadonlySet<string>;
  readonly findings: () => readonly Finding[];
  readonly catchUp: (object: ObjectRef, signal: AbortSignal) => Promise<void>;
}

/**
 * Resolves with the state of an object: when its newest version is programmed, when that version never will be, or after
 * `limit` milliseconds. With a limit of 0 it resolves at once, without asking the source for the newest version.
 */
export type AskObject = (kind: AskedKind, namespace: string, name: string, limit: number) => Promise<AskedState>;

/** What is known of an object that is there. */
interface Known {
  /** Undefined: it is not ours. */
  readonly own: { readonly refused: boolean; readonly isRead: boolean } | undefined;
  readonly served: { readonly metadata: Meta } | undefined;
  readonly isServed: boolean;
  readonly waitingFor: string | undefined;
}

export function askObject(options: AskedStateOptions): AskObject {
  const { snapshot, programmed, programmedGateways, ours, findings, catchUp } = options;

  const knownOf = (id: string, kind: AskedKind, seen: object | undefined): Known => {
    if (kind === "Ingress") {
      const own = ours()?.own.get(id);
      const served = programmed.version(id);
      return { own: own && { refused: own.refused, isRead: own.object === seen }, served, isServed: served === seen, waitingFor: programmed.obstacle(id) };
    }
    const said = ours()?.judged.get(id);
    const own = said?.parents?.length === 0 ? undefined : said;
    const served = programmedGateways.version(id);
    const isSame = (one: ObjectStatus["object"] | undefined): boolean => one !== undefined && (one === seen || (seen !== undefined && sameGeneration(one, seen as ObjectStatus["object"])));
    const blocked = blockedPorts(own, options.blocked());
    return {
      own: own && { refused: isRefused(own), isRead: isSame(own.object) }, served, isServed: isSame(served) && blocked === undefined,
      waitingFor: programmedGateways.obstacle(id) ?? blocked,
    };
  };

  const stateOf = (kind: AskedKind, namespace: string, name: string, problem?: string): AskedState => {
    const seen = snapshot.get(kind, namespace, name);
    const { own, served, isServed, waitingFor: obstacle } = knownOf(objectKey(kind, namespace, name), kind, seen);
    const waitingFor = problem ?? obstacle;
    const unknown = problem !== undefined || !ours();
    const state = unknown ? "pending" : !seen ? "absent" : !own ? "foreign" : own.refused ? "refused" : own.isRead && isServed ? "programmed" : "pending";
    return {
      kind,
      object: keyOf(namespace, name),
      ...(kind === "Ingress" ? { ingress: keyOf(namespace, name) } : {}),
      state,
      ...(seen ? { seen: versionOf(seen) } : {}),
      ...(served ? { programmed: versionOf(served) } : {}),
      ...(waitingFor === undefined ? {} : { waitingFor }),
      findings: findings().filter(({ object, other }) => [object, other?.object].some((one) => one?.kind === kind && one.namespace === namespace && one.name === name)),
    };
  };

  return async (kind, namespace, name, limit) => {
    if (limit === 0) return stateOf(kind, namespace, name);
    const signal = AbortSignal.timeout(limit);
    if (!ours()) {
      await pause(limit / 10, signal);
      return stateOf(kind, namespace, name, "this Sluice has not read its objects yet");
    }
    try {
      await catchUp({ kind, namespace, name }, signal);
    } catch (error) {
      return stateOf(kind, namespace, name, `its newest version is not known: ${signal.aborted ? "no answer in time" : (error as Error).message}`);
    }
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (stateOf(kind, namespace, name).state === "pending" && !signal.aborted) return;
        for (const stop of stops) stop();
        resolve();
      };
      const stops = [programmed.listen(check), programmedGateways.listen(check)];
      signal.addEventListener("abort", check, { once: true });
      check();
    });
    return stateOf(kind, namespace, name);
  };
}

/** Nothing of it is served: of a Gateway no listener, of a route no parent. */
function isRefused({ conditions, listeners, parents }: ObjectStatus): boolean {
  if (parents) return parents.every(({ hosts }) => hosts.length === 0);
  const isBad = conditions.some(({ type, status }) => (type === "Accepted" || type === "Programmed") && status === "False");
  return isBad || listeners?.every(({ front }) => front === undefined) === true;
}

/** Of a Gateway every port counts, of a route one that is open is enough. */
function blockedPorts(said: ObjectStatus | undefined, blocked: ReadonlySet<string>): string | undefined {
  const ofRoute = (said?.parents ?? []).flatMap(({ fronts }) => fronts);
  const wanted = ofRoute.length > 0 && ofRoute.every((one) => blocked.has(one)) ? ofRoute : (said?.listeners ?? []).flatMap(({ front }) => front ?? []);
  const ports = new Set(wanted.flatMap((front) => (blocked.has(front) ? [front.split(" ")[1]] : [])));
  return ports.size === 0 ? undefined : `port ${[...ports].join(", ")} cannot be opened on this machine; it is tried again`;
}

function versionOf({ metadata: { generation, resourceVersion } }: { readonly metadata: Meta }): Version {
  return { ...(generation === undefined ? {} : { generation }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}
