/**
 * Basic and digest authentication: the check, the challenge, and that backends do not see what the client sent.
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
  // A worker that started without the controller, and without the keys on disk, has none: nobody gets in.
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
 * The request goes on: without the header, whoever let it in. nginx works `$remote_user` out from it and keeps that for
 * the access log, so it is asked once before; who passed by digest is put there the way that it understands.
 */
export function hideCredentials(state: InFlight): void {
  if (state.user !== undefined) ngx.req.set_header("Authorization", "Basic " + ngx.encode_base64(state.user + ":"));
  evaluate(ngx.var.remote_user);
  ngx.req.clear_header("Authorization");
}

/** To have asked for a variable is what counts. */
function evaluate(_value: string | undefined): void {}
