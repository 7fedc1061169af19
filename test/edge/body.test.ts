/** Which location a request enters because of its body: no body passes that is known to be too large, or that nobody would count. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { LARGE, READ_FIRST, OVER_LIMIT, USUAL, wayOfBody, type BodyLimits } from "../../edge/src/body.ts";

const variables = (protocol: string, method: string, coding?: string) => (name: string): string | undefined =>
  ({ server_protocol: protocol, request_method: method, http_transfer_encoding: coding })[name];
const H1 = variables("HTTP/1.1", "POST");
const CHUNKED = variables("HTTP/1.1", "POST", "chunked");
const H2 = variables("HTTP/2.0", "POST");
const H2_GET = variables("HTTP/2.0", "GET");

test("a length that is known decides at once", () => {
  const limits: BodyLimits = { most: 3000, reader: "body:1048576:0" };
  const way = (length: number): number => wayOfBody(limits, 1000, length, H1);
  assert.deepEqual([0, 1000, 1001, 3000, 3001].map(way), [USUAL, USUAL, LARGE, LARGE, OVER_LIMIT]);
  assert.deepEqual([0, 5000].map((length) => wayOfBody({ most: 0 }, 1000, length, H1)), [USUAL, LARGE]);
  assert.deepEqual([10, 11].map((length) => wayOfBody({ most: 10, reader: "body:1048576:0" }, 0, length, H1)), [USUAL, OVER_LIMIT], "where locations take any size");
});

test("a larger buffer is for bodies that the usual one does not hold", () => {
  const limits: BodyLimits = { most: 1000, reader: "body:1048576:131072", readFrom: 100 };
  assert.deepEqual([100, 101].map((length) => wayOfBody(limits, 1000, length, H1)), [USUAL, READ_FIRST]);
  assert.equal(wayOfBody(limits, 1000, undefined, CHUNKED), READ_FIRST);
});

test("a body without a length is read first, unless any size will do or there can be none", () => {
  const limits: BodyLimits = { most: 3000, reader: "body:1048576:0" };
  assert.deepEqual([H1, CHUNKED, H2, H2_GET].map((of) => wayOfBody(limits, 1000, undefined, of)), [USUAL, READ_FIRST, READ_FIRST, USUAL]);
  assert.deepEqual([H1, CHUNKED, H2, H2_GET].map((of) => wayOfBody({ most: 0 }, 1000, undefined, of)), [USUAL, LARGE, LARGE, LARGE]);
  // The location would take more than the route, or anything.
  for (const usual of [0, 5000]) assert.equal(wayOfBody(limits, usual, undefined, H2_GET), READ_FIRST);
});

test("whatever comes, what enters a location is held to the route's limit by it or by its length", () => {
  const request = fc.record({
    most: fc.integer({ min: 0, max: 20 }), usual: fc.integer({ min: 0, max: 20 }), length: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
    protocol: fc.constantFrom("HTTP/1.0", "HTTP/1.1", "HTTP/2.0"), method: fc.constantFrom("GET", "HEAD", "POST", "DELETE"), coding: fc.constantFrom(undefined, "", "chunked"), readFrom: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(request, ({ most, usual, length, protocol, method, coding, readFrom }) => {
      const limits: BodyLimits = { most, ...(most > 0 || readFrom !== undefined ? { reader: "r" } : {}), ...(readFrom === undefined ? {} : { readFrom }) };
      const way = wayOfBody(limits, usual, length, variables(protocol, method, coding));
      const mayBeLong = length === undefined && (coding !== undefined || protocol === "HTTP/2.0");
      if (way === USUAL && mayBeLong) assert.ok(usual > 0 && (most === 0 || usual <= most), "its location counts");
      if (way === LARGE) assert.ok(most === 0 || (length !== undefined && length <= most));
      if (length !== undefined) assert.equal(way === OVER_LIMIT, most > 0 && length > most);
    }),
    { numRuns: 5000 },
  );
});
