/**
 * One object that changes every 200 ms under requests without pause, between two versions. Every answer must be a 200 of one of them, and no open
 * WebSocket may end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiObject } from "../cluster.ts";
import { echoOf } from "../soak/traffic/client.ts";
import { openSockets, startStream, untilLive } from "./asking.ts";
import { row, spread, type ChangeRow } from "./rows.ts";
import { memoryOf, type Subject } from "./subject.ts";

const EVERY_MS = 200;
const SOCKETS = 20;
const LIMIT_MS = 60_000;
/** Memory is read with each so manieth change. */
const MEMORY_EACH = 5;

export type Echo = NonNullable<ReturnType<typeof echoOf>>;

export interface Changing {
  readonly host: string;
  /** Even versions lead to the backend `a`, odd ones to `b`. */
  readonly version: (i: number) => ApiObject;
  /** What an answer has of the other version; undefined: nothing. */
  readonly mixed: (echo: Echo) => string | undefined;
  readonly iterations: number;
  /** Further changes, which are waited for one by one. */
  readonly waited: number;
  /** Between two looks for them; absent: as usual. */
  readonly pauseMs?: number;
}

export async function changeUnderRequests(subject: Subject, { host, version, mixed, iterations, waited, pauseMs }: Changing): Promise<ChangeRow[]> {
  const before = await subject.reloads();
  const sockets = await openSockets(subject.http, host, SOCKETS);
  let serial = 0;
  const right = (wanted: string | undefined) => (answer: Parameters<typeof echoOf>[0]): string | undefined => {
    const echo = answer.status === 200 ? echoOf(answer) : undefined;
    if (!echo) return `status ${answer.status}`;
    return mixed(echo) ?? (wanted === undefined || wanted === echo.backend ? undefined : `backend ${echo.backend} still answers`);
  };
  const stream = startStream(() => ({ port: subject.http, host, path: `/${++serial}` }), right(undefined));
  let mostMemory = 0;
  let mostProcesses = 0;
  for (let i = 1; i <= iterations; i++) {
    await Promise.all([subject.apply(version(i), true), sleep(EVERY_MS)]);
    const processes = subject.data();
    mostProcesses = Math.max(mostProcesses, processes.length);
    if (i % MEMORY_EACH === 0) mostMemory = Math.max(mostMemory, memoryOf(processes));
  }
  const found: number[] = [];
  for (let i = iterations + 1; i <= iterations + waited; i++) {
    const begun = performance.now();
    await subject.apply(version(i), true);
    const wanted = i % 2 === 0 ? "a" : "b";
    found.push((await untilLive({ port: subject.http, host, path: "/wait" }, begun, (answer) => right(wanted)(answer) === undefined, () => true, LIMIT_MS, pauseMs)).ms);
  }
  await stream.stop();
  const lost = await sockets.lost();
  sockets.close();
  const { requests, failed } = stream.counted;
  const what = `route changed each ${EVERY_MS} ms, ${iterations} times`;
  return [
    row(subject, `${what}: failed or mixed answers`, `${failed} of ${requests}${stream.problems.length === 0 ? "" : `: ${stream.problems[0]}`}`),
    row(subject, `${what}: WebSockets lost of ${SOCKETS}`, lost),
    row(subject, `${what}: reloads; nginx's processes and memory at most`, `${(await subject.reloads()) - before}; ${mostProcesses}, ${mostMemory.toFixed(0)} MiB`),
    row(subject, "route changed → live, under these requests", spread(found)),
  ];
}
