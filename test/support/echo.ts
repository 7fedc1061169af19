/** Backends for tests: http servers on loopback that answer with what they were asked. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What an echo backend answers, as JSON. */
export interface Echo {
  /** The backend's name. */
  readonly backend: string;
  /** `address:port` it listens on. */
  readonly endpoint: string;
  readonly method: string;
  readonly path: string;
  readonly protocol: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes and SHA-256 of the request's body. */
  readonly bodyLength: number;
  readonly bodySha256: string;
}

export interface EchoBackend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Requests answered so far. */
  readonly requests: () => number;
  close(): Promise<void>;
}

/**
 * The headers that a request wants in its answer. Their names are in lower case, so that they replace the echo's own: of
 * two headers with one name, nginx takes the first from version 1.23 on, and the last before.
 */
function wantedHeaders(json: string | string[] | undefined): OutgoingHttpHeaders {
  if (typeof json !== "string") return {};
  const wanted = Object.entries(JSON.parse(json) as OutgoingHttpHeaders);
  return Object.fromEntries(wanted.map(([name, value]) => [name.toLowerCase(), value]));
}

/**
 * Starts an echo backend. It keeps connections open for longer than nginx does, echoes WebSocket frames' bytes back after a
 * `101`, and answers the status of a request header `x-want-status`, with the headers of `x-want-headers` (JSON).
 * A request with `x-code` asks for an error page: it gets the status of `x-want-page`. Where the backend is the service of
 * external authentication, clients see only what Sluice passes on, so the query of its URL tells what to answer:
 * `echo-status=401`; `echo-header=Name:value`, several times; `echo-copy=name` answers that request header (or `method`,
 * `path`, `protocol`, `count`) as `Echo-name`.
 */
export async function startEcho(name: string, address = "127.0.0.1", port = 0): Promise<EchoBackend> {
  let answered = 0;
  const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => {
    const hash = createHash("sha256");
    let bodyLength = 0;
    request.on("data", (chunk: Buffer) => {
      bodyLength += chunk.length;
      hash.update(chunk);
    });
    request.on("end", () => {
      answered++;
      const echo = describe(server, name, request, bodyLength, hash.digest("hex"));
      const text = JSON.stringify(echo);
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const told = new URL(request.url ?? "/", "http://echo").searchParams;
      for (const [header, value] of toldHeaders(told, request, answered)) response.appendHeader(header, value);
      const wanted = request.headers["x-code"] === undefined ? request.headers["x-want-status"] : request.headers["x-want-page"];
      response.writeHead(Number(told.get("echo-status") ?? wanted ?? 200), { ...headers, ...wantedHeaders(request.headers["x-want-headers"]) });
      response.end(text);
    });
  });
  server.keepAliveTimeout = 600_000;
  server.headersTimeout = 0;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request, socket: Socket) => {
    answered++;
    socket.on("error", () => socket.destroy());
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade ?? ""}\r\nConnection: Upgrade\r\nX-Backend: ${name}\r\n\r\n`);
    socket.pipe(socket);
  });
  // The process of a test that fails before it closes this backend must end all the same.
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    name,
    address,
    port: (server.address() as AddressInfo).port,
    requests: () => answered,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function toldHeaders(told: URLSearchParams, request: IncomingMessage, count: number): [string, string][] {
  const own: Readonly<Record<string, string | undefined>> = {
    method: request.method, path: request.url, protocol: `HTTP/${request.httpVersion}`, count: String(count),
  };
  const copied = told.getAll("echo-copy").map((name): [string, string] => [`Echo-${name}`, String(own[name] ?? request.headers[name] ?? "none")]);
  const given = told.getAll("echo-header").map((text): [string, string] => [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)]);
  return [...copied, ...given];
}

function describe(server: Server, backend: string, request: IncomingMessage, bodyLength: number, bodySha256: string): Echo {
  const { address, port } = server.address() as AddressInfo;
  return {
    backend,
    endpoint: `${address}:${port}`,
    method: request.method ?? "",
    path: request.url ?? "",
    protocol: `HTTP/${request.httpVersion}`,
    headers: Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)])),
    bodyLength,
    bodySha256,
  };
}
