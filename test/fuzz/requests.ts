/** Requests for whatever hosts and routes a Program has, and some that no host has. */
import * as fc from "fast-check";
import type { Model } from "../../src/model/model.ts";

export interface Wish {
  readonly host: number;
  readonly route: number;
  readonly label: string;
  readonly tail: string;
  readonly headers: readonly string[];
  readonly https: boolean;
  readonly method: string;
}

const word = fc.oneof(fc.constantFrom("", "always", "never", "a", "x y", "evil\u0080", "1", "a=b; c=d", "%00", "\\", "$host", "\"", "é", "a".repeat(3000)), fc.string({ unit: "binary", maxLength: 5 }).map((text) => text.replace(/[\0\r\n]/g, "")));
const name = fc.constantFrom("Cookie", "X-Canary", "Authorization", "Origin", "X-Forwarded-For", "X-Forwarded-Proto", "Range", "User-Agent", "Referer", "traceparent", "Accept", "X-Request-ID", "Access-Control-Request-Method", "test");

export const wish: fc.Arbitrary<Wish> = fc.record({
  host: fc.nat(50), route: fc.nat(50),
  label: fc.constantFrom("", "a.", "A_b.", "x..", "é.", "-", "[", "evil/"),
  tail: fc.constantFrom("", "/", "x", "?a=b", "/../x", "/%2e%2e/", "%2f", "//", "?$&<>'\"", "/é", "%", "%0d%0aX:", "/a".repeat(300), "?".repeat(20)),
  headers: fc.array(fc.tuple(name, word).map(([header, text]) => `${header}: ${text}`), { maxLength: 4 }),
  https: fc.boolean(),
  method: fc.constantFrom("GET", "OPTIONS", "POST"),
});

/** The URL of a wish, for this Model. */
export function urlOf({ host, route, label, tail, https }: Wish, { hosts, aliases }: Model): string {
  const names = [...hosts.keys(), ...aliases.keys(), "nobody.example", "10.0.0.1", ""];
  const asked = names[host % names.length] ?? "";
  const routes = hosts.get(asked)?.routes ?? [];
  const path = routes[route % Math.max(1, routes.length)]?.path ?? "/";
  return `${https ? "https" : "http"}://${label}${asked.replace("*.", "any.")}${path.startsWith("/") ? path : `/${path}`}${tail}`;
}
