/**
 * Every annotation that Sluice knows, by name: ingress-nginx's 136 and their two aliases.
 */
import type { Annotation } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import { canaryAnnotations } from "./canary.ts";
import { corsAnnotations, corsResolver } from "./cors.ts";
import { errorAnnotations, errorResolver } from "./error-pages.ts";
import { headerAnnotations, headerResolver } from "./headers.ts";
import { logAnnotations } from "./logs.ts";
import { notYetAnnotations, snippetAnnotations } from "./not-yet.ts";
import { proxyAnnotations } from "./proxy.ts";
import { redirectAnnotations } from "./redirects.ts";
import { sentAnnotations, sentResolver } from "./request-headers.ts";
import { rewritingAnnotations, rewritingResolver } from "./rewriting.ts";

export const annotations: readonly Annotation[] = [
  ...canaryAnnotations,
  ...redirectAnnotations,
  ...proxyAnnotations,
  ...headerAnnotations,
  ...corsAnnotations,
  ...rewritingAnnotations,
  ...sentAnnotations,
  ...errorAnnotations,
  ...logAnnotations,
  ...notYetAnnotations,
  ...snippetAnnotations,
];

/** The second steps of reading, in order. */
export const RESOLVERS: readonly Resolver[] = [
  headerResolver,
  corsResolver,
  rewritingResolver,
  errorResolver,
  sentResolver,
];

/** Name or alias, without prefix → its declaration. */
export const annotationsByName: ReadonlyMap<string, Annotation> = new Map(
  annotations.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);
