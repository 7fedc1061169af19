/** What `sluice explain` says of the checks before a route, for a request of a case. */
import { unboundedSearch } from "../unbounded-search.ts";
import { explain } from "../../../src/explain/explain.ts";
import { parseRequest } from "../../../src/explain/request.ts";
import type { Compiled } from "./compiled.ts";
import type { CaseRequest } from "./request.ts";

export interface Refusal {
  readonly status: number;
  /** Whether a limit holds too: some of many requests may be refused for that. */
  readonly limited: boolean;
}

const CHECKS: readonly string[] = ["network", "password", "authentication"];

/** The status that one of the checks refuses with; undefined: none does, or only nginx can tell. */
export function refusalFor({ model, program }: Compiled): (request: CaseRequest) => Refusal | undefined {
  return ({ url, headers, method }) => {
    const request = parseRequest(url, Object.entries(headers).map(([name, value]) => `${name}: ${value}`), method, "127.0.0.1");
    const { steps, status } = explain(model, program, request, [], { configmap: "", defaultBackendService: "", search: unboundedSearch });
    // 404 is no refusal: it is the answer where nobody declared the path, after the checks have let the client pass.
    if (status === undefined || status === 404 || !steps.some(({ what }) => CHECKS.includes(what))) return undefined;
    return { status, limited: steps.some(({ what }) => what === "limit") };
  };
}
