/**
 * ingress-nginx's annotations that Sluice knows by name and does not honour yet.
 *
 * Guarantee: one that keeps requests out is never silently ignored. Where its value asks for protection, every path
 * of its Ingress answers 503 until Sluice can honour it. The others get a finding and have no effect.
 */
import type { NotYet, Risk, Scope } from "./annotation.ts";

type Row = readonly [name: string, risk: Risk];
type Guard = (text: string) => boolean;

const never: Guard = () => false;

export const notYetAnnotations: readonly NotYet[] = [
  // Keep requests out.

  // Change how requests are served.
  ...group("backend", "location", never, [
    ["upstream-vhost", "Low"], ["x-forwarded-prefix", "Medium"],
    ["connection-proxy-header", "Low"], ["default-backend", "Low"], ["custom-http-errors", "Low"],
    ["disable-proxy-intercept-errors", "Low"],
    ["proxy-cookie-path", "Medium"], ["proxy-cookie-domain", "Medium"], ["proxy-redirect-from", "Medium"],
    ["proxy-redirect-to", "Medium"],
  ]),
  ...group("cors", "location", never, [
    ["enable-cors", "Low"], ["cors-allow-origin", "Medium"], ["cors-allow-headers", "Medium"],
    ["cors-allow-methods", "Medium"], ["cors-allow-credentials", "Low"], ["cors-expose-headers", "Medium"],
    ["cors-max-age", "Low"],
  ]),
  ...group("log", "location", never, [["enable-access-log", "Low"], ["enable-rewrite-log", "Low"]]),
];

function group(name: string, scope: Scope, guardsAccess: Guard, rows: readonly Row[]): readonly NotYet[] {
  return rows.map(([annotation, risk]) => ({ status: "not-yet", name: annotation, group: name, risk, scope, guardsAccess }));
}
