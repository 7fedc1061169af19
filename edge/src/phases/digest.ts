/**
 * Digest authentication in nginx. Memory that all workers share holds which nonces and counts were used, and which
 * clients guess passwords.
 */
import type { PasswordAuth, Verdict } from "../access.ts";
import { PASS, UNAUTHORIZED } from "../access.ts";
import type { DigestAnswer } from "../digest-auth.ts";
import {
  authenticationInfo, challenge, CHALLENGE_LIFE, countOf, isFor, isFresh, isRight, issued, makeNonce, NONCE_LIFE, parseDigest,
} from "../digest-auth.ts";
import type { EdgeUsers } from "../program.ts";
import { countedAs } from "./limits.ts";
import { secretBytes } from "./random.ts";
import type { InFlight } from "./state.ts";

/** The key of the seal lies in memory from which nothing is evicted: workers with different keys would take each other's nonces for stale. */
const SEAL_KEY = "seal";
const keys = (): ngx.SharedMemory => ngx.shared.sluice_workers;
/** Seconds for which a used count is remembered: until its nonce could not be answered any more, even if the nonce's first use is forgotten. */
const MEMORY = CHALLENGE_LIFE + NONCE_LIFE + 5;
/** A client with so many wrong answers is refused for EVASION seconds after the last one, as in nginx's module. */
const MOST_FAILURES = 5;
const EVASION = 300;

const dict = (): ngx.SharedMemory => ngx.shared.sluice_digest;
/** Apart from the used counts: a client that guesses from many addresses must not push those out of memory. */
const guesses = (): ngx.SharedMemory => ngx.shared.sluice_limits;
let sealKey = "";

/** To be called when the worker starts. */
export function startDigest(): void {
  keys().safe_add(SEAL_KEY, secretBytes(32));
  sealKey = (keys().get(SEAL_KEY) as string | undefined) ?? secretBytes(32);
}

function seal(this: void, text: string): string {
  return ngx.md5(ngx.hmac_sha1(sealKey, text));
}

/** Checks the client's answer. On 401 the state holds the next challenge. */
export function checkDigest(state: InFlight, rules: PasswordAuth, users: EdgeUsers): Verdict {
  const guesser = countedAs("guess " + rules.users + " " + (ngx.var.remote_addr ?? ""));
  if (((guesses().get(guesser) as number | undefined) ?? 0) >= MOST_FAILURES) return UNAUTHORIZED;
  const answer = parseDigest(ngx.var.http_authorization);
  if (answer === undefined || answer.realm !== rules.realm) return refuse(state, rules, false);
  const ha1 = users[answer.username + ":" + rules.realm];
  if (ha1 === undefined || !isFor(answer.uri, ngx.var.request_uri ?? "") || !isRight(answer, ha1, ngx.req.get_method(), ngx.md5)) {
    noteFailure(guesser);
    return refuse(state, rules, false);
  }
  const use = useNonce(answer);
  if (use !== "fresh") return refuse(state, rules, use === "stale");
  guesses().delete(guesser);
  state.user = answer.username;
  state.proof = authenticationInfo(answer, ha1, ngx.md5);
  return PASS;
}

function refuse(state: InFlight, rules: PasswordAuth, stale: boolean): Verdict {
  const drawn = string.format("%08x", math.random(0, 4294967295));
  state.challenge = challenge(rules.realm, makeNonce(Math.floor(ngx.now()), drawn, seal), stale);
  return UNAUTHORIZED;
}

function noteFailure(guesser: string): void {
  guesses().incr(guesser, 1, 0);
  guesses().expire(guesser, EVASION);
}

/**
 * Uses up this count of the nonce. The password was right, so a stale or replayed nonce does not count as a guess;
 * after a stale one the client is asked to answer again with a new nonce.
 */
function useNonce(answer: DigestAnswer): "fresh" | "stale" | "replayed" {
  const now = ngx.now();
  const made = issued(answer.nonce, seal);
  const count = countOf(answer.nc);
  if (made === undefined || count === undefined) return "stale";
  const first = countedAs("first " + answer.nonce);
  const since = dict().get(first) as number | undefined;
  if (!isFresh(made, since, now)) return "stale";
  // Of requests with the same count, only one can add it, whichever workers they come to.
  const [unused] = dict().add(countedAs("used " + answer.nonce + " " + count), 1, MEMORY);
  if (!unused) return "replayed";
  if (since === undefined) dict().add(first, now, MEMORY);
  return "fresh";
}
