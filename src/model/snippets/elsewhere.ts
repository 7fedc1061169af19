/**
 * Snippets for places that Sluice's nginx does not have, whether or not snippets are allowed: why it has none, and what
 * does the same.
 */
import type { Statement } from "../shapes/snippet.ts";
import { parseSnippet } from "./parse.ts";
import { translationText, type Translation, printStatement } from "./translate.ts";

/** Advice for the text of auth-snippet or stream-snippet: one sentence; undefined for any other annotation. */
export function adviceElsewhere(name: string, text: string): string | undefined {
  const place = PLACES[name];
  if (!place) return undefined;
  const parsed = parseSnippet(text);
  const written = "problem" in parsed ? [] : parsed.statements.map(place.translate);
  return written.length === 0 ? `${place.why}; ${place.usually}` : `${place.why}; ${translationText(written)}`;
}

interface ElsewherePlace {
  readonly why: string;
  /** Advice where the text says nothing that could be translated. */
  readonly usually: string;
  readonly translate: (statement: Statement) => Translation;
}

const PLACES: Readonly<Record<string, ElsewherePlace | undefined>> = {
  "auth-snippet": {
    why: "the authentication service is asked by Sluice itself, not by a location of nginx's",
    usually: "set headers of its request with auth-proxy-set-headers, its method with auth-method",
    translate: (statement) => ({ from: printStatement(statement), to: ofAuthentication(statement) }),
  },
  "stream-snippet": {
    why: "it belongs to TCP and UDP, which have one configuration for everybody",
    usually: "the operator publishes Services in the ConfigMaps of --tcp-services-configmap and --udp-services-configmap",
    translate: (statement) => ({ from: printStatement(statement), to: ofStreams(statement) }),
  },
};

function ofAuthentication({ name, args, children }: Statement): string | undefined {
  const [first = "", second = ""] = args;
  switch (name) {
    case "proxy_set_header":
      return /^(?:host|content-length|connection|transfer-encoding)$/i.test(first) ? undefined : inConfigMap(first, second);
    case "more_set_input_headers":
      return args.length === 1 && first.includes(":") ? inConfigMap(first.slice(0, first.indexOf(":")), first.slice(first.indexOf(":") + 1).trim()) : undefined;
    case "proxy_method":
      return `auth-method: ${JSON.stringify(first)}`;
    case "proxy_cache":
    case "proxy_cache_key":
      return "auth-cache-key";
    case "proxy_cache_valid":
      return `auth-cache-duration: ${JSON.stringify(args.join(" "))}`;
    case "if":
      return children?.some(({ name: inner, args: [status = ""] }) => inner === "return" && status.startsWith("2")) ? unasked(args) : undefined;
    default:
      return /^proxy_(?:buffer|request_buffering|http_version|pass_request_body)/.test(name) ? "nothing: it is so anyway" : undefined;
  }
}

function inConfigMap(header: string, value: string): string {
  return `auth-proxy-set-headers, naming a ConfigMap with ${header}: ${JSON.stringify(value)}`;
}

/** Advice for a condition under which the service is not to be asked. */
function unasked(args: readonly string[]): string {
  const condition = args.join(" ");
  if (condition.includes("$request_method") && condition.includes("OPTIONS")) {
    return 'enable-cors: "true" (it answers the preflight before), or an Ingress without auth-url for sluice.ingress/match with method OPTIONS';
  }
  return /\$(?:request_uri|uri|document_uri)/.test(condition) ? "a path of its own in an Ingress without auth-url" : "an Ingress without auth-url for sluice.ingress/match";
}

function ofStreams({ name, children = [] }: Statement): string | undefined {
  const listen = name === "server" ? children.find((one) => one.name === "listen") : undefined;
  const port = /(?:^|:)([0-9]+)$/.exec(listen?.args[0] ?? "")?.[1];
  if (port === undefined) return undefined;
  return `the entry "${port}": "namespace/service:port" in the ConfigMap of --${listen?.args.includes("udp") ? "udp" : "tcp"}-services-configmap, by the operator`;
}
