/** Filters of routes: what is read of them, and why some cannot be honoured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readFilters } from "../../src/model/gateway/http-filters.ts";
import type { RouteFilter } from "../../src/source/gateway/shared.ts";

/** What is said of one filter; what is read of it, without what every rule has. */
function said(...filters: readonly RouteFilter[]): unknown {
  const read = readFilters(filters, "spec.rules[0].filters");
  return typeof read === "string" ? read.replace("spec.rules[0].filters", "filters") : Object.fromEntries(Object.entries(read).filter(([, value]) => !Array.isArray(value) || value.length > 0));
}

const answers = (responseHeaderModifier: NonNullable<RouteFilter["responseHeaderModifier"]>): RouteFilter => ({ type: "ResponseHeaderModifier", responseHeaderModifier });

test("changes of headers are read in the order set, add, remove", () => {
  const changes = { set: [{ name: "X-Set", value: "1" }], add: [{ name: "X-Add", value: "2" }], remove: ["X-Gone"] };
  const read = [{ name: "X-Set", value: "1" }, { name: "X-Add", value: "2", add: true }, { name: "X-Gone" }];
  assert.deepEqual(said(answers(changes), { type: "RequestHeaderModifier", requestHeaderModifier: changes }), { requestHeaders: read, responseHeaders: read });
});

test("headers that are not a rule's are refused, and the host is one of requests alone", () => {
  const set = (name: string, value = "x"): NonNullable<RouteFilter["responseHeaderModifier"]> => ({ set: [{ name, value }] });
  assert.equal(said(answers(set("Content-Length"))), 'filters[0] changes the header "Content-Length", which belongs to the connection or the routing: remove it');
  assert.equal(said({ type: "RequestHeaderModifier", requestHeaderModifier: set("Host") }), 'filters[0] changes the header "Host", which belongs to the connection or the routing: remove it');
  assert.equal(said(answers(set("a b"))), 'filters[0] names "a b", which is no header: correct the name');
  assert.equal(said(answers(set("X-A", "1\r\nX-B: 2"))), 'filters[0] gives the header "X-A" a value with control characters: remove them');
  assert.deepEqual(said(answers(set("Host"))), { responseHeaders: [{ name: "Host", value: "x" }] });
});

test("a filter that is unknown, says nothing or comes twice is not left out", () => {
  assert.match(said({ type: "Unheard" }) as string, /^filters\[0\] is a filter of the type "Unheard", which is not supported: remove it, or use one of RequestHeaderModifier, /);
  assert.equal(said({ type: "ResponseHeaderModifier" }), 'filters[0] has the type "ResponseHeaderModifier" and nothing of it: write what it is to do');
  assert.equal(said(answers({}), answers({})), 'filters[1] is a second filter of the type "ResponseHeaderModifier": make one of both');
});
