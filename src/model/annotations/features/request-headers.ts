/**
 * The annotations about headers that backends get: Host, Connection, X-Forwarded-Prefix.
 */
import type { EdgeFilters, PathText, Template } from "../../../../edge/src/program.ts";
import * as found from "../../findings/catalogue.ts";
import { parseTemplate, templateText } from "../../grammar/template.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { oneOf, pattern } from "../../grammar/value-types.ts";
import { annotation, field, whereVariables } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature, FilterContext } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

export interface SentValues {
  /** x-forwarded-prefix as written; absent where there is no rewrite-target. */
  readonly prefix?: string;
  /** rewrite-target as written, where there is a prefix; set by the resolver. */
  readonly target?: string;
  readonly vhost?: Template;
  readonly connection?: "close" | "keep-alive";
}

const DEFAULTS: SentValues = {};

/** What the annotations of an Ingress say about headers that backends get. */
export const sent = slot<SentValues>("sent", () => DEFAULTS);

const vhost: ValueType<Template> = {
  expects: "a host name of letters, digits and - . _ ~ / : ^ $ [ ] ( ) { } * + ? | & = \\, in which $name stands for nginx's variable",
  parse: (text) => (pattern.parse(text.trim()) ? { value: parseTemplate(text.trim()) } : undefined),
  format: templateText,
};

/** ingress-nginx's character set; every `$` begins a group or a name: nginx would not start with another. */
const prefixType: ValueType<string> = {
  expects: "a path of letters, digits and - . _ ~ / :, with $1 to $9 for groups of the path",
  parse: (text) => (/^(?:[A-Za-z0-9\-._~/:]|\$(?:[1-9]|[A-Za-z_]\w*))+$/.test(text) ? { value: text } : undefined),
  format: (value) => value,
};

const annotations: readonly Honoured[] = [
  annotation<Template>({
    name: "upstream-vhost",
    group: "backend",
    risk: "Low",
    scope: "location",
    onInvalid: "refused",
    type: vhost,
    doc: "The Host header that backends get; `$name` stands for nginx's variable.",
    differs: "Where the variables leave nothing, or text that no header can hold, the client's Host is sent.",
    differsFor: whereVariables,
    ...field(sent, "vhost"),
  }),
  annotation<string>({
    name: "x-forwarded-prefix",
    group: "backend",
    risk: "Medium",
    scope: "location",
    onInvalid: "refused",
    type: prefixType,
    doc: "The X-Forwarded-Prefix header that backends get where `rewrite-target` changes the path; `$1` to `$9` are groups of the path.",
    differs: "Text that no header can hold is not sent.",
    differsFor: whereVariables,
    ...field(sent, "prefix"),
  }),
  annotation<"close" | "keep-alive">({
    name: "connection-proxy-header",
    group: "backend",
    risk: "Low",
    scope: "location",
    onInvalid: "refused",
    type: oneOf("close", "keep-alive"),
    doc: "The Connection header that backends get. WebSockets need their own, and do not work with it.",
    ...field(sent, "connection"),
  }),
];

/** ingress-nginx behaviour: x-forwarded-prefix does nothing without rewrite-target, whose pattern has the groups. */
const resolver: Resolver = {
  groups: ["backend"],
  resolve(values, at) {
    const { prefix, ...others } = sent.of(values);
    if (prefix === undefined) return values;
    const target = at.given("rewrite-target");
    if (target !== undefined) return sent.with(values, { target });
    at.report(found.annotationIncomplete(at.place("x-forwarded-prefix"), { name: "x-forwarded-prefix", needs: "rewrite-target" }));
    return sent.put(values, others);
  },
};

const NAMED_GROUP = /\(\?(?:P?<|')([A-Za-z_]\w*)[>']/g;

/** The prefix as the edge puts it together for each request. */
function prefixOf(text: string, path: string): PathText {
  const named = new Set([...path.matchAll(NAMED_GROUP)].flatMap(([, name]) => name ?? []));
  const pieces = text.split(/(\$(?:[1-9]|[A-Za-z_]\w*))/).filter((piece) => piece !== "").map((piece) => {
    const name = piece.startsWith("$") ? piece.slice(1) : "";
    if (name === "") return piece;
    if (/^[1-9]$/.test(name)) return { group: Number(name) };
    return named.has(name) ? { group: name } : { variable: name.toLowerCase() };
  });
  return { pattern: `(?i)${path}`, pieces };
}

/** What the edge does with the values. */
function edge(values: Values, { path }: FilterContext): EdgeFilters {
  const { prefix, target, vhost: host, connection } = sent.of(values);
  const changes: EdgeFilters["changes"] = connection && [{ name: "Connection", value: connection, sent: "sluice_connection" }];
  const rewritten = prefix !== undefined && target !== undefined && target !== path;
  return { ...(rewritten ? { prefix: prefixOf(prefix, path) } : {}), ...(host ? { vhost: host } : {}), ...(changes ? { changes } : {}) };
}

export const sentFeature: Feature = { slot: sent, annotations, resolver, edge };
