/** Routes in the words that people are told them in. */
import { CLUSTER_IP } from "../shapes/pool-id.ts";
import { canariesOf, primaryOf } from "../shapes/routing.ts";
import type { Alternatives, Backend, Canary, Filters, Route } from "../shapes/routing.ts";

/** `/cart (prefix)`, `/v[0-9]+ (expression)`, with the conditions of the route. No two routes of a host have one text. */
export function routePath({ path, pathType, filters, when }: Route): string {
  const kind = filters.regex ? (pathType === "exact" ? "expression, exact" : "expression") : pathType;
  return `${path} (${kind})${when ? ` ${whenText(when)}` : ""}`;
}

function whenText(when: Alternatives): string {
  const conditions = when.map((all) => all.map(({ variable, query, values, pattern }) => `${query === undefined ? variable : `query ${query}`}${values ? ` = ${values.join("|")}` : pattern === undefined ? "" : ` ~ ${pattern}`}`).join(" and "));
  return `when ${conditions.join(" or ")}`;
}

/** Whether somebody wrote it: as a path, or as the defaultBackend of an Ingress for the `/` of its hosts. Others have the host's `/` lead to the controller's default backend, or are the controller's own. */
export function isWritten({ synthesized, origin: { kind, field } }: Route): boolean {
  return kind !== "Flag" && (!synthesized || field === "spec.defaultBackend");
}

/** Whom the requests reach that no canary takes: `shop/web:80`, `shop/a:80 9/10, shop/b:80 1/10`, `the default backend`, `503`, `301 to https://…`. */
export function routeTarget(route: Route): string {
  const { backend, filters: { redirect } } = route;
  return redirect ? redirectText(redirect) : shareTexts(route).join(", ") || backendText(primaryOf(backend));
}

/** Each share of a rule of a Gateway's route: `shop/a:80 9/10`; empty: the route has no shares. */
export function shareTexts({ backend }: Route): readonly string[] {
  return backend.kind === "shares" ? backend.parts.map((part) => `${backendText(part.backend)} ${part.weight}/${backend.total}`) : [];
}

function redirectText({ status, url, rewrite, origin }: NonNullable<Filters["redirect"]>): string {
  if (origin) return `${status} to ${origin.scheme}://${origin.host ?? "(its host)"}:${origin.port}`;
  return `${status} to ${url ?? (rewrite?.target ?? []).map((piece) => (typeof piece === "string" ? utf8(piece) : `$${"group" in piece ? piece.group : piece.variable}`)).join("")}`;
}

/** Strings of the edge are the latin-1 reading of UTF-8. */
function utf8(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

export function backendText(backend: Backend): string {
  if (backend.kind === "status") return String(backend.status);
  if (backend.kind === "default") return "the default backend";
  const [namespace = "", , , kind] = backend.pool.split("/");
  return `${namespace}/${backend.service}:${backend.port}${kind === CLUSTER_IP ? " (its cluster IP)" : ""}`;
}

/** One text for each canary: `shop/next:80 by header X-Next or 10 of 100`. */
export function canaryTexts({ backend }: Route): readonly string[] {
  return canariesOf(backend).map((canary) => `${backendText(canary.backend)} by ${[ruleText(canary), shareText(canary, backend)].filter((text) => text !== "").join(" or ") || "nothing"}`);
}

/** The rules of a canary: `header X-Next = v2 or cookie next`; empty: its share alone. */
export function ruleText({ header, headerValue, headerPattern, cookie }: Canary): string {
  const ofHeader = header === undefined ? "" : `header ${header}${headerValue !== undefined ? ` = ${headerValue}` : headerPattern === undefined ? "" : ` ~ ${headerPattern}`}`;
  return [ofHeader, cookie === undefined ? "" : `cookie ${cookie}`].filter((text) => text !== "").join(" or ");
}

/** `10 of 100`, `20 % (rollout)`; empty: no share of the draw, and no rollout to give it one. */
export function shareText({ weight, rollout }: Canary, backend: Route["backend"]): string {
  const total = backend.kind === "split" ? backend.total : 0;
  const part = `${Number(((100 * weight) / total).toFixed(2))} %`;
  if (rollout) return `${part} (rollout)`;
  if (weight === 0) return "";
  // Beside a rollout the draw is of hundredths of a per cent, which nobody wrote.
  return canariesOf(backend).some((one) => one.rollout) ? part : `${weight} of ${total}`;
}
