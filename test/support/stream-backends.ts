/** Backends and clients below http: on a connection a backend sends its name first, then it echoes everything. */
import assert from "node:assert/strict";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, createServer, type Server, type Socket } from "node:net";

export interface TcpBackend {
  readonly name: string;
  readonly port: number;
  /** What each connection began with, where the backend waits for a PROXY header. */
  readonly headers: string[];
  close(): Promise<void>;
}

/** Greets with its name and a line feed, then echoes. With `proxy`: after it has read a PROXY header. */
export async function startTcp(name: string, options: { readonly port?: number; readonly proxy?: boolean } = {}): Promise<TcpBackend> {
  const sockets = new Set<Socket>();
  const headers: string[] = [];
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    const begin = (): void => {
      socket.write(`${name}\n`);
      socket.pipe(socket);
    };
    if (!options.proxy) return begin();
    socket.once("data", (data: Buffer) => {
      const end = data.indexOf("\r\n") + 2;
      headers.push(data.subarray(0, end).toString());
      if (data.length > end) socket.unshift(data.subarray(end));
      begin();
    });
  });
  await new Promise<void>((resolve) => server.listen({ port: options.port ?? 0, host: "127.0.0.1", backlog: 1024 }, resolve));
  return {
    name,
    port: (server.address() as { port: number }).port,
    headers,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface UdpBackend {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers every datagram with its name, a space and the datagram. */
export async function startUdp(name: string): Promise<UdpBackend> {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => socket.send(`${name} ${message.toString()}`, from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

/** A connection whose bytes are read as they are asked for. */
export interface Conversation {
  readonly socket: Socket;
  /** The next `count` bytes; rejects when the connection ends before, and when they do not come. */
  read(count: number): Promise<string>;
  /** The next line; rejects as `read` does. */
  line(): Promise<string>;
  write(text: string): void;
  /** Resolves when the connection has ended, with what was not read. */
  ended(): Promise<string>;
}

/** A connection that says nothing for this long fails the test. */
const LIMIT_MS = 15_000;

export async function converse(port: number, host = "127.0.0.1"): Promise<Conversation> {
  const socket = connect({ port, host, noDelay: true });
  let text = "";
  let over = false;
  let wake = (): void => {};
  socket.on("data", (data: Buffer) => {
    text += data.toString("latin1");
    wake();
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    over = true;
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const until = async (holds: () => boolean): Promise<void> => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      wake();
    }, LIMIT_MS);
    try {
      while (!holds()) {
        if (over) throw new Error(`the connection ended after ${JSON.stringify(text)}`);
        assert.ok(!late, `port ${port} said nothing more for ${LIMIT_MS} ms after ${JSON.stringify(text)}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  };
  const take = (count: number): string => {
    const taken = text.slice(0, count);
    text = text.slice(count);
    return taken;
  };
  return {
    socket,
    async read(count) {
      await until(() => text.length >= count);
      return take(count);
    },
    async line() {
      await until(() => text.includes("\n"));
      return take(text.indexOf("\n") + 1).trimEnd();
    },
    write: (data) => void socket.write(data),
    async ended() {
      while (!over) await new Promise<void>((resolve) => (wake = resolve));
      return text;
    },
  };
}

/** Name of the backend that answers a new connection; "": the connection was closed. */
export async function whoAnswers(port: number, host = "127.0.0.1"): Promise<string> {
  const conversation = await converse(port, host);
  const name = await conversation.line().catch((error: Error) => {
    if (error instanceof assert.AssertionError) throw error;
    return "";
  });
  conversation.socket.destroy();
  return name;
}

/** A client's socket that sends datagrams and waits for the answer to each; undefined: none came in time. */
export function udpClient(port: number, host = "127.0.0.1"): { ask(text: string, withinMs?: number): Promise<string | undefined>; close(): void } {
  // The process of a test that fails before it closes the socket must end all the same.
  const socket: UdpSocket = createSocket("udp4").unref();
  return {
    ask: (text, withinMs = 5000) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(undefined), withinMs);
        socket.once("message", (message) => {
          clearTimeout(timer);
          resolve(message.toString());
        });
        socket.send(text, port, host);
      }),
    close: () => socket.close(),
  };
}
