/**
 * Waits until the Snapshot has an object as new as the API server has it now, without reading anything else.
 *
 * Guarantee: a change that the API server had taken before the call is in the Snapshot afterwards.
 */
import type { Snapshot } from "../snapshot.ts";
import type { Kind } from "../objects.ts";
import { readPages } from "./pages.ts";
import { collectionOf } from "./resources.ts";
import type { Resource } from "./resources.ts";
import type { Connection } from "./transport.ts";
import { versionOf } from "./trim.ts";
import { isOlder } from "./versions.ts";

/** Those who are told of each change of a Snapshot. */
export type Listeners = Set<() => void>;

/** Rejects with `Refused`, `Unreachable`, or the signal's reason. */
export async function catchUp(
  connection: Connection, resource: Resource<Kind>, place: { readonly namespace: string; readonly name: string },
  snapshot: Snapshot, listeners: Listeners, signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = place;
  // A list of one: the account may list and watch, and need not have the right to get.
  const { objects } = await readPages(connection, collectionOf(resource, namespace, `metadata.name=${name}`), versionOf, signal);
  const [version] = objects;
  const reached = (): boolean => {
    const have = snapshot.get(resource.kind, namespace, name);
    if (version === undefined) return have === undefined;
    return have !== undefined && !isOlder(have.metadata.resourceVersion, version);
  };
  await new Promise<void>((resolve, reject) => {
    const end = (finish: () => void) => (): void => {
      listeners.delete(check);
      signal.removeEventListener("abort", abort);
      finish();
    };
    const done = end(resolve);
    const abort = end(() => reject(signal.reason));
    const check = (): void => {
      if (reached()) done();
    };
    if (signal.aborted) return abort();
    listeners.add(check);
    signal.addEventListener("abort", abort);
    check();
  });
}
