/** Requests of the scenarios: until a change is live, and all the time beside one. */
import * as http from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { exchange, type Answered, type Request } from "../soak/traffic/exchange.ts";

/** What became of one change. */
export interface Live {
  /** Milliseconds from the write's beginning to the first right answer; NaN: not within the limit. */
  readonly ms: number;
  /** Answers that were neither right nor `before`, and connections that failed. */
  readonly errors: number;
}

const PAUSE_MS = 5;

/**
 * Asks until the answer is right, with five milliseconds between two tries.
 * @param before which answers may come until then
 */
export async function untilLive(request: Request, begun: number, right: (answer: Answered) => boolean, before: (answer: Answered) => boolean, limitMs: number): Promise<Live> {
  let errors = 0;
  while (performance.now() - begun < limitMs) {
    const { answer, ended } = await exchange(request);
    if (answer && right(answer)) return { ms: ended - begun, errors };
    if (!answer || !before(answer)) errors++;
    await sleep(PAUSE_MS);
  }
  return { ms: NaN, errors };
}

export interface Stream {
  /** Requests, and those that were not answered as they should. */
  readonly counted: { requests: number; failed: number };
  /** The first failures, in words. */
  readonly problems: readonly string[];
  stop(): Promise<void>;
}

/** Requests without pause over two kept connections, and over new ones. */
export function startStream(ask: () => Request, right: (answer: Answered) => string | undefined): Stream {
  const counted = { requests: 0, failed: 0 };
  const problems: string[] = [];
  let stopping = false;
  const one = async (agent: http.Agent | undefined): Promise<void> => {
    while (!stopping) {
      const { answer, error } = await exchange({ ...ask(), ...(agent ? { agent } : {}) });
      const problem = error ?? (answer ? right(answer) : "no answer");
      counted.requests++;
      if (problem !== undefined) {
        counted.failed++;
        if (problems.length < 5) problems.push(problem);
      }
      await sleep(1);
    }
    agent?.destroy();
  };
  const loops = [kept(), kept(), undefined].map(one);
  return {
    counted, problems,
    async stop() {
      stopping = true;
      await Promise.all(loops);
    },
  };
}

export const kept = (): http.Agent => new http.Agent({ keepAlive: true, maxSockets: 1 });

export interface OpenSockets {
  /** How many have been closed by the other side, or do not echo any more. */
  lost(): Promise<number>;
  close(): void;
}

const ECHO_MS = 5000;

/** Opens WebSockets whose bytes are echoed. */
export async function openSockets(port: number, host: string, count: number): Promise<OpenSockets> {
  const sockets = await Promise.all(Array.from({ length: count }, () => openSocket(port, host)));
  return {
    async lost() {
      const alive = await Promise.all(sockets.map(echoes));
      return alive.filter((one) => !one).length;
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}

function openSocket(port: number, host: string): Promise<Socket> {
  const request = http.request({
    host: "127.0.0.1", port, path: "/", agent: false,
    headers: { host, connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" },
  });
  request.end();
  return new Promise((resolve, reject) => {
    request.on("upgrade", (_, socket) => resolve(socket.on("error", () => socket.destroy())));
    request.on("response", ({ statusCode }) => reject(new Error(`a WebSocket gets ${statusCode}`)));
    request.on("error", reject);
  });
}

async function echoes(socket: Socket): Promise<boolean> {
  if (socket.destroyed || socket.readableEnded) return false;
  const back = new Promise<boolean>((resolve) => {
    socket.once("data", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  socket.write("hello");
  return await Promise.race([back, sleep(ECHO_MS, false, { ref: false })]);
}
