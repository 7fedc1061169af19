/**
 * Requests that two readers could take for different ones, sent as bytes to Sluice and to nginx written by hand, for every kind of
 * location: whatever reaches a backend is one request at most for each that the client was answered for, and can be read in
 * one way only; Sluice answers as nginx does, each answer with what the backend saw, so that it passes on no more.
 *
 * NIGHTLY=1 tries all forms for all kinds; otherwise the kinds beyond the first share out those about heads.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { ask } from "../support/client.ts";
import { allForms, type SmugglingForm } from "../support/smuggling-forms.ts";
import type { Kind } from "../support/smuggling-kinds.ts";
import { inTurns, seenFor, startSides, type Sides } from "../support/smuggling-sides.ts";

const LIMIT_MS = 20_000;
const AT_ONCE = 64;
/** A server that closes a connection with bytes unread resets it, and a client may lose an answer by that; so what differs is tried again. */
const MOST_TRIES = 3;
/** Added to a form's number when it is tried again. */
const AGAIN = 100_000;

let sides: Sides;
before(async () => void (sides = await startSides(2)));
after(() => sides?.stop());

/** The bytes for a kind: its host, its credentials, and paths that no other form has. */
function bytesFor({ bytes }: SmugglingForm, { name, host, credentials = "" }: Kind, index: number): string {
  const asked = host ?? `${name}.example`;
  return bytes.replaceAll(/Host: h\.example(?:\r\n)/g, `Host: ${asked}\r\n${credentials}`).replaceAll("h.example", asked).replaceAll("/first", `/first-${index}`).replaceAll("/last", `/last-${index}`).replaceAll(/\/hidden-\w+/g, `/hidden-${index}`);
}

/** The answers until the server closes: each a status, with the path that the backend saw. `nothing`: it does not close. */
function converse(port: number, bytes: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let text = "";
    socket.setTimeout(LIMIT_MS, () => {
      resolve([...answersIn(text), "nothing"]);
      socket.destroy();
    });
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" || error.code === "EPIPE" ? undefined : reject(error)));
    socket.on("close", () => resolve(answersIn(text)));
    socket.on("connect", () => socket.write(Buffer.from(bytes, "latin1")));
  });
}

function answersIn(text: string): readonly string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/g)].filter(([, status]) => status !== "100").map(([head, status]) => `${status} ${/x-path: (.*)\r\n/i.exec(head)?.[1] ?? ""}`.trim());
}

/**
 * Answers of Sluice's that differ from nginx's by intention (docs/guide/threat-model.md): what is no host name gets 400 and not
 * 404, and ends the connection. Fewer requests pass, never more.
 */
function isIntended(byHand: readonly string[], ours: readonly string[]): boolean {
  const alike = ours.every((one, at) => one === byHand[at] || (one === "400" && byHand[at] === "404"));
  return alike && (ours.length === byHand.length || (ours.length < byHand.length && ours.at(-1) === "400"));
}

const forms = allForms();

function formsFor(kind: Kind, place: number): readonly (readonly [SmugglingForm, number])[] {
  const all = forms.map((form, index) => [form, index] as const);
  if (kind.name === "plain" || process.env["NIGHTLY"] === "1") return all;
  return all.filter(([{ about }, index]) => (about === "body" ? index % 4 === place % 4 || kind.name === "unbuffered" : index % 16 === place % 16));
}

/** What became of the forms of one kind. */
interface Tally {
  forms: number;
  byHand: number;
  ours: number;
}

test("no form of a request smuggles another one, whatever the location", { timeout: 1_200_000 }, async (t) => {
  const { byHand, ours, kinds } = sides;
  const tried = kinds.flatMap((kind, place) => formsFor(kind, place).map(([form, index]) => ({ kind, form, id: 1000 * (place + 1) + index })));
  const tallies = new Map<string, Tally>(kinds.map(({ name }) => [name, { forms: 0, byHand: 0, ours: 0 }]));
  const differing: string[] = [];
  const more: string[] = [];
  const compare = async ({ kind, form, id }: (typeof tried)[number], tries = MOST_TRIES): Promise<void> => {
    const bytes = bytesFor(form, kind, id);
    const answers = await Promise.all([converse(byHand.http, bytes), converse(ours.http, bytes)]);
    const [passedByHand, passed] = [seenFor(byHand.web, id), seenFor(ours.web, id)];
    const tally = tallies.get(kind.name) as Tally;
    tally.forms++;
    tally.byHand += passedByHand.length;
    tally.ours += passed.length;
    const answered = answers[1].filter((one) => one.startsWith("200 ")).length;
    if (passed.length > answered) more.push(`${kind.name}: ${JSON.stringify(form.what)}: Sluice passes ${passed.join()}, answered ${answers[1].join()}`);
    const [theirs = [], own = []] = answers.map((all) => (kind.protocol === undefined ? all : all.map((one) => one.slice(0, 3))));
    if (theirs.join() === own.join() || isIntended(theirs, own)) return;
    if (tries > 1) return await compare({ kind, form, id: id + AGAIN }, tries - 1);
    differing.push(`${kind.name}: ${JSON.stringify(form.what)}: nginx ${theirs.join()}, Sluice ${own.join()}; passed on: ${passedByHand.join()}, ${passed.join()}`);
  };
  await inTurns(tried, AT_ONCE, compare);
  for (const [name, tally] of tallies) t.diagnostic(`${name}: ${tally.forms} forms, ${tally.ours} requests passed on by Sluice, ${tally.byHand} by nginx`);
  const ambiguous = sides.takeAmbiguous();
  assert.ok([...tallies.values()].every(({ forms: count }) => count > 100), "all kinds are tried");
  assert.deepEqual(more, [], "Sluice passes on more than it answers");
  assert.deepEqual(differing, []);
  assert.deepEqual(ambiguous, [], "what a backend could read in two ways");
  assert.equal((await ask({ port: ours.http, host: "plain.example", path: "/after" })).status, 200);
});

test("after all of that no worker has died, and nothing was reloaded", async () => {
  assert.doesNotMatch(sides.sluice.engineLog(), /exited on signal|worker process \d+ exited with code [1-9]|\[emerg\]|\[alert\]|\[crit\]|lua/);
});
