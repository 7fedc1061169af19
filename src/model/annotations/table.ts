/**
 * Every annotation that Sluice knows, by name: ingress-nginx's 136 and their two aliases.
 */
import type { Annotation } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import { accessAnnotations, accessResolver } from "./access.ts";
import { affinityAnnotations, affinityResolver } from "./affinity.ts";
import { aliasAnnotations, aliasResolver } from "./alias.ts";
import { backendAnnotations, backendResolver } from "./backend.ts";
import { balanceAnnotations, balanceResolver } from "./balance.ts";
import { canaryAnnotations } from "./canary.ts";
import { corsAnnotations, corsResolver } from "./cors.ts";
import { errorAnnotations, errorResolver } from "./error-pages.ts";
import { externalAuthAnnotations, externalAuthResolver } from "./external-auth.ts";
import { fastcgiAnnotations, fastcgiResolver } from "./fastcgi.ts";
import { headerAnnotations, headerResolver } from "./headers.ts";
import { hostTlsAnnotations, hostTlsResolver } from "./host-tls.ts";
import { limitAnnotations, limitResolver } from "./limits.ts";
import { logAnnotations } from "./logs.ts";
import { mirrorAnnotations, mirrorResolver } from "./mirror.ts";
import { modsecurityAnnotations, modsecurityResolver } from "./modsecurity.ts";
import { proxyAnnotations } from "./proxy.ts";
import { redirectAnnotations, redirectResolver } from "./redirects.ts";
import { sentAnnotations, sentResolver } from "./request-headers.ts";
import { rewriteAnnotations, rewriteResolver } from "./rewrite.ts";
import { rewritingAnnotations, rewritingResolver } from "./rewriting.ts";
import { snippetAnnotations, snippetResolver } from "./snippets.ts";
import { tracingAnnotations, tracingResolver } from "./tracing.ts";
import { upstreamTlsAnnotations, upstreamTlsResolver } from "./upstream-tls.ts";

export const annotations: readonly Annotation[] = [
  ...canaryAnnotations,
  ...redirectAnnotations,
  ...rewriteAnnotations,
  ...aliasAnnotations,
  ...proxyAnnotations,
  ...headerAnnotations,
  ...externalAuthAnnotations,
  ...limitAnnotations,
  ...accessAnnotations,
  ...balanceAnnotations,
  ...affinityAnnotations,
  ...tracingAnnotations,
  ...backendAnnotations,
  ...upstreamTlsAnnotations,
  ...fastcgiAnnotations,
  ...mirrorAnnotations,
  ...modsecurityAnnotations,
  ...hostTlsAnnotations,
  ...corsAnnotations,
  ...rewritingAnnotations,
  ...sentAnnotations,
  ...errorAnnotations,
  ...logAnnotations,
  ...snippetAnnotations,
];

/** The second steps of reading, in order. */
export const RESOLVERS: readonly Resolver[] = [
  headerResolver,
  externalAuthResolver,
  limitResolver,
  accessResolver,
  hostTlsResolver,
  redirectResolver,
  rewriteResolver,
  aliasResolver,
  balanceResolver,
  affinityResolver,
  snippetResolver,
  tracingResolver,
  backendResolver,
  upstreamTlsResolver,
  fastcgiResolver,
  mirrorResolver,
  modsecurityResolver,
  corsResolver,
  rewritingResolver,
  errorResolver,
  sentResolver,
];

/** Name or alias, without prefix → its declaration. */
export const annotationsByName: ReadonlyMap<string, Annotation> = new Map(
  annotations.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);
