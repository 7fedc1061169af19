/**
 * What the admission webhook asks of an Ingress beyond what the model needs: rules of ingress-nginx's webhook that keep
 * surprises out, and that its controller does not enforce either.
 */
import type { Ingress } from "../../source/objects.ts";
import { printable } from "../../support/text.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";

/** ingress-nginx behaviour: what Exact and Prefix paths may hold. */
const STRICT_PATH = /^\/[A-Za-z0-9._/-]*$/;
const DEFAULT_PREFIX = "nginx.ingress.kubernetes.io";

/**
 * Findings about paths of the types Exact and Prefix (a missing type is Prefix) that look like expressions. Paths that do
 * not start with a slash are left out: the model has a finding for them.
 */
export function strictPaths(ingress: Ingress): readonly Finding[] {
  return (ingress.spec.rules ?? []).flatMap((rule, index) =>
    (rule.http?.paths ?? []).flatMap(({ path, pathType }, at) => {
      if (pathType === "ImplementationSpecific" || !path?.startsWith("/") || STRICT_PATH.test(path)) return [];
      const place = { object: ingress, field: `spec.rules[${index}].http.paths[${at}].path` };
      return [found.pathNotStrict(place, { path: printable(path), pathType: pathType || "Prefix" })];
    }),
  );
}

/** Findings about annotations with ingress-nginx's prefix where --annotations-prefix is another one: Sluice does not read them. */
export function otherPrefix(ingress: Ingress, prefix: string): readonly Finding[] {
  if (prefix === DEFAULT_PREFIX) return [];
  const others = Object.keys(ingress.metadata.annotations ?? {}).filter((key) => key.startsWith(`${DEFAULT_PREFIX}/`));
  return others.map((key) => found.annotationOtherPrefix({ object: ingress, field: `metadata.annotations[${key}]` }, { name: key.slice(DEFAULT_PREFIX.length + 1), prefix }));
}
