/**
 * Sends a request again and again over one kept connection, to learn when its answer becomes right.
 *
 * Uses raw sockets, so that a change is observed as soon as possible.
 */
import { createConnection, type Socket } from "node:net";

export interface Probe {
  /** Status and body of one request for a host. */
  ask(host: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Asks until `right` and gives the time of that answer (performance.now()); rejects after `limitMs`. */
  until(host: string, right: (answer: { status: number; body: string }) => boolean, limitMs: number): Promise<number>;
  close(): void;
}

export function openProbe(port: number): Probe {
  let socket: Socket | undefined;

  const connected = (): Socket => {
    if (socket && !socket.destroyed) return socket;
    socket = createConnection(port, "127.0.0.1").setNoDelay(true);
    return socket;
  };

  const ask = (host: string): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const on = connected();
      let text = "";
      const settle = (error?: Error): void => {
        on.off("data", hear).off("error", settle).off("close", hangUp);
        if (error) return reject(error);
        const [head = "", body = ""] = text.split("\r\n\r\n");
        if (/^connection: close/im.test(head)) on.destroy();
        resolve({ status: Number(head.split(" ")[1]), body });
      };
      const hangUp = (): void => settle(new Error("the connection was closed before an answer"));
      const hear = (chunk: Buffer): void => {
        text += chunk.toString("latin1");
        if (isWhole(text)) settle();
      };
      on.on("data", hear).on("error", settle).on("close", hangUp);
      on.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    });

  return {
    ask,
    async until(host, right, limitMs) {
      const deadline = performance.now() + limitMs;
      for (;;) {
        // A connection that reached its limit of requests is simply replaced.
        const answer = await ask(host).catch(() => undefined);
        const now = performance.now();
        if (answer && right(answer)) return now;
        if (now > deadline) throw new Error(`${host} did not answer as expected within ${limitMs} ms: ${answer?.status} ${answer?.body}`);
      }
    },
    close: () => socket?.destroy(),
  };
}

/** Whether the text is a whole answer; nginx and the backend send a Content-Length. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const [, length = "0"] = /^content-length: (\d+)/im.exec(text.slice(0, end)) ?? [];
  return text.length - end - 4 >= Number(length);
}
