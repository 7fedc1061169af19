/** Requests to the API server as an administrator: objects as JSON, and apply for whatever is written in YAML. */
import { parseAllDocuments } from "yaml";
import { openConnection } from "../../../src/source/kubernetes/connection.ts";
import { Refused } from "../../../src/source/kubernetes/failures.ts";
import { answerOf } from "../../../src/source/kubernetes/pages.ts";
import type { Connection } from "../../../src/source/kubernetes/transport.ts";
import type { ApiObject } from "../../support/kubectl.ts";

export type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface AdminApi {
  readonly connection: Connection;
  /** The answer's JSON. Rejects with `Refused` where it is no success. PATCH is a merge patch. */
  ask(verb: Verb, path: string, body?: object): Promise<unknown>;
  /** Server-side apply of objects, or of all objects in a text of YAML, one after the other. */
  apply(what: string | readonly ApiObject[]): Promise<void>;
  close(): Promise<void>;
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

const PATIENCE_MS = 30_000;
const MERGE = "application/merge-patch+json";
const APPLY = "application/apply-patch+yaml";

export async function openAdminApi(kubeconfig: string): Promise<AdminApi> {
  const connection = await openConnection({ kubeconfig, context: "" });
  const send = async (method: Verb, path: string, query: Readonly<Record<string, string>>, body?: object, contentType?: string): Promise<unknown> =>
    answerOf(await connection.request(path, query, AbortSignal.timeout(PATIENCE_MS), {
      method, ...(body ? { body: JSON.stringify(body) } : {}), ...(contentType ? { contentType } : {}),
    }));
  const known = new Map<string, ResourceList["resources"]>();

  const applyOne = async (object: ApiObject): Promise<void> => {
    const { apiVersion, kind, metadata } = object;
    const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const find = () => known.get(base)?.find((one) => one.kind === kind && !one.name.includes("/"));
    // A kind that is new, or whose CRD is, is looked for once more.
    if (!find()) known.set(base, ((await send("GET", base, {})) as ResourceList).resources);
    const resource = find();
    if (!resource) throw new Error(`the API server knows no ${kind} in ${apiVersion}`);
    const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
    await send("PATCH", `${base}${scope}/${resource.name}/${metadata.name}`, { fieldManager: "test-ground", force: "true" }, object, APPLY);
  };

  return {
    connection,
    ask: (verb, path, body) => send(verb, path, {}, body, verb === "PATCH" ? MERGE : undefined),
    async apply(what) {
      const objects = typeof what === "string" ? parseAllDocuments(what).map((one) => one.toJS() as ApiObject | null) : what;
      for (const object of objects) if (object !== null) await applyOne(object);
    },
    close: () => connection.close(),
  };
}

/** What is gone, was there before or has changed meanwhile is looked at again by whoever asked: `undefined`. Other errors are thrown. */
export async function unlessOutdated<T>(asking: Promise<T>): Promise<T | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof Refused && [404, 409, 410].includes(error.status)) return undefined;
    throw error;
  }
}
