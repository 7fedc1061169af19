/**
 * The annotations that put text into nginx's configuration.
 *
 * Guarantee: without the operator's two keys none has any effect but to refuse its Ingress (gate.ts). With them,
 * configuration-snippet, server-snippet and modsecurity-snippet stand in a location of their own, as balanced statements
 * that nginx has accepted alone; what cannot be taken closes its Ingress.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import type { Finding, Place } from "../../findings/findings.ts";
import type { Statement, Snippet } from "../../shapes/snippet.ts";
import { adviceElsewhere } from "../../snippets/elsewhere.ts";
import { findForbidden } from "../../snippets/forbidden.ts";
import { writtenHeaders } from "../../snippets/headers-more.ts";
import { parseSnippet } from "../../snippets/parse.ts";
import { parseRules } from "../../snippets/rules.ts";
import { snippetOf } from "../../snippets/snippet.ts";
import { insteadOfStatement, translateStatements, translationText } from "../../snippets/translate.ts";
import type { SnippetAnnotation } from "../annotation.ts";
import type { Feature, RouteFilters } from "../feature.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";
import { modsecurity, rulesInForce } from "./modsecurity.ts";

/** The directives of snippets that the operator allowed. */
export interface SnippetValues {
  readonly server?: readonly Statement[];
  readonly configuration?: readonly Statement[];
  /** `server` and `configuration` together, with ModSecurity's rules, for the locations of the Ingress; set by the resolver. */
  readonly snippet?: Snippet;
}

const DEFAULTS: SnippetValues = {};

/** What the annotations of an Ingress say about directives of nginx's. */
export const snippets = slot<SnippetValues>("snippets", () => DEFAULTS);

const IN_LOCATION = "Text of nginx's for the locations of this Ingress. Refused unless the operator sets both `allow-snippet-annotations` and `annotations-risk-level: Critical`.";
const REFUSED = "Refused unless the operator allows snippets, and closes the Ingress (503) where they are allowed.";

const annotations: readonly SnippetAnnotation[] = [
  {
    status: "snippet", name: "configuration-snippet", group: "snippets", risk: "Critical", scope: "location", place: "location", reload: "when new", doc: IN_LOCATION,
    differs:
      "nginx tests each snippet alone, and one that it refuses closes its own Ingress and nothing else; Lua, files and `…_pass` are never allowed; `rewrite … last` ends like `break`.",
  },
  {
    status: "snippet", name: "server-snippet", group: "snippets", risk: "Critical", scope: "location", place: "location", reload: "when new", doc: IN_LOCATION,
    differs: "It holds for the paths of its own Ingress, before its configuration-snippet, not for the whole host; `location` blocks close the Ingress.",
  },
  { status: "snippet", name: "auth-snippet", group: "authentication", risk: "Critical", scope: "location", place: "none", doc: REFUSED, differs: "The edge asks the authentication service itself, so there is no location for the text; the finding says what does the same (auth-proxy-set-headers, auth-method, …)." },
  {
    status: "snippet", name: "modsecurity-snippet", group: "modsecurity", risk: "Critical", scope: "location", place: "location", reload: "when new", doc: IN_LOCATION,
    differs:
      "ModSecurity's directives that judge and limit requests are taken, one in a line, and tested alone; what opens files, runs programs or asks name servers (`exec`, `@pmFromFile`, `@rbl`, …) closes the Ingress; where logs go (`SecAuditLog`, …) is left out. " +
      "`Include` takes the two files of ingress-nginx's image alone, and gets this machine's in their place.",
  },
  { status: "snippet", name: "stream-snippet", group: "snippets", risk: "Critical", scope: "global", place: "none", doc: REFUSED, differs: "It belongs to TCP and UDP, whose one configuration is everybody's; the finding says what the operator publishes instead." },
];

/** Which typed annotations do what the snippet asks for; "" when it asks for nothing that could be said. */
export function snippetAdvice(name: string, text: string): string {
  const elsewhere = adviceElsewhere(name, text);
  if (elsewhere !== undefined) return printable(elsewhere);
  if (name === RULES) return rulesAdvice(text);
  const parsed = parseSnippet(text);
  return "problem" in parsed ? `as it stands it could not be read: ${printable(parsed.problem)}` : printable(translationText(translateStatements(parsed.statements)));
}

const RULES = "modsecurity-snippet";

function rulesAdvice(text: string): string {
  const parsed = parseRules(text);
  const core = "rules" in parsed && parsed.rules.some((line) => typeof line !== "string" && line.include === "core");
  return core ? 'Include of the core rules → enable-owasp-core-rules: "true"; the operator sets other rules for everybody' : "the operator sets rules for everybody";
}

/** True: the text is comments and blanks alone. It asks for nothing, so it does not matter whether snippets are allowed. */
export function saysNothing(name: string, text: string): boolean {
  if (name === RULES) {
    const parsed = parseRules(text);
    return "rules" in parsed && parsed.rules.length === 0 && parsed.leftOut.length === 0;
  }
  const parsed = parseSnippet(text);
  return "statements" in parsed && parsed.statements.length === 0;
}

interface ReadSnippet {
  readonly values?: Values;
  readonly findings: readonly Finding[];
}

function readRules(values: Values, name: string, text: string, place: Place): ReadSnippet {
  const parsed = parseRules(text);
  if ("problem" in parsed) return { findings: [found.rulesUnreadable(place, { name, why: printable(parsed.problem) })] };
  if ("forbidden" in parsed) return { findings: [found.snippetForbidden(place, { name, directive: printable(parsed.forbidden.name), why: parsed.forbidden.why, instead: "" })] };
  const findings = parsed.leftOut.map((directive) => found.rulesLeftOut(place, { name, directive: printable(directive) }));
  return { values: modsecurity.with(values, { rules: parsed.rules }), findings };
}

/** Reads a snippet where snippets are allowed. Without `values` its Ingress is closed. */
export function readSnippet(values: Values, name: string, text: string, place: Place): ReadSnippet {
  if (name === RULES) return readRules(values, name, text, place);
  const elsewhere = adviceElsewhere(name, text);
  if (elsewhere !== undefined) return { findings: [found.snippetWithoutPlace(place, { name, advice: printable(elsewhere) })] };
  const parsed = parseSnippet(text);
  if ("problem" in parsed) return { findings: [found.snippetUnreadable(place, { name, why: printable(parsed.problem) })] };
  const forbidden = findForbidden(parsed.statements);
  if (forbidden) {
    const instead = printable(insteadOfStatement(parsed.statements, forbidden.name));
    return { findings: [found.snippetForbidden(place, { name, directive: forbidden.name, why: forbidden.why, instead })] };
  }
  const { statements } = parsed;
  return { values: snippets.with(values, name === "server-snippet" ? { server: statements } : { configuration: statements }), findings: [] };
}

const resolver: Resolver = {
  groups: ["snippets", "modsecurity"],
  resolve(values, at) {
    const { server = [], configuration = [] } = snippets.of(values);
    const statements: readonly Statement[] = [...server, ...configuration];
    const rules = rulesInForce(values, at.config);
    if (statements.length === 0 && rules.length === 0) return values;
    const snippet = snippetOf(statements, rules);
    const problem = at.lookup.snippetProblem(snippet.digest);
    if (problem !== undefined) {
      const name = nameOf(at, problem);
      at.close();
      at.report(found.snippetFails(at.place(name), { name, problem, instead: printable(insteadOfStatement(statements, directiveIn(problem))) }));
    }
    return snippets.with(values, { snippet });
  },
};

/** The directive that nginx refuses, by its message: `"proxy_buffering" directive is duplicate`, `unknown directive "brotli"`. */
function directiveIn(problem: string): string {
  return /"([a-z_0-9]+)" directive is (?:duplicate|not allowed here)|unknown directive "([a-z_0-9]+)"/.exec(problem)?.slice(1).find((one) => one !== undefined) ?? "";
}

/** The annotation that nginx's message is about. */
function nameOf(at: ResolveContext, problem: string): string {
  if (at.given(RULES) !== undefined && (problem.startsWith('"modsecurity_') || !(at.given("configuration-snippet") ?? at.given("server-snippet")))) return RULES;
  return at.given("configuration-snippet") === undefined ? "server-snippet" : "configuration-snippet";
}

/** A snippet sees the client's URI (src/compile/snippet.ts), so the edge has to keep that URI. */
function edge(values: Values): EdgeFilters {
  const { snippet } = snippets.of(values);
  if (!snippet || snippet.statements.length === 0) return {};
  const written = writtenHeaders(snippet.statements);
  return { snippet: true, ...(written.length > 0 ? { written: [...written] } : {}) };
}

function route(values: Values): RouteFilters {
  const { snippet } = snippets.of(values);
  return snippet ? { snippet } : {};
}

export const snippetFeature: Feature = { slot: snippets, annotations, resolver, edge, route };
