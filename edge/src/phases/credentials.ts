/**
 * Basic and digest authentication: checks what the client sent, challenges it, and keeps its credentials from backends.
 */
import type { PasswordAuth, Verdict } from "../access.ts";
import { ABSTAIN, PASS, UNAUTHORIZED } from "../access.ts";
import { parseBasic } from "../password.ts";
import type { EdgeFilters, EdgeUsers } from "../program.ts";
import { checkDigest } from "./digest.ts";
import { isPassword } from "./passwords.ts";
import { deny } from "./reasons.ts";
import type { InFlight } from "./state.ts";
import { tables } from "./state.ts";

const UNAVAILABLE = 503;

export function checkCredentials(this: void, state: InFlight, { credentials }: EdgeFilters): Verdict {
  if (credentials === undefined) return ABSTAIN;
  const users = tables.users[credentials.users];
  // A worker that started without the controller, and without the snapshot file of the keys, has no users: nobody gets in.
  if (users === undefined) return deny(state, UNAVAILABLE, "passwords-unavailable");
  const verdict = credentials.type === "digest" ? checkDigest(state, credentials, users) : checkBasic(state, credentials, users);
  if (verdict === PASS) return PASS;
  return deny(state, verdict, verdict === UNAVAILABLE ? "passwords-unavailable" : "denied-by-password");
}

function checkBasic(state: InFlight, { realm }: PasswordAuth, users: EdgeUsers): Verdict {
  const given = parseBasic(ngx.var.http_authorization, ngx.decode_base64);
  const stored = given === undefined ? undefined : users[given.user];
  if (given !== undefined && stored !== undefined) {
    const right = isPassword(given.password, stored);
    if (right === undefined) return UNAVAILABLE;
    if (right) return PASS;
  }
  state.challenge = 'Basic realm="' + realm + '"';
  return UNAUTHORIZED;
}

/**
 * Removes the Authorization header of a request that goes on, whichever check let it in. nginx makes `$remote_user`
 * from the header and keeps its value for the access log, so the variable is read once before the header goes. The name
 * of a user who passed by digest is first put into the header in the form that nginx understands.
 */
export function hideCredentials(state: InFlight): void {
  if (state.user !== undefined) ngx.req.set_header("Authorization", "Basic " + ngx.encode_base64(state.user + ":"));
  evaluate(ngx.var.remote_user);
  // For another route with passwords that the backend may send the request on to.
  ngx.var.sluice_hidden = ngx.var.http_authorization;
  ngx.req.clear_header("Authorization");
}

/** Does nothing: nginx evaluates the variable because it is passed as an argument. */
function evaluate(_value: string | undefined): void {}
