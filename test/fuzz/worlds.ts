/**
 * Manifests as nobody would write them: the objects of all cases in test/cases, one or two cases at a time, each changed in a few
 * places. A change puts something of another type, size or alphabet where a value stood, takes a field away, gives it another
 * name, or puts a piece of one object into another.
 */
import * as fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { MARK } from "../support/hostile.ts";
import { readCases } from "../support/cases/case.ts";

/** JSON as a manifest has it. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Container = Json[] | { [key: string]: Json };

/** The namespace of the operator's own objects. */
export const OPERATOR = "sluice";

export interface World {
  /** The tenants' documents, in JSON. */
  readonly tenants: readonly string[];
  /** The operator's: its ConfigMaps, and what they name. */
  readonly operator: readonly string[];
}

const CASES: readonly (readonly Json[])[] = readCases().map(({ manifests }) =>
  Object.values(manifests).flatMap((text) => parseAllDocuments(text, { merge: true }).map((one) => one.toJS() as Json)).filter((one) => one !== null));

const namespaceOf = (object: Json): Json | undefined => (isMap(object) && isMap(object["metadata"] ?? null) ? (object["metadata"] as Record<string, Json>)["namespace"] : undefined);

function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const TEXTS: readonly string[] = [
  "", " ", MARK, `${MARK};`, `${MARK}\n}`, `"${MARK}`, `'${MARK}`, `$${MARK}`, `\${${MARK}}`, `${MARK}\\`, `${MARK}\0`, `${MARK}\r\nX: y`, `${MARK}\ud800`, `#${MARK}`, `{${MARK}}`, `../../${MARK}`, `unix:/${MARK}`,
  `*.${MARK}`, `~^${MARK}(`, `~^(a|${MARK})+$`, `/${MARK}(.*)`, `/${MARK}[`, `https://${MARK}.example/$1`, `http://${MARK}:99999/`, "__proto__", "constructor", "toString", "hasOwnProperty", "true", "on", "-1", "0", "1e9", "99999999999999999999",
  "10.0.0.0/33", "::ffff:10.0.0.1", "fe80::1%eth0", "10.0.0.1", "shop", "web", "shop/web", "/", "_", "*", ".", "..", "\u202e", "é", "\ud83d\ude00", `${"a".repeat(300)}${MARK}`, "a.".repeat(130), "(".repeat(600), "$host".repeat(40), "1,".repeat(500),
];
const text = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...TEXTS) }, { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...TEXTS), fc.string({ unit: "binary", maxLength: 8 })).map(([a, b]) => a + b) });

const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 8, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom<Json>(0, -1, 1, 80, 443, 65_536, 2 ** 31, 2 ** 53, 1e308, 0.5, true, false, null) },
  { weight: 2, arbitrary: fc.constantFrom<Json>([], {}, [[]], [null], { [MARK]: MARK }, [MARK, { a: [MARK] }], Array.from({ length: 70 }, (_, i) => `x${i}`)) },
);

type How = "replace" | "append" | "drop" | "rename" | "double" | "graft";

interface Change {
  /** Which object, and which of its places; taken modulo how many there are. */
  readonly object: number;
  readonly place: number;
  /** Another place of another object. */
  readonly from: number;
  readonly how: How;
  readonly value: Json;
  readonly name: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  object: fc.nat(10_000), place: fc.nat(10_000), from: fc.nat(10_000),
  how: fc.constantFrom<How>("replace", "replace", "append", "drop", "rename", "double", "graft"), value, name: text,
});

interface Spot {
  readonly holder: Container;
  readonly key: string | number;
}

/** Every field and element, outermost first. */
function spotsOf(root: Json): Spot[] {
  const spots: Spot[] = [];
  const walk = (holder: Json): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      spots.push({ holder, key });
      walk(read({ holder, key }));
    }
  };
  walk(root);
  return spots;
}

function read({ holder, key }: Spot): Json {
  return (holder as Record<string | number, Json>)[key] ?? null;
}

/** Own property whatever the name, `__proto__` included. */
function write(holder: Container, key: string | number, to: Json): void {
  Object.defineProperty(holder, key, { value: to, enumerable: true, configurable: true, writable: true });
}

function remove({ holder, key }: Spot): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[String(key)];
}

function apply(objects: Json[], { object, place, from, how, value: given, name }: Change): void {
  const target = objects[object % objects.length] ?? null;
  const spots = spotsOf(target);
  const spot = spots[place % Math.max(1, spots.length)];
  if (spot === undefined) return;
  const { holder, key } = spot;
  if (how === "drop") return remove(spot);
  if (how === "append" && typeof read(spot) === "string") return write(holder, key, `${String(read(spot))}${name}`);
  if (how === "rename" && !Array.isArray(holder)) {
    const old = read(spot);
    remove(spot);
    return write(holder, name, old);
  }
  if (how === "double") return void objects.push(structuredClone(target));
  if (how === "graft") {
    const others = spotsOf(objects[from % objects.length] ?? null);
    const other = others[(from * 7 + place) % Math.max(1, others.length)];
    return write(holder, key, structuredClone(other === undefined ? given : read(other)));
  }
  write(holder, key, structuredClone(given));
}

function changed(objects: readonly Json[], changes: readonly Change[]): readonly string[] {
  const copies = structuredClone(objects) as Json[];
  for (const one of changes) apply(copies, one);
  return copies.map((one) => JSON.stringify(one));
}

const cases = fc.array(fc.nat(CASES.length - 1), { minLength: 1, maxLength: 2 }).map((indices) => indices.flatMap((index) => CASES[index] ?? []));

/** The operator's objects stay as the cases have them. */
export const tenantWorlds: fc.Arbitrary<World> = fc.tuple(cases, fc.array(change, { minLength: 1, maxLength: 6 })).map(([objects, changes]) => ({
  tenants: changed(objects.filter((one) => namespaceOf(one) !== OPERATOR), changes),
  operator: objects.filter((one) => namespaceOf(one) === OPERATOR).map((one) => JSON.stringify(one)),
}));

/** The operator's objects are changed, too. */
export const operatorWorlds: fc.Arbitrary<World> = fc.tuple(cases, fc.array(change, { minLength: 1, maxLength: 6 }), fc.array(change, { minLength: 1, maxLength: 6 })).map(([objects, changes, more]) => ({
  tenants: changed(objects.filter((one) => namespaceOf(one) !== OPERATOR), changes),
  operator: changed(objects.filter((one) => namespaceOf(one) === OPERATOR), more),
}));
