/** A request that nobody sends, as the matcher asks about it. */
import { admission, type ClientView } from "../../edge/src/client-auth.ts";
import type { ClientAuth, SpecialHost } from "../../edge/src/program.ts";
import { addressBytes } from "../../edge/src/proxies.ts";
import { decideAtFront } from "../../edge/src/fronts.ts";
import { decide, type Decision } from "../../edge/src/match.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import type { Captures } from "../../edge/src/rewrite-target.ts";
import type { Tables } from "../../edge/src/tables.ts";
import { boundedSearch, type Found, type Search } from "./bounded-search.ts";
import { capturesAlike, translatePattern } from "./pattern.ts";
import type { ExplainedRequest } from "./request.ts";
import { explainedVariable } from "./variables.ts";

/**
 * The request as the matcher asks about it. `untold` is called with a pattern that only nginx can run, or that takes Node too long; it
 * then counts as one that matches nothing.
 */
export function view(
  request: ExplainedRequest,
  draw: (total: number) => number,
  untold: (pattern: string) => void = () => {},
  client?: string,
  search: Search = boundedSearch(),
): RequestView {
  const searched = (translated: RegExp | undefined, text: string, pattern: string): Found => {
    const found = translated && search(translated, text);
    if (found === undefined) untold(pattern);
    return found;
  };
  const asked = {
    variable: (name: string) => explainedVariable(request, name),
    address: () => (client === undefined ? undefined : addressBytes(client)),
    matches: (text: string, pattern: string) => {
      const found = searched(translatePattern(pattern), text, pattern);
      return found === undefined ? undefined : found !== null;
    },
    gaveUp: () => false,
    searchUntil: () => Infinity,
    isPast: () => false,
    capture: (text: string, pattern: string) => {
      return capturesOf(searched(capturesAlike(pattern) ? translatePattern(pattern) : undefined, text, pattern));
    },
  };
  const hello: ClientView = { ...asked, handshakeWas: () => true, verifyResult: () => 0 };
  const admit = (host: SpecialHost, clients: ClientAuth): number =>
    isAssumed(request, clients) ? 0 : admission(clients, host.handshake, hello);
  return { ...asked, draw, stick: () => {}, admit };
}

/** The decision of the worker where the request comes in. The next one reuses it. */
export function decideAsked(tables: Tables, asked: RequestView, { at, host, path, https }: ExplainedRequest): Decision {
  return at ? decideAtFront(tables, asked, host, path, https) : decide(tables, asked, host, path, https);
}

/** Whether the client is assumed to have a certificate that the host accepts: people ask about what comes after that. */
export function isAssumed({ https }: ExplainedRequest, { mode }: ClientAuth): boolean {
  return https && mode !== "off" && mode !== "refused";
}

function capturesOf(found: Found): Captures | undefined {
  return found ? Object.fromEntries([...found.entries(), ...Object.entries(found.groups ?? {})]) : undefined;
}
