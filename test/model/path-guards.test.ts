/** Annotations that keep requests out of a whole host, on an Ingress for one path: they cannot be honoured for the path alone, so it is closed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { annotationsByName } from "../../src/model/annotations/table.ts";
import { build, routeOf } from "../support/build.ts";
import { ingress, ingressClass, service } from "../support/objects.ts";

const elsewhere = [...annotationsByName.values()].filter(({ scope }) => scope !== "location");
const guards = elsewhere.filter(({ onInvalid }) => onInvalid === "forbidden" || onInvalid === "closed");

test("of annotations that are not of a path those that keep requests out close it, the others have no effect there", () => {
  assert.ok(guards.some(({ name }) => name === "auth-tls-secret") && guards.length < elsewhere.length);
  for (const row of elsewhere) {
    const built = build(
      ingress("shop/a").host("a.example").path("/app", "web:80").path("/else", "web:80").rawAnnotation("sluice.ingress/path-annotations", `/app: {${row.name}: 'shop/ca'}`),
      service("shop/web", "80"), ingressClass("nginx"),
    );
    const respond = (path: string): number | undefined => {
      const { backend } = routeOf(built, "a.example", path);
      return "status" in backend ? backend.status : undefined;
    };
    const closed = guards.includes(row);
    assert.deepEqual([respond("/app"), respond("/else")], [closed ? 503 : undefined, undefined], row.name);
    assert.deepEqual(built.findings().map(({ code }) => code).filter((code) => code.endsWith("-of-path")), [closed ? "guard-not-of-path" : "annotation-not-of-path"], row.name);
  }
});
