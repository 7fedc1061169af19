/** How the suite's output is read and judged, and that the list of expectations is whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { featuresFor, readCatalogue, testsOf, type Catalogue } from "./catalogue.ts";
import { EXPECTED } from "./expected.ts";
import { PROFILES } from "./options.ts";
import { currentTest, judge, readResults, remarkOn, setUpComplaint } from "./results.ts";
import { findTools } from "./tools.ts";

const PRINTED = `\x16=== RUN   TestConformance
    conformance.go:92: Running conformance tests with:
\x16=== RUN   TestConformance/HTTPRouteWeight
    conformance.go:60: 2026-12-01T12:00:00Z: Applying tests/httproute-weight.yaml
\x16=== RUN   TestConformance/HTTPRouteWeight/Requests_should_have_a_distribution
\x16=== NAME  TestConformance/HTTPRouteWeight
    helpers.go:1: 
        	Error Trace:	/suite/helpers.go:1
        	Error:      	Received unexpected error:
        	            	context deadline exceeded
        	Messages:   	error waiting for Gateway status
\x16--- FAIL: TestConformance/HTTPRouteWeight (30.04s)
\x16--- PASS: TestConformance/HTTPRouteWeight/Requests_should_have_a_distribution (0.02s)
\x16=== RUN   TestConformance/UDPRoute
    conformance.go:52: Skipping UDPRoute: suite does not support UDPRoute
\x16--- SKIP: TestConformance/UDPRoute (0.00s)
\x16=== RUN   TestConformance/HTTPRouteMatching
\x16--- PASS: TestConformance/HTTPRouteMatching (1.20s)
\x16--- FAIL: TestConformance (40.00s)
FAIL
`;

const names = (...all: readonly string[]) => all.map((name) => ({ name, features: [], provisional: false }));

test("what the suite printed is a result of each of its tests", () => {
  assert.deepEqual(readResults(PRINTED), [
    { name: "HTTPRouteWeight", outcome: "fails", seconds: 30.04, complaints: ["Received unexpected error:", "error waiting for Gateway status"] },
    { name: "UDPRoute", outcome: "skipped", seconds: 0, complaints: [] },
    { name: "HTTPRouteMatching", outcome: "passes", seconds: 1.2, complaints: [] },
  ]);
  assert.equal(setUpComplaint(PRINTED), undefined);
  assert.equal(currentTest(PRINTED), "HTTPRouteMatching");
  assert.equal(currentTest("\x16=== RUN   TestConformance\n"), undefined);
  assert.equal(setUpComplaint("\x16=== RUN   TestConformance\n        \tError:      \tno CRDs\n--- FAIL: TestConformance (0.1s)\n"), "no CRDs");
});

test("a regression, an unexpected pass and a test that nobody listed are not as expected", () => {
  const results = readResults(PRINTED);
  const expected = { HTTPRouteWeight: { is: "passes" }, UDPRoute: { is: "skipped", why: "not yet" }, HTTPRouteMatching: { is: "fails", why: "not yet" } } as const;
  const verdicts = judge(names("HTTPRouteWeight", "UDPRoute", "HTTPRouteMatching", "Gone"), results, expected);
  assert.deepEqual(verdicts.map(({ asExpected }) => asExpected), [false, true, false, false]);
  assert.deepEqual(verdicts.map((verdict) => remarkOn(verdict).split(":")[0]), ["REGRESSION", "not yet", "UNEXPECTED PASS", "NOT RUN"]);
  assert.equal(remarkOn(judge(names("UDPRoute"), results, {})[0]!), "NOT IN expected.ts");
});

test("a profile has its own features and those of its kind of route", () => {
  const catalogue: Catalogue = {
    profiles: [{ name: "GATEWAY-GRPC", core: ["Gateway", "GRPCRoute"], extended: ["GatewayPort8080"] }, { name: "GATEWAY-HTTP", core: ["Gateway", "HTTPRoute"], extended: ["HTTPRouteCORS"] }],
    tests: [
      { name: "Named", features: ["Gateway", "GRPCRoute", "GRPCRouteNamedRouteRule"], provisional: false },
      { name: "Cors", features: ["Gateway", "HTTPRoute", "HTTPRouteCORS"], provisional: false },
    ],
  };
  assert.deepEqual(testsOf(catalogue, ["grpc"]).map(({ name }) => name), ["Named"]);
  assert.deepEqual(testsOf(catalogue, ["grpc", "http"]).map(({ name }) => name), ["Named", "Cors"]);
  assert.deepEqual(featuresFor(catalogue, ["grpc"], ["GRPCRouteNamedRouteRule", "HTTPRouteCORS"]), ["GRPCRoute", "GRPCRouteNamedRouteRule", "Gateway"]);
});

const tools = findTools();
const skip = typeof tools === "string" ? `SKIPPED, THE LIST OF EXPECTATIONS IS NOT COMPARED WITH THE SUITE: ${tools}` : false;
test("every test of the suite is expected to do something, and no other", { skip }, () => {
  if (typeof tools === "string") return;
  const all = testsOf(readCatalogue(tools.catalogue), PROFILES).map(({ name }) => name);
  assert.deepEqual(Object.keys(EXPECTED).sort(), all.toSorted());
});
