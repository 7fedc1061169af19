/**
 * A TCP relay in front of an API server, so that tests can take the network away. It relays bytes, TLS or not.
 */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

export interface Gate {
  readonly port: number;
  /** Resets all connections; new ones are served. */
  cut(): void;
  /** Lets half of the next piece of every answer through, then resets the connection. */
  cutMidway(): void;
  /** Relays nothing more on the present connections, without ending them; new ones are served. */
  freeze(): void;
  /** Resets all connections and refuses new ones, until `open`. */
  close(): Promise<void>;
  open(): Promise<void>;
  /** Remembers the present connections, and gives a function that says how many of them are still open. */
  remember(): () => number;
}

export async function startGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  let midway = new WeakSet<Socket>();
  let frozen = new WeakSet<Socket>();

  const relay = (client: Socket): void => {
    const server = connect(target, "127.0.0.1");
    for (const [from, to] of [[client, server], [server, client]] as const) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    client.on("data", (chunk) => server.write(chunk));
    server.on("data", (chunk) => {
      if (frozen.has(server)) return;
      if (!midway.has(server)) return void client.write(chunk);
      client.write(chunk.subarray(0, chunk.length >> 1), () => client.resetAndDestroy());
    });
  };

  const listen = async (port: number) => {
    const listener = createServer({ noDelay: true }, relay);
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
    return listener;
  };
  let listener = await listen(0);
  const { port } = listener.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    cut,
    remember() {
      const present = [...sockets];
      return () => present.filter((socket) => sockets.has(socket)).length;
    },
    cutMidway() {
      midway = new WeakSet(sockets);
    },
    freeze() {
      frozen = new WeakSet(sockets);
    },
    async close() {
      if (!listener.listening) return;
      const closed = once(listener, "close");
      listener.close();
      cut();
      await closed;
    },
    async open() {
      listener = await listen(port);
    },
  };
}
