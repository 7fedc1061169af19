/** Thousands of hosts with a certificate each and 16 paths: start, memory, whether each name gets its certificate, and what a change costs. */
import { X509Certificate } from "node:crypto";
import type { ApiObject } from "../../cluster.ts";
import type { Backend } from "../../backend.ts";
import { untilLive } from "../asking.ts";
import { exchange } from "../../soak/traffic/exchange.ts";
import { manyCertificates } from "../certificates.ts";
import { ingressOf, serviceOf, tlsSecretOf } from "../objects.ts";
import { row, spread, started, type ChangeRow } from "../rows.ts";
import { memoryOf, type StartSubject } from "../subject.ts";

const PATHS = 16;
const LIMIT_MS = 120_000;
/** Hosts that are asked for their certificate. */
const ASKED = 200;

/** @param changes how many hosts are added, and how many certificates replaced */
export async function tls(start: StartSubject, dir: string, backend: Backend, hosts: number, changes: number): Promise<ChangeRow[]> {
  const nameOf = (i: number): string => `tls-${String(i).padStart(5, "0")}`;
  const hostOf = (i: number): string => `${nameOf(i)}.bench`;
  // The last ones replace those of the first hosts.
  const pairs = manyCertificates(hosts + changes, hostOf);
  const renewed = manyCertificates(changes, hostOf);
  const ingress = (i: number): ApiObject => ingressOf(nameOf(i), hostOf(i), Array.from({ length: PATHS }, (_, path) => ({ path: `/p${path}`, service: "app" })), {}, true);
  const withTls = (i: number): ApiObject[] => [tlsSecretOf(nameOf(i), pairs[i] as (typeof pairs)[number]), ingress(i)];
  const subject = await start({ dir, objects: [...serviceOf("app", { 80: backend.first }), ...Array.from({ length: hosts }, (_, i) => withTls(i)).flat()] });
  try {
    const [control, data] = [memoryOf(subject.control()), memoryOf(subject.data())];
    let wrong = 0;
    for (let i = 0; i < Math.min(ASKED, hosts); i++) {
      const k = Math.floor((i * hosts) / Math.min(ASKED, hosts));
      const { answer } = await exchange({ port: subject.https, host: hostOf(k), path: `/p${i % PATHS}`, tls: true });
      if (answer?.status !== 200 || answer.fingerprint !== fingerprint(pairs[k]?.chain)) wrong++;
    }
    const added: number[] = [];
    for (let i = hosts; i < hosts + changes; i++) {
      const begun = performance.now();
      for (const object of withTls(i)) await subject.apply(object);
      const wanted = fingerprint(pairs[i]?.chain);
      added.push((await untilLive({ port: subject.https, host: hostOf(i), path: "/p3", tls: true }, begun, (one) => one.status === 200 && one.fingerprint === wanted, () => true, LIMIT_MS)).ms);
    }
    const replaced: number[] = [];
    for (let i = 0; i < changes; i++) {
      const pair = renewed[i] as (typeof renewed)[number];
      const begun = performance.now();
      await subject.apply(tlsSecretOf(nameOf(i), pair), true);
      const wanted = fingerprint(pair.chain);
      replaced.push((await untilLive({ port: subject.https, host: hostOf(i), path: "/p3", tls: true }, begun, (one) => one.fingerprint === wanted, () => true, LIMIT_MS)).ms);
    }
    const what = `${hosts} TLS hosts × ${PATHS} paths`;
    return [
      row(subject, `${what}: start → ready`, started(subject)),
      row(subject, `${what}: memory of the controller; of nginx`, `${control.toFixed(0)}; ${data.toFixed(0)} MiB`),
      row(subject, `${what}: wrong certificates of ${Math.min(ASKED, hosts)}`, wrong),
      row(subject, `${what}: TLS host added → live`, spread(added)),
      row(subject, `${what}: certificate replaced → shown`, spread(replaced)),
    ];
  } finally {
    await subject.stop();
  }
}

function fingerprint(chain = ""): string {
  return new X509Certificate(chain).fingerprint256;
}
