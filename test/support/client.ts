/** A client that says exactly what a test wants said: any Host, any SNI, HTTP/1.1 or HTTP/2. Follows no redirect. */
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { PeerCertificate, TLSSocket } from "node:tls";
import type { Echo } from "./echo.ts";

export interface Ask {
  readonly port: number;
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** https; SNI is `host` (or `serverName`). No certificate is checked: look at `certificate`. */
  readonly tls?: boolean;
  readonly serverName?: string;
  readonly http2?: boolean;
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
}

const LIMIT_MS = 15_000;

export function ask(request: Ask): Promise<Answer> {
  return request.http2 ? askHttp2(request) : askHttp1(request);
}

function askHttp1(asked: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      host: "127.0.0.1",
      port: asked.port,
      path: asked.path ?? "/",
      method: asked.method ?? "GET",
      headers: { ...(asked.host === undefined ? {} : { host: asked.host }), ...asked.headers },
      agent: asked.agent ?? false,
      timeout: LIMIT_MS,
      ...(asked.tls ? { rejectUnauthorized: false, servername: asked.serverName ?? asked.host?.replace(/:.*/, "") ?? "" } : {}),
    };
    let certificate: PeerCertificate | undefined;
    const request = (asked.tls ? https : http).request(options, (response) => {
      if (asked.tls) certificate = (response.socket as TLSSocket).getPeerCertificate();
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve(answer(response.statusCode ?? 0, response.headers, Buffer.concat(chunks).toString(), certificate)));
    });
    request.on("timeout", () => request.destroy(new Error(`no answer in ${LIMIT_MS} ms`)));
    request.on("error", reject);
    request.end(asked.body);
  });
}

function askHttp2(asked: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://127.0.0.1:${asked.port}`, {
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
      const certificate = (session.socket as TLSSocket).getPeerCertificate();
      session.close();
      resolve(answer(Number(head[":status"] ?? 0), head, Buffer.concat(chunks).toString(), certificate));
    });
    stream.end(asked.body);
  });
}

function answer(status: number, headers: http.IncomingHttpHeaders, text: string, certificate: PeerCertificate | undefined): Answer {
  const flat = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : String(value)]);
  return { status, headers: Object.fromEntries(flat) as Record<string, string>, text, echo: echoOf(text), certificate };
}

function echoOf(text: string): Echo | undefined {
  try {
    const value = JSON.parse(text) as Partial<Echo>;
    return typeof value.backend === "string" ? (value as Echo) : undefined;
  } catch {
    return undefined;
  }
}
