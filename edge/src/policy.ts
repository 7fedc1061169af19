/**
 * How a route's requests choose among the endpoints of a pool, where the choice is not round robin.
 *
 * The policy belongs to the route (to its Ingress), not to the pool: what it derives from a pool's endpoints (rings,
 * tables of keys) is made when first needed and kept on the pool, which is replaced as a whole when its endpoints
 * change. ingress-nginx behaviour, but for retries: a hashed request whose endpoint failed goes on to the next endpoint
 * on the ring.
 */
import { betterOfTwo, isListed } from "./ewma.ts";
import type { Ring } from "./hash-ring.ts";
import { memberOf, ownerOf, pointOf, ringOf, subsetCount, subsetNames } from "./hash-ring.ts";
import { pathText, type Groups, type PathText } from "./path-text.ts";
import type { SessionCookie } from "./sticky.ts";
import { backendKeyOf, upstreamKeyOf } from "./sticky.ts";
import type { Template } from "./template.ts";
import { evaluate } from "./template.ts";

export type Balance = HashBalance | EwmaBalance | SessionBalance;

/** Requests with the same key go to the same endpoint, or to the same subset of `subset` endpoints. */
export interface HashBalance {
  kind: "hash";
  key: Template;
  /** Used in place of `key` where the key names groups of the path. */
  grouped?: PathText;
  subset?: number;
}

/** The better of two endpoints by recent response times. */
export interface EwmaBalance {
  kind: "ewma";
}

/** A cookie leads a client to the endpoint that it had. */
export interface SessionBalance {
  kind: "session";
  cookie: SessionCookie;
  /** The cookie names an endpoint (table), not a place on the ring that endpoints share. */
  persistent?: boolean;
  /** A retry moves the session to another endpoint. */
  changeOnFailure?: boolean;
  /** Names the pool in cookies. */
  key: string;
  /** The keys of the primary and its canaries. A cookie that names none of them is issued anew: else each request would draw a side again. */
  sides?: string[];
}

/** The part of a pool that is used here. */
export interface Peers {
  name: string;
  endpoints: [string, number][];
  /** The edge's own, made when first needed. Never sent. */
  derived?: Derived;
}

export interface Derived {
  /** `address:port` of each endpoint. */
  texts: string[];
  ring?: Ring;
  /** Number of subsets → their ring. */
  subsets?: Record<number, Ring>;
  /** Upstream key of a persistent session → endpoint, and the reverse. */
  sessions?: Record<string, number>;
  sessionKeys?: string[];
  /** New endpoints have been given their first score. */
  scored?: boolean;
}

/** What was tried for one request. */
export interface Attempt {
  /** Index of the endpoint tried last; -1 before the first. */
  endpoint: number;
  /** Endpoints that failed; undefined: none. */
  tried: number[] | undefined;
  /** Upstream key of a cookie to set; undefined: none. */
  session: string | undefined;
}

/** What the choice needs to know of the request and the worker. */
export interface PolicyView {
  variable: (this: void, name: string) => string | undefined;
  /** What the groups of a pattern of the request's route or canary hold of the client's path. */
  groups: (this: void, pattern: string) => Groups;
  /** A whole number in `1..count`. */
  random: (this: void, count: number) => number;
  /** The digest in hexadecimal. */
  md5: (this: void, text: string) => string;
  /** A new upstream key, different for each attempt. */
  newKey: (this: void, attempt: number) => string;
  score: (this: void, peer: string) => number;
}

/** How many keys are drawn, at most, to find one that leads to an endpoint that has not failed; ingress-nginx's number. */
const MOST_KEYS = 20;

export function derivedOf(pool: Peers): Derived {
  let derived = pool.derived;
  if (derived === undefined) {
    const texts: string[] = [];
    for (const [address, port] of pool.endpoints) texts.push(`${address}:${port}`);
    derived = { texts };
    pool.derived = derived;
  }
  return derived;
}

function ring(derived: Derived): Ring {
  derived.ring ??= ringOf(derived.texts);
  return derived.ring;
}

/** Index of the endpoint for the next try; notes in `attempt` what the client has to be told. */
export function choose(balance: Balance, pool: Peers, attempt: Attempt, view: PolicyView): number {
  noteFailure(attempt);
  if (balance.kind === "session") return bySession(balance, pool, attempt, view);
  if (balance.kind === "ewma") return byScore(pool, attempt, view);
  const key = hashKey(balance, view);
  if (balance.subset === undefined) return byHash(derivedOf(pool), key, attempt);
  return bySubset(derivedOf(pool), key, balance.subset, attempt, view);
}

function hashKey({ key, grouped }: HashBalance, { variable, groups }: PolicyView): string {
  return grouped === undefined ? evaluate(key, variable) : pathText(grouped, groups(grouped.pattern), variable);
}

function noteFailure(attempt: Attempt): void {
  if (attempt.endpoint < 0) {
    attempt.tried = undefined;
    attempt.session = undefined;
  } else if (attempt.tried === undefined) attempt.tried = [attempt.endpoint];
  else if (!isListed(attempt.tried, attempt.endpoint)) attempt.tried.push(attempt.endpoint);
}

/** The owner of the key; on a retry the next around the ring that has not failed. */
function byHash(derived: Derived, key: string, { tried }: Attempt): number {
  const { owners } = ring(derived);
  let point = pointOf(ring(derived), key);
  if (tried !== undefined && tried.length < derived.texts.length) {
    while (isListed(tried, owners[point] as number)) point = (point + 1) % owners.length;
  }
  return owners[point] as number;
}

/** Any endpoint of the key's subset; on a retry the next of the subset that has not failed. */
function bySubset(derived: Derived, key: string, most: number, { tried }: Attempt, view: PolicyView): number {
  const count = derived.texts.length;
  const size = most < count ? most : count;
  const subset = ownerOf(subsetRing(derived, subsetCount(count, size)), key);
  const drawn = view.random(size) - 1;
  if (tried !== undefined) {
    for (let i = 0; i < size; i++) {
      const member = memberOf(subset, (drawn + i) % size, size, count);
      if (!isListed(tried, member)) return member;
    }
  }
  return memberOf(subset, drawn, size, count);
}

function subsetRing(derived: Derived, count: number): Ring {
  derived.subsets ??= {};
  let found: Ring | undefined = derived.subsets[count];
  if (found === undefined) {
    found = ringOf(subsetNames(count));
    derived.subsets[count] = found;
  }
  return found;
}

function byScore(pool: Peers, { tried }: Attempt, view: PolicyView): number {
  const { texts } = derivedOf(pool);
  return betterOfTwo(texts, tried, view.random, view.score);
}

function bySession(balance: SessionBalance, pool: Peers, attempt: Attempt, view: PolicyView): number {
  const cookie = view.variable(balance.cookie.variable);
  const key = upstreamKeyOf(cookie);
  const derived = derivedOf(pool);
  const known = key === undefined ? undefined : endpointOf(balance, pool, derived, key, view);
  const failed = attempt.tried !== undefined;
  // A session that began with this request may move to another endpoint: its client has no cookie yet.
  if (key === undefined || known === undefined || (failed && balance.changeOnFailure === true)) return begin(balance, pool, derived, attempt, view);
  if (balance.sides !== undefined && isOurs(key) && !isAmong(balance.sides, backendKeyOf(cookie))) attempt.session = key;
  return known;
}

function isAmong(keys: readonly string[], wanted: string | undefined): boolean {
  for (const key of keys) if (key === wanted) return true;
  return false;
}

/** Whether a key looks like the keys that are issued (lower-case letters, digits and dots), and may stand in Set-Cookie. */
function isOurs(key: string): boolean {
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    if (!(c >= 48 && c <= 57) && !(c >= 97 && c <= 122) && c !== 46) return false;
  }
  return key.length <= 64;
}

/** The endpoint that a key leads to; undefined: sessions are persistent, and no endpoint has this key. */
function endpointOf(balance: SessionBalance, pool: Peers, derived: Derived, key: string, view: PolicyView): number | undefined {
  if (balance.persistent !== true) return ownerOf(ring(derived), key);
  return sessions(pool, derived, view)[key];
}

function sessions(pool: Peers, derived: Derived, view: PolicyView): Record<string, number> {
  let table = derived.sessions;
  if (table === undefined) {
    // Without inherited keys on Node: a cookie may say `constructor`.
    table = { __proto__: null } as unknown as Record<string, number>;
    const keys: string[] = [];
    for (let i = 0; i < derived.texts.length; i++) {
      const key = view.md5(pool.name + (derived.texts[i] as string));
      table[key] = i;
      keys.push(key);
    }
    derived.sessions = table;
    derived.sessionKeys = keys;
  }
  return table;
}

function alike(): number {
  return 0;
}

/** A session begins, at an endpoint that has not failed if there is one. */
function begin(balance: SessionBalance, pool: Peers, derived: Derived, attempt: Attempt, view: PolicyView): number {
  const { tried } = attempt;
  if (balance.persistent === true) {
    const index = betterOfTwo(derived.texts, tried, view.random, alike);
    sessions(pool, derived, view);
    attempt.session = (derived.sessionKeys as string[])[index] as string;
    return index;
  }
  let key = view.newKey(1);
  let index = ownerOf(ring(derived), key);
  for (let i = 2; i <= MOST_KEYS && tried !== undefined && isListed(tried, index); i++) {
    key = view.newKey(i);
    index = ownerOf(ring(derived), key);
  }
  attempt.session = key;
  return index;
}
