/**
 * The pages that are open, each with a stream of server-sent events (HTML, "Server-sent events").
 *
 * Guarantee: bounded in number and in memory: a page that reads slowly misses events, and nobody waits for it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { JournalRow } from "../../edge/src/journal.ts";
import type { Interval } from "../get/rates.ts";
import type { Journal } from "../report/journal.ts";
import { SAFE_HEADERS } from "./files.ts";
import { createEndpointRates } from "./endpoint-rates.ts";
import type { ServedChange, HostRates, Overview, TrafficSample } from "./shapes.ts";

const MOST_VIEWERS = 32;
const MOST_UNREAD = 1024 * 1024;
/** Changes of endpoints may come by the hundred: they are told together. */
const GATHER_MS = 200;
/** Routes of one host whose rates are told. */
const MOST_RATES = 300;

/** What a page gets when it is opened. */
export interface Opening {
  readonly overview: Overview;
  readonly history: readonly TrafficSample[];
  readonly changes: readonly ServedChange[];
}

export interface Viewers {
  readonly size: number;
  /**
   * Opens the stream of a page. @param host whose traffic it looks at, by the name of `Way`; "": no host's.
   * False: too many pages are open, and nothing was answered.
   */
  open(request: IncomingMessage, response: ServerResponse, host: string, opening: Opening): boolean;
  /** Tells all of the interval that ended. */
  beat(overview: Overview, interval: Interval | undefined): void;
  changed(changes: readonly ServedChange[]): void;
  /** Ends the streams whose callers may not look any more. */
  recheck(mayLook: (request: IncomingMessage) => Promise<boolean>): Promise<void>;
  /** Ends all. */
  close(): void;
}

interface Viewer {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly host: string;
  /** Requests by endpoint; absent: no host is looked at. */
  readonly endpoints: ReturnType<typeof createEndpointRates> | undefined;
  /** Nothing more is sent to it, and nothing noted for it. */
  leave(): void;
}

/** @param takes whether a request is of the host of this name, by what is served now. */
export function createViewers(journal: Pick<Journal, "watch">, takes: (host: string) => (row: JournalRow) => boolean): Viewers {
  const viewers = new Set<Viewer>();
  const news = new Map<number, ServedChange>();
  let gathering: NodeJS.Timeout | undefined;
  /** Ends that workers note all requests: once for all pages that look at hosts. Absent: no page does, or others watch too many. */
  let unwatch: (() => void) | undefined;
  const watcher = {
    rows(rows: readonly JournalRow[], dropped: number): void {
      for (const { endpoints } of viewers) endpoints?.take(rows, dropped);
    },
  };
  const tell = (): void => {
    gathering = undefined;
    const changes = [...news.values()];
    news.clear();
    for (const viewer of viewers) send(viewer, "changes", changes);
  };
  return {
    get size() {
      return viewers.size;
    },
    open(request, response, host, { overview, history, changes }) {
      // Whoever left while the token was looked at closes nothing any more.
      if (response.destroyed) return true;
      if (viewers.size >= MOST_VIEWERS) return false;
      const endpoints = host === "" ? undefined : createEndpointRates(takes(host));
      if (endpoints) unwatch ??= journal.watch(watcher);
      const viewer: Viewer = {
        request, response, host, endpoints,
        leave() {
          viewers.delete(viewer);
          if ([...viewers].some((one) => one.endpoints)) return;
          unwatch?.();
          unwatch = undefined;
        },
      };
      viewers.add(viewer);
      response.on("close", viewer.leave);
      // A proxy in between must not gather events (nginx: X-Accel-Buffering).
      response.writeHead(200, { ...SAFE_HEADERS, "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
      response.flushHeaders();
      send(viewer, "history", history);
      send(viewer, "changes", changes);
      send(viewer, "overview", overview);
      return true;
    },
    beat(overview, interval) {
      for (const viewer of viewers) {
        send(viewer, "overview", overview);
        if (viewer.host !== "") send(viewer, "rates", ratesFor(viewer, interval, unwatch !== undefined));
      }
    },
    changed(changes) {
      if (viewers.size === 0) return;
      for (const change of changes) news.set(change.id, change);
      gathering ??= setTimeout(tell, GATHER_MS).unref();
    },
    async recheck(mayLook) {
      for (const viewer of [...viewers]) if (!(await mayLook(viewer.request))) dismiss(viewer);
    },
    close() {
      clearTimeout(gathering);
      for (const viewer of [...viewers]) dismiss(viewer);
    },
  };
}

/** Ends the stream; at once where what was sent is still unread, because whoever reads slowly could stay for ever. */
function dismiss({ response, leave }: Viewer): void {
  leave();
  if (response.writableLength > 0) response.destroy();
  else response.end();
}

/** @param watched whether workers note the requests by which endpoints are counted. */
function ratesFor({ host, endpoints }: Viewer, interval: Interval | undefined, watched: boolean): HostRates {
  const routes = interval?.routes.filter((one) => one.host === host) ?? [];
  const sum = (field: "requestsPerSecond" | "serverErrorsPerSecond"): number => routes.reduce((before, one) => before + one[field], 0);
  return { host, requests: sum("requestsPerSecond"), failed: sum("serverErrorsPerSecond"), routes: routes.slice(0, MOST_RATES), ...(endpoints && watched ? { endpoints: endpoints.beat() } : {}) };
}

function send({ response }: Viewer, event: string, data: unknown): void {
  if (response.writableLength > MOST_UNREAD) return;
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
