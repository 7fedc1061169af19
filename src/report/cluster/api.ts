/**
 * The API server for the parts of Sluice that write to it.
 *
 * Guarantee: a right that the account lacks is one finding, from the first refusal until the API server takes such a
 * request; nothing is thrown but `Refused`, `Unreachable`, `Broken` and the signal's reason.
 */
import { sortFindings } from "../../model/findings/findings.ts";
import type { Finding, Subject } from "../../model/findings/findings.ts";
import { Refused } from "../../source/kubernetes/failures.ts";
import { answerOf } from "../../source/kubernetes/pages.ts";
import type { Connection, Query, RequestDetails } from "../../source/kubernetes/transport.ts";
import { createBackoff, type Backoff } from "../../support/backoff.ts";
import { rightMissing } from "./findings.ts";

/** What a request needs, and what is lost without it. */
export interface Right {
  readonly verb: "get" | "list" | "create" | "update" | "patch";
  /** As RBAC and kubectl write it: `leases.coordination.k8s.io`. */
  readonly resource: string;
  readonly kind: Subject["kind"];
  /** Where it is needed; empty: everywhere. */
  readonly namespace: string;
  readonly effect: string;
}

export interface ClusterApi {
  readonly connection: Connection;
  /** The JSON of the answer; rejects for anything but a success. */
  ask(right: Right, path: string, signal: AbortSignal, details?: RequestDetails, query?: Query): Promise<unknown>;
  /** Drops the finding about this right: a request with another right did the same. */
  manageWithout(right: Right): void;
  findings(): readonly Finding[];
}

/** Query parameter with our name as a manager of fields (Kubernetes API, "Field management"). */
export const MANAGER: Query = { fieldManager: "sluice" };

/**
 * Waits after refusals for a right that is missing. An administrator has to grant it, so they grow to a minute; they begin
 * small, because an API server that has just started refuses everybody until it has read its roles.
 */
export const forbiddenBackoff = (): Backoff => createBackoff(2000, 60_000);

/** Milliseconds to wait after a failure: as long as the server asks for, and at least as long as the backoff says. */
export function waitAfter(error: unknown, backoff: Backoff): number {
  return Math.max(error instanceof Refused ? (error.retryAfter ?? 0) : 0, backoff.next());
}

/** @param changed after `findings` changed. */
export function clusterApi(connection: Connection, changed: () => void): ClusterApi {
  const missing = new Map<string, Finding>();
  const forget = (right: Right): void => {
    if (missing.delete(keyOf(right))) changed();
  };
  return {
    connection,
    async ask(right, path, signal, details, query = {}) {
      try {
        const answer = await answerOf(await connection.request(path, query, signal, details));
        forget(right);
        return answer;
      } catch (error) {
        if (!lacksRight(error)) {
          // The server refused the request for another reason, so our account has the right.
          if (error instanceof Refused && error.status !== 401 && error.status < 500) forget(right);
        } else if (!missing.has(keyOf(right))) {
          missing.set(keyOf(right), findingOf(right));
          changed();
        }
        throw error;
      }
    },
    manageWithout: forget,
    findings: () => sortFindings(missing.values()),
  };
}

function keyOf({ verb, resource, namespace }: Right): string {
  return `${verb} ${resource} ${namespace}`;
}

function findingOf({ verb, resource, kind, namespace, effect }: Right): Finding {
  const role = `sluice-${resource.replaceAll(/[./]/g, "-")}`;
  const where = namespace === "" ? `clusterrole ${role}` : `role ${role} -n ${namespace}`;
  const remedy = `grant it with kubectl create ${where} --verb=${verb} --resource=${resource}, and bind it`;
  return rightMissing({ object: { kind, metadata: { namespace, name: "" } }, field: "" }, { verb, resource, remedy, effect });
}

/** Whether our account lacks the right. The API server's words tell: admission (a namespace that is going, a quota) refuses with the same status. */
export function lacksRight(error: unknown): boolean {
  return isStatus(error, 403) && /\bcannot (get|list|create|update|patch) /.test((error as Refused).message);
}

export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof Refused && statuses.includes(error.status);
}
