/** A backend that echoes WebSocket messages: `node websocket-echo.ts PORT`. */
import { createServer } from "node:http";
import { acceptFor, readFrames, serverFrame } from "./websocket-frames.ts";

const server = createServer((_, response) => response.writeHead(426).end());
server.on("upgrade", (request, socket) => {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(request.headers["sec-websocket-key"] ?? "")}\r\n\r\n`);
  const frames = readFrames();
  socket.on("data", (chunk: Buffer) => {
    for (const payload of frames.push(chunk)) socket.write(serverFrame(payload));
  });
  socket.on("error", () => socket.destroy());
});
server.listen(Number(process.argv[2]), "127.0.0.1");
