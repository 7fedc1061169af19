/**
 * The annotations about error pages: which answers are replaced, and by whom.
 *
 * ingress-nginx behaviour: a page is asked of the Service of default-backend, else of the controller's default backend;
 * the Service also takes the requests themselves while their own has no endpoints. Unlike there a Service that appears
 * later counts at once, and where nobody can make the page the error stays what it was.
 */
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import type { Config } from "../../config/config.ts";
import { errorCodes, serviceName } from "../../grammar/response-types.ts";
import { boolean } from "../../grammar/value-types.ts";
import type { ErrorPages, FilterPool } from "../../shapes/routing.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature, RouteFilters } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

/** The namespace of the Ingress, in which its Service is looked up. */
interface Where {
  readonly namespace: string;
}

export interface ErrorValues {
  readonly codes: readonly number[];
  /** True: backends' answers are left alone, and only Sluice's own errors are replaced. */
  readonly leaveBackends: boolean;
  /** Service of default-backend. */
  readonly backend?: string;
  /** Field of the Ingress that names the Service; set by the resolver. */
  readonly backendField?: string;
}

/** What the annotations of an Ingress say about error pages. */
export const errors = slot("errors", ({ customHttpErrors, disableProxyInterceptErrors }: Config): ErrorValues => (
  { codes: customHttpErrors, leaveBackends: disableProxyInterceptErrors }
));

const annotations: readonly Honoured[] = [
  annotation<readonly number[]>({
    name: "custom-http-errors",
    group: "backend",
    risk: "Low",
    scope: "location",
    onInvalid: "refused",
    type: errorCodes,
    doc: "Answers with these statuses are replaced by pages of the default backend, which is told the status in `X-Code`.",
    differs: "The request's body is not sent to the default backend; when that has no endpoints, the status stays what it was. Of several WWW-Authenticate headers of a backend's 401, nginx before 1.23 lets the page carry the first.",
    reload: "when new",
    ...field(errors, "codes"),
    get: (values) => (errors.of(values).codes.length > 0 ? errors.of(values).codes : undefined),
  }),
  annotation<boolean>({
    name: "disable-proxy-intercept-errors",
    group: "backend",
    risk: "Low",
    scope: "location",
    type: boolean,
    doc: "Replaces only errors that do not come from the backend itself.",
    reload: "when new",
    ...field(errors, "leaveBackends"),
  }),
  annotation<string>({
    name: "default-backend",
    group: "backend",
    risk: "Low",
    scope: "location",
    onInvalid: "refused",
    type: serviceName,
    doc: "Service that makes the error pages, and that gets the requests while their own Service has no endpoints.",
    differs: "A Service that is created later counts at once.",
    ...field(errors, "backend"),
  }),
];

const resolver: Resolver = {
  groups: ["backend"],
  resolve(values, at) {
    if (errors.of(values).backend === undefined) return values;
    return errors.with(values, { backendField: at.place("default-backend").field });
  },
};

/** The id of the pool of a Service's first port. */
function firstPortPool(namespace: string, service: string): string {
  return `${namespace}/${service}`;
}

/** What the edge does with the values. */
function edge(values: Values, { namespace }: Where): EdgeFilters {
  const { codes, backend } = errors.of(values);
  if (backend !== undefined) return { errors: { backend: firstPortPool(namespace, backend) } };
  return codes.length > 0 ? { errors: {} } : {};
}

/** What nginx does with the values. Undefined: nothing. */
export function errorPages({ codes, leaveBackends }: ErrorValues): ErrorPages | undefined {
  return codes.length > 0 ? { codes, ofBackends: !leaveBackends } : undefined;
}

function route(values: Values): RouteFilters {
  const pages = errorPages(errors.of(values));
  return pages ? { errorPages: pages } : {};
}

function pools(values: Values, { namespace }: Where): readonly FilterPool[] {
  const { backend, backendField } = errors.of(values);
  if (backend === undefined || backendField === undefined) return [];
  const effect = "its place is taken by the controller's default backend, or by nginx's own pages";
  return [{ pool: firstPortPool(namespace, backend), field: backendField, effect }];
}

export const errorFeature: Feature = { slot: errors, annotations, resolver, edge, pools, route };
