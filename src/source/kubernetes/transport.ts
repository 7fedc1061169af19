/**
 * HTTP to one API server: credentials that are re-read, TLS options that follow them, errors in words.
 *
 * Guarantees: credentials are at most a minute old; after a 401 they are read anew at once and the request is tried once
 * more; after a TLS error they are read anew for the next try. New credentials, a token or a certificate, get connections
 * of their own. As soon as the server has granted a request over these, the watches on the old connections end, and the
 * old connections close with their last answer.
 */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { Agent, buildConnector, ProxyAgent } from "undici";
import type { Dispatcher } from "undici";
import { steadyNow } from "../../support/steady-clock.ts";
import type { ApiAccess, ApiCredentials } from "./access.ts";
import { Broken, inWords, isTlsError, Unreachable } from "./failures.ts";

export type Query = Readonly<Record<string, string>>;

export interface RequestDetails {
  /** `GET` when absent. */
  readonly method?: Dispatcher.HttpMethod;
  /** JSON text. */
  readonly body?: string;
  /** `application/json` when absent and there is a body. */
  readonly contentType?: string;
  /** Milliseconds without a byte after which the response body fails; 60 s when absent. */
  readonly silence?: number;
}

export type ApiResponse = Dispatcher.ResponseData;

export interface Connection {
  readonly server: string;
  /** For humans: "https://10.0.0.1:6443 (context dev)". */
  readonly description: string;
  /** Namespace of the pod that we run in, or of the kubeconfig's context; empty: not known. */
  readonly namespace: string;
  /** How often credentials were read anew because the server refused those that it was shown. */
  readonly renewals: number;
  /**
   * Sends one request. Resolves with any HTTP answer, whatever its status; the caller reads or destroys its body.
   * Rejects with `Unreachable` when there is no answer, and with the signal's reason as soon as that aborts; what was asked for
   * may be done all the same.
   */
  request(path: string, query: Query, signal: AbortSignal, details?: RequestDetails): Promise<ApiResponse>;
  /** Ends all requests and closes all sockets. */
  close(): Promise<void>;
}

const CREDENTIALS_LIFE = 60_000;
const ANSWER_TIMEOUT = 60_000;
/** Long enough for the next page of a list; a connection that idles longer may be dead by the time it is needed. */
const IDLE = { keepAliveTimeout: 1000, keepAliveMaxTimeout: 1000 };

/**
 * HTTP/1.1 alone, a connection for each watch: with HTTP/2, a connection that breaks at certain moments leaves the client
 * waiting for ever, and with it all later requests (docs/decisions/037-http-1-to-the-api.md).
 */
export function connect(access: ApiAccess): Connection {
  const base = new URL(access.server);
  const credentials = keepCredentials(access);
  const dispatchers = keepDispatcher(access.proxy);

  const send = async (path: string, query: Query, signal: AbortSignal, using: ApiCredentials, details: RequestDetails) => {
    signal.throwIfAborted();
    const search = new URLSearchParams(query).toString();
    const pool = dispatchers.get(using);
    const ended = pool.begin();
    const response = await unlessAborted(signal, pool.dispatcher.request({
      origin: base.origin,
      path: `${base.pathname.replace(/\/$/, "")}${path}${search && `?${search}`}`,
      method: details.method ?? "GET",
      headers: {
        ...using.headers,
        accept: "application/json",
        "user-agent": "sluice",
        ...(details.body === undefined ? {} : { "content-type": details.contentType ?? "application/json" }),
      },
      ...(details.body === undefined ? {} : { body: details.body }),
      signal: details.silence === undefined ? signal : AbortSignal.any([signal, pool.watches.signal]),
      headersTimeout: ANSWER_TIMEOUT,
      bodyTimeout: details.silence ?? ANSWER_TIMEOUT,
    })).catch((error: unknown) => {
      ended();
      throw error;
    });
    response.body.once("close", ended);
    // Whoever reads the body sees its error; without this, a body that nobody reads would end the process.
    response.body.on("error", () => {});
    if (response.statusCode < 300) dispatchers.granted(pool);
    return response;
  };

  return {
    server: access.server,
    description: access.description,
    namespace: access.namespace,
    get renewals() {
      return credentials.renewals;
    },
    async request(path, query, signal, details = {}) {
      const first = await credentials.get().catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      });
      try {
        const response = await send(path, query, signal, first, details);
        if (response.statusCode !== 401) return response;
        const second = await credentials.renewed(first);
        if (identityOf(first) === identityOf(second)) return response;
        response.body.destroy();
        return await send(path, query, signal, second, details);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // The server's CA or our certificate may have been replaced: the next try takes the new one.
        if (isTlsError(error)) await credentials.renewed(first);
        throw error instanceof Unreachable || error instanceof Broken ? error : new Unreachable(inWords(error), error);
      }
    },
    close: () => dispatchers.close(),
  };
}

/**
 * What `asked` gives; rejects as soon as the signal aborts. The client itself hears of an abort only once it has a connection.
 * An answer that comes all the same is thrown away.
 */
async function unlessAborted(signal: AbortSignal, asked: Promise<ApiResponse>): Promise<ApiResponse> {
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([asked, aborted]);
  } catch (error) {
    if (signal.aborted) asked.then(({ body }) => body.on("error", () => {}).destroy(), () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Keeps credentials until they are too old. All requests share one reading, also the renewal after a 401. */
function keepCredentials(access: ApiAccess) {
  let held: { value: ApiCredentials; at: number } | undefined;
  let reading: Promise<ApiCredentials> | undefined;
  let renewals = 0;
  const load = (how: () => Promise<ApiCredentials>): Promise<ApiCredentials> => {
    reading ??= how()
      .then((value) => {
        held = { value, at: steadyNow() };
        return value;
      }, (error: unknown) => {
        throw new Unreachable(`no credentials for it: ${inWords(error)}`, error);
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  return {
    get: async () => (held && steadyNow() - held.at < CREDENTIALS_LIFE ? held.value : load(access.read)),
    /** Other credentials than the refused ones, if there are any. */
    renewed: async (refused: ApiCredentials) => {
      if (held && held.value !== refused) return held.value;
      if (!reading) renewals++;
      return await load(access.reread);
    },
    get renewals() {
      return renewals;
    },
  };
}

/** The connections of one identity. */
interface Pool {
  readonly identity: string;
  readonly dispatcher: Dispatcher;
  /** Aborted when the pool has been replaced. Any request but a watch has its answer soon, and keeps its connection until then. */
  readonly watches: AbortController;
  /** Counts a request that begins; the caller calls the result when the request has ended. */
  begin(): () => void;
  /** Closes its sockets; requests that run end with an error. */
  close(): void;
}

/** @param closed called when the pool has been closed. */
function openPool({ tls }: ApiCredentials, identity: string, proxy: string | undefined, closed: () => void): Pool {
  const sockets = new Set<Socket>();
  const watches = new AbortController();
  // Keep-alive probes after 30 s: the usual limit of load balancers for idle connections is a minute.
  const socket = { keepAlive: true, keepAliveInitialDelay: 30_000 };
  const connector = buildConnector({ ...tls, ...socket, allowH2: false });
  const dispatcher = proxy
    ? new ProxyAgent({ ...IDLE, uri: proxy, requestTls: { ...tls, allowH2: false }, connect: socket })
    : new Agent({ ...IDLE, allowH2: false, connect: (options, done) => connector(options, (error, made) => {
      if (error) return done(error, null);
      sockets.add(made);
      made.once("close", () => sockets.delete(made));
      done(null, made);
    }) });
  let running = 0;
  const close = (): void => {
    if (proxy) dispatcher.destroy().catch(() => {});
    for (const one of sockets) one.destroy();
    closed();
  };
  return {
    identity, dispatcher, watches, close,
    begin() {
      running++;
      return () => {
        if (--running === 0 && watches.signal.aborted) close();
      };
    },
  };
}

/** One pool of connections per identity. */
function keepDispatcher(proxy: string | undefined) {
  let current: Pool | undefined;
  /** Pools that were not replaced, or whose last request has not ended. */
  const open = new Set<Pool>();
  const replaced = new WeakSet<Pool>();
  return {
    get(credentials: ApiCredentials): Pool {
      const identity = identityOf(credentials);
      if (current?.identity === identity) return current;
      const made = openPool(credentials, identity, proxy, () => open.delete(made));
      open.add(made);
      current = made;
      return made;
    },
    /** The server has granted a request over this pool. If it is the newest, the others end. */
    granted(pool: Pool): void {
      if (pool !== current || open.size === 1) return;
      for (const other of [...open]) {
        if (other === pool || replaced.has(other)) continue;
        replaced.add(other);
        // Counts as a request, so that a pool without requests closes too.
        const ended = other.begin();
        other.watches.abort(new Broken("the credentials that it was begun with were replaced"));
        ended();
      }
    },
    async close() {
      for (const pool of [...open]) pool.close();
    },
  };
}

function identityOf({ tls, headers }: ApiCredentials): string {
  const digest = createHash("sha256");
  const parts = [tls.ca, tls.cert, tls.key, tls.servername, `${tls.rejectUnauthorized}`, JSON.stringify(headers)];
  for (const part of parts) digest.update(part ?? "").update("\0");
  return digest.digest("hex");
}
