/**
 * One Service of four endpoints, of which one begins to refuse connections now and then and comes back, without any change in the
 * cluster; 256 routes to it (16 hosts × 16 paths), asked in turn, a request each 5 ms. Errors, and how long until the endpoint is used again.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startEcho, type EchoBackend } from "../../../test/support/echo.ts";
import { echoOf } from "../../soak/traffic/client.ts";
import { exchange } from "../../soak/traffic/exchange.ts";
import { kept } from "../asking.ts";
import { endpointsOf, ingressOf, serviceOf } from "../objects.ts";
import { row, type ChangeRow } from "../rows.ts";
import { quantile } from "../../statistics.ts";
import type { StartSubject } from "../subject.ts";

const HOSTS = 16;
const PATHS = 16;
const EVERY_MS = 5;
/** How long the endpoint refuses, and how long it serves in between. */
const REFUSES_MS = 8000;
const SERVES_MS = 14_000;
/** When an endpoint that answers again is not used by then, it is not used. */
const HEALTHY = 3;

/** @param retries `null`: as it is by default; `"off"`: none */
export async function failover(start: StartSubject, dir: string, flips: number, retries: "off" | null): Promise<ChangeRow[]> {
  const healthy: EchoBackend[] = [];
  for (let i = 0; i < HEALTHY; i++) healthy.push(await startEcho(`healthy-${i}`));
  const flipped = await startFlipped();
  const annotations = retries === null ? {} : { "proxy-next-upstream": retries };
  const paths = Array.from({ length: PATHS }, (_, path) => ({ path: `/p${path}`, service: "app" }));
  const ports = [...healthy.map(({ port }) => port), flipped.port];
  const subject = await start({
    dir,
    objects: [
      serviceOf("app", { 80: 1 })[0]!,
      ...ports.map((port, i) => endpointsOf("app", [{ name: "p80", port }], ["127.0.0.1"], i)),
      ...Array.from({ length: HOSTS }, (_, i) => ingressOf(`app-${i}`, `app-${i}.bench`, paths, annotations)),
    ],
  });
  try {
    const agents = [kept(), kept(), kept(), kept()];
    const counted = { requests: 0, failed: 0 };
    let usedAt = -Infinity;
    let stopping = false;
    const asking = agents.map(async (agent, k) => {
      for (let i = k; !stopping; i += agents.length) {
        const [host, path] = [i % HOSTS, Math.floor(i / HOSTS) % PATHS];
        const { answer } = await exchange({ port: subject.http, host: `app-${host}.bench`, path: `/p${path}`, agent });
        counted.requests++;
        if (answer?.status !== 200) counted.failed++;
        else if (echoOf(answer)?.backend === FLIPPED) usedAt = performance.now();
        await sleep(EVERY_MS * agents.length);
      }
      agent.destroy();
    });
    const back: number[] = [];
    for (let i = 0; i < flips; i++) {
      await sleep(i === 0 ? 2000 : SERVES_MS);
      await flipped.refuse();
      await sleep(REFUSES_MS);
      usedAt = -Infinity;
      await flipped.serve();
      const begun = performance.now();
      while (usedAt < begun && performance.now() - begun < 30_000) await sleep(10);
      back.push(usedAt < begun ? NaN : usedAt - begun);
    }
    stopping = true;
    await Promise.all(asking);
    const what = `one of ${HEALTHY + 1} endpoints refuses ${flips} times, ${HOSTS * PATHS} routes, ${retries === null ? "retries as by default" : "no retries"}`;
    return [
      row(subject, `${what}: failed requests`, `${counted.failed} of ${counted.requests}`),
      row(subject, `${what}: used again after`, `p50 ${(quantile(back, 0.5) / 1000).toFixed(1)}, most ${(quantile(back, 1) / 1000).toFixed(1)} s`),
    ];
  } finally {
    await subject.stop();
    await Promise.all([...healthy.map((one) => one.close()), flipped.refuse()]);
  }
}

const FLIPPED = "flipped";

/** A backend that can stop listening, connections and all, and listen on the same port again. */
async function startFlipped(): Promise<{ readonly port: number; refuse(): Promise<void>; serve(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const serve = async (): Promise<void> => {
    const one = createServer({ keepAliveTimeout: 600_000 }, (_, response) => response.end(JSON.stringify({ backend: FLIPPED })));
    one.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => one.once("error", reject).listen(port, "127.0.0.1", resolve));
    ({ port } = one.address() as AddressInfo);
    server = one;
  };
  await serve();
  return {
    port, serve,
    async refuse() {
      const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
      server = undefined;
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
