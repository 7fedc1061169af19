/** What an attack is, and the connections that attacks are made of. */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../test/support/random.ts";

export interface AttackTarget {
  readonly http: number;
  readonly https: number;
  readonly host: string;
  readonly random: Random;
}

export interface Attack {
  readonly name: string;
  /** Attacks until the signal. Resolves with the number of connections, frames or requests of it; leaves none open. */
  run(target: AttackTarget, signal: AbortSignal): Promise<number>;
  /** What went through that should not have, since the start; absent: nothing can. */
  readonly breaches?: () => readonly string[];
}

/** A connection whose errors are nobody's concern; undefined: it was refused, or the attack is over. */
export async function attackSocket(port: number, signal: AbortSignal): Promise<Socket | undefined> {
  if (signal.aborted) return undefined;
  const socket = connect({ host: "127.0.0.1", port });
  signal.addEventListener("abort", () => socket.destroy(), { once: true });
  socket.on("error", () => socket.destroy());
  await new Promise<void>((resolve) => socket.once("connect", resolve).once("close", () => resolve()));
  return socket.destroyed ? undefined : socket;
}

/** Resolves at the signal, or after that many milliseconds. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}

/** Resolves when the event comes, the connection closes, that many milliseconds are over, or the attack is. */
export async function happened(socket: Socket, event: "data" | "drain" | "close", milliseconds: number, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const end = (): void => done.abort();
  socket.once(event, end).once("close", end);
  await pause(milliseconds, either);
  socket.off(event, end).off("close", end);
}

/** Keeps so many connections open at a time, each as long as `use` takes, until the signal. */
export async function keepOpen(port: number, count: number, signal: AbortSignal, use: (socket: Socket) => Promise<void>): Promise<number> {
  let made = 0;
  await Promise.all(Array.from({ length: count }, async () => {
    while (!signal.aborted) {
      const socket = await attackSocket(port, signal);
      if (socket) {
        made++;
        await use(socket);
        socket.destroy();
      } else await pause(50, signal);
    }
  }));
  return made;
}

/** Writes the pieces, one each so many milliseconds, until the connection or the attack ends. */
export async function dribble(socket: Socket, pieces: () => string, every: number, signal: AbortSignal): Promise<void> {
  socket.resume();
  while (!signal.aborted && !socket.destroyed && !socket.readableEnded) {
    socket.write(Buffer.from(pieces(), "latin1"));
    await pause(every, signal);
  }
}
