/** What features cost requests: those that use them, and those that do not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EDGE_DIR } from "../../src/engine/paths.ts";
import { requestCosts, type RequestCost } from "../support/request-cost.ts";

/**
 * The most of each kind of route. A feature that is off costs a request nothing, so a new feature raises none of the others.
 * Whoever raises a number writes the reason here.
 *
 * A plain request was at 340 bytecodes before there were annotations, and must never be above 343, one per cent more. It rose from
 * 315 to 327 when each phase got a beginning that is compiled before the first request (`beginPhases` in phases/entries.ts). The routes
 * that are not plain rose by 7 to 20 when limits of bodies and numbers of tries became data. Limits and networks fell by 180 when their routes were checked before nginx looks
 * for a location, for 16 more where there are other filters. Each
 * but the plain ones rose by 2 to 13 when requests that a backend sends on got the right path, and checks no longer saw the operator's headers; by 3 or 4, and
 * those with canaries by 18, when what the arms of a release do was counted.
 */
const MOST: Readonly<Record<string, RequestCost>> = {
  plain: { bytecodes: 324, bytes: 72 },
  paths: { bytecodes: 349, bytes: 72 },
  // Depends on the draw.
  weight: { bytecodes: 566, bytes: 72 },
  // Counts what the arms do, too.
  rollout: { bytecodes: 720, bytes: 72 },
  header: { bytecodes: 526, bytes: 72 },
  cookie: { bytecodes: 554, bytes: 72 },
  session: { bytecodes: 1207, bytes: 677 },
  rewrite: { bytecodes: 985, bytes: 178 },
  body: { bytecodes: 503, bytes: 73 },
  profile: { bytecodes: 592, bytes: 121 },
  limits: { bytecodes: 673, bytes: 73 },
  networks: { bytecodes: 708, bytes: 73 },
  cors: { bytecodes: 869, bytes: 121 },
};

test("a request costs no more bytecodes, and leaves no more garbage, than it did", () => {
  const costs = requestCosts(EDGE_DIR);
  assert.deepEqual(Object.keys(costs).sort(), Object.keys(MOST).sort());
  for (const [kind, { bytecodes, bytes }] of Object.entries(costs)) {
    const most = MOST[kind] as RequestCost;
    assert.ok(bytecodes > 200, `${kind}: ${bytecodes} bytecodes: the request was not run`);
    assert.ok(bytecodes <= most.bytecodes, `${kind}: ${bytecodes} bytecodes, at most ${most.bytecodes}: see which lines a request runs that has no use for them`);
    assert.ok(bytes <= most.bytes, `${kind}: ${bytes} bytes of garbage, at most ${most.bytes}`);
  }
});
