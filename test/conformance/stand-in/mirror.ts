/** All objects of one kind as they are now: listed, then watched; listed again when the watch breaks. */
import { setTimeout as sleep } from "node:timers/promises";
import { sliceLines } from "../../../src/source/kubernetes/lines.ts";
import { answerOf } from "../../../src/source/kubernetes/pages.ts";
import type { Connection } from "../../../src/source/kubernetes/transport.ts";
import { keyOf, type Standing } from "./objects.ts";

/** `namespace/name` → object. */
export type Mirror<T extends Standing> = ReadonlyMap<string, T>;

const WATCH_SECONDS = 300;
const SILENCE_MS = (WATCH_SECONDS + 30) * 1000;
const AGAIN_MS = 200;

interface List<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

interface WatchLine<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

/** Resolves with the first state. @param changed called after each change @param path of the collection in all namespaces */
export async function mirror<T extends Standing>(connection: Connection, path: string, changed: () => void): Promise<Mirror<T>> {
  const objects = new Map<string, T>();
  const never = new AbortController().signal;

  const list = async (): Promise<string> => {
    const { metadata, items } = (await answerOf(await connection.request(path, {}, never))) as List<T>;
    objects.clear();
    for (const item of items) objects.set(keyOf(item), item);
    changed();
    return metadata.resourceVersion;
  };
  /** Gives the version up to which it came; undefined: only a new list goes on. */
  const follow = async (after: string): Promise<string | undefined> => {
    const query = { watch: "true", allowWatchBookmarks: "true", resourceVersion: after, timeoutSeconds: `${WATCH_SECONDS}` };
    const response = await connection.request(path, query, never, { silence: SILENCE_MS });
    if (response.statusCode !== 200) await answerOf(response);
    let version = after;
    for await (const lines of sliceLines(response.body)) {
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as WatchLine<T>;
        if (type === "ERROR") return undefined;
        version = object.metadata.resourceVersion;
        if (type === "DELETED") objects.delete(keyOf(object));
        else if (type !== "BOOKMARK") objects.set(keyOf(object), object);
      }
      changed();
    }
    return version;
  };
  const keepUp = async (): Promise<never> => {
    let version: string | undefined = first;
    for (;;) {
      try {
        version = version === undefined ? await list() : await follow(version);
      } catch {
        version = undefined;
        await sleep(AGAIN_MS);
      }
    }
  };

  const first = await list();
  void keepUp();
  return objects;
}
