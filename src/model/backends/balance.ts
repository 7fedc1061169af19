/**
 * How the requests for a backend choose their endpoint, in the edge's own shapes: nothing is left to compile.
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
import type { ServiceBackend, Split } from "../shapes/routing.ts";

/** How the requests of one path choose their endpoint; undefined: in turn. @param path the path as the rule has it. */
export function balanceOf(values: Values, pool: string, path: string): Balance | undefined {
  const session = affinity.of(values);
  if (session.enabled) return sessionOf(session, pool, path);
  const { hashBy, subset, subsetSize, loadBalance } = balance.of(values);
  if (hashBy !== undefined) return { kind: "hash", key: hashBy, ...(subset ? { subset: subsetSize } : {}) };
  return loadBalance === "ewma" ? { kind: "ewma" } : undefined;
}

const GROUP = /^\d{1,2}$/;

/**
 * The backend on a host where paths are regular expressions: there `$1` in the key of a hash is a group of the path. On
 * other hosts `$1` is empty, as it is in nginx where nothing was matched.
 */
export function withGroups(backend: ServiceBackend, path: string): ServiceBackend {
  const policy = backend.balance;
  if (policy?.kind !== "hash" || !policy.key.names.some((name) => GROUP.test(name))) return backend;
  const { texts, names } = policy.key;
  const pieces = texts.flatMap((text, index): PathText["pieces"] => {
    const name = names[index];
    const piece = name === undefined ? [] : [GROUP.test(name) ? { group: Number(name) } : { variable: name }];
    return text === "" ? piece : [text, ...piece];
  });
  return { ...backend, balance: { ...policy, grouped: { pattern: `(?i)^${path}`, pieces } } };
}

/** The sessions of a route, as they hold for another pool that takes part in them. */
export function inSession(policy: SessionBalance, pool: string): SessionBalance {
  return { ...policy, key: backendKey(pool) };
}

/**
 * The Split with sessions that know the keys of all its backends that have sessions: a client may come with the cookie of any of them. The key of a canary that its
 * release gives nothing is none, so that whoever went to the primary stays there when the next release begins.
 */
export function withSides(split: Split): Split {
  const keyOf = ({ balance: one }: ServiceBackend): string[] => (one?.kind === "session" ? [one.key] : []);
  const ofCanaries = split.canaries.filter(({ backend }) => keyOf(backend).length > 0);
  if (keyOf(split.primary).length + ofCanaries.length < 2) return split;
  const keys = [...keyOf(split.primary), ...ofCanaries.flatMap(({ backend, rollout, weight }) => (rollout && weight === 0 ? [] : keyOf(backend)))];
  const sided = (backend: ServiceBackend): ServiceBackend => (backend.balance?.kind === "session" ? { ...backend, balance: { ...backend.balance, sides: keys } } : backend);
  return { ...split, primary: sided(split.primary), canaries: split.canaries.map((canary) => ({ ...canary, backend: sided(canary.backend) })) };
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

/** A rule's path as browsers compare it: percent-encoded, because they see the URL as it is sent, and without `;`, which ends an attribute. */
function pathAttribute(path: string): string {
  return path.toWellFormed().replace(/[^\x21-\x3a\x3c-\x7e]/gu, (one) => encodeURIComponent(one));
}

/** What names a pool in cookies, as in ingress-nginx: the digest of the pool's name, salted with the digest of that name. */
function backendKey(pool: string): string {
  const name = poolName(pool);
  return md5(md5(name) + name);
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
