/**
 * Constant traffic of every kind. Each answer is compared with the versions of the world that it may come from: from the one
 * that every worker had when the request began, to the newest one that any worker may have had when it ended.
 */
import * as http from "node:http";
import * as http2 from "node:http2";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import * as tls from "node:tls";
import { ask, type Answer } from "../../support/client.ts";
import type { Echo } from "../../support/echo.ts";
import type { Random } from "../../support/random.ts";
import type { Oracle } from "./oracle.ts";
import { HOSTS, SHARE_HOST, SOCKET_HOST } from "./world.ts";

export interface Clock {
  /** The version that every worker has for certain, and the newest version that any worker may have. */
  readonly certain: number;
  readonly newest: number;
}

export interface Traffic {
  /** Problems so far, as sentences; empty: every answer was as predicted. */
  readonly problems: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** Requests to the share host at a version that was certain: how many the canary took, and how many it should have taken. */
  readonly share: { readonly taken: number; readonly expected: number; readonly variance: number; readonly requests: number };
  stop(): Promise<void>;
}

export interface TrafficOptions {
  readonly ports: { readonly http: number; readonly https: number };
  readonly oracle: Oracle;
  readonly clock: () => Clock;
  readonly random: Random;
  readonly shareCanaries: ReadonlySet<string>;
  readonly webSockets: number;
}

interface Asked {
  readonly host: string;
  readonly path: string;
  readonly tls: boolean;
  readonly headers: Record<string, string>;
  readonly body: Buffer | undefined;
}

const PATHS = ["/", "/api", "/api/", "/api/v1/x", "/apix", "/static/y", "/exact", "/exact/z", "/a%20b?c=d"];

export async function startTraffic(options: TrafficOptions): Promise<Traffic> {
  const { oracle, clock, random, ports } = options;
  const problems: string[] = [];
  const counts: Record<string, number> = {};
  const share = { taken: 0, expected: 0, variance: 0, requests: 0 };
  let stopping = false;

  const check = (kind: string, asked: Asked, from: number, answer: Pick<Answer, "status" | "echo">): void => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    const to = clock().newest;
    const allowed: string[] = [];
    for (let version = from; version <= to; version++) {
      const expected = oracle.expected(version, asked);
      if (fits(answer, expected.statuses, expected.endpoints)) {
        if (!bodyArrived(asked, answer.echo)) problems.push(`${kind}: the body of ${describe(asked)} arrived damaged`);
        if (asked.host === SHARE_HOST && from === to) countShare(expected.canaryShare, answer.echo);
        return;
      }
      allowed.push(`v${version}: ${[...expected.statuses].join("|")} ${[...expected.endpoints].join(" ")}`);
    }
    problems.push(`${kind}: ${describe(asked)} got ${answer.status} ${answer.echo?.endpoint ?? ""}, allowed ${allowed.join("; ")}`);
  };

  const countShare = (expected: number, echo: Echo | undefined): void => {
    share.requests++;
    share.expected += expected;
    share.variance += expected * (1 - expected);
    if (echo && options.shareCanaries.has(echo.endpoint)) share.taken++;
  };

  const compose = (secure: boolean): Asked => {
    const host = random.chance(0.2) ? SHARE_HOST : concrete(random.pick(HOSTS), random);
    const headers: Record<string, string> = {};
    if (random.chance(0.2)) headers["x-canary"] = random.pick(["always", "never", "other"]);
    if (random.chance(0.2)) headers["cookie"] = `a=b; canary=${random.pick(["always", "never", "1"])}`;
    const body = random.chance(0.2) ? Buffer.alloc(1 + random.below(200_000), random.below(256)) : undefined;
    return { host, path: host === SHARE_HOST ? "/" : random.pick(PATHS), tls: secure, headers, body };
  };

  const failed = (kind: string, asked: Asked, error: Error): void => {
    problems.push(`${kind}: ${describe(asked)} failed: ${error.message}`);
  };

  /** HTTP/1.1: keep-alive, or a new TLS handshake for each request. */
  const requests = async (kind: string, secure: boolean, agent: http.Agent | undefined): Promise<void> => {
    while (!stopping) {
      const asked = compose(secure);
      const from = clock().certain;
      const target = { port: secure ? ports.https : ports.http, method: asked.body ? "POST" : "GET", ...(asked.body ? { body: asked.body } : {}) };
      try {
        const answer = await ask({ ...target, ...(agent ? { agent } : {}), host: asked.host, path: asked.path, tls: secure, headers: asked.headers });
        check(kind, asked, from, answer);
        if (secure) checkCertificate(asked, from, answer);
      } catch (error) {
        failed(kind, asked, error as Error);
      }
      await pause(5);
    }
  };

  const checkCertificate = (asked: Asked, from: number, answer: Answer): void => {
    const got = answer.certificate?.fingerprint256;
    for (let version = from; version <= clock().newest; version++) {
      const expected = oracle.fingerprint(version, asked.host);
      if (expected === undefined ? answer.certificate?.subject.CN?.includes("Fake Certificate") : expected === got) return;
    }
    problems.push(`tls: ${asked.host} was served with the certificate of ${answer.certificate?.subject.CN ?? "nobody"}`);
  };

  /** HTTP/2: one connection for all, several streams at a time. */
  const streams = async (session: http2.ClientHttp2Session): Promise<void> => {
    while (!stopping) {
      const asked = compose(true);
      const from = clock().certain;
      try {
        check("http/2", asked, from, await stream(session, asked));
      } catch (error) {
        failed("http/2", asked, error as Error);
      }
      await pause(5);
    }
  };

  const session = http2.connect(`https://127.0.0.1:${ports.https}`, { rejectUnauthorized: false });
  session.on("error", (error) => problems.push(`http/2: the connection failed: ${error.message}`));
  session.on("close", () => stopping || problems.push("http/2: the connection was closed"));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const sockets = await Promise.all(Array.from({ length: options.webSockets }, (_, i) => openWebSocket(ports, i % 2 === 0, problems, counts)));
  const loops = [
    ...Array.from({ length: 3 }, () => requests("http/1.1", false, agent)),
    ...Array.from({ length: 2 }, () => requests("handshake", true, undefined)),
    ...Array.from({ length: 3 }, () => streams(session)),
  ];
  return {
    problems,
    counts,
    share,
    async stop() {
      if (stopping) return;
      for (const socket of sockets) socket.check();
      await pause(200);
      stopping = true;
      await Promise.all(loops);
      for (const socket of sockets) socket.end();
      session.close();
      agent.destroy();
    },
  };
}

function fits({ status, echo }: Pick<Answer, "status" | "echo">, statuses: ReadonlySet<number>, endpoints: ReadonlySet<string>): boolean {
  return echo ? status === 200 && statuses.has(0) && endpoints.has(echo.endpoint) : status !== 200 && statuses.has(status);
}

function bodyArrived({ body }: Asked, echo: Echo | undefined): boolean {
  if (!echo) return true;
  const sent = body ?? Buffer.alloc(0);
  return echo.bodyLength === sent.length && echo.bodySha256 === createHash("sha256").update(sent).digest("hex");
}

function describe({ host, path, tls: secure, headers, body }: Asked): string {
  return `${body ? `POST (${body.length} bytes)` : "GET"} ${secure ? "https" : "http"}://${host}${path} ${JSON.stringify(headers)}`;
}

function concrete(host: string, random: Random): string {
  return host.replace("*", random.pick(["one", "two", "three"]));
}

function stream(session: http2.ClientHttp2Session, asked: Asked): Promise<Pick<Answer, "status" | "echo">> {
  return new Promise((resolve, reject) => {
    const request = session.request({
      ":method": asked.body ? "POST" : "GET",
      ":authority": asked.host,
      ":path": asked.path,
      ...asked.headers,
      ...(asked.body ? { "content-length": String(asked.body.length) } : {}),
    });
    let status = 0;
    const chunks: Buffer[] = [];
    request.setTimeout(15_000, () => request.destroy(new Error("no answer in 15 s")));
    request.on("response", (headers) => (status = Number(headers[":status"])));
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", reject);
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      resolve({ status, echo: text.startsWith('{"backend"') ? (JSON.parse(text) as Echo) : undefined });
    });
    request.end(asked.body);
  });
}

interface OpenSocket {
  /** Notes a problem when something that was sent has not come back. */
  check(): void;
  end(): void;
}

/** Opens a WebSocket connection, sends a line every 100 ms, and expects the lines back in order. */
function openWebSocket(
  ports: { readonly http: number; readonly https: number },
  secure: boolean,
  problems: string[],
  counts: Record<string, number>,
): Promise<OpenSocket> {
  return new Promise((resolve, reject) => {
    const socket = secure
      ? tls.connect({ port: ports.https, host: "127.0.0.1", servername: SOCKET_HOST, rejectUnauthorized: false })
      : connect({ port: ports.http, host: "127.0.0.1" });
    let ended = false;
    let sent = 0;
    let lastHeard = Date.now();
    let heard = "";
    socket.on(secure ? "secureConnect" : "connect", () => {
      socket.write(`GET /socket HTTP/1.1\r\nHost: ${SOCKET_HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    });
    const timer = setInterval(() => open && socket.write(`${sent++}\n`), 100);
    let open = false;
    socket.on("data", (chunk: Buffer) => {
      lastHeard = Date.now();
      heard += chunk.toString("latin1");
      if (!open && heard.includes("\r\n\r\n")) {
        if (!heard.startsWith("HTTP/1.1 101")) reject(new Error(`no WebSocket: ${heard.split("\r\n")[0]}`));
        heard = heard.slice(heard.indexOf("\r\n\r\n") + 4);
        open = true;
        counts["websocket"] = (counts["websocket"] ?? 0) + 1;
        resolve({ check, end });
      }
    });
    const broken = (why: string): void => {
      clearInterval(timer);
      if (!ended) problems.push(`websocket: ${why} after ${sent} messages`);
      if (!open) reject(new Error(why));
    };
    socket.on("error", (error) => broken(error.message));
    socket.on("close", () => broken("closed"));
    const check = (): void => {
      const back = heard.split("\n").slice(0, -1);
      if (back.length < sent - 20 || back.some((line, i) => line !== String(i))) {
        problems.push(`websocket: ${sent} messages said, ${back.length} came back; last heard ${Date.now() - lastHeard} ms ago`);
      }
      counts["websocket messages"] = (counts["websocket messages"] ?? 0) + back.length;
    };
    const end = (): void => {
      ended = true;
      clearInterval(timer);
      socket.destroy();
    };
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

