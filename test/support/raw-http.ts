/**
 * HTTP/1.1 byte by byte: sends exactly the bytes of a test, one request after the other on one connection, which is
 * opened again when the server has closed it.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface RawAnswer {
  readonly status: number;
  /** By name in lower case, values in latin-1. Of several headers with one name the last. */
  readonly headers: ReadonlyMap<string, string>;
  /** Latin-1. */
  readonly body: string;
}

export interface RawClient {
  /** `bytes`: a whole request in latin-1. Rejects when no whole answer comes. */
  ask(bytes: string): Promise<RawAnswer>;
  close(): void;
}

const LIMIT_MS = 10_000;

export function rawClient(port: number, tls?: { readonly serverName: string }): RawClient {
  let socket: Socket | undefined;
  return {
    async ask(bytes) {
      // What was closed since the last answer says nothing any more, not even that it is closed.
      if (socket?.destroyed === true || socket?.readableEnded === true) socket = undefined;
      socket ??= await open(port, tls);
      const mine = socket;
      const answer = await converse(mine, bytes);
      const ends = answer.headers.get("connection") === "close" || mine.destroyed || mine.readableEnded;
      if (ends) {
        mine.destroy();
        socket = undefined;
      }
      return answer;
    },
    close() {
      socket?.destroy();
      socket = undefined;
    },
  };
}

function open(port: number, tls: { readonly serverName: string } | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const where = { host: "127.0.0.1", port };
    const socket = tls ? connectTls({ ...where, servername: tls.serverName, rejectUnauthorized: false }) : connect(where);
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`no answer in ${LIMIT_MS} ms`)));
    socket.once("error", reject);
    socket.once(tls ? "secureConnect" : "connect", () => resolve(socket));
  });
}

function converse(socket: Socket, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = "";
    const finish = (settle: () => void): void => {
      socket.off("data", heard).off("end", ended).off("close", ended).off("error", failed);
      settle();
    };
    const ended = (): void => {
      const answer = readAnswer(text, true);
      finish(() => (answer ? resolve(answer) : reject(new Error(`the connection ended within ${JSON.stringify(text)}`))));
    };
    const heard = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      const answer = readAnswer(text, false);
      if (answer) finish(() => resolve(answer));
    };
    const failed = (error: Error): void => finish(() => reject(error));
    socket.on("data", heard).on("end", ended).on("close", ended).on("error", failed);
    socket.write(Buffer.from(bytes, "latin1"));
  });
}

/** Undefined: there is more to come. */
function readAnswer(text: string, ended: boolean): RawAnswer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
  const body = bodyOf(text.slice(end + 4), headers, ended);
  return body === undefined ? undefined : { status: Number(first.split(" ")[1]), headers, body };
}

function bodyOf(rest: string, headers: ReadonlyMap<string, string>, ended: boolean): string | undefined {
  const length = headers.get("content-length");
  if (length !== undefined) return rest.length >= Number(length) ? rest.slice(0, Number(length)) : undefined;
  if (headers.get("transfer-encoding") === "chunked") return unchunk(rest);
  return ended ? rest : undefined;
}

function unchunk(text: string): string | undefined {
  let body = "";
  let at = 0;
  for (;;) {
    const line = text.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(text.slice(at, line), 16);
    const next = line + 2 + size;
    if (text.length < next + 2) return undefined;
    if (size === 0) return body;
    body += text.slice(line + 2, next);
    at = next + 2;
  }
}
