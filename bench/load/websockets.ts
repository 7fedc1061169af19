/** WebSocket messages: `node websockets.ts LOAD`. Each connection sends one when the one before has come back. */
import { connect } from "node:net";
import { count, loadOfArguments, requestOf } from "./client.ts";
import { acceptFor, maskedFrame, readFrames } from "./websocket-frames.ts";

const load = loadOfArguments();
const { port, connections, seconds } = load;
const counted = count();
const key = Buffer.from("sluice-benchmark").toString("base64");
const request = requestOf(load, 0, "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Key: ${key}`, "Sec-WebSocket-Version: 13");
const text = "x".repeat(64);
const frame = maskedFrame(text);
const end = performance.now() + seconds * 1000;

function converse(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request)).setNoDelay(true);
    const frames = readFrames();
    let head = "";
    let open = false;
    let sent = 0;
    let over = false;
    const send = (): void => {
      sent = performance.now();
      socket.write(frame);
    };
    const hear = (chunk: Buffer): void => {
      for (const payload of frames.push(chunk)) {
        if (payload.toString() !== text) counted.failed();
        else counted.done((performance.now() - sent) * 1000);
        if (performance.now() < end) send();
        else {
          over = true;
          socket.destroy();
        }
      }
    };
    socket.on("data", (chunk: Buffer) => {
      if (open) return hear(chunk);
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      open = true;
      if (!head.startsWith("HTTP/1.1 101") || !head.includes(acceptFor(key))) return void socket.destroy();
      send();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (!over) counted.failed();
      resolve();
    });
  });
}

await Promise.all(Array.from({ length: connections }, converse));
counted.print();
