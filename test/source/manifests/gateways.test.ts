/** Objects of the Gateway API in files: passed over without the flag, and read as every served version writes them with it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { declarationsInto } from "../../../src/source/manifests/declarations.ts";
import { Snapshot } from "../../../src/source/snapshot.ts";

const GROUP = "gateway.networking.k8s.io";
const TEXT = `
{apiVersion: ${GROUP}/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: shop}, spec: {from: [], to: []}}
---
{apiVersion: ${GROUP}/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {parentRefs: [{name: g, port: 80}]}}
---
{apiVersion: ${GROUP}/v1, kind: TCPRoute, metadata: {name: t, namespace: shop}, spec: {}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: istio, namespace: shop}, spec: {selector: {}}}
`;

function read(text: string, gateways: boolean): { readonly snapshot: Snapshot; readonly findings: string[] } {
  const snapshot = new Snapshot();
  const declarations = declarationsInto(snapshot, { gateways });
  for (const _ of declarations.setText("a.yaml", text)) continue;
  declarations.commit(true);
  return { snapshot, findings: declarations.findings().map(({ code, field }) => `${code} ${field}`) };
}

test("without the flag they are passed over, however they are written", () => {
  const { snapshot, findings } = read(`${TEXT}---\n{apiVersion: ${GROUP}/v1, kind: HTTPRoute, metadata: {name: odd, namespace: shop}, spec: {vendor: 1, rules: 5}}\n`, false);
  assert.deepEqual([snapshot.all("HTTPRoute").size, snapshot.all("ReferenceGrant").size, findings], [0, 0, []]);
});

test("with the flag they are read in every version that is served, and kinds that are not read are no slips", () => {
  const { snapshot, findings } = read(TEXT, true);
  assert.deepEqual([[...snapshot.all("HTTPRoute").keys()], [...snapshot.all("ReferenceGrant").keys()], findings], [["shop/r"], ["shop/g"], []]);
});

test("values of a wrong type are found, with their place", () => {
  const { snapshot, findings } = read(`{apiVersion: ${GROUP}/v1, kind: HTTPRoute, metadata: {name: r, namespace: shop}, spec: {hostnames: a.example, rulez: [], parentRefs: [{name: g, port: "80"}, null]}}`, true);
  assert.deepEqual(findings.sort(), ["field-type spec.hostnames", "field-type spec.parentRefs[0].port", "field-type spec.parentRefs[1]", "field-unknown spec.rulez"]);
  assert.equal(snapshot.all("HTTPRoute").size, 0);
});
