/** Backends that speak something else than plain http, on loopback: https, gRPC, FastCGI. Each remembers its connections. */
import * as http2 from "node:http2";
import { createServer as createHttps } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";
import type { KeyPair } from "./openssl.ts";

export interface Backend {
  readonly port: number;
  /** Connections that were made so far. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** What an https backend answers, as JSON. */
export interface TlsEcho {
  /** Always "https"; by this field `ask` knows the answer of an echo. */
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Common name of the client certificate; empty: none. */
  readonly client: string;
  /** SNI; empty: none was sent. */
  readonly serverName: string;
  readonly version: string;
  readonly cipher: string;
  /** The TLS session is one of an earlier connection. */
  readonly resumed: boolean;
  /** Number of the backend's connection that the request came over, from 0. */
  readonly connection: number;
}

async function listen(server: Server): Promise<Backend> {
  let connections = 0;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An https backend that asks for a client certificate and takes any, or none. */
export async function startHttps({ chain, key }: KeyPair, options: TlsOptions = {}): Promise<Backend> {
  const numbers = new WeakMap<object, number>();
  let next = 0;
  const server = createHttps({ key, cert: chain, requestCert: true, rejectUnauthorized: false, ...options }, (request, response) => {
    const socket = request.socket as TLSSocket & { servername?: string | false };
    if (!numbers.has(socket)) numbers.set(socket, next++);
    const { subject } = socket.getPeerCertificate() as { subject?: { CN?: string } };
    const echo: TlsEcho = {
      backend: "https",
      method: request.method ?? "",
      path: request.url ?? "",
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      client: subject?.CN ?? "",
      serverName: socket.servername || "",
      version: socket.getProtocol() ?? "",
      cipher: socket.getCipher().name,
      resumed: socket.isSessionReused(),
      connection: numbers.get(socket) ?? -1,
    };
    request.resume().on("end", () => response.end(JSON.stringify(echo)));
  });
  server.keepAliveTimeout = 600_000;
  return await listen(server);
}

/** A backend that counts its calls as well. */
export interface GrpcBackend extends Backend {
  readonly calls: () => number;
}

/** A gRPC backend, as far as nginx can see one: it answers each stream with trailers, and says in a header what it saw. */
export async function startGrpc(pair?: KeyPair): Promise<GrpcBackend> {
  let calls = 0;
  const server = pair ? http2.createSecureServer({ key: pair.key, cert: pair.chain }) : http2.createServer();
  const answer = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void => {
    calls++;
    stream.respond({ ":status": 200, "content-type": "application/grpc", "x-seen": JSON.stringify(headers) }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("error", () => stream.destroy());
    stream.pipe(stream);
  };
  server.on("stream", answer);
  return { ...(await listen(server)), calls: () => calls };
}

/** A FastCGI responder: it answers each request with its parameters and the length of its body, as JSON. */
export async function startFastcgi(): Promise<Backend> {
  return await listen(createServer((socket) => respond(socket)));
}

const PARAMS = 4;
const STDIN = 5;

function respond(socket: Socket): void {
  let pending = Buffer.alloc(0);
  let params = Buffer.alloc(0);
  let bodyLength = 0;
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 8) {
      const length = pending.readUInt16BE(4);
      const total = 8 + length + (pending[6] ?? 0);
      if (pending.length < total) return;
      const [type, content] = [pending[1], pending.subarray(8, 8 + length)];
      pending = pending.subarray(total);
      if (type === PARAMS) params = Buffer.concat([params, content]);
      if (type !== STDIN) continue;
      bodyLength += length;
      if (length === 0) socket.end(answerOf({ backend: "fastcgi", params: readParams(params), bodyLength }));
    }
  });
}

function answerOf(value: object): Buffer {
  const text = Buffer.from(`Status: 200 OK\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(value)}`);
  return Buffer.concat([record(6, text), record(6, Buffer.alloc(0)), record(3, Buffer.alloc(8))]);
}

function record(type: number, content: Buffer): Buffer {
  const head = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
  return Buffer.concat([head, content]);
}

/** Pairs of a name and a value, each with a length of one byte or, with the first bit set, four. */
function readParams(bytes: Buffer): Record<string, string> {
  const params: Record<string, string> = {};
  let at = 0;
  const length = (): number => {
    const first = bytes[at] ?? 0;
    if (first < 128) return bytes[at++] ?? 0;
    at += 4;
    return bytes.readUInt32BE(at - 4) & 0x7fffffff;
  };
  while (at < bytes.length) {
    const [name, value] = [length(), length()];
    params[bytes.toString("latin1", at, at + name)] = bytes.toString("latin1", at + name, at + name + value);
    at += name + value;
  }
  return params;
}
