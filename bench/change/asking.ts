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
 * Asks until the answer is right.
 * @param before which answers may come until then
 * @param pauseMs between two tries
 */
export async function untilLive(request: Request, begun: number, right: (answer: Answered) => boolean, before: (answer: Answered) => boolean, limitMs: number, pauseMs = PAUSE_MS): Promise<Live> {
  let errors = 0;
  while (performance.now() - begun < limitMs) {
    const { answer, ended } = await exchange(request);
    if (answer && right(answer)) return { ms: ended - begun, errors };
    if (!answer || !before(answer)) errors++;
    if (pauseMs > 0) await sleep(pauseMs);
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
/** Each says a word that often, as a client does that keeps its WebSocket open: nginx closes what is silent for a minute. */
const WORD_MS = 5000;

/** Opens WebSockets whose bytes are echoed. */
export async function openSockets(port: number, host: string, count: number): Promise<OpenSockets> {
  const sockets = await Promise.all(Array.from({ length: count }, () => openSocket(port, host)));
  const owed = new Map(sockets.map((socket) => [socket, 0]));
  const say = (socket: Socket): void => {
    if (socket.destroyed) return;
    owed.set(socket, (owed.get(socket) ?? 0) + WORD.length);
    socket.write(WORD);
  };
  for (const socket of sockets) {
    socket.on("data", (chunk: Buffer) => owed.set(socket, (owed.get(socket) ?? 0) - chunk.length));
    socket.on("close", () => owed.set(socket, Infinity));
  }
  const talk = setInterval(() => sockets.forEach(say), WORD_MS);
  return {
    async lost() {
      sockets.forEach(say);
      const deadline = performance.now() + ECHO_MS;
      while ([...owed.values()].some((bytes) => bytes !== 0 && bytes !== Infinity) && performance.now() < deadline) await sleep(20);
      return [...owed.values()].filter((bytes) => bytes !== 0).length;
    },
    close() {
      clearInterval(talk);
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

const WORD = "hello";

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
