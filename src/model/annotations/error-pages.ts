/**
 * The annotations about error pages: which answers are replaced, and by whom.
 *
 * ingress-nginx behaviour: a page is asked of the Service of default-backend, else of the controller's default backend;
 * the Service also takes the requests themselves while their own has no endpoints. Unlike there a Service that appears
 * later counts at once, and where nobody can make the page the error stays what it was.
 */
import type { Filters } from "../../../edge/src/program.ts";
import type { Config } from "../config.ts";
import type { ErrorPages, FilterPool } from "../types.ts";
import { annotation } from "./annotation.ts";
import type { Honoured } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import { errorCodes, serviceName } from "./response-types.ts";
import { boolean } from "./value-types.ts";
import type { Values } from "./values.ts";

/** Of the Ingress. */
interface Where {
  readonly namespace: string;
}

export interface ErrorValues {
  readonly codes: readonly number[];
  /** Backends' answers are left alone: only Sluice's own errors are replaced. */
  readonly leaveBackends: boolean;
  /** Service of default-backend. */
  readonly backend?: string;
  /** Field of the Ingress that names it; set by the resolver. */
  readonly backendField?: string;
}

export function errorDefaults({ customHttpErrors, disableProxyInterceptErrors }: Config): ErrorValues {
  return { codes: customHttpErrors, leaveBackends: disableProxyInterceptErrors };
}

export const errorAnnotations: readonly Honoured[] = [
  annotation<readonly number[]>({
    name: "custom-http-errors",
    group: "backend",
    risk: "Low",
    scope: "location",
    onInvalid: "refused",
    type: errorCodes,
    doc: "Answers with these statuses are replaced by pages of the default backend, which is told the status in `X-Code`.",
    differs: "The request's body is not sent to the default backend; when that has no endpoints, the status stays what it was. Of several WWW-Authenticate headers of a backend's 401, nginx before 1.23 lets the page carry the first.",
    get: ({ errors }) => (errors.codes.length > 0 ? errors.codes : undefined),
    set: (values, codes) => ({ ...values, errors: { ...values.errors, codes } }),
  }),
  annotation<boolean>({
    name: "disable-proxy-intercept-errors",
    group: "backend",
    risk: "Low",
    scope: "location",
    type: boolean,
    doc: "Replaces only errors that do not come from the backend itself.",
    get: ({ errors }) => errors.leaveBackends,
    set: (values, leaveBackends) => ({ ...values, errors: { ...values.errors, leaveBackends } }),
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
    get: ({ errors }) => errors.backend,
    set: (values, backend) => ({ ...values, errors: { ...values.errors, backend } }),
  }),
];

export const errorResolver: Resolver = {
  groups: ["backend"],
  resolve(values, at) {
    if (values.errors.backend === undefined) return values;
    return { ...values, errors: { ...values.errors, backendField: at.place("default-backend").field } };
  },
};

/** The pool of a Service's first port. */
function firstPortPool(namespace: string, service: string): string {
  return `${namespace}/${service}`;
}

/** What the edge does with them. */
export function errorFilters({ errors: { codes, backend } }: Values, { namespace }: Where): Filters {
  if (backend !== undefined) return { errors: { backend: firstPortPool(namespace, backend) } };
  return codes.length > 0 ? { errors: {} } : {};
}

/** What nginx does with them. */
export function errorPages({ errors: { codes, leaveBackends } }: Pick<Values, "errors">): ErrorPages | undefined {
  return codes.length > 0 ? { codes, ofBackends: !leaveBackends } : undefined;
}

export function errorPools({ errors: { backend, backendField } }: Values, { namespace }: Where): readonly FilterPool[] {
  if (backend === undefined || backendField === undefined) return [];
  const effect = "its place is taken by the controller's default backend, or by nginx's own pages";
  return [{ pool: firstPortPool(namespace, backend), field: backendField, effect }];
}
