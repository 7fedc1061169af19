/**
 * One route that changes every 200 ms under requests without pause: its backend's port goes back and forth, and with it the header that its
 * filter sets. Every answer must be a 200 of one version, and no open WebSocket may end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho } from "../../test/support/echo.ts";
import { openSockets, startStream, untilLive } from "../change/asking.ts";
import { serviceOf } from "../change/objects.ts";
import { row, spread, type ChangeRow } from "../change/rows.ts";
import { echoOf } from "../soak/traffic/client.ts";
import { routeOf } from "./objects.ts";
import { startGatewaySubject } from "./subject.ts";

const NAME = "changing";
const HOST = `${NAME}.bench`;
const EVERY_MS = 200;
const SOCKETS = 20;
const LIMIT_MS = 60_000;
/** Of the changes, how many are waited for at the end, one by one. */
const WAITED = 100;

export async function routeChange(dir: string, iterations: number): Promise<ChangeRow[]> {
  const [a, b] = [await startEcho("a"), await startEcho("b")];
  const version = (i: number) => routeOf(NAME, [i % 2 === 0 ? { path: "/", service: NAME, port: 80, version: "a" } : { path: "/", service: NAME, port: 8080, version: "b" }]);
  const subject = await startGatewaySubject(dir, serviceOf(NAME, { 80: a.port, 8080: b.port }), [version(0)]);
  try {
    const before = await subject.reloads();
    const sockets = await openSockets(subject.http, HOST, SOCKETS);
    let serial = 0;
    const right = (wanted: string | undefined) => (answer: Parameters<typeof echoOf>[0]): string | undefined => {
      const echo = answer.status === 200 ? echoOf(answer) : undefined;
      if (!echo) return `status ${answer.status}`;
      // Of one version both must come, and never half of each.
      if (echo.headers["x-version"] !== echo.backend) return `backend ${echo.backend} got the header of ${echo.headers["x-version"]}`;
      return wanted === undefined || wanted === echo.backend ? undefined : `backend ${echo.backend} still answers`;
    };
    const stream = startStream(() => ({ port: subject.http, host: HOST, path: `/${++serial}` }), right(undefined));
    for (let i = 1; i <= iterations; i++) await Promise.all([subject.apply(version(i), true), sleep(EVERY_MS)]);
    const waited: number[] = [];
    for (let i = iterations + 1; i <= iterations + WAITED; i++) {
      const begun = performance.now();
      await subject.apply(version(i), true);
      const wanted = i % 2 === 0 ? "a" : "b";
      waited.push((await untilLive({ port: subject.http, host: HOST, path: "/wait" }, begun, (answer) => right(wanted)(answer) === undefined, () => true, LIMIT_MS, 0)).ms);
    }
    await stream.stop();
    const lost = await sockets.lost();
    sockets.close();
    const { requests, failed } = stream.counted;
    const what = `route changed each ${EVERY_MS} ms, ${iterations} times`;
    return [
      row(subject, `${what}: failed or mixed answers`, `${failed} of ${requests}${stream.problems.length === 0 ? "" : `: ${stream.problems[0]}`}`),
      row(subject, `${what}: WebSockets lost of ${SOCKETS}; reloads`, `${lost}; ${(await subject.reloads()) - before}`),
      row(subject, "route changed → live, under these requests", spread(waited)),
    ];
  } finally {
    await subject.stop();
    await Promise.all([a.close(), b.close()]);
  }
}
