import assert from "node:assert/strict";
import { test } from "node:test";
import { hostKey, nameOfHost } from "../../src/model/shapes/host-key.ts";
import { build } from "../support/build.ts";
import { ingress, service } from "../support/objects.ts";

test("a key tells which name it is of, with a listener and without", () => {
  for (const name of ["shop.example", "*.shop.example", "_"]) {
    assert.equal(nameOfHost(hostKey(name)), name);
    assert.equal(nameOfHost(hostKey(name, "edge/public/http")), name);
    assert.notEqual(hostKey(name, "edge/public/http"), hostKey(name));
  }
});

test("hosts of Ingresses are of every listener, and no name that an Ingress declares reads as another's key", () => {
  const { model } = build(ingress("shop/web").host("shop.example").path("/", "web:80"), ingress("shop/odd").host("edge|shop.example").path("/", "web:80"), service("shop/web", "80"));
  assert.deepEqual([...model.hosts].map(([key, { name }]) => [key, name]).sort(), [["_", "_"], ["shop.example", "shop.example"]]);
});
