/**
 * HTTP/2 as nobody may speak it, frame by frame, to Sluice and to nginx written by hand, for every kind of location: what comes of a
 * request is the same, and no backend sees what could be read in two ways, or another request than was asked for.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { http2Forms } from "../support/hostile-forms.ts";
import { framesForms } from "../support/http2-frames.ts";
import { DATA, END_HEADERS, END_STREAM, frame, HEADERS, headerBlock, rawHttp2, type RawHttp2 } from "../support/raw-http2.ts";
import { inTurns, seenFor, startSides, type Sides } from "../support/smuggling-sides.ts";
import type { Kind } from "../support/smuggling-kinds.ts";
import { ask } from "../support/client.ts";

const AT_ONCE = 64;
const PATIENCE_MS = 5000;

let sides: Sides;
before(async () => void (sides = await startSides(20)));
after(() => sides?.stop());

interface Tried {
  readonly kind: string;
  readonly what: string;
  readonly id: number;
  readonly frames: readonly Buffer[];
}

/** Every form for the first kind; the others share them out, and have all of them with NIGHTLY=1. */
function allFrames(kinds: readonly Kind[]): readonly Tried[] {
  return kinds.flatMap(({ name, host, credentials = "" }, place) => {
    const base = 1000 * (place + 1);
    const asked = host ?? `${name}.example`;
    const own = framesForms(asked, (index) => String(base + index)).map(({ section, what, frames }, index) => ({ kind: name, what: `${section} ${what}`, id: base + index, frames }));
    const fields = http2Forms().map((form, index) => {
      const id = base + own.length + index;
      const put = (text: string): string => text.replaceAll("h.example", asked).replaceAll("/first", `/first-${id}`).replaceAll(/\/hidden[\w-]*/g, `/hidden-${id}`);
      const given = [...form.fields.map(([key, value]) => [put(key), put(value)] as const), ...(credentials === "" ? [] : [["authorization", credentials.slice(15).trim()] as const])];
      const head = frame(HEADERS, END_HEADERS | (form.body === undefined ? END_STREAM : 0), 1, headerBlock(given));
      return { kind: name, what: form.what, id, frames: form.body === undefined ? [head] : [head, frame(DATA, END_STREAM, 1, Buffer.from(put(form.body)))] };
    });
    return [...own, ...fields].filter((_, index) => place === 0 || process.env["NIGHTLY"] === "1" || index % 5 === place % 5);
  });
}

/** A busy machine may need longer for a handshake than nginx waits for one. */
async function connected(port: number, tries = 50): Promise<RawHttp2> {
  return await rawHttp2(port).catch((error: unknown) => {
    if (tries === 0) throw error;
    return connected(port, tries - 1);
  });
}

/** `nothing`: the stream is neither answered nor reset, because the client ended it or never began it. */
async function outcomeOf(port: number, frames: readonly Buffer[], patience: number): Promise<string> {
  const client = await connected(port);
  client.send(...frames);
  const outcome = await Promise.race([client.outcome(1), sleep(patience, "nothing", { ref: false })]);
  client.close();
  return outcome;
}

/** A host that is none gets 400 of Sluice, and whatever another host gets of nginx. */
const intended = (what: string, byHand: string, ours: string): boolean => ours === byHand || (what.startsWith(":authority") && ours === "400" && byHand === "404");

test("no frame of HTTP/2 smuggles a request, and each comes to what nginx makes of it, whatever the location", { timeout: 1_200_000 }, async (t) => {
  const { byHand, ours, kinds } = sides;
  const tried = allFrames(kinds);
  const differing: string[] = [];
  const more: string[] = [];
  let [passed, passedByHand] = [0, 0];
  await inTurns(tried, AT_ONCE, async ({ kind, what, id, frames }) => {
    const both = (patience: number): Promise<[string, string]> => Promise.all([outcomeOf(byHand.https, frames, patience), outcomeOf(ours.https, frames, patience)]);
    let outcomes = await both(PATIENCE_MS);
    // On a busy machine one of them may not have got round to it.
    if (outcomes[0] !== outcomes[1] && outcomes.includes("nothing")) outcomes = await both(10 * PATIENCE_MS);
    if (!intended(what, ...outcomes)) differing.push(`${kind}: ${what}: nginx ${outcomes[0]}, Sluice ${outcomes[1]}`);
    const seen = [seenFor(byHand.web, id), seenFor(ours.web, id)] as const;
    passedByHand += seen[0].length;
    passed += seen[1].length;
    // nginx tries a request again whose kept connection ended: one request, seen twice.
    if (seen[1].some((one) => one.includes("hidden")) || new Set(seen[1]).size > Math.max(1, seen[0].length)) more.push(`${kind}: ${what}: nginx passes ${seen[0].join()}, Sluice ${seen[1].join()}`);
  });
  t.diagnostic(`${tried.length} forms for ${kinds.length} kinds, ${passed} requests passed on by Sluice, ${passedByHand} by nginx`);
  t.diagnostic(`nginx's backends could read ${sides.byHand.web.ambiguous.length} in two ways`);
  const ambiguous = sides.takeAmbiguous();
  assert.deepEqual(ambiguous, [], "what a backend could read in two ways");
  assert.deepEqual(differing, []);
  assert.deepEqual(more, []);
  assert.equal((await ask({ port: ours.https, host: "plain.example", path: "/after", tls: true })).status, 200);
  assert.doesNotMatch(sides.sluice.engineLog(), /exited on signal|worker process \d+ exited with code [1-9]|\[emerg\]|\[alert\]|\[crit\]|lua/);
});
