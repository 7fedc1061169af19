/** Routes that are added one at a time beside others: the time from the write of each to the first 200. Until then only 404 may come. */
import type { Backend } from "../backend.ts";
import { kept, untilLive, type Live } from "../change/asking.ts";
import { serviceOf } from "../change/objects.ts";
import { row, spread, type ChangeRow } from "../change/rows.ts";
import type { Subject } from "../change/subject.ts";
import type { ApiObject } from "../cluster.ts";
import { routeOf } from "./objects.ts";
import { startGatewaySubject } from "./subject.ts";

const LIMIT_MS = 60_000;

export function probedService(backend: Backend): readonly ApiObject[] {
  return serviceOf("probed", { 80: backend.first });
}

/** Adds so many routes, and waits for each, asking without pause. */
export async function addRoutes(subject: Subject, count: number): Promise<Live[]> {
  const agent = kept();
  const found: Live[] = [];
  for (let i = 0; i < count; i++) {
    const name = `probe-${i}`;
    const begun = performance.now();
    await subject.apply(routeOf(name, [{ path: "/", service: "probed" }]));
    found.push(await untilLive({ port: subject.http, host: `${name}.bench`, path: `/${i}`, agent }, begun, ({ status }) => status === 200, ({ status }) => status === 404, LIMIT_MS, 0));
  }
  agent.destroy();
  return found;
}

/** @param when beside what */
export function addedRows(subject: Subject, when: string, found: readonly Live[]): ChangeRow[] {
  return [
    row(subject, `route added → first 200, ${when}`, spread(found.map(({ ms }) => ms))),
    row(subject, `errors meanwhile, ${when}`, found.reduce((sum, { errors }) => sum + errors, 0)),
  ];
}

export async function propagation(dir: (size: number) => string, backend: Backend, sizes: readonly number[], probes: number): Promise<ChangeRow[]> {
  const rows: ChangeRow[] = [];
  for (const size of sizes) {
    const routes = Array.from({ length: size }, (_, i) => routeOf(`there-${i}`, [{ path: "/", service: "probed" }]));
    const subject = await startGatewaySubject(dir(size), probedService(backend), routes);
    try {
      rows.push(...addedRows(subject, `beside ${size} routes`, await addRoutes(subject, probes)));
    } finally {
      await subject.stop();
    }
  }
  return rows;
}
