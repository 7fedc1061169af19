/**
 * Finds annotations of other Ingress controllers on an Ingress of ours, and ours under a slip of the prefix. Sluice does not
 * honour them, and nothing else would say so.
 */
import type { Ingress } from "../../source/objects.ts";
import { closest } from "../../support/edit-distance.ts";
import { listed, printable } from "../../support/text.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import { namedHere } from "./foreign-names.ts";
import { insteadOf } from "./former.ts";

const NGINX_INC = "NGINX Ingress Controller (F5)";
const HAPROXY = "HAProxy's Ingress controllers";
const TRAEFIK = "Traefik";
const KONG = "Kong";
const CONTOUR = "Contour";
const GCE = "Google's load balancers";

/** What stands before the slash of an annotation → whose annotation it is. */
const DOMAINS: Readonly<Record<string, string>> = {
  "nginx.ingress.kubernetes.io": "a controller with another --annotations-prefix",
  "nginx.org": NGINX_INC,
  "nginx.com": NGINX_INC,
  "ingress.kubernetes.io": "ingress-nginx before 0.9 and of other controllers",
  "haproxy.org": HAPROXY,
  "haproxy.com": HAPROXY,
  "haproxy-ingress.github.io": HAPROXY,
  "ingress.haproxy.org": HAPROXY,
  "traefik.ingress.kubernetes.io": TRAEFIK,
  "ingress.traefik.io": TRAEFIK,
  "alb.ingress.kubernetes.io": "the AWS Load Balancer Controller",
  "appgw.ingress.kubernetes.io": "Azure's Application Gateway",
  "konghq.com": KONG,
  "configuration.konghq.com": KONG,
  "plugins.konghq.com": KONG,
  "projectcontour.io": CONTOUR,
  "contour.heptio.com": CONTOUR,
  "getambassador.io": "Emissary",
  "networking.gke.io": GCE,
  "ingress.gcp.kubernetes.io": GCE,
  "ingress.cilium.io": "Cilium",
  "ingress.citrix.com": "NetScaler's Ingress controller",
  "ingress.bluemix.net": "IBM's Ingress controller",
  "zalando.org": "Skipper",
  "k8s.apisix.apache.org": "APISIX",
  "higress.io": "Higress",
};
/** The same by the whole annotation: under a domain that all controllers share, without a domain, and of controllers that are not in the list. */
const KEYS: readonly (readonly [RegExp, string])[] = [
  [/^kubernetes\.io\/ingress\.(?:global-static-ip-name|regional-static-ip-name|allow-http)$/, GCE],
  [/^traefik\./, TRAEFIK],
  [/^[a-z0-9-]+\.ingress\.kubernetes\.io\//, "another Ingress controller"],
];
/** Names that one finding shows. */
const SHOWN = 3;

/** One finding for each of the controllers; what the Ingress says with ours as well needs none. @param known whether this name is an annotation here. */
export function othersAnnotations(ingress: Ingress, prefix: string, known: (name: string) => boolean): readonly Finding[] {
  const all = ingress.metadata.annotations ?? {};
  const keysOf = new Map<string, string[]>();
  for (const key in all) {
    const whose = whoseIs(key, prefix);
    if (whose === undefined || (known(nameOf(key)) && Object.hasOwn(all, `${prefix}/${nameOf(key)}`))) continue;
    const keys = keysOf.get(whose);
    if (keys) keys.push(key);
    else keysOf.set(whose, [key]);
  }
  return [...keysOf].map(([whose, keys]) => {
    const here = keys.flatMap((key) => {
      const name = nameOf(key);
      const instead = known(name) ? `${prefix}/${name}` : (namedHere(name) ?? insteadOf(name));
      return instead === undefined ? [] : [{ key, text: `${keys.length > 1 ? name : "it"} is ${instead}` }];
    });
    const params = { keys: listed(keys, SHOWN), several: keys.length > 1, whose, here: here.slice(0, SHOWN).map(({ text }) => text) };
    return found.annotationOfOthers({ object: ingress, field: `metadata.annotations[${here[0]?.key ?? keys[0] ?? ""}]` }, params);
  });
}

/** Most slips that are told of one Ingress: each costs a comparison of names. */
const MOST_SLIPS = 20;

/** One finding for each annotation of ours without its prefix, or with one that is nearly it. @param known whether this name is an annotation here. */
export function prefixSlips(ingress: Ingress, prefix: string, known: (name: string) => boolean): readonly Finding[] {
  const findings: Finding[] = [];
  for (const key in ingress.metadata.annotations) {
    const meant = meantWith(prefix, key, known);
    if (meant !== undefined) findings.push(found.annotationWithoutPrefix({ object: ingress, field: `metadata.annotations[${key}]` }, { key: printable(key), meant }));
    if (findings.length === MOST_SLIPS) break;
  }
  return findings;
}

function meantWith(prefix: string, key: string, known: (name: string) => boolean): string | undefined {
  const slash = key.indexOf("/");
  const name = slash < 0 && key.startsWith(prefix) ? key.slice(prefix.length + 1) : nameOf(key);
  if (!known(name)) return undefined;
  if (slash < 0) return `${prefix}/${name}`;
  const domain = key.slice(0, slash);
  return domain !== prefix && whoseIs(key, prefix) === undefined && closest(domain, [prefix]) !== undefined ? `${prefix}/${name}` : undefined;
}

function whoseIs(key: string, prefix: string): string | undefined {
  const domain = key.slice(0, Math.max(0, key.indexOf("/")));
  if (domain === prefix) return undefined;
  return Object.hasOwn(DOMAINS, domain) ? DOMAINS[domain] : KEYS.find(([keys]) => keys.test(key))?.[1];
}

function nameOf(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}
