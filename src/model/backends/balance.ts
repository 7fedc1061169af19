/**
 * How the requests of a route or canary choose their endpoint, in the edge's own shapes: nothing is left to compile.
 *
 * ingress-nginx behaviour: affinity comes before upstream-hash-by, which comes before load-balance.
 */
import { createHash } from "node:crypto";
import type { Balance, PathText, SessionBalance, SessionCookie } from "../../../edge/src/program.ts";
import { affinity } from "../annotations/features/affinity-values.ts";
import type { AffinityValues } from "../annotations/features/affinity-values.ts";
import { balance } from "../annotations/features/balance.ts";
import type { Values } from "../annotations/slot.ts";
import { poolName } from "../shapes/pool-id.ts";

/** @param path of the rule. Undefined: the endpoints in turn. */
export function balanceOf(values: Values, pool: string, path: string): Balance | undefined {
  const session = affinity.of(values);
  if (session.enabled) return sessionOf(session, pool, path);
  const { hashBy, subset, subsetSize, loadBalance } = balance.of(values);
  if (hashBy !== undefined) return { kind: "hash", key: hashBy, ...(subset ? { subset: subsetSize } : {}) };
  return loadBalance === "ewma" ? { kind: "ewma" } : undefined;
}

const GROUP = /^\d{1,2}$/;

/**
 * The same where paths are regular expressions: `$1` in the key of a hash is a group of the path then. Elsewhere it is
 * empty, as in nginx, where nothing was matched.
 */
export function withGroups(policy: Balance | undefined, path: string): Balance | undefined {
  if (policy?.kind !== "hash" || !policy.key.names.some((name) => GROUP.test(name))) return policy;
  const { texts, names } = policy.key;
  const pieces = texts.flatMap((text, index): PathText["pieces"] => {
    const name = names[index];
    const piece = name === undefined ? [] : [GROUP.test(name) ? { group: Number(name) } : { variable: name }];
    return text === "" ? piece : [text, ...piece];
  });
  return { ...policy, grouped: { pattern: `(?i)^${path}`, pieces } };
}

/** That of a canary: the session of the route that it joins, unless its Ingress wants none; else its own. */
export function canaryBalance(values: Values, pool: string, route: Balance | undefined): Balance | undefined {
  const joins = route?.kind === "session" && affinity.of(values).canaryBehavior !== "legacy";
  return joins ? { ...route, key: backendKey(pool) } : balanceOf(values, pool, "/");
}

/** The policies of a route and its canaries; sessions with the keys of all the sides that they may be on. */
export function withSides<C extends { readonly balance?: Balance }>(policy: Balance | undefined, canaries: readonly C[]): Sided<C> {
  const keys = [policy, ...canaries.map((canary) => canary.balance)].flatMap((one) => (one?.kind === "session" ? one.key : []));
  if (keys.length < 2) return { ...(policy ? { balance: policy } : {}), canaries };
  const sided = (one: Balance): Balance => (one.kind === "session" ? { ...one, sides: keys } : one);
  return {
    ...(policy ? { balance: sided(policy) } : {}),
    canaries: canaries.map((canary) => (canary.balance ? { ...canary, balance: sided(canary.balance) } : canary)),
  };
}

interface Sided<C> {
  readonly balance?: Balance;
  readonly canaries: readonly C[];
}

function sessionOf(session: AffinityValues, pool: string, path: string): SessionBalance {
  return {
    kind: "session",
    cookie: cookieOf(session, path),
    ...(session.mode === "persistent" ? { persistent: true } : {}),
    ...(session.changeOnFailure ? { changeOnFailure: true } : {}),
    key: backendKey(pool),
  };
}

function cookieOf({ name, expires, maxAge, domain, path, secure, sameSite, conditionalNone }: AffinityValues, rulePath: string): SessionCookie {
  return {
    name,
    variable: `cookie_${name.toLowerCase()}`,
    ...(expires === undefined ? {} : { expires }),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(domain === undefined ? {} : { domain }),
    path: path ?? pathAttribute(rulePath),
    ...(secure ? { secure } : {}),
    ...(sameSite === undefined ? {} : { sameSite }),
    ...(sameSite === "None" && conditionalNone ? { conditionalNone } : {}),
  };
}

/** A rule's path as browsers compare it: percent-encoded, for they see the URL as it is sent, and without attribute ends. */
function pathAttribute(path: string): string {
  return path.toWellFormed().replace(/[^\x21-\x3a\x3c-\x7e]/gu, (one) => encodeURIComponent(one));
}

/** What names a pool in cookies, ingress-nginx's: the digest of its name, salted with the digest of its name. */
function backendKey(pool: string): string {
  const name = poolName(pool);
  return md5(md5(name) + name);
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
