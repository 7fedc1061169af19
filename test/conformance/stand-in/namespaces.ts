/** In place of the namespace controller: what is in a deleted namespace is deleted, and then the namespace. */
import { unlessOutdated, type AdminApi } from "../inside/api.ts";
import type { ClusterState } from "./state.ts";

interface Group {
  readonly preferredVersion: { readonly groupVersion: string };
}

interface Resources {
  readonly resources: readonly { readonly name: string; readonly namespaced: boolean; readonly verbs: readonly string[] }[];
}

/** Gives whether there is a namespace that still holds something, and is to be looked at again. */
export async function endNamespaces({ api, namespaces }: ClusterState): Promise<boolean> {
  const ending = [...namespaces.values()].filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  if (ending.length === 0) return false;
  const collections = await collectionsOf(api);
  const empty = await Promise.all(ending.map(async ({ metadata: { name } }) => {
    const left = await Promise.all(collections.map((collection) => clear(api, collection, name)));
    if (left.some(Boolean)) return false;
    const namespace = await unlessOutdated(api.ask("GET", `/api/v1/namespaces/${name}`));
    if (namespace) await unlessOutdated(api.ask("PUT", `/api/v1/namespaces/${name}/finalize`, { ...namespace, spec: { finalizers: [] } }));
    return true;
  }));
  return empty.includes(false);
}

/** Of each: the path before and after the namespace's name. */
type Collection = readonly [before: string, after: string];

async function collectionsOf(api: AdminApi): Promise<readonly Collection[]> {
  const { groups } = (await api.ask("GET", "/apis")) as { readonly groups: readonly Group[] };
  const bases = ["/api/v1", ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const lists = await Promise.all(bases.map(async (base) => {
    const { resources } = (await api.ask("GET", base)) as Resources;
    return resources.filter(({ namespaced, verbs }) => namespaced && verbs.includes("deletecollection")).map(({ name }): Collection => [`${base}/namespaces/`, `/${name}`]);
  }));
  return lists.flat();
}

/** Gives whether something is left. */
async function clear(api: AdminApi, [before, after]: Collection, namespace: string): Promise<boolean> {
  const path = `${before}${namespace}${after}`;
  const { items } = (await api.ask("GET", path)) as { readonly items: readonly unknown[] };
  if (items.length > 0) await unlessOutdated(api.ask("DELETE", path));
  return items.length > 0;
}
