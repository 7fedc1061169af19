/**
 * Writes the addresses of one Ingress, bound to the version that the write was decided on: the API server refuses it for
 * any other version (409).
 *
 * The write is a JSON merge patch of the status subresource. ingress-nginx's own roles allow to update the status but not
 * to patch it: for such an account the Ingress is read, and written with other addresses. Neither way touches other fields.
 */
import { fields } from "../../source/kubernetes/trim.ts";
import type { Ingress, IngressAddress } from "../../source/objects.ts";
import { lacksRight, MANAGER } from "../cluster/api.ts";
import type { ClusterApi, Right } from "../cluster/api.ts";

/** What is written, and the version that it was decided on. */
export interface Patch {
  readonly ingress: Ingress;
  /** Empty: the Ingress loses its addresses. */
  readonly addresses: readonly IngressAddress[];
  readonly version: string | undefined;
}

const STATUS = { resource: "ingresses.networking.k8s.io/status", kind: "Ingress", effect: "Ingresses get no addresses in their status" } as const;

/**
 * The result sends one patch and resolves with the Ingress as it is then. It rejects as ClusterApi does.
 *
 * @param namespace that all Ingresses are in; empty: any
 */
export function statusRequests(api: ClusterApi, namespace: string): (patch: Patch, signal: AbortSignal) => Promise<unknown> {
  const right = (verb: Right["verb"]): Right => ({ ...STATUS, verb, namespace });
  /** Whether to patch or to update: the way that was not refused last. */
  let patches = true;

  const patched = (patch: Patch, signal: AbortSignal): Promise<unknown> =>
    api.ask(right("patch"), `${pathOf(patch)}/status`, signal, { method: "PATCH", contentType: "application/merge-patch+json", body: changeOf(patch) }, MANAGER);

  const updated = async (patch: Patch, signal: AbortSignal): Promise<unknown> => {
    const raw = await api.ask({ ...right("get"), resource: "ingresses.networking.k8s.io" }, pathOf(patch), signal);
    const answer = await api.ask(right("update"), `${pathOf(patch)}/status`, signal, { method: "PUT", body: wholeOf(patch, raw) }, MANAGER);
    api.manageWithout(right("patch"));
    return answer;
  };

  return async (patch, signal) => {
    if (patches) {
      try {
        return await patched(patch, signal);
      } catch (error) {
        if (!lacksRight(error)) throw error;
        patches = false;
      }
    }
    try {
      return await updated(patch, signal);
    } catch (error) {
      // For an account with neither right both ways are tried again, and the finding asks for the right to patch.
      patches ||= lacksRight(error);
      api.manageWithout(right("update"));
      throw error;
    }
  };
}

function pathOf({ ingress: { metadata: { namespace, name } } }: Patch): string {
  return `/apis/networking.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/ingresses/${encodeURIComponent(name)}`;
}

function changeOf({ addresses, version }: Patch): string {
  const ingress = addresses.length > 0 ? addresses : null;
  return JSON.stringify({ metadata: { resourceVersion: version }, status: { loadBalancer: { ingress } } });
}

function wholeOf({ addresses, version }: Patch, raw: unknown): string {
  const { metadata, status, ...others } = fields(raw);
  const loadBalancer = { ...fields(fields(status)["loadBalancer"]), ingress: addresses };
  return JSON.stringify({ ...others, metadata: { ...fields(metadata), resourceVersion: version }, status: { ...fields(status), loadBalancer } });
}
