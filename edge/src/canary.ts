/**
 * Which canary of a route, if any, takes a request (annotation semantics of ingress-nginx, for any number of canaries).
 *
 * Precedence: header, then cookie, then weight. Within the header rules the most specific kind was put first when
 * the route was compiled. `never` takes one canary out for this request; its share of the weight stays with the
 * primary, so with a single canary `never` means the primary, as in ingress-nginx.
 */
import type { RequestView } from "./request-view.ts";
import { crc32 } from "./hash-ring.ts";
import type { EdgeCanary, StickyDraw } from "./program.ts";
import { EVERYBODY, isLate } from "./search.ts";

/** Up to so many canaries are tried without a look at the clock. Among more, a search that takes too long finds none. */
const FEW = 8;

/** What one rule says about one canary. */
const NO_OPINION = 0;
const TAKE = 1;
const LEAVE = 2;

export function chooseCanary(canaries: EdgeCanary[], total: number, request: RequestView): EdgeCanary | undefined {
  const ruled = canaryByRule(canaries, request, false);
  if (ruled !== undefined) return ruled;
  return canaryOf(canaries, request.draw(total), request);
}

/** The same for a route of which some canary has a rollout: its clients may be drawn by what they are. */
export function chooseRolling(canaries: EdgeCanary[], total: number, request: RequestView): EdgeCanary | undefined {
  const ruled = canaryByRule(canaries, request, false);
  if (ruled !== undefined) return ruled;
  const { sticky } = canaries[0] as EdgeCanary;
  return canaryOf(canaries, sticky === undefined ? request.draw(total) : drawFor(sticky, total, request), request);
}

function canaryOf(canaries: EdgeCanary[], drawn: number, request: RequestView): EdgeCanary | undefined {
  for (const canary of canaries) {
    if (drawn > canary.from && drawn <= canary.to) {
      return isKeptFrom(canary, request) ? undefined : canary;
    }
  }
  return undefined;
}

/** So many values of cookies, that hardly any two clients have the same. They are no secret. */
const MOST_VALUES = 2147483647;

function drawFor({ variable, cookie, salt }: StickyDraw, total: number, request: RequestView): number {
  const known = variable === undefined ? request.address() : request.variable(variable);
  if (known !== undefined && known !== "") return drawOf(salt, known, total);
  if (cookie === undefined) return request.draw(total);
  const value = `${request.draw(MOST_VALUES)}`;
  request.stick(cookie, value);
  return drawOf(salt, value, total);
}

function drawOf(salt: string, value: string, total: number): number {
  return 1 + (crc32(salt + " " + value) % total);
}

/** Whether a header or a cookie of the request has a say in where it goes: it was not left to the weights. */
export function speaksForItself(canaries: EdgeCanary[], request: RequestView): boolean {
  const count = canaries.length;
  const until = count > FEW ? request.searchUntil() : 0;
  for (let i = 0; i < count; i++) {
    if (count > FEW && isLate(i, until, request)) return true;
    const canary = canaries[i] as EdgeCanary;
    if (byHeader(canary, request) !== NO_OPINION || byCookie(canary, request) !== NO_OPINION) return true;
  }
  return false;
}

/** Whether the request's header or cookie keeps it from this canary, whatever the draw. */
export function isKeptFrom(canary: EdgeCanary, request: RequestView): boolean {
  return byHeader(canary, request) === LEAVE || byCookie(canary, request) === LEAVE;
}

/**
 * The canary that the request asks for by header or cookie. With `unbound`, only canaries are considered whose rules
 * come before a session. Undefined also when the patterns of very many canaries take too long.
 */
export function canaryByRule(canaries: EdgeCanary[], request: RequestView, unbound: boolean): EdgeCanary | undefined {
  const count = canaries.length;
  const until = count > FEW ? request.searchUntil() : 0;
  for (let i = 0; i < count; i++) {
    if (count > FEW && isLate(i, until, request)) return undefined;
    const canary = canaries[i] as EdgeCanary;
    if ((!unbound || canary.unbound === true) && byHeader(canary, request) === TAKE) return canary;
  }
  for (let i = 0; i < count; i++) {
    if (count > FEW && isLate(i, until, request)) return undefined;
    const canary = canaries[i] as EdgeCanary;
    if ((!unbound || canary.unbound === true) && byCookie(canary, request) === TAKE && byHeader(canary, request) !== LEAVE) return canary;
  }
  return undefined;
}

function byHeader(canary: EdgeCanary, request: RequestView): number {
  if (canary.header === undefined) return NO_OPINION;
  const value = request.variable(canary.header);
  if (value === undefined) return NO_OPINION;
  if (canary.value !== undefined) return value === canary.value ? TAKE : NO_OPINION;
  if (canary.pattern !== undefined) {
    const matched = request.matches(value, canary.pattern, canary.namespace ?? EVERYBODY);
    // The pattern took too long. Whether it matches is not known, so nobody is sent to the canary for it.
    if (matched === undefined) return LEAVE;
    return matched ? TAKE : NO_OPINION;
  }
  return alwaysOrNever(value);
}

function byCookie(canary: EdgeCanary, request: RequestView): number {
  if (canary.cookie === undefined) return NO_OPINION;
  const value = request.variable(canary.cookie);
  return value === undefined ? NO_OPINION : alwaysOrNever(value);
}

function alwaysOrNever(value: string): number {
  if (value === "always") return TAKE;
  return value === "never" ? LEAVE : NO_OPINION;
}
