/** Attacks on TLS: handshakes that are never whole, renegotiation, early data, bytes that are no TLS. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { attackSocket, dribble, keepOpen, pause, type Attack, type AttackTarget } from "./attack.ts";

/** The head of a record with a ClientHello of 512 bytes, and the ClientHello's first bytes. */
const HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

const renegotiated: string[] = [];
const early: string[] = [];

async function renegotiate({ https, host }: AttackTarget, signal: AbortSignal): Promise<void> {
  const socket: TLSSocket = connect({ host: "127.0.0.1", port: https, servername: host, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  socket.on("error", () => socket.destroy());
  let secure = false;
  socket.once("secureConnect", () => (secure = true));
  await Promise.race([new Promise((resolve) => socket.once("secureConnect", resolve).once("close", resolve)), pause(2000, signal)]);
  // Before that, what follows would be told of the first handshake.
  if (secure && !socket.destroyed) {
    const granted = new Promise<boolean>((resolve) => {
      socket.once("close", () => resolve(false));
      socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error === null));
    });
    if (await Promise.race([granted, pause(2000, signal).then(() => false)])) renegotiated.push("a client was let renegotiate");
  }
  socket.destroy();
}

function openssl(args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("openssl", ["s_client", ...args], { timeout: 3000 }, (error, out, err) => {
      // One that cannot be started is told of in the same turn of the event loop, so the attack would never let go of it.
      if (typeof error?.code === "string") reject(new Error(`openssl cannot be started: ${error.message}`));
      else resolve(out + err);
    });
    child.stdin?.on("error", () => {});
    setTimeout(() => child.stdin?.end(input), 200);
  });
}

/** Takes a session of TLS 1.3, and sends a request in the first bytes of the next handshake, which anybody on the way could send again. */
async function sendEarly({ https, host }: AttackTarget, folder: string): Promise<void> {
  const to = ["-connect", `127.0.0.1:${https}`, "-servername", host, "-tls1_3"];
  const request = `GET /early HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  writeFileSync(join(folder, "request"), request);
  await openssl([...to, "-sess_out", join(folder, "session")], request);
  const said = await openssl([...to, "-sess_in", join(folder, "session"), "-early_data", join(folder, "request")], request);
  if (said.includes("Early data was accepted")) early.push("early data was accepted, which nobody asked for");
}

export const TLS_ATTACKS: readonly Attack[] = [
  { name: "handshakes that are never whole", run: ({ https }, signal) => keepOpen(https, 200, signal, async (socket) => (socket.write(Buffer.from(HELLO, "latin1")), dribble(socket, () => "\0", 100, signal))) },
  { name: "bytes that are no TLS", run: ({ https, random }, signal) => keepOpen(https, 30, signal, async (socket) => (socket.resume(), socket.write(Buffer.from(Array.from({ length: 300 }, () => random.below(256)))), pause(20, signal))) },
  { name: "TLS for the port of http", run: ({ http }, signal) => keepOpen(http, 30, signal, async (socket) => (socket.resume(), socket.write(Buffer.from(HELLO.repeat(50), "latin1")), pause(20, signal))) },
  {
    name: "renegotiation", breaches: () => renegotiated,
    async run(target, signal) {
      let tried = 0;
      await Promise.all(Array.from({ length: 8 }, async () => {
        for (; !signal.aborted; tried++) await renegotiate(target, signal);
      }));
      return tried;
    },
  },
  {
    name: "early data", breaches: () => early,
    async run(target, signal) {
      const folder = mkdtempSync(join(tmpdir(), "sluice-early-"));
      let tried = 0;
      for (; !signal.aborted; tried++) await sendEarly(target, folder);
      rmSync(folder, { recursive: true });
      return tried;
    },
  },
  {
    name: "handshakes by the hundred",
    async run({ https, host }, signal) {
      let made = 0;
      await Promise.all(Array.from({ length: 20 }, async () => {
        while (!signal.aborted) {
          const plain = await attackSocket(https, signal);
          if (!plain) continue;
          const socket = connect({ socket: plain, servername: host, rejectUnauthorized: false });
          socket.on("error", () => socket.destroy());
          await Promise.race([new Promise((resolve) => socket.once("secureConnect", resolve).once("close", resolve)), pause(1000, signal)]);
          made++;
          socket.destroy();
          plain.destroy();
        }
      }));
      return made;
    },
  },
];
