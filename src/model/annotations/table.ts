/**
 * Every annotation that Sluice knows, by name: ingress-nginx's 136 and their two aliases.
 */
import type { Annotation } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import { accessAnnotations, accessResolver } from "./access.ts";
import { canaryAnnotations } from "./canary.ts";
import { externalAuthAnnotations, externalAuthResolver } from "./external-auth.ts";
import { headerAnnotations, headerResolver } from "./headers.ts";
import { limitAnnotations, limitResolver } from "./limits.ts";
import { notYetAnnotations, snippetAnnotations } from "./not-yet.ts";
import { proxyAnnotations } from "./proxy.ts";
import { redirectAnnotations } from "./redirects.ts";

export const annotations: readonly Annotation[] = [
  ...canaryAnnotations,
  ...redirectAnnotations,
  ...proxyAnnotations,
  ...headerAnnotations,
  ...externalAuthAnnotations,
  ...limitAnnotations,
  ...accessAnnotations,
  ...notYetAnnotations,
  ...snippetAnnotations,
];

/** The second steps of reading, in order. */
export const RESOLVERS: readonly Resolver[] = [
  headerResolver,
  externalAuthResolver,
  limitResolver,
  accessResolver,
];

/** Name or alias, without prefix → its declaration. */
export const annotationsByName: ReadonlyMap<string, Annotation> = new Map(
  annotations.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);
