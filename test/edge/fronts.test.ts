/** Which listener a request belongs to, where Gateways and Ingresses share a machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { addressText } from "../../edge/src/address-text.ts";
import { decideAtFront, listenerAt, listenerOf, NO_LISTENER } from "../../edge/src/fronts.ts";
import { parameterOf } from "../../edge/src/query.ts";
import type { EdgeHost } from "../../edge/src/program.ts";
import type { RequestView } from "../../edge/src/request-view.ts";
import { newStaging, newTables, take, type Tables } from "../../edge/src/tables.ts";

function host(name: string, ingress: string): EdgeHost {
  const route = { path: "/", pool: "p", namespace: "shop", ingress, service: "", port: "" };
  return { name, routes: [route], exact: {}, prefix: { "/": 0 }, lengths: [], root: 0 };
}

function tablesWith(fronts: Readonly<Record<string, Record<string, string>>>, sockets: readonly string[] = []): Tables {
  const tables = newTables();
  const staging = newStaging();
  const never = (): never => assert.fail();
  for (const [id, value] of Object.entries(fronts)) take(tables, staging, { op: "set", kind: "front", id, value }, never);
  for (const [id, value] of [["shop.example", host("shop.example", "ingress")], ["_", host("_", "rest")], ["ns/g/l|_", host("_", "gateway")]] as const) take(tables, staging, { op: "set", kind: "host", id, value }, never);
  take(tables, staging, { op: "set", kind: "pool", id: "p", value: { name: "p", endpoints: [["127.0.0.1", 1]] } }, never);
  take(tables, staging, { op: "commit", generation: 1, digest: "d" }, never);
  for (const socket of sockets) tables.frontSockets[socket] = true;
  return tables;
}

function asks(variables: Readonly<Record<string, string>>): RequestView {
  return { variable: (name: string) => variables[name], searchUntil: () => 0, isPast: () => false } as unknown as RequestView;
}

function whose(tables: Tables, name: string, address: string, port: string): string | number {
  const { route, status } = decideAtFront(tables, asks({ server_addr: address, server_port: port }), name, "/", false);
  return status === 0 ? (route?.ingress ?? "") : status;
}

test("an address of its own shows a Gateway's routes alone, on every port", () => {
  const tables = tablesWith({ "10.0.0.5 *": {}, "10.0.0.5 443": { _: "ns/g/l" } });
  assert.equal(whose(tables, "shop.example", "10.0.0.5", "443"), "gateway");
  assert.equal(whose(tables, "shop.example", "10.0.0.5", "80"), 404);
  assert.equal(whose(tables, "shop.example", "10.0.0.6", "443"), "ingress");
  assert.equal(listenerAt(tables, asks({}), "10.0.0.5", "80", "shop.example"), NO_LISTENER);
  assert.equal(listenerAt(tables, asks({}), "10.0.0.6", "443", "shop.example"), undefined);
});

test("where Gateways share an address with Ingresses, the names of these stay theirs", () => {
  const tables = tablesWith({ "* 80": { "*.example": "ns/g/l" } });
  assert.equal(whose(tables, "shop.example", "10.0.0.5", "80"), "ingress");
  assert.equal(whose(tables, "other.example", "10.0.0.5", "80"), "gateway");
  assert.equal(whose(tables, "elsewhere.test", "10.0.0.5", "80"), "rest");
});

test("a port that is there for Gateways shows no Ingress, even when no Gateway has it any more", () => {
  assert.equal(whose(tablesWith({}, ["8080"]), "shop.example", "10.0.0.5", "8080"), 404);
  assert.equal(whose(tablesWith({}, ["10.0.0.5 80"]), "shop.example", "10.0.0.5", "80"), 404);
});

test("the listener with the most specific name has a request", () => {
  const front = { "a.b.example": "exact", "*.b.example": "long", "*.example": "short", _: "rest" };
  for (const [name, expected] of [["a.b.example", "exact"], ["x.a.b.example", "long"], ["b.example", "short"], ["example", "rest"], ["x.test", "rest"]] as const) assert.equal(listenerOf(front, name), expected, name);
  assert.equal(listenerOf({ "*.example": "short" }, "example"), undefined);
});

test("parameters are compared as they are, and decoded", () => {
  const rows: readonly (readonly [string, string, string | undefined])[] = [
    ["a=1&a=2", "a", "1"], ["A=1", "a", undefined], ["a", "a", ""], ["a=%41%zz%4", "a", "A%zz%4"], ["%61=1", "a", "1"], ["a=1+2", "a", "1+2"], ["", "a", undefined], ["b==", "b", "="],
  ];
  for (const [query, name, value] of rows) assert.equal(parameterOf(query, name), value, query);
});

test("addresses read as nginx writes them", () => {
  const bytes = (...values: readonly number[]): string => String.fromCharCode(...values);
  assert.equal(addressText(bytes(10, 0, 255, 1)), "10.0.255.1");
  const six = (...words: readonly number[]): string => bytes(...words.flatMap((word) => [word >> 8, word & 255]));
  assert.equal(addressText(six(0xfd00, 0, 0, 0, 0, 0, 0, 1)), "fd00::1");
  assert.equal(addressText(six(0, 0, 0, 0, 0, 0, 0, 1)), "::1");
  assert.equal(addressText(six(0x2001, 0xdb8, 0, 1, 0, 0, 1, 0)), "2001:db8:0:1::1:0");
  assert.equal(addressText(six(1, 2, 3, 4, 5, 6, 7, 0xabc)), "1:2:3:4:5:6:7:abc");
});
