/**
 * The annotations about headers that backends get: Host, Connection, X-Forwarded-Prefix.
 */
import type { Filters, Template } from "../../../edge/src/program.ts";
import { annotation } from "./annotation.ts";
import type { Honoured, ValueType } from "./annotation.ts";
import { parseTemplate, templateText } from "./template.ts";
import { oneOf, pattern } from "./value-types.ts";
import type { Values } from "./values.ts";

export interface SentValues {
  readonly vhost?: Template;
  readonly connection?: "close" | "keep-alive";
}

export const sentDefaults: SentValues = {};

const vhost: ValueType<Template> = {
  expects: "a host name of letters, digits and - . _ ~ / : ^ $ [ ] ( ) { } * + ? | & = \\, in which $name stands for nginx's variable",
  parse: (text) => (pattern.parse(text.trim()) ? { value: parseTemplate(text.trim()) } : undefined),
  format: templateText,
};

export const sentAnnotations: readonly Honoured[] = [
  annotation<Template>({
    name: "upstream-vhost",
    group: "backend",
    risk: "Low",
    scope: "location",
    onInvalid: "refused",
    type: vhost,
    doc: "The Host header that backends get; `$name` stands for nginx's variable.",
    differs: "Where the variables leave nothing, or text that no header can hold, the client's Host is sent.",
    get: ({ sent }) => sent.vhost,
    set: (values, value) => ({ ...values, sent: { ...values.sent, vhost: value } }),
  }),
  annotation<"close" | "keep-alive">({
    name: "connection-proxy-header",
    group: "backend",
    risk: "Low",
    scope: "location",
    onInvalid: "refused",
    type: oneOf("close", "keep-alive"),
    doc: "The Connection header that backends get. WebSockets need their own, and do not work with it.",
    get: ({ sent }) => sent.connection,
    set: (values, connection) => ({ ...values, sent: { ...values.sent, connection } }),
  }),
];

/** What the edge does with them. */
export function sentFilters({ sent }: Values): Filters {
  return { ...(sent.vhost ? { vhost: sent.vhost } : {}), ...(sent.connection ? { connection: sent.connection } : {}) };
}
