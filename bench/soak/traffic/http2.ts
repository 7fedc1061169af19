/** HTTP/2: streams beside each other over sessions that are kept until nginx says that it leaves. */
import { connect, type ClientHttp2Session } from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { again, echoes, type Traffic } from "./client.ts";
import { ANSWER_LIMIT_MS, wordsOf } from "./exchange.ts";
import { certificateProblem } from "./plain.ts";

const KIND = "HTTP/2";
/** Streams beside each other. */
const BESIDE = 3;

interface Session {
  readonly session: ClientHttp2Session;
  readonly port: number | undefined;
  readonly fingerprint: string | undefined;
  /** The last stream that nginx will answer, once it has said so (GOAWAY). */
  last: number | undefined;
  /** Takes no new stream. */
  over: boolean;
}

export async function http2Session(traffic: Traffic): Promise<void> {
  const host = traffic.random.pick(traffic.site.tlsHosts);
  let open: Promise<Session> | undefined;
  const session = async (): Promise<Session> => {
    const found = await open?.catch(() => undefined);
    if (found && !found.over && !found.session.closed && !found.session.destroyed) return found;
    // Another stream may have opened the next one meanwhile.
    if (open !== undefined && (await open.catch(() => undefined)) !== found) return await session();
    open = openSession(traffic.https, host);
    return await open;
  };
  await Promise.all(Array.from({ length: BESIDE }, () => again(traffic, 60, () => askOnce(traffic, host, session))));
  (await open?.catch(() => undefined))?.session.close();
}

async function askOnce(traffic: Traffic, host: string, session: () => Promise<Session>, isRetry = false): Promise<void> {
  const { notes, random, site } = traffic;
  const path = `/http2/${random.below(1_000_000)}`;
  const begun = performance.now();
  let used: Session | undefined;
  let outcome: StreamOutcome;
  try {
    used = await session();
    outcome = await stream(used, host, path);
  } catch (error) {
    outcome = { error: wordsOf(error as Error) };
  }
  // RFC 9113, 6.8: what came after the last stream of a GOAWAY was not looked at, and is sent again.
  if (outcome.error !== undefined && used && !isRetry && wasNotTaken(used, outcome)) {
    notes.count("HTTP/2 streams after a GOAWAY, sent again");
    return await askOnce(traffic, host, session, true);
  }
  const wrong = outcome.status === undefined ? undefined
    : echoes(host, path, site.appBackends)({ status: outcome.status, headers: {}, body: outcome.body ?? Buffer.alloc(0), fingerprint: undefined })
      ?? certificateProblem(traffic, host, used?.fingerprint);
  const problem = outcome.error ?? wrong;
  const isBad = wrong !== undefined && outcome.error === undefined && ![500, 502, 504].includes(outcome.status ?? 0);
  notes.note({ kind: KIND, begun, ended: performance.now(), port: used?.port, problem, ...(isBad ? { wrong: true } : {}) });
}

function wasNotTaken({ last, over }: Session, { id, error }: StreamOutcome): boolean {
  if (/REFUSED_STREAM|ERR_HTTP2_GOAWAY_SESSION|ERR_HTTP2_INVALID_SESSION/.test(error ?? "")) return true;
  return over && last !== undefined && (id === undefined || id > last);
}

function openSession(port: number, host: string): Promise<Session> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connectTls({ host: "127.0.0.1", port, servername: host, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      const session = connect(`https://${host}`, { createConnection: () => socket });
      const made: Session = { session, port: socket.localPort, fingerprint: socket.getPeerCertificate().fingerprint256, last: undefined, over: false };
      session.on("error", () => (made.over = true));
      session.on("close", () => (made.over = true));
      session.on("goaway", (_code, last) => {
        made.over = true;
        made.last = last;
      });
      resolve(made);
    });
  });
}

interface StreamOutcome {
  readonly id?: number | undefined;
  readonly status?: number;
  readonly body?: Buffer;
  readonly error?: string;
}

function stream({ session }: Session, host: string, path: string): Promise<StreamOutcome> {
  return new Promise((resolve) => {
    const one = session.request({ ":path": path, ":authority": host });
    const chunks: Buffer[] = [];
    let status = 0;
    const limit = setTimeout(() => {
      resolve({ id: one.id, error: `no answer in ${ANSWER_LIMIT_MS / 1000} s` });
      one.close();
    }, ANSWER_LIMIT_MS);
    one.on("response", (headers) => (status = Number(headers[":status"])));
    one.on("data", (chunk: Buffer) => chunks.push(chunk));
    one.on("error", (error) => resolve({ id: one.id, error: wordsOf(error) }));
    let ended = false;
    one.on("end", () => (ended = true));
    one.on("close", () => {
      clearTimeout(limit);
      resolve(ended && status !== 0 ? { id: one.id, status, body: Buffer.concat(chunks) } : { id: one.id, error: `the stream ended early (${one.rstCode})` });
    });
    one.end();
  });
}
