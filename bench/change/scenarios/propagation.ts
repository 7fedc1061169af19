/**
 * Hosts that are added one at a time: the time from the write of each Ingress to the first 200. Each has a path of its own, and
 * another that leads to a Service that there is not. Until the 200 only 404 may come.
 */
import { kept, untilLive, type Live } from "../asking.ts";
import { ingressOf } from "../objects.ts";
import { row, spread, type ChangeRow } from "../rows.ts";
import type { Subject } from "../subject.ts";
import type { Backend } from "../../backend.ts";
import { serviceOf } from "../objects.ts";
import type { ApiObject } from "../../cluster.ts";

const LIMIT_MS = 60_000;

/** An Ingress as this scenario adds it. */
export function probeIngress(i: number): ApiObject {
  return ingressOf(`probe-${i}`, `probe-${i}.bench`, [{ path: `/${i}`, service: "probed" }, { path: `/missing-${i}`, service: "missing" }]);
}

export function probeServices(backend: Backend): ApiObject[] {
  return serviceOf("probed", { 80: backend.first });
}

/** Adds hosts `from` to `from + count - 1`, and waits for each. */
export async function addOneByOne(subject: Subject, from: number, count: number): Promise<Live[]> {
  const agent = kept();
  const found: Live[] = [];
  for (let i = from; i < from + count; i++) {
    const begun = performance.now();
    await subject.apply(probeIngress(i));
    found.push(await untilLive({ port: subject.http, host: `probe-${i}.bench`, path: `/${i}`, agent }, begun, ({ status }) => status === 200, ({ status }) => status === 404, LIMIT_MS));
  }
  agent.destroy();
  return found;
}

/** @param when which hosts these are, and beside what */
export function propagationRows(subject: Subject, when: string, found: readonly Live[]): ChangeRow[] {
  return [
    row(subject, `host added → first 200, ${when}`, spread(found.map(({ ms }) => ms))),
    row(subject, `errors meanwhile, ${when}`, found.reduce((sum, { errors }) => sum + errors, 0)),
  ];
}

/** Of each thousand (or of all, if there are fewer) a row. A subject that needs seconds for each is given the rest at once, and asked for some. */
export async function propagation(subject: Subject, hosts: number, tries: number): Promise<ChangeRow[]> {
  const step = Math.max(1, Math.floor(hosts / 3));
  const rows: ChangeRow[] = [];
  for (let from = 0; from < hosts; from += step) {
    const until = Math.min(hosts, from + step);
    const bulk = Math.max(from, until - tries);
    for (let i = from; i < bulk; i++) await subject.apply(probeIngress(i));
    if (bulk > from) await untilLive({ port: subject.http, host: `probe-${bulk - 1}.bench`, path: `/${bulk - 1}` }, performance.now(), ({ status }) => status === 200, () => true, LIMIT_MS);
    rows.push(...propagationRows(subject, `hosts ${bulk + 1} to ${until}`, await addOneByOne(subject, bulk, until - bulk)));
  }
  return rows;
}
