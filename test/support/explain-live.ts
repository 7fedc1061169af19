/** What a running Sluice says of a request, and whether its workers say the same. */
import assert from "node:assert/strict";
import type { LiveExplanation } from "../../src/explain/served.ts";
import type { AskedRequest } from "../../src/explain/request.ts";
import type { Sluice } from "./sluice.ts";

/** Fails where a worker's own tables lead the request elsewhere. */
export async function askExplain(sluice: Pick<Sluice, "ask">, { headers = [], method = "GET", ...more }: Partial<AskedRequest> & Pick<AskedRequest, "url">): Promise<LiveExplanation> {
  const asked: AskedRequest = { ...more, headers, method };
  const { text } = await sluice.ask(`/api/v1/explain?${new URLSearchParams({ request: JSON.stringify(asked) }).toString()}`);
  const explanation = JSON.parse(text) as LiveExplanation;
  assert.ok(explanation.live.workers.length > 0, text);
  assert.deepEqual(explanation.live.differ, [], text);
  return explanation;
}
