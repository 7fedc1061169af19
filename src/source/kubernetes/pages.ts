/**
 * Lists, page by page: one consistent state of a collection, and single objects.
 *
 * A list is asked for without a resourceVersion: `resourceVersion=0` would ignore `limit` and send everything in one
 * piece, and any other version may be "too large" for a server that has just come back. Without one the answer is the
 * latest committed state. Source: Kubernetes API concepts, "Retrieving large results sets in chunks".
 */
import { keepHeapTight } from "../../support/heap.ts";
import { Broken, inWords, Refused, refusedBy } from "./failures.ts";
import type { ApiResponse, Connection } from "./transport.ts";
import { fields, textOrNone, versionOf } from "./trim.ts";

export interface Listed<T> {
  readonly objects: readonly T[];
  /** The version from which a watch goes on. */
  readonly version: string;
}

/** What is listed: a Collection, or anything else that the API server has. */
export interface PagedList {
  readonly path: string;
  readonly fieldSelector?: string;
  /** `page`: objects for each request. */
  readonly resource: { readonly name: string; readonly page: number };
}

/** A continue token lives for about five minutes; a list that cannot be finished in three tries is an error. */
const TRIES = 3;

/**
 * Reads all pages. `take` cuts an object down, or drops it. An expired continue token starts again at the first page.
 * Throws `Refused` and `Unreachable`.
 */
export async function readPages<T>(
  connection: Connection, collection: PagedList, take: (raw: unknown) => T | undefined, signal: AbortSignal,
): Promise<Listed<T>> {
  for (let tries = 1; ; tries++) {
    try {
      return await readAllPages(connection, collection, take, signal);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 410) || tries === TRIES) throw error;
    }
  }
}

async function readAllPages<T>(
  connection: Connection, collection: PagedList, take: (raw: unknown) => T | undefined, signal: AbortSignal,
): Promise<Listed<T>> {
  const objects: T[] = [];
  let from = "";
  for (;;) {
    const page = await readPage(connection, collection, collection.resource.page, from, signal);
    for (const raw of page.items) {
      const object = take(raw);
      if (object !== undefined) objects.push(object);
    }
    keepHeapTight();
    if (!page.next) return { objects, version: page.version };
    from = page.next;
  }
}

/** The version of a collection as of now, without its objects. */
export async function readVersion(
  connection: Connection, collection: PagedList, signal: AbortSignal,
): Promise<string> {
  return (await readPage(connection, collection, 1, "", signal)).version;
}

async function readPage(
  connection: Connection, collection: PagedList, limit: number, from: string, signal: AbortSignal,
): Promise<{ items: readonly unknown[]; version: string; next: string }> {
  const response = await connection.request(collection.path, {
    limit: `${limit}`,
    ...(collection.fieldSelector ? { fieldSelector: collection.fieldSelector } : {}),
    ...(from ? { continue: from } : {}),
  }, signal);
  const list = fields(await answerOf(response));
  const version = versionOf(list);
  const items = list["items"] ?? [];
  if (version === undefined || !Array.isArray(items)) {
    throw new Broken(`the answer to a list of ${collection.resource.name} is not a list`);
  }
  return { items, version, next: textOrNone(fields(list["metadata"])["continue"]) ?? "" };
}

/** One object by name; `undefined` when there is none. Throws `Refused` and `Unreachable`. */
export async function readObject(
  connection: Connection, path: string, signal: AbortSignal,
): Promise<unknown> {
  const response = await connection.request(path, {}, signal);
  try {
    return await answerOf(response);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

/** The one object of a narrowed collection, for an account that may list but not get, as with ingress-nginx's own ClusterRole. */
export async function findObject(
  connection: Connection, collection: PagedList, signal: AbortSignal,
): Promise<unknown> {
  return (await readPage(connection, collection, 1, "", signal)).items[0];
}

/** The JSON of a success; throws `Refused` for anything else, and `Broken` for a body that is cut off or no JSON. */
export async function answerOf(response: ApiResponse): Promise<unknown> {
  const success = response.statusCode >= 200 && response.statusCode < 300;
  const answer = await response.body.json().catch((error: unknown) => {
    if (!success) return undefined;
    // A SyntaxError quotes the text, which may hold a Secret.
    throw new Broken(error instanceof SyntaxError ? "an answer that is not JSON" : `half an answer: ${inWords(error)}`);
  });
  if (success) return answer;
  const retryAfter = response.headers["retry-after"];
  throw refusedBy(answer, response.statusCode, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
}
