/** A route whose backend's port goes back and forth, and with it the header that its filter sets. */
import { startEcho } from "../../test/support/echo.ts";
import { serviceOf } from "../change/objects.ts";
import type { ChangeRow } from "../change/rows.ts";
import { changeUnderRequests, type Echo } from "../change/under-requests.ts";
import { routeOf } from "./objects.ts";
import { startGatewaySubject } from "./subject.ts";

const NAME = "changing";
/** Of the changes, how many are waited for at the end, one by one. */
const WAITED = 100;

export async function routeChange(dir: string, iterations: number): Promise<ChangeRow[]> {
  const [a, b] = [await startEcho("a"), await startEcho("b")];
  const version = (i: number) => routeOf(NAME, [i % 2 === 0 ? { path: "/", service: NAME, port: 80, version: "a" } : { path: "/", service: NAME, port: 8080, version: "b" }]);
  const mixed = ({ headers, backend }: Echo): string | undefined => (headers["x-version"] === backend ? undefined : `backend ${backend} got the header of ${headers["x-version"]}`);
  const subject = await startGatewaySubject(dir, serviceOf(NAME, { 80: a.port, 8080: b.port }), [version(0)]);
  try {
    return await changeUnderRequests(subject, { host: `${NAME}.bench`, version, mixed, iterations, waited: WAITED, pauseMs: 0 });
  } finally {
    await subject.stop();
    await Promise.all([a.close(), b.close()]);
  }
}
