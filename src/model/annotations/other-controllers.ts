/** Finds annotations of other Ingress controllers on an Ingress of ours. Sluice does not honour them, and nothing else would say so. */
import type { Ingress } from "../../source/objects.ts";
import { listed } from "../../support/text.ts";
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
/** A name of ours with nothing before it. */
const NOBODYS = "no controller, because the prefix is missing";
/** Names that one finding shows. */
const SHOWN = 3;

/** One finding for each of the controllers. @param known whether this name is an annotation here. */
export function othersAnnotations(ingress: Ingress, prefix: string, known: (name: string) => boolean): readonly Finding[] {
  const all = ingress.metadata.annotations ?? {};
  const keysOf = new Map<string, string[]>();
  for (const key in all) {
    const whose = whoseIs(key, prefix) ?? (known(key) ? NOBODYS : undefined);
    if (whose === undefined) continue;
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

function whoseIs(key: string, prefix: string): string | undefined {
  const domain = key.slice(0, Math.max(0, key.indexOf("/")));
  if (domain === prefix) return undefined;
  return Object.hasOwn(DOMAINS, domain) ? DOMAINS[domain] : KEYS.find(([keys]) => keys.test(key))?.[1];
}

function nameOf(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}
