/**
 * Bodies that are read before their request is passed on, because only then their length is known, or because their Ingress
 * wants a larger buffer (../body.ts).
 *
 * A request of a route with filters enters its profile first, so that nobody's body is read who may not pass. From there,
 * or from the server rewrite phase, it goes to the location that reads, and then to its profile.
 */
import { isUnfiltered } from "../routes.ts";
import { because } from "./reasons.ts";
import type { InFlight } from "./state.ts";
import { recall } from "./state.ts";

/** Nothing is to be read. */
export const NO_READING = 0;
/** The body is to be read once the request may pass. */
export const TO_READ = 1;
/** The body has been read. */
export const READ = 2;

const REFUSED = 413;
/** Where no filters are left to look at: nobody in its profile could refuse it. */
const REFUSED_HERE = "answer:too-large";

/** Access phase, when the request may pass: sends it to the location that reads its body. */
export function sendToReader(state: InFlight): void {
  const reader = state.route?.body?.reader;
  if (reader !== undefined) ngx.exec(reader, ngx.var.args);
}

/** Content phase of the location that reads: the body is here, and its length is known. */
export function bodyRead(): void {
  const state = recall();
  const limits = state?.route?.body;
  if (state === undefined || limits === undefined) return ngx.exit(500);
  // A backend may name this location as well (X-Accel-Redirect).
  if (state.reading !== TO_READ) return ngx.exit(500);
  const vars = ngx.var;
  const length = tonumber(vars.content_length ?? "") as number | undefined;
  // Without a length there was no body, or nginx kept what it said before: it was asked only where there is a header that looks like a length.
  const isOver = length === undefined ? vars.http_content_length !== undefined : length > limits.most;
  if (limits.most > 0 && isOver) return refuse(state);
  state.reading = READ;
  ngx.exec(state.after, vars.args);
}

/** nginx has stopped reading: the body is longer than the next step above its limit. */
export function refuseBody(): void {
  const state = recall();
  if (state === undefined || state.reading !== TO_READ) return ngx.exit(REFUSED);
  refuse(state);
}

/** The access phase of the profile gives the answer, so that the profile's error pages and headers hold for it. */
function refuse(state: InFlight): void {
  because("body-too-large");
  state.refused = REFUSED;
  ngx.exec(state.route === undefined || isUnfiltered(state.route) ? REFUSED_HERE : state.after, ngx.var.args);
}
