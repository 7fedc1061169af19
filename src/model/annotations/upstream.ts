/** What the annotations about backends leave to the edge: the route's filter `upstream`. */
import type { Filters as EdgeFilters, UpstreamFilter, UpstreamIdentity } from "../../../edge/src/program.ts";
import type { Certificate, Authorities } from "../types.ts";
import { fastcgiFilter } from "./fastcgi.ts";
import { transactionOf } from "./modsecurity.ts";
import type { Values } from "./values.ts";

/** @param service where the route leads; undefined: to the default backend, which is spoken to in plain http. */
export function upstreamFilters(values: Values, { namespace, service }: { readonly namespace: string; readonly service?: string }): EdgeFilters {
  const tls = service === undefined ? undefined : identityOf(values, `${service}.${namespace}.svc`);
  const fastcgi = service === undefined ? undefined : fastcgiFilter(values);
  const mirror = values.mirror.to;
  const transaction = transactionOf(values);
  const upstream: UpstreamFilter = {
    ...(tls ? { tls } : {}),
    ...(fastcgi ? { fastcgi } : {}),
    ...(mirror ? { mirror } : {}),
    ...(transaction === undefined ? {} : { transaction }),
  };
  return Object.keys(upstream).length > 0 ? { upstream } : {};
}

function identityOf({ proxy, upstreamTls }: Values, usualName: string): UpstreamIdentity | undefined {
  if (!proxy.tls) return undefined;
  const { name = usualName, certificate } = upstreamTls;
  return { name, ...(certificate ? { certificate: certificate.id } : {}) };
}

/** What a route's filter and profile name by id. */
export function upstreamObjects({ proxy, upstreamTls }: Values): { readonly certificates?: readonly Certificate[]; readonly trust?: Authorities } {
  if (!proxy.tls) return {};
  const { certificate, trust } = upstreamTls;
  return { ...(certificate ? { certificates: [certificate] } : {}), ...(trust ? { trust } : {}) };
}
