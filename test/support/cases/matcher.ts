/** What the matcher on Node says about a request of a case. */
import { admission, type ClientView } from "../../../edge/src/client-auth.ts";
import { decide, hostNamed, isSubstitute } from "../../../edge/src/match.ts";
import { unboundedSearch } from "../unbounded-search.ts";
import { view } from "../../../src/explain/view.ts";
import { parseRequest } from "../../../src/explain/request.ts";
import { tablesOf } from "../tables.ts";
import type { Program } from "../../../src/compile/program.ts";
import type { Tables } from "../../../edge/src/tables.ts";
import type { RequestView } from "../../../edge/src/request-view.ts";
import type { Client } from "./certificates.ts";
import type { CaseRequest } from "./request.ts";

/** An outcome that stands for any: only nginx knows what a snippet does. */
export const SNIPPET = "snippet";

/** The status that Sluice answers, or the pool that the request reaches. */
export type Outcome = number | string;

export function matcherFor(program: Program, clients: ReadonlyMap<string, Client> = new Map()): (request: CaseRequest) => ReadonlySet<Outcome> | undefined {
  const tables = tablesOf(program);
  return (request) => outcomes(tables, request, clients.get(request.client ?? ""));
}

/** Every outcome that some draw of the weights leads to; undefined where only nginx can tell. */
function outcomes(tables: Tables, { url, headers, method, serverName }: CaseRequest, client: Client | undefined): ReadonlySet<Outcome> | undefined {
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
    const asked = withHandshake(view(request, draw, () => (told = false), undefined, unboundedSearch), tables, serverName ?? request.host, client);
    const { pool, canary, route, status } = decide(tables, asked, request.host, request.path, https);
    if (route?.filters?.snippet === true) found.add(SNIPPET);
    // The pool of a Service's first port is named after the Service alone.
    const target = route && isSubstitute(tables, route, pool) ? `${route.filters?.errors?.backend}/` : (canary?.pool ?? route?.pool ?? "");
    found.add(pool === undefined ? status : target);
    // The matcher cannot know what the service of external authentication answers: there may be a redirect to its sign-in page, or nobody to ask.
    if (route?.filters?.externalAuth) found.add(302).add(503);
  }
  return told ? found : undefined;
}

const UNKNOWN_ISSUER = 20;
const REVOKED = 23;

/** What OpenSSL makes of the client's certificate in a handshake for this server name. */
function withHandshake(request: RequestView, tables: Tables, serverName: string, client: Client | undefined): RequestView {
  const named = hostNamed(tables, request, serverName);
  const trust = tables.trusts[named?.special?.clients?.trust ?? ""];
  const shown = trust ? client : undefined;
  const result = !shown || !trust ? 0 : !trust.ca.includes(shown.issuer.trim()) ? UNKNOWN_ISSUER : trust.crl !== undefined && shown.revoked ? REVOKED : 0;
  const seen: ClientView = {
    ...request,
    variable: (name) => {
      if (!shown) return request.variable(name);
      if (name === "ssl_client_verify") return result === 0 ? "SUCCESS" : "FAILED";
      return name === "ssl_client_s_dn" ? shown.subject : request.variable(name);
    },
    handshakeWas: (context) => named?.special?.handshake?.context === context,
    verifyResult: () => result,
  };
  return { ...request, admit: (host, clients) => admission(clients, host.handshake, seen) };
}
