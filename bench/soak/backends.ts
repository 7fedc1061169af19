/** The backends of the site: echoes, one that sends slowly, and the service of external authentication. On 127.0.0.1. */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho, type EchoBackend } from "../../test/support/echo.ts";

export interface Backends {
  /** Two that answer for ordinary hosts. */
  readonly app: readonly [EchoBackend, EchoBackend];
  /** Sends `downloadOf(path)` in pieces over seconds. */
  readonly slow: number;
  /** 200 for the right `authorization`, else 401. */
  readonly auth: number;
  close(): Promise<void>;
}

export const PASSWORD = "Basic c29hazpzb2Fr";
const PIECES = 16;
const PIECE_MS = 200;

/** What the slow backend sends for a path: 256 KiB. */
export function downloadOf(path: string): Buffer {
  return Buffer.alloc(PIECES * 16 * 1024, `${path}|`);
}

export async function startBackends(): Promise<Backends> {
  const app = [await startEcho("a"), await startEcho("b")] as const;
  const slow = await serve(createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const body = downloadOf(request.url ?? "/");
    response.writeHead(200, { "content-length": body.length });
    const piece = body.length / PIECES;
    void (async () => {
      for (let i = 0; i < PIECES && !response.destroyed; i++, await sleep(PIECE_MS)) response.write(body.subarray(i * piece, (i + 1) * piece));
      response.end();
    })();
  }));
  const auth = await serve(createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    request.resume();
    response.writeHead(request.headers.authorization === PASSWORD ? 200 : 401).end();
  }));
  return {
    app, slow: slow.port, auth: auth.port,
    async close() {
      await Promise.all([...app.map((one) => one.close()), slow.close(), auth.close()]);
    },
  };
}

async function serve(server: Server): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
