/** Who is connected to a listening socket, on real sockets. */
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { hasClients } from "../../src/engine/agent/clients.ts";

async function listen(t: TestContext, host: string): Promise<{ server: Server; fd: number; client: () => Promise<Socket> }> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  t.after(() => server.close());
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    server, fd,
    async client() {
      const socket = connect(address.port, host);
      const [accepted] = (await once(server, "connection")) as [Socket];
      accepted.on("end", () => accepted.end());
      return socket;
    },
  };
}

for (const host of ["127.0.0.1", "::1"]) {
  test(`a connection to a socket of ${host} is seen until it ends, and those to other sockets are not`, async (t) => {
    const one = await listen(t, host);
    const other = await listen(t, host);
    assert.equal(await hasClients([one.fd]), false);
    const foreign = await other.client();
    assert.equal(await hasClients([one.fd]), false);
    const socket = await one.client();
    assert.equal(await hasClients([one.fd]), true);
    assert.equal(await hasClients([other.fd, one.fd]), true);
    socket.end();
    await once(socket, "close");
    assert.equal(await hasClients([one.fd]), false);
    foreign.end();
    await once(foreign, "close");
  });
}

test("of sockets that cannot be looked up somebody may be connected", async () => {
  assert.equal(await hasClients([]), true);
  assert.equal(await hasClients([999_999]), true);
  assert.equal(await hasClients([1]), true);
});
