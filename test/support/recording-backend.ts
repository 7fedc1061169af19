/**
 * A backend that reads bytes as strictly as RFC 9112 allows, and notes each request as it came. Whatever two readers could take for
 * different requests, it notes as ambiguous, and ends the connection.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

export interface Recorded {
  readonly method: string;
  readonly target: string;
  /** Names in lower case, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface RecordingBackend {
  readonly port: number;
  /** Requests that came whole, latest last. */
  readonly requests: Recorded[];
  /** What was wrong with bytes that came, with those bytes. */
  readonly ambiguous: string[];
  /** Requests whose body was cut off by the end of their connection. */
  readonly cut: () => number;
  close(): void;
}

/** Answers each request with 200 and, in `x-path`, with the target that it saw. */
export async function startRecording(): Promise<RecordingBackend> {
  const requests: Recorded[] = [];
  const ambiguous: string[] = [];
  const sockets = new Set<Socket>();
  let cut = 0;
  const server: Server = createServer((socket) => {
    let pending = "";
    sockets.add(socket);
    const over = (): void => {
      if (pending !== "" && sockets.delete(socket)) cut++;
      sockets.delete(socket);
    };
    socket.on("error", () => socket.destroy()).on("close", over);
    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("latin1");
      for (;;) {
        const read = firstRequest(pending);
        if (read === undefined) return;
        if (typeof read === "string") {
          ambiguous.push(`${read}: ${JSON.stringify(pending.slice(0, 400))}`);
          return void socket.destroy();
        }
        requests.push(read.request);
        pending = pending.slice(read.length);
        socket.write(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Path: ${encodeURI(read.request.target)}\r\n\r\n`, "latin1"));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    port: (server.address() as AddressInfo).port, requests, ambiguous, cut: () => cut,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/;

/** The first request of the bytes and its length; undefined: it is not whole; a text: what is ambiguous about it. */
function firstRequest(bytes: string): { readonly request: Recorded; readonly length: number } | string | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return /^[^\r\n]*\n/.test(bytes) ? "a line ends without a carriage return" : undefined;
  const [first = "", ...lines] = bytes.slice(0, end).split("\r\n");
  const [, method = "", target = "", minor] = LINE.exec(first) ?? [];
  if (method === "") return "no request line";
  const fields = lines.map((line) => FIELD.exec(line));
  if (fields.includes(null)) return "a line that is no header";
  const headers = fields.map((field): readonly [string, string] => [field?.[1]?.toLowerCase() ?? "", field?.[2] ?? ""]);
  const all = (name: string): readonly string[] => headers.filter(([one]) => one === name).map(([, value]) => value);
  const [lengths, codings] = [all("content-length"), all("transfer-encoding")];
  if (all("host").length !== 1) return `${all("host").length} headers Host`;
  if (/\bh2c\b/i.test(all("upgrade").join())) return "an upgrade to HTTP/2";
  if (lengths.length + codings.length > 1) return "more than one way to find the end of the body";
  if (lengths.length === 1 && !/^[0-9]{1,15}$/.test(lengths[0] ?? "")) return "a length that is no number";
  if (codings.length === 1 && (codings[0] !== "chunked" || minor === "0")) return "a coding other than chunked, or chunks of HTTP/1.0";
  const start = end + 4;
  if (codings.length === 1) {
    const read = readChunks(bytes, start);
    return typeof read === "object" ? { request: { method, target, headers, body: read.body }, length: read.end } : read;
  }
  const length = Number(lengths[0] ?? 0);
  if (bytes.length < start + length) return undefined;
  return { request: { method, target, headers, body: bytes.slice(start, start + length) }, length: start + length };
}

function readChunks(bytes: string, from: number): { readonly body: string; readonly end: number } | string | undefined {
  let body = "";
  let at = from;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = bytes.slice(at, line);
    if (!/^[0-9A-Fa-f]{1,8}$/.test(size)) return `a chunk's size ${JSON.stringify(size)}`;
    const length = Number.parseInt(size, 16);
    const end = line + 2 + length;
    if (bytes.length < end + 2) return undefined;
    if (bytes.slice(end, end + 2) !== "\r\n") return "a chunk that does not end where it says, or a trailer";
    if (length === 0) return { body, end: end + 2 };
    body += bytes.slice(line + 2, end);
    at = end + 2;
  }
}
