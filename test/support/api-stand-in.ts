/**
 * A small API server in this process: enough of lists, watches and writes to be read by a reflector, and faults on
 * demand. Plain HTTP on 127.0.0.1. Every write has a version of its own, over all kinds, as in etcd.
 */
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

type Json = Record<string, unknown>;
interface Stored extends Json {
  metadata: Json & { name: string; namespace?: string; resourceVersion: string };
}
interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly plural: string;
  readonly object: Stored;
}
interface Asked {
  readonly method: string;
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly token: string;
}
interface Hold {
  readonly match: (asked: Asked) => boolean;
  readonly reached: () => void;
  readonly released: Promise<void>;
}
interface Watcher {
  readonly asked: Asked;
  readonly response: ServerResponse;
}
interface Fault {
  readonly match: (asked: Asked) => boolean;
  readonly status: number;
  readonly headers: Record<string, string>;
  times: number;
}

export interface ApiStandIn {
  readonly server: string;
  /** Every request, oldest first. */
  readonly requests: readonly Asked[];
  /** Whether a watch may stream the initial state (`sendInitialEvents`). */
  streams: boolean;
  /** How a watch from a version that is too old is answered: with HTTP 410, or with an ERROR event after a good beginning. */
  goneAs: "status" | "event";
  /** Accepted bearer tokens; empty: anybody. */
  readonly tokens: Set<string>;
  /** `token plural`: the account with this token may not read this kind. */
  readonly forbidden: Set<string>;
  /** Answers the next matching requests with `status`. */
  fail(match: (asked: Asked) => boolean, status: number, headers?: Record<string, string>, times?: number): void;
  /** Works out the next matching answer at once, but sends it only when `release` is called. `asked` resolves in between. */
  hold(match: (asked: Asked) => boolean): { readonly asked: Promise<void>; release(): void };
  /** Forgets all history: watches from earlier versions, and continue tokens, get 410. */
  compact(): void;
  /** Sends a bookmark with the present version to every watch. */
  bookmark(): void;
  /** Resolves as soon as there is a watch of a plural. */
  watching(plural: string): Promise<void>;
  /** Creates or replaces an object, as if somebody had written it. */
  put(plural: string, object: Json): void;
  /** Sends text to every watch of a plural. */
  write(plural: string, text: string): void;
  /** As if etcd were restored from a backup: versions go back by `by`. */
  goBack(by: number): void;
  /** Ends all connections and serves on the same port again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startApiStandIn(): Promise<ApiStandIn> {
  const objects = new Map<string, Stored>();
  const history: Change[] = [];
  const lists = new Map<string, { items: Stored[]; version: string }>();
  const watchers = new Set<Watcher>();
  const watches = new EventEmitter();
  const sockets = new Set<Socket>();
  const requests: Asked[] = [];
  const faults: Fault[] = [];
  const holds: Hold[] = [];
  let version = 100;
  let oldest = 100;

  const matching = (asked: Asked): Stored[] =>
    [...objects].filter(([key, object]) => key.startsWith(`${asked.plural} `) && selects(asked, object))
      .sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);

  const record = (type: Change["type"], plural: string, object: Json): Stored => {
    version++;
    const metadata = { ...(object["metadata"] as Stored["metadata"]), resourceVersion: `${version}` };
    const stored: Stored = { ...object, metadata };
    const key = keyOf(plural, metadata.namespace ?? "", metadata.name);
    if (type === "DELETED") objects.delete(key);
    else objects.set(key, stored);
    const change: Change = { version, type, plural, object: stored };
    history.push(change);
    for (const watcher of watchers) send(watcher, change);
    return stored;
  };

  const list = (asked: Asked, response: ServerResponse): void => {
    const [id = "", at = "0"] = (asked.query.get("continue") ?? "").split(":");
    const whole = id ? lists.get(id) : { items: matching(asked), version: `${version}` };
    if (!whole) return fail(response, 410, "The provided continue parameter is too old");
    const limit = Number(asked.query.get("limit") ?? 0) || whole.items.length;
    const end = Number(at) + limit;
    const name = id || `list${requests.length}`;
    lists.set(name, whole);
    const more = end < whole.items.length ? { continue: `${name}:${end}` } : {};
    reply(response, 200, { metadata: { resourceVersion: whole.version, ...more }, items: whole.items.slice(Number(at), end) });
  };

  const watch = (asked: Asked, response: ServerResponse): void => {
    const initial = asked.query.get("sendInitialEvents") === "true";
    if (initial && !api.streams) return fail(response, 422, "sendInitialEvents is forbidden for watch");
    const after = Number(asked.query.get("resourceVersion"));
    const gone = !initial && after < oldest;
    if (gone && api.goneAs === "status") return fail(response, 410, "too old resource version");
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const watcher: Watcher = { asked, response };
    if (gone) return void response.end(line("ERROR", statusOf(410, "too old resource version")));
    if (initial) {
      for (const object of matching(asked)) response.write(line("ADDED", object));
      response.write(bookmark(version, { "k8s.io/initial-events-end": "true" }));
    } else for (const change of history) if (change.version > after) send(watcher, change);
    watchers.add(watcher);
    watches.emit("open");
    const timer = setTimeout(() => response.end(), Number(asked.query.get("timeoutSeconds")) * 1000);
    response.on("close", () => {
      clearTimeout(timer);
      watchers.delete(watcher);
    });
  };

  const change = async (asked: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = asked.method === "DELETE" ? {} : (JSON.parse(await bodyOf(request)) as Json);
    if (asked.method === "POST") {
      const metadata = { uid: `uid-${version}`, ...(body["metadata"] as Json), ...(asked.namespace ? { namespace: asked.namespace } : {}) };
      return reply(response, 201, record("ADDED", asked.plural, { ...body, metadata }));
    }
    const before = objects.get(keyOf(asked.plural, asked.namespace, asked.name));
    if (!before) return fail(response, 404, "not found");
    const type = asked.method === "DELETE" ? "DELETED" : "MODIFIED";
    reply(response, 200, record(type, asked.plural, merge(before, body)));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = askedBy(request);
    requests.push(asked);
    if (api.tokens.size > 0 && !api.tokens.has(asked.token)) return fail(response, 401, "Unauthorized");
    const fault = faults.find(({ match, times }) => times > 0 && match(asked));
    if (fault) {
      fault.times--;
      return fail(response, fault.status, "on demand", fault.headers);
    }
    if (asked.method !== "GET") return change(asked, request, response);
    if (api.forbidden.has(`${asked.token} ${asked.plural}`)) return fail(response, 403, `"${asked.plural}" is forbidden`);
    if (asked.query.has("watch")) return watch(asked, response);
    const held = holds.findIndex(({ match }) => match(asked));
    if (held >= 0) holdBack(response, holds.splice(held, 1)[0]!);
    if (!asked.name) return list(asked, response);
    const found = objects.get(keyOf(asked.plural, asked.namespace, asked.name));
    return found ? reply(response, 200, found) : fail(response, 404, "not found");
  };

  const serve = async (port: number) => {
    const http = createServer((request, response) => void answer(request, response));
    http.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    http.listen(port, "127.0.0.1");
    await once(http, "listening");
    return http;
  };
  let http = await serve(0);
  const { port } = http.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    const closed = once(http, "close");
    http.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  const api: ApiStandIn = {
    server: `http://127.0.0.1:${port}`,
    requests,
    streams: false,
    goneAs: "event",
    tokens: new Set(),
    forbidden: new Set(),
    fail: (match, status, headers = {}, times = 1) => void faults.push({ match, status, headers, times }),
    hold(match) {
      const asked = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      holds.push({ match, reached: asked.resolve, released: released.promise });
      return { asked: asked.promise, release: released.resolve };
    },
    compact() {
      oldest = version;
      history.length = 0;
      lists.clear();
    },
    bookmark() {
      for (const { response } of watchers) response.write(bookmark(version));
    },
    async watching(plural) {
      while (![...watchers].some(({ asked }) => asked.plural === plural)) await once(watches, "open");
    },
    put(plural, object) {
      const { namespace = "", name } = object["metadata"] as Stored["metadata"];
      const before = objects.get(keyOf(plural, namespace, name));
      const metadata = { uid: before?.metadata["uid"] ?? `uid-${version}`, ...(object["metadata"] as Json) };
      record(before ? "MODIFIED" : "ADDED", plural, { ...object, metadata });
    },
    write(plural, text) {
      for (const { asked, response } of watchers) if (asked.plural === plural) response.write(text);
    },
    goBack(by) {
      version -= by;
      history.length = 0;
    },
    async restart() {
      await stop();
      http = await serve(port);
    },
    stop,
  };
  return api;
}

function askedBy(request: IncomingMessage): Asked {
  const url = new URL(request.url ?? "/", "http://localhost");
  const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
  parts.splice(0, parts[0] === "api" ? 2 : 3);
  const namespace = parts[0] === "namespaces" && parts.length > 2 ? (parts.splice(0, 2)[1] ?? "") : "";
  const [plural = "", name = ""] = parts;
  const token = (request.headers.authorization ?? "").replace("Bearer ", "");
  return { method: request.method ?? "GET", plural, namespace, name, query: url.searchParams, token };
}

/** Namespace and the two field selectors in use: `metadata.name=x` and `type!=x`. */
function selects({ namespace, query }: Asked, object: Stored): boolean {
  if (namespace && object.metadata.namespace !== namespace) return false;
  const selector = query.get("fieldSelector") ?? "";
  if (selector.startsWith("metadata.name=")) return object.metadata.name === selector.slice("metadata.name=".length);
  if (selector.startsWith("type!=")) return object["type"] !== selector.slice("type!=".length);
  return true;
}

function send({ asked, response }: Watcher, { type, plural, object }: Change): void {
  if (plural === asked.plural && selects(asked, object)) response.write(line(type, object));
}

function line(type: string, object: Json): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function bookmark(version: number, annotations: Json = {}): string {
  return line("BOOKMARK", { metadata: { resourceVersion: `${version}`, annotations } });
}

/** JSON Merge Patch (RFC 7396). */
function merge(target: unknown, patch: Json): Json {
  const merged: Json = { ...(typeof target === "object" ? (target as Json) : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = typeof value === "object" && !Array.isArray(value) ? merge(merged[key], value as Json) : value;
  }
  return merged;
}

function statusOf(code: number, message: string): Json {
  return { kind: "Status", status: "Failure", code, message };
}

function fail(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  reply(response, status, statusOf(status, message), headers);
}

function reply(response: ServerResponse, status: number, body: Json, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** Keeps the answer that is written next until it is released. */
function holdBack(response: ServerResponse, { reached, released }: Hold): void {
  const end = response.end.bind(response) as (body: string) => ServerResponse;
  response.end = ((body: string) => {
    reached();
    void released.then(() => end(body));
    return response;
  }) as ServerResponse["end"];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  return body;
}

function keyOf(plural: string, namespace: string, name: string): string {
  return `${plural} ${namespace}/${name}`;
}
