/**
 * Writes the status of one object, bound to the version that the write was decided on: the API server refuses it for
 * any other version (409).
 *
 * The write is a JSON merge patch of the status subresource. ingress-nginx's own roles allow to update the status but not
 * to patch it: for such an account the object is read, and written with the patch applied. Neither way touches other fields.
 */
import { fields } from "../../source/kubernetes/trim.ts";
import { GATEWAY_GROUP, GATEWAY_KINDS, type GatewayKindName } from "../../source/gateway/kinds.ts";
import type { GatewayObject, Ingress } from "../../source/objects.ts";
import { lacksRight, MANAGER } from "../cluster/api.ts";
import type { ClusterApi, Right } from "../cluster/api.ts";

/** An object whose status is ours to write, at least in part. */
export type StatusObject = Ingress | GatewayObject<GatewayKindName>;

/** A JSON merge patch (RFC 7396): null removes a field. */
export interface StatusChange {
  readonly [field: string]: unknown;
}

/** What is written, and the version that it was decided on. */
export interface Patch {
  readonly object: StatusObject;
  readonly status: StatusChange;
  readonly version: string | undefined;
}

interface Place {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** What is lost without the right to write. */
  readonly effect: string;
}

function placeOfKind(kind: StatusObject["kind"]): Place {
  if (kind === "Ingress") return { group: "networking.k8s.io", version: "v1", plural: "ingresses", effect: "Ingresses get no addresses in their status" };
  const { plural, versions: [version] } = GATEWAY_KINDS[kind];
  return { group: GATEWAY_GROUP, version, plural, effect: `nothing is said in the status of ${plural}` };
}

/**
 * The result sends one patch and resolves with the object as it is then. It rejects as ClusterApi does.
 *
 * @param namespace that all objects are in; empty: all of them
 */
export function statusRequests(api: ClusterApi, namespace: string): (patch: Patch, signal: AbortSignal) => Promise<unknown> {
  const right = (verb: Right["verb"], { kind }: StatusObject, part: "/status" | ""): Right => {
    const { plural, group, effect } = placeOfKind(kind);
    return { resource: `${plural}.${group}${part}`, kind, effect, verb, namespace };
  };
  /** Kinds whose status is updated, because patching was refused last. */
  const updates = new Set<string>();

  const patched = (patch: Patch, signal: AbortSignal): Promise<unknown> =>
    api.ask(right("patch", patch.object, "/status"), `${pathOf(patch)}/status`, signal, { method: "PATCH", contentType: "application/merge-patch+json", body: changeOf(patch) }, MANAGER);

  const updated = async (patch: Patch, signal: AbortSignal): Promise<unknown> => {
    const raw = await api.ask(right("get", patch.object, ""), pathOf(patch), signal);
    const answer = await api.ask(right("update", patch.object, "/status"), `${pathOf(patch)}/status`, signal, { method: "PUT", body: wholeOf(patch, raw) }, MANAGER);
    api.manageWithout(right("patch", patch.object, "/status"));
    return answer;
  };

  return async (patch, signal) => {
    const { kind } = patch.object;
    if (!updates.has(kind)) {
      try {
        return await patched(patch, signal);
      } catch (error) {
        if (!lacksRight(error)) throw error;
        updates.add(kind);
      }
    }
    try {
      return await updated(patch, signal);
    } catch (error) {
      // For an account with neither right both ways are tried again, and the finding asks for the right to patch.
      if (lacksRight(error)) updates.delete(kind);
      api.manageWithout(right("update", patch.object, "/status"));
      throw error;
    }
  };
}

function pathOf({ object: { kind, metadata: { namespace, name } } }: Patch): string {
  const { group, version, plural } = placeOfKind(kind);
  return `/apis/${group}/${version}${namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}/${encodeURIComponent(name)}`;
}

function changeOf({ status, version }: Patch): string {
  return JSON.stringify({ metadata: { resourceVersion: version }, status });
}

function wholeOf({ status: change, version }: Patch, raw: unknown): string {
  const { metadata, status, ...others } = fields(raw);
  return JSON.stringify({ ...others, metadata: { ...fields(metadata), resourceVersion: version }, status: merged(status, change) });
}

/** A value with a JSON merge patch applied. */
function merged(value: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const made: Record<string, unknown> = { ...fields(value) };
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete made[name];
    else made[name] = merged(made[name], change);
  }
  return made;
}
