/** One request over HTTP/1.1, with the client's port of its connection. Never rejects: what went wrong is in the answer. */
import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

export interface Request {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly tls?: boolean;
  /** A keep-alive agent; without it the request has a connection of its own. */
  readonly agent?: http.Agent | https.Agent;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes the body; without it there is none. */
  readonly write?: (request: http.ClientRequest) => Promise<void>;
}

export interface Exchange {
  readonly begun: number;
  readonly ended: number;
  readonly port: number | undefined;
  /** What nginx answered; undefined: nothing whole. */
  readonly answer: Answered | undefined;
  /** Why there is no answer. */
  readonly error: string | undefined;
  /** Milliseconds that the connection had been silent, of one that was used before. */
  readonly silentMs: number | undefined;
}

export interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** SHA-256 of the certificate that was shown, as OpenSSL writes it; only of a new TLS connection. */
  readonly fingerprint: string | undefined;
}

export const ANSWER_LIMIT_MS = 30_000;
/** When a kept connection's last answer ended. */
const LAST_USED = new WeakMap<Socket, number>();

export function exchange(asked: Request): Promise<Exchange> {
  const begun = performance.now();
  return new Promise((resolve) => {
    let port: number | undefined;
    let socket: Socket | undefined;
    let silentMs: number | undefined;
    let done = false;
    const end = (answer: Answered | undefined, error?: string): void => {
      if (done) return;
      done = true;
      clearTimeout(limit);
      const ended = performance.now();
      if (socket && answer) LAST_USED.set(socket, ended);
      resolve({ begun, ended, port, answer, error, silentMs });
    };
    const request = (asked.tls ? https : http).request({
      host: "127.0.0.1",
      port: asked.port,
      path: asked.path,
      method: asked.method ?? "GET",
      headers: { host: asked.host, ...asked.headers },
      agent: asked.agent ?? false,
      ...(asked.tls ? { rejectUnauthorized: false, servername: asked.host } : {}),
    });
    const limit = setTimeout(() => {
      request.destroy();
      end(undefined, `no answer in ${ANSWER_LIMIT_MS / 1000} s`);
    }, ANSWER_LIMIT_MS);
    request.on("socket", (one) => {
      socket = one;
      const last = LAST_USED.get(one);
      if (last !== undefined) silentMs = performance.now() - last;
      const note = (): void => void (port = one.localPort ?? port);
      if (one.connecting) one.once("connect", note);
      else note();
    });
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      const fingerprint = asked.tls ? (socket as TLSSocket).getPeerCertificate().fingerprint256 : undefined;
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", (error) => end(undefined, wordsOf(error)));
      response.on("end", () => end({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks), fingerprint }));
    });
    request.on("error", (error) => end(undefined, wordsOf(error)));
    if (asked.write === undefined) request.end();
    else void asked.write(request).then(() => request.end(), (error: Error) => end(undefined, wordsOf(error)));
  });
}

export function wordsOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || error.message.includes(code) ? error.message : `${code} ${error.message}`;
}
