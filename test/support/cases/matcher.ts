/** What the matcher on Node says about a request of a case. */
import { decide, isSubstitute } from "../../../edge/src/match.ts";
import { view } from "../../../src/explain/explain.ts";
import { parseRequest } from "../../../src/explain/request.ts";
import { tablesOf } from "../../../src/explain/tables.ts";
import type { Program } from "../../../src/compile/program.ts";
import type { Tables } from "../../../edge/src/tables.ts";
import type { CaseRequest } from "./request.ts";

/** The status that Sluice answers, or the pool that the request reaches. */
export type Outcome = number | string;

export function matcherFor(program: Program): (request: CaseRequest) => ReadonlySet<Outcome> {
  const tables = tablesOf(program);
  return (request) => outcomes(tables, request);
}

/** Every outcome that some draw of the weights leads to. */
function outcomes(tables: Tables, { url, headers, method }: CaseRequest): ReadonlySet<Outcome> {
  const request = parseRequest(url, Object.entries(headers).map(([name, value]) => `${name}: ${value}`), method);
  const forwarded = tables.settings.forwardedProto ? request.headers.find(({ name }) => name === "x-forwarded-proto")?.value : undefined;
  const https = forwarded === undefined ? request.https : forwarded === "https";
  const found = new Set<Outcome>();
  let total = 1;
  for (let drawn = 1; drawn <= total; drawn++) {
    const draw = (of: number): number => {
      total = of;
      return drawn;
    };
    const { pool, canary, route, status } = decide(tables, view(request, draw), request.host, request.path, https);
    // The pool of a Service's first port is named after the Service alone.
    const target = route && isSubstitute(tables, route, pool) ? `${route.filters?.errors?.backend}/` : (canary?.pool ?? route?.pool ?? "");
    found.add(pool === undefined ? status : target);
  }
  return found;
}
