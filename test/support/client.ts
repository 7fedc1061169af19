/** A client that says exactly what a test wants said: any Host, any SNI, HTTP/1.1 or HTTP/2. Follows no redirect. */
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { ConnectionOptions, PeerCertificate, TLSSocket } from "node:tls";
import type { Echo } from "./echo.ts";
import type { KeyPair } from "./openssl.ts";

export interface Ask {
  /** Absent: 127.0.0.1. */
  readonly address?: string;
  readonly port: number;
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** https; SNI is `host` (or `serverName`). No certificate is checked: look at `certificate`. */
  readonly tls?: boolean;
  readonly serverName?: string;
  /** HTTP/2 over TLS; if `tls` is false without TLS, by prior knowledge. */
  readonly http2?: boolean;
  /** Shows this certificate when it is asked for one. */
  readonly client?: KeyPair;
  /** TLS 1.2 with these ciphers. */
  readonly ciphers?: string;
  /** Keep-alive agent to use; otherwise each request has a connection of its own. */
  readonly agent?: http.Agent | https.Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The echo backend's answer, when one answered. */
  readonly echo: Echo | undefined;
  readonly certificate: PeerCertificate | undefined;
  /** OpenSSL's name of the cipher. */
  readonly cipher: string | undefined;
}

const LIMIT_MS = 15_000;

export function ask(request: Ask): Promise<Answer> {
  return request.http2 ? askHttp2(request) : askHttp1(request);
}

function askHttp1(asked: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      host: asked.address ?? "127.0.0.1",
      port: asked.port,
      path: asked.path ?? "/",
      method: asked.method ?? "GET",
      headers: { ...(asked.host === undefined ? {} : { host: asked.host }), ...asked.headers },
      agent: asked.agent ?? false,
      timeout: LIMIT_MS,
      ...(asked.tls ? { ...tlsOptions(asked), rejectUnauthorized: false, servername: asked.serverName ?? asked.host?.replace(/:.*/, "") ?? "" } : {}),
    };
    let shown: Shown = {};
    const request = (asked.tls ? https : http).request(options, (response) => {
      if (asked.tls) shown = shownBy(response.socket as TLSSocket);
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve(answer(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString(), shown)));
    });
    request.on("timeout", () => request.destroy(new Error(`no answer in ${LIMIT_MS} ms`)));
    request.on("error", reject);
    request.end(asked.body);
  });
}

function askHttp2(asked: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`${asked.tls === false ? "http" : "https"}://${asked.address ?? "127.0.0.1"}:${asked.port}`, {
      ...tlsOptions(asked),
      rejectUnauthorized: false,
      servername: asked.serverName ?? asked.host ?? "",
    });
    session.on("error", reject);
    session.setTimeout(LIMIT_MS, () => session.destroy(new Error(`no answer in ${LIMIT_MS} ms`)));
    const stream = session.request({
      ":method": asked.method ?? "GET",
      ":path": asked.path ?? "/",
      ...(asked.host === undefined ? {} : { ":authority": asked.host }),
      ...asked.headers,
    });
    let head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    const chunks: Buffer[] = [];
    stream.on("response", (headers) => (head = headers));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      // The server may have ended the connection behind its answer.
      const shown = asked.tls === false || session.destroyed ? {} : shownBy(session.socket as TLSSocket);
      session.close();
      resolve(answer(Number(head[":status"] ?? 0), head, Buffer.concat(chunks).toString(), shown));
    });
    stream.end(asked.body);
  });
}

function tlsOptions({ client, ciphers }: Ask): ConnectionOptions {
  return {
    ...(client ? { cert: client.chain, key: client.key } : {}),
    ...(ciphers === undefined ? {} : { ciphers, maxVersion: "TLSv1.2" }),
  };
}

interface Shown {
  readonly certificate?: PeerCertificate;
  readonly cipher?: string;
}

function shownBy(socket: TLSSocket): Shown {
  return { certificate: socket.getPeerCertificate(), cipher: socket.getCipher().name };
}

function answer(status: number, headers: http.IncomingHttpHeaders, text: string, { certificate, cipher }: Shown): Answer {
  const flat = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : String(value)]);
  return { status, headers: Object.fromEntries(flat) as Record<string, string>, text, echo: echoOf(text), certificate, cipher };
}

function echoOf(text: string): Echo | undefined {
  try {
    const value = JSON.parse(text) as Partial<Echo>;
    return typeof value.backend === "string" ? (value as Echo) : undefined;
  } catch {
    return undefined;
  }
}
