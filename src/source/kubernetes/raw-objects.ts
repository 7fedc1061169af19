/** Lists objects of any kind in a cluster, once, with the account that the kubeconfig gives. */
import type { RawObject } from "../raw.ts";
import { Refused } from "./failures.ts";
import { readPages } from "./pages.ts";
import type { Connection } from "./transport.ts";
import { fields, textOrNone } from "./trim.ts";

export interface RawKind {
  readonly kind: string;
  /** `/apis/apps/v1`. */
  readonly api: string;
  /** `deployments`. */
  readonly plural: string;
}

/**
 * @param namespace empty: all of them.
 * @returns "forbidden" where the account may not list them. Throws `Unreachable`, `Broken`, and `Refused` for anything else.
 */
export async function listRawObjects(connection: Connection, { kind, api, plural }: RawKind, namespace: string, signal: AbortSignal): Promise<readonly RawObject[] | "forbidden"> {
  const path = `${api}${namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}`;
  const take = (value: unknown): RawObject | undefined => {
    const metadata = fields(fields(value)["metadata"]);
    const name = textOrNone(metadata["name"]);
    return name === undefined ? undefined : { kind, namespace: textOrNone(metadata["namespace"]) ?? "", name, value };
  };
  try {
    return (await readPages(connection, { path, resource: { name: plural, page: 500 } }, take, signal)).objects;
  } catch (error) {
    if (error instanceof Refused && (error.status === 403 || error.status === 401)) return "forbidden";
    throw error;
  }
}
