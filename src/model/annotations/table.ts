/**
 * Every annotation that Sluice knows, by name: ingress-nginx's 136 and their two aliases.
 */
import type { Annotation } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import { backendAnnotations, backendResolver } from "./backend.ts";
import { canaryAnnotations } from "./canary.ts";
import { fastcgiAnnotations, fastcgiResolver } from "./fastcgi.ts";
import { headerAnnotations, headerResolver } from "./headers.ts";
import { mirrorAnnotations, mirrorResolver } from "./mirror.ts";
import { modsecurityAnnotations, modsecurityResolver } from "./modsecurity.ts";
import { notYetAnnotations, snippetAnnotations } from "./not-yet.ts";
import { proxyAnnotations } from "./proxy.ts";
import { redirectAnnotations } from "./redirects.ts";
import { upstreamTlsAnnotations, upstreamTlsResolver } from "./upstream-tls.ts";

export const annotations: readonly Annotation[] = [
  ...canaryAnnotations,
  ...redirectAnnotations,
  ...proxyAnnotations,
  ...headerAnnotations,
  ...backendAnnotations,
  ...upstreamTlsAnnotations,
  ...fastcgiAnnotations,
  ...mirrorAnnotations,
  ...modsecurityAnnotations,
  ...notYetAnnotations,
  ...snippetAnnotations,
];

/** The second steps of reading, in order. */
export const RESOLVERS: readonly Resolver[] = [
  headerResolver,
  backendResolver,
  upstreamTlsResolver,
  fastcgiResolver,
  mirrorResolver,
  modsecurityResolver,
];

/** Name or alias, without prefix → its declaration. */
export const annotationsByName: ReadonlyMap<string, Annotation> = new Map(
  annotations.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);
