/** An Ingress whose Service port goes back and forth, and with it an annotation (upstream-vhost) that comes and goes. */
import { startEcho } from "../../../test/support/echo.ts";
import { ingressOf, serviceOf } from "../objects.ts";
import type { ChangeRow } from "../rows.ts";
import type { StartSubject } from "../subject.ts";
import { changeUnderRequests, type Echo } from "../under-requests.ts";

const HOST = "changing.bench";
/** Of the changes, how many are waited for at the end, one by one. */
const WAITED = 20;

export async function routeChange(start: StartSubject, dir: string, iterations: number): Promise<ChangeRow[]> {
  const [a, b] = [await startEcho("a"), await startEcho("b")];
  const version = (i: number) => ingressOf("changing", HOST, [{ path: "/", service: "changing", port: i % 2 === 0 ? 80 : 8080 }], { "upstream-vhost": i % 2 === 0 ? null : "b.bench" });
  const mixed = ({ headers, backend }: Echo): string | undefined => (headers["host"] === (backend === "a" ? HOST : "b.bench") ? undefined : `backend ${backend} was asked for ${headers["host"]}`);
  const subject = await start({ dir, objects: [...serviceOf("changing", { 80: a.port, 8080: b.port }), ingressOf("changing", HOST, [{ path: "/", service: "changing", port: 80 }])] });
  try {
    return await changeUnderRequests(subject, { host: HOST, version, mixed, iterations, waited: WAITED });
  } finally {
    await subject.stop();
    await Promise.all([a.close(), b.close()]);
  }
}
