/**
 * One route that changes every 200 ms under requests without pause: its Service port goes back and forth, and an annotation
 * (upstream-vhost) comes and goes. Every answer must be a 200 of one of the two ports, and no open WebSocket may end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho } from "../../../test/support/echo.ts";
import { echoOf } from "../../soak/traffic/client.ts";
import { openSockets, startStream, untilLive } from "../asking.ts";
import { ingressOf, serviceOf } from "../objects.ts";
import { row, spread, type ChangeRow } from "../rows.ts";
import { memoryOf, type StartSubject } from "../subject.ts";

const HOST = "changing.bench";
const EVERY_MS = 200;
const SOCKETS = 20;
const LIMIT_MS = 60_000;
/** Of the changes, how many are waited for at the end, one by one. */
const WAITED = 20;

export async function routeChange(start: StartSubject, dir: string, iterations: number): Promise<ChangeRow[]> {
  const [a, b] = [await startEcho("a"), await startEcho("b")];
  const version = (i: number) => ingressOf("changing", HOST, [{ path: "/", service: "changing", port: i % 2 === 0 ? 80 : 8080 }], { "upstream-vhost": i % 2 === 0 ? null : "b.bench" });
  const subject = await start({ dir, objects: [...serviceOf("changing", { 80: a.port, 8080: b.port }), ingressOf("changing", HOST, [{ path: "/", service: "changing", port: 80 }])] });
  try {
    const before = await subject.reloads();
    const sockets = await openSockets(subject.http, HOST, SOCKETS);
    let serial = 0;
    const right = (wanted: string | undefined) => (answer: Parameters<typeof echoOf>[0]): string | undefined => {
      const echo = answer.status === 200 ? echoOf(answer) : undefined;
      if (!echo) return `status ${answer.status}`;
      // Of one version both must come, and never half of each.
      if (echo.headers["host"] !== (echo.backend === "a" ? HOST : "b.bench")) return `backend ${echo.backend} was asked for ${echo.headers["host"]}`;
      return wanted === undefined || wanted === echo.backend ? undefined : `backend ${echo.backend} still answers`;
    };
    const stream = startStream(() => ({ port: subject.http, host: HOST, path: `/${++serial}` }), right(undefined));
    let mostMemory = 0;
    let mostProcesses = 0;
    for (let i = 1; i <= iterations; i++) {
      await Promise.all([subject.apply(version(i), true), sleep(EVERY_MS)]);
      const processes = subject.data();
      mostProcesses = Math.max(mostProcesses, processes.length);
      if (i % 5 === 0) mostMemory = Math.max(mostMemory, memoryOf(processes));
    }
    const waited: number[] = [];
    for (let i = iterations + 1; i <= iterations + WAITED; i++) {
      const begun = performance.now();
      await subject.apply(version(i), true);
      const wanted = i % 2 === 0 ? "a" : "b";
      waited.push((await untilLive({ port: subject.http, host: HOST, path: "/wait" }, begun, (answer) => right(wanted)(answer) === undefined, () => true, LIMIT_MS)).ms);
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
      row(subject, "route changed → live, under these requests", spread(waited)),
    ];
  } finally {
    await subject.stop();
    await Promise.all([a.close(), b.close()]);
  }
}
