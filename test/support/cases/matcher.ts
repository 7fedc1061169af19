/** What the matcher on Node says about a request of a case. */
import { decide } from "../../../edge/src/match.ts";
import { view } from "../../../src/explain/explain.ts";
import { parseRequest } from "../../../src/explain/request.ts";
import { tablesOf } from "../../../src/explain/tables.ts";
import type { Program } from "../../../src/compile/program.ts";
import type { Tables } from "../../../edge/src/tables.ts";
import type { CaseRequest } from "./request.ts";

/** An outcome that stands for any: only nginx knows what a snippet does. */
export const SNIPPET = "snippet";

/** The status that Sluice answers, or the pool that the request reaches. */
export type Outcome = number | string;

export function matcherFor(program: Program): (request: CaseRequest) => ReadonlySet<Outcome> | undefined {
  const tables = tablesOf(program);
  return (request) => outcomes(tables, request);
}

/** Every outcome that some draw of the weights leads to; undefined where only nginx can tell. */
function outcomes(tables: Tables, { url, headers, method }: CaseRequest): ReadonlySet<Outcome> | undefined {
  const request = parseRequest(url, Object.entries(headers).map(([name, value]) => `${name}: ${value}`), method);
  const forwarded = tables.settings.forwardedProto ? request.headers.find(({ name }) => name === "x-forwarded-proto")?.value : undefined;
  const https = forwarded === undefined ? request.https : forwarded === "https";
  const found = new Set<Outcome>();
  let total = 1;
  let told = true;
  for (let drawn = 1; drawn <= total; drawn++) {
    const draw = (of: number): number => {
      total = of;
      return drawn;
    };
    const { pool, canary, route, status } = decide(tables, view(request, draw, () => (told = false)), request.host, request.path, https);
    if (route?.filters?.snippet === true) found.add(SNIPPET);
    found.add(pool === undefined ? status : (canary?.pool ?? route?.pool ?? ""));
    // What the service of external authentication says is not for the matcher to know: a sign-in page, or nobody to ask.
    if (route?.filters?.externalAuth) found.add(302).add(503);
  }
  return told ? found : undefined;
}
