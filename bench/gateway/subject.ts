/** A Sluice that serves one Gateway for `*.bench`, on the tests' API server, which lives in this process. */
import type { ApiObject } from "../cluster.ts";
import { untilLive } from "../change/asking.ts";
import { startSluiceSubject } from "../change/sluice-subject.ts";
import type { Subject } from "../change/subject.ts";
import { gatewayAt, gatewayClass } from "./objects.ts";

const LIMIT_MS = 120_000;

/** @param routes those that there are from the start, the last of which is served when this resolves. */
export async function startGatewaySubject(dir: string, objects: readonly ApiObject[], routes: readonly ApiObject[]): Promise<Subject> {
  const subject = await startSluiceSubject({ dir, objects: [gatewayClass(), ...objects, ...routes], args: ["--gateway-api"] });
  await subject.apply(gatewayAt(subject.http));
  const last = routes.at(-1)?.metadata.name;
  if (last !== undefined) await untilLive({ port: subject.http, host: `${last}.bench`, path: "/" }, performance.now(), ({ status }) => status === 200, () => true, LIMIT_MS);
  return subject;
}
