/**
 * One watch request: the server's events, a batch per slice of the stream.
 *
 * Source: Kubernetes API concepts, "Efficient detection of changes", "Watch bookmarks", "Streaming lists".
 */
import type { Kind } from "../objects.ts";
import { Broken, inWords, refusedBy } from "./failures.ts";
import { sliceLines } from "./lines.ts";
import { answerOf } from "./pages.ts";
import type { Collection } from "./resources.ts";
import type { Timing } from "./timing.ts";
import type { Connection, Query } from "./transport.ts";
import { fields, textOrNone, versionOf } from "./trim.ts";

export type WatchEvent =
  | { readonly type: "put"; readonly raw: unknown; readonly version: string }
  | { readonly type: "remove"; readonly raw: unknown; readonly version: string }
  /** Nothing happened up to this version. `initialEnd`: the streamed initial state is complete. */
  | { readonly type: "bookmark"; readonly version: string; readonly initialEnd: boolean };

export interface WatchStart {
  /** Resume after this version; absent: stream the whole state first, then its changes. */
  readonly after?: string;
}

/**
 * Ends when the server ends the watch in good order. Throws `Refused` for an HTTP error or an ERROR event,
 * `Broken` for a cut connection, a silent one or a line that is no event, `Unreachable` when there is no answer.
 */
export async function* watch(
  connection: Connection, collection: Collection<Kind>, start: WatchStart, timing: Timing, signal: AbortSignal,
): AsyncGenerator<WatchEvent[], void, undefined> {
  const seconds = timing.watchSeconds();
  const query: Query = {
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: `${seconds}`,
    ...(collection.fieldSelector ? { fieldSelector: collection.fieldSelector } : {}),
    ...(start.after === undefined
      ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" }
      : { resourceVersion: start.after }),
  };
  // A quiet collection may send nothing at all, so only the end of the watch, which we asked for, shows that the server is still there.
  const silence = start.after === undefined ? timing.initialSilence : seconds * 1000 + timing.silence;
  const response = await connection.request(collection.path, query, signal, { silence });
  if (response.statusCode !== 200) await answerOf(response);
  try {
    for await (const lines of sliceLines(response.body)) yield lines.map(eventOf);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const code = textOrNone(fields(error)["code"]);
    throw code === undefined ? error : new Broken(inWords(error), error);
  } finally {
    response.body.destroy();
  }
}

function eventOf(line: string): WatchEvent {
  const event = fields(parse(line));
  const raw = event["object"];
  if (event["type"] === "ERROR") throw refusedBy(raw, 500);
  const version = versionOf(raw);
  if (version === undefined) throw new Broken("an event without a resourceVersion");
  switch (event["type"]) {
    case "ADDED":
    case "MODIFIED":
      return { type: "put", raw, version };
    case "DELETED":
      return { type: "remove", raw, version };
    case "BOOKMARK": {
      const annotations = fields(fields(fields(raw)["metadata"])["annotations"]);
      return { type: "bookmark", version, initialEnd: annotations["k8s.io/initial-events-end"] === "true" };
    }
    default:
      throw new Broken(`an event of the unknown type ${JSON.stringify(event["type"])}`);
  }
}

/** The line itself is in no message: it may hold a Secret. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Broken("a line that is not JSON");
  }
}
