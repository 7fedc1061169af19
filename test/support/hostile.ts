/** Objects as an attacker would write them: every text that a tenant controls may hold anything. */
import * as fc from "fast-check";
import { annotations } from "../../src/model/annotations/table.ts";
import type { AnyObject } from "../../src/source/objects.ts";
import { ingress, ingressClass, PREFIX, secret, service, slice } from "./objects.ts";

/** Stands in every hostile text, so that it can be looked for. */
export const MARK = "evil";

const SNIPPETS = [
  `${MARK}`, `${MARK};`, `${MARK}}}}`, `";} ${MARK} {`, `'${MARK}`, `${MARK}\n  return 200;`, `\${${MARK}}`, `$${MARK}`, `${MARK}\\`, `${MARK}#`, `${MARK}\0`, `${MARK}\ud800`,
  `\udfff${MARK}`, `]]${MARK}--[[`, `") os.execute("${MARK}")`, `${MARK}\u2028`, `${MARK}日本`, `/${MARK}/../..`, `unix:/${MARK}.sock`, `*.${MARK}`, `${MARK}.example`, `~^${MARK}`, `__proto__`,
  "constructor", `lua_${MARK}`, `${MARK}%00`, `${MARK}${"x".repeat(300)}`, "1k", "3", "on", "true", "error timeout", "1.1", "100", "", " ",
];
const hostile = fc.oneof(fc.constantFrom(...SNIPPETS), fc.tuple(fc.constantFrom(...SNIPPETS), fc.string({ unit: "binary", maxLength: 6 })).map((parts) => parts.join("")));

const hostText = fc.oneof(fc.constantFrom("shop.example", "*.shop.example", ""), hostile);
const pathText = fc.oneof(fc.constantFrom("/", "/foo"), hostile.map((text) => `/${text}`), hostile);
const serviceName = fc.oneof(fc.constant("web"), hostile);
const names = annotations.filter((row) => row.status !== "snippet").map(({ name }) => name);
const proxyNames = names.filter((name) => name.startsWith("proxy-") && !name.startsWith("proxy-ssl"));
const canaryNames = names.filter((name) => name.startsWith("canary"));

const path = fc.tuple(pathText, serviceName, fc.constantFrom("80", "web", MARK), fc.constantFrom("Prefix", "Exact", "ImplementationSpecific", MARK));
const drafted = fc
  .record({
    namespace: fc.constantFrom("shop", MARK),
    name: hostile,
    rules: fc.array(fc.tuple(hostText, fc.array(path, { maxLength: 3 })), { maxLength: 3 }),
    tls: fc.option(fc.tuple(serviceName, fc.array(hostText, { maxLength: 2 }))),
    defaultBackend: fc.option(serviceName),
    canary: fc.boolean(),
    tuning: fc.dictionary(fc.constantFrom(...proxyNames), fc.constantFrom("3", "on", "off", "64k", "error timeout http_500", "1.0", "100"), { maxKeys: 2 }),
    annotations: fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.constantFrom(...canaryNames), hostile), hostile, { maxKeys: 5 }),
  })
  .map((given) => {
    let draft = ingress(`${given.namespace}/${given.name}`).rawAnnotation(`${PREFIX}/canary`, String(given.canary));
    for (const [host, paths] of given.rules) {
      draft = draft.host(host);
      for (const [text, name, port, type] of paths) draft = draft.path(text, `${name}:${port}`, type);
    }
    if (given.tls) draft = draft.tls(given.tls[0], ...given.tls[1]);
    if (given.defaultBackend !== null) draft = draft.defaultBackend(`${given.defaultBackend}:80`);
    for (const [name, value] of Object.entries({ ...given.tuning, ...given.annotations })) draft = draft.annotate(name, value);
    return draft.object;
  });

/** An IngressClass, hostile Ingresses, Services with endpoints under names such as they use, and a Secret. */
export const hostileObjects: fc.Arbitrary<AnyObject[]> = fc
  .tuple(fc.array(drafted, { minLength: 1, maxLength: 4 }), fc.array(serviceName, { maxLength: 3 }), hostile)
  .map(([ingresses, services, secretName]) => [
    ingressClass("nginx"),
    ...ingresses,
    ...services.flatMap((name) => [service(`shop/${name}`, "80:8080"), slice(`shop/${name}`, 8080, "10.0.0.1")]),
    secret(`shop/${secretName}`, { "tls.crt": MARK, "tls.key": MARK }),
  ]);
