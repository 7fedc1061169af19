/**
 * The annotations that put text into nginx's configuration.
 *
 * Guarantee: without the operator's two keys none has any effect but to refuse its Ingress (gate.ts). With them,
 * configuration-snippet and server-snippet stand in a location of their own, as balanced statements that nginx has
 * accepted alone; what cannot be taken closes its Ingress.
 */
import type { Filters } from "../../../edge/src/program.ts";
import { printable } from "../../support/text.ts";
import type { Finding, Place } from "../findings.ts";
import * as found from "../findings-catalogue.ts";
import { findForbidden } from "../snippets/forbidden.ts";
import { parseSnippet } from "../snippets/parse.ts";
import type { Statement } from "../snippets/parse.ts";
import { snippetOf } from "../snippets/snippet.ts";
import { translate, translationText } from "../snippets/translate.ts";
import type { Snippet } from "./annotation.ts";
import type { ResolveContext, Resolver } from "./resolver.ts";
import type { SnippetValues, Values } from "./values.ts";

export const snippetDefaults: SnippetValues = {};

const IN_LOCATION = "Text of nginx's for the locations of this Ingress. Refused unless the operator sets both `allow-snippet-annotations` and `annotations-risk-level: Critical`.";
const REFUSED = "Refused unless the operator allows snippets, and closes the Ingress (503) where they are allowed.";

export const snippetAnnotations: readonly Snippet[] = [
  {
    status: "snippet", name: "configuration-snippet", group: "snippets", risk: "Critical", scope: "location", place: "location", doc: IN_LOCATION,
    differs:
      "nginx tests each snippet alone, and one that it refuses closes its own Ingress and nothing else; Lua, files and `…_pass` are never allowed; `rewrite … last` ends like `break`.",
  },
  {
    status: "snippet", name: "server-snippet", group: "snippets", risk: "Critical", scope: "location", place: "location", doc: IN_LOCATION,
    differs: "It holds for the paths of its own Ingress, before its configuration-snippet, not for the whole host; `location` blocks close the Ingress.",
  },
  { status: "snippet", name: "auth-snippet", group: "authentication", risk: "Critical", scope: "location", place: "none", doc: REFUSED, differs: "The edge asks the authentication service itself, so there is no location for the text." },
  { status: "snippet", name: "modsecurity-snippet", group: "modsecurity", risk: "Critical", scope: "location", place: "none", doc: REFUSED, differs: "There is no place for rules of one Ingress." },
  { status: "snippet", name: "stream-snippet", group: "snippets", risk: "Critical", scope: "global", place: "none", doc: REFUSED, differs: "A stream block would be everybody's." },
];

/** What to write in place of a snippet that has no place, whether or not snippets are allowed. */
const INSTEAD: Readonly<Record<string, string>> = {
  "auth-snippet": "set headers of the authentication request with auth-proxy-set-headers, its method with auth-method",
  "modsecurity-snippet": "the operator sets rules for everybody",
  "stream-snippet": "the operator publishes TCP and UDP services in the ConfigMaps of --tcp-services-configmap and --udp-services-configmap",
};

/** Which typed annotations do what the snippet asks for; "" when it asks for nothing that could be said. */
export function snippetAdvice(name: string, text: string): string {
  const instead = INSTEAD[name];
  if (instead !== undefined) return instead;
  const parsed = parseSnippet(text);
  return "problem" in parsed ? `as it stands it could not be read: ${printable(parsed.problem)}` : printable(translationText(translate(parsed.statements)));
}

/** Reads a snippet where snippets are allowed. Without `values` its Ingress is closed. */
export function readSnippet(values: Values, name: string, text: string, place: Place): { readonly values?: Values; readonly findings: readonly Finding[] } {
  const instead = INSTEAD[name];
  if (instead !== undefined) return { findings: [found.snippetWithoutPlace(place, { name, advice: instead })] };
  const parsed = parseSnippet(text);
  if ("problem" in parsed) return { findings: [found.snippetUnreadable(place, { name, why: printable(parsed.problem) })] };
  const forbidden = findForbidden(parsed.statements);
  if (forbidden) return { findings: [found.snippetForbidden(place, { name, directive: forbidden.name, why: forbidden.why })] };
  const field = name === "server-snippet" ? "server" : "configuration";
  return { values: { ...values, snippets: { ...values.snippets, [field]: parsed.statements } }, findings: [] };
}

export const snippetResolver: Resolver = {
  groups: ["snippets"],
  resolve(values, at) {
    const { server = [], configuration = [] } = values.snippets;
    const statements: readonly Statement[] = [...server, ...configuration];
    if (statements.length === 0) return values;
    const snippet = snippetOf(statements);
    const problem = at.lookup.snippetProblem(snippet.digest);
    if (problem !== undefined) {
      at.close();
      at.report(found.snippetFails(at.place(nameOf(at)), { name: nameOf(at), problem }));
    }
    return { ...values, snippets: { ...values.snippets, snippet } };
  },
};

function nameOf(at: ResolveContext): string {
  return at.given("configuration-snippet") === undefined ? "server-snippet" : "configuration-snippet";
}

/** The URI is the client's again while the snippet runs (src/compile/snippet.ts), so the edge has to keep it. */
export function snippetFilters({ snippets: { snippet } }: Values): Filters {
  return snippet ? { snippet: true } : {};
}
