/**
 * Every annotation that Sluice knows, by name: ingress-nginx's 136 and their two aliases.
 */
import type { Annotation } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import { canaryAnnotations } from "./canary.ts";
import { headerAnnotations, headerResolver } from "./headers.ts";
import { hostTlsAnnotations, hostTlsResolver } from "./host-tls.ts";
import { notYetAnnotations, snippetAnnotations } from "./not-yet.ts";
import { proxyAnnotations } from "./proxy.ts";
import { redirectAnnotations } from "./redirects.ts";

export const annotations: readonly Annotation[] = [
  ...canaryAnnotations,
  ...redirectAnnotations,
  ...proxyAnnotations,
  ...headerAnnotations,
  ...hostTlsAnnotations,
  ...notYetAnnotations,
  ...snippetAnnotations,
];

/** The second steps of reading, in order. */
export const RESOLVERS: readonly Resolver[] = [headerResolver, hostTlsResolver];

/** Name or alias, without prefix → its declaration. */
export const annotationsByName: ReadonlyMap<string, Annotation> = new Map(
  annotations.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);
