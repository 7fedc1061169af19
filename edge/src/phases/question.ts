/** Says where this worker's tables lead a request that nobody sends. */
import { admission, type ClientView } from "../client-auth.ts";
import { decideAtFront } from "../fronts.ts";
import { decide } from "../match.ts";
import { addressBytes } from "../proxies.ts";
import { ENDPOINTS_TOLD, type RouteReply, type RouteQuestion } from "../question.ts";
import type { RequestView } from "../request-view.ts";
import { capture, gaveUp, isPast, matches, searchUntil } from "./pattern.ts";
import { tables } from "./state.ts";

export function replyTo(question: RouteQuestion): RouteReply {
  const { host, route, pool, canary, status, reason } = (question.atFront === true ? decideAtFront : decide)(tables, viewOf(question), question.host, question.path, question.https);
  return {
    id: question.id,
    generation: tables.generation,
    host: host === undefined ? "" : host.name,
    route: route === undefined ? "" : route.path,
    namespace: route === undefined ? "" : route.namespace,
    ingress: route === undefined ? "" : route.ingress,
    pool: pool === undefined ? "" : pool.name,
    canary: canary === undefined ? "" : canary.name,
    status: pool === undefined ? status : 0,
    reason: pool === undefined ? reason : "",
    endpoints: pool === undefined ? [] : pool.endpoints.slice(0, ENDPOINTS_TOLD).map(([address, port]) => address + ":" + port),
  };
}

/** The request as the matcher asks about it. A client certificate counts as given and valid, as in `sluice explain`. */
function viewOf({ variables, client, https }: RouteQuestion): RequestView {
  // Without its type, the compiler would leave out the first argument of methods, the object itself.
  const view: Omit<RequestView, "draw" | "stick" | "admit"> = {
    variable: (name) => variables[name],
    address: () => (client === undefined ? undefined : addressBytes(client)),
    matches: (text, pattern, namespace) => matches(text, pattern, namespace),
    gaveUp: (pattern, namespace) => gaveUp(pattern, namespace),
    searchUntil: () => searchUntil(),
    isPast: (time) => isPast(time),
    capture: (text, pattern, namespace) => capture(text, pattern, namespace),
  };
  const hello: ClientView = { ...view, handshakeWas: () => true, verifyResult: () => 0 };
  return {
    ...view,
    stick: () => {},
    // The last number is the primary's unless canaries have all of the weight.
    draw: (total) => total,
    admit: (host, clients) => (https && clients.mode !== "off" && clients.mode !== "refused" ? 0 : admission(clients, host.handshake, hello)),
  };
}
