/** WebSockets that stay open for long and echo. Each ends when it likes to; that it is ended before is noted as a failure. */
import * as http from "node:http";
import type { Socket } from "node:net";
import { again, rest, type Traffic } from "./client.ts";
import { wordsOf } from "./exchange.ts";

const KIND = "WebSocket messages";
const OPENED = "WebSocket opened";
const SAY_MS = 1000;
const ECHO_LIMIT_MS = 30_000;

/** One WebSocket after the other, each open for up to `mostSeconds`. */
export function webSockets(traffic: Traffic, mostSeconds: number): Promise<void> {
  return again(traffic, 200, async () => {
    const begun = performance.now();
    const opened = await open(traffic);
    const problem = typeof opened === "string" ? opened : undefined;
    const port = typeof opened === "string" ? undefined : opened.localPort;
    traffic.notes.note({ kind: OPENED, begun, ended: performance.now(), port, problem });
    if (typeof opened === "string") return;
    const until = performance.now() + 1000 * (0.1 + 0.9 * traffic.random.next()) * mostSeconds;
    await talk(traffic, opened, until);
  });
}

/** The socket, or why there is none. */
function open({ http: port, site }: Traffic): Promise<Socket | string> {
  const request = http.request({
    host: "127.0.0.1", port, path: "/socket", agent: false, timeout: ECHO_LIMIT_MS,
    headers: { host: site.socketHost, connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13" },
  });
  request.end();
  return new Promise((resolve) => {
    request.on("upgrade", (_, socket) => resolve(socket));
    request.on("response", (response) => {
      resolve(`status ${response.statusCode} instead of 101`);
      request.destroy();
    });
    request.on("timeout", () => request.destroy(new Error(`not open in ${ECHO_LIMIT_MS / 1000} s`)));
    request.on("error", (error) => resolve(wordsOf(error)));
  });
}

async function talk({ notes, signal }: Traffic, socket: Socket, until: number): Promise<void> {
  const port = socket.localPort;
  let gone: string | undefined;
  let heard = "";
  let wake = (): void => {};
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString("latin1");
    wake();
  });
  socket.on("error", (error) => (gone = wordsOf(error)));
  socket.on("close", () => {
    gone ??= "closed";
    wake();
  });
  for (let i = 0; performance.now() < until && !signal.aborted; i++) {
    const begun = performance.now();
    const word = `message ${i} from ${port};`;
    heard = "";
    if (gone === undefined) socket.write(word);
    while (gone === undefined && heard.length < word.length && performance.now() - begun < ECHO_LIMIT_MS) {
      const late = setTimeout(() => wake(), ECHO_LIMIT_MS - (performance.now() - begun) + 1);
      await new Promise<void>((resolve) => (wake = resolve));
      clearTimeout(late);
    }
    const wrong = heard.length >= word.length && heard !== word;
    const problem = wrong ? `${JSON.stringify(heard)} came back` : heard === word ? undefined : gone ?? `no echo in ${ECHO_LIMIT_MS / 1000} s`;
    notes.note({ kind: KIND, begun, ended: performance.now(), port, problem, ...(wrong ? { wrong: true } : {}) });
    if (problem !== undefined) break;
    await restWhileOpen(socket, signal);
  }
  socket.destroy();
}

/** Waits before the next message, and no longer when the socket is closed. */
async function restWhileOpen(socket: Socket, signal: AbortSignal): Promise<void> {
  const waiting = new AbortController();
  const stop = (): void => waiting.abort();
  socket.once("close", stop);
  signal.addEventListener("abort", stop);
  if (!socket.destroyed && !signal.aborted) await rest(waiting.signal, SAY_MS);
  socket.off("close", stop);
  signal.removeEventListener("abort", stop);
}
