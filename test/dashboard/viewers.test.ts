/** Streams of events over real connections: who leaves, is sent away, or reads nothing, costs nothing any more. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { after, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createViewers, type Opening, type Viewers } from "../../src/dashboard/viewers.ts";

interface Opened {
  readonly viewers: Viewers;
  /** Another client that asks. */
  another(): Promise<readonly [IncomingMessage, ServerResponse]>;
  readonly client: Socket;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** How many watch the journal. */
  watchers(): number;
}

const OPENING = { overview: { source: "x".repeat(10_000) }, history: [], changes: [] } as unknown as Opening;

/** A client that asked for events, and whom nobody has answered yet. */
async function asking(): Promise<Opened> {
  let watchers = 0;
  const viewers = createViewers({
    watch() {
      watchers++;
      return () => void watchers--;
    },
  }, () => () => true);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const clients: Socket[] = [];
  const another = async (): Promise<readonly [IncomingMessage, ServerResponse]> => {
    const asked = once(server, "request") as Promise<[IncomingMessage, ServerResponse]>;
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
    clients.push(client);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    return await asked;
  };
  const [request, response] = await another();
  after(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  const [client] = clients;
  assert.ok(client);
  return { viewers, another, client, request, response, watchers: () => watchers };
}

/** Sends until the system takes no more, because the client reads nothing. */
async function fill(viewers: Viewers, response: ServerResponse): Promise<void> {
  do {
    viewers.beat(OPENING.overview, undefined);
    await nextTurn();
  } while (response.writableLength === 0);
}

test("a page that was closed while its token was looked at is none", async () => {
  const { viewers, client, request, response, watchers } = await asking();
  const closed = once(response, "close");
  client.destroy();
  await closed;
  assert.equal(viewers.open(request, response, "shop.example", OPENING), true);
  assert.deepEqual([viewers.size, watchers()], [0, 0]);
});

test("a page that is sent away is told nothing more, even if it has not read what it was told", async () => {
  const { viewers, request, response, watchers } = await asking();
  viewers.open(request, response, "shop.example", OPENING);
  assert.deepEqual([viewers.size, watchers()], [1, 1]);
  await fill(viewers, response);
  const closed = once(response, "close");
  const wrong: Error[] = [];
  response.on("error", (error) => wrong.push(error));
  await viewers.recheck(() => Promise.resolve(false));
  assert.deepEqual([viewers.size, watchers()], [0, 0]);
  viewers.beat(OPENING.overview, undefined);
  await closed;
  assert.deepEqual(wrong, []);
});

test("nothing is sent after the end", async () => {
  const { viewers, request, response } = await asking();
  viewers.open(request, response, "", OPENING);
  await fill(viewers, response);
  const closed = once(response, "close");
  viewers.close();
  viewers.beat(OPENING.overview, undefined);
  assert.equal(viewers.size, 0);
  await closed;
});

test("all pages together watch requests once, so that they leave room for others", async () => {
  const { viewers, another, request, response, watchers } = await asking();
  viewers.open(request, response, "a.example", OPENING);
  const [second, secondResponse] = await another();
  viewers.open(second, secondResponse, "b.example", OPENING);
  assert.deepEqual([viewers.size, watchers()], [2, 1]);
  const ends = [response, secondResponse].map((one) => once(one, "close"));
  response.end();
  await ends[0];
  assert.equal(watchers(), 1);
  secondResponse.end();
  await ends[1];
  assert.equal(watchers(), 0);
});
