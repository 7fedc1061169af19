/** Clients that are slow, idle, many, or gone at once; and requests that mean different things to different readers. */
import { allForms } from "../../test/support/smuggling-forms.ts";
import { attackSocket, dribble, happened, keepOpen, pause, type Attack } from "./attack.ts";

const POST = (host: string): string => `POST /slow HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\n`;
const GET = (host: string): string => `GET /many HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const FORMS = allForms();

export const SLOW_ATTACKS: readonly Attack[] = [
  { name: "slow headers", run: ({ http, host }, signal) => keepOpen(http, 200, signal, async (socket) => (socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX: `), dribble(socket, () => "x", 100, signal))) },
  { name: "slow bodies", run: ({ http, host }, signal) => keepOpen(http, 200, signal, async (socket) => (socket.write(POST(host)), dribble(socket, () => "x", 100, signal))) },
  { name: "slow chunks", run: ({ http, host }, signal) => keepOpen(http, 200, signal, async (socket) => (socket.write(POST(host).replace("Content-Length: 1000000", "Transfer-Encoding: chunked")), dribble(socket, () => "1;x\r\ny\r\n", 100, signal))) },
  { name: "readers that never read", run: ({ http, host }, signal) => keepOpen(http, 100, signal, async (socket) => (socket.pause(), socket.write(GET(host).repeat(500)), pause(2000, signal))) },
  { name: "idle connections", run: ({ http, https }, signal) => Promise.all([http, https].map((port) => keepOpen(port, 300, signal, () => pause(1500, signal)))).then(([a = 0, b = 0]) => a + b) },
  { name: "connections that end at once", run: ({ http }, signal) => keepOpen(http, 50, signal, async (socket) => (socket.write("GET / HTT"), void socket.resetAndDestroy())) },
  { name: "header floods", run: ({ http, host, random }, signal) => keepOpen(http, 30, signal, async (socket) => {
    socket.resume();
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n`);
    const line = `X-${random.below(1000)}: ${"y".repeat(random.below(9000))}\r\n`;
    for (let i = 0; i < 3000 && !socket.destroyed && !socket.readableEnded && !signal.aborted; i++) if (!socket.write(line)) await happened(socket, "drain", 1000, signal);
  }) },
  { name: "WebSockets that are left", run: ({ http, host }, signal) => keepOpen(http, 50, signal, async (socket) => {
    socket.write(`GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`);
    await happened(socket, "data", 1000, signal);
    socket.write("x".repeat(10_000));
  }) },
  { name: "smuggling", async run({ http, host, random }, signal) {
    let sent = 0;
    await Promise.all(Array.from({ length: 16 }, async () => {
      while (!signal.aborted) {
        const socket = await attackSocket(http, signal);
        if (!socket) continue;
        socket.resume().write(Buffer.from(random.pick(FORMS).bytes.replaceAll("h.example", host), "latin1"));
        sent++;
        await happened(socket, "close", 3000, signal);
        socket.destroy();
      }
    }));
    return sent;
  } },
];
