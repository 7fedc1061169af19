/**
 * HTTP/2 frame by frame over TLS (RFC 9113): sends exactly the frames of a test, which no honest client would send, and
 * says in one word what became of a stream.
 */
import { connect as connectTls, type TLSSocket } from "node:tls";

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
const SETTINGS = 4;
const GOAWAY = 7;
export const CONTINUATION = 9;
export const END_STREAM = 1;
export const END_HEADERS = 4;
const ACK = 1;

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const LIMIT_MS = 10_000;

export type Field = readonly [name: string, value: string];

export interface RawHttp2 {
  /** All frames of one call leave in one piece. False: the server has ended the connection. */
  send(...frames: readonly Buffer[]): boolean;
  /** `200`, `reset 1`, `goaway 1`, or `closed`, as soon as one of them is there for the stream; rejects after ten seconds. */
  outcome(stream: number): Promise<string>;
  /** Resolves when the server has ended the connection, or with false when it does not within `ms`. */
  ended(ms: number): Promise<boolean>;
  close(): void;
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields in HPACK, each as a literal that is never indexed, without Huffman (RFC 7541, 6.2.3). */
export function headerBlock(fields: readonly Field[]): Buffer {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value, "latin1");
    return Buffer.concat([integer(bytes.length, 0x7f, 0), bytes]);
  };
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0x10]), text(name), text(value)]));
}

/** An integer in HPACK's representation (RFC 7541, 5.1). */
export function integer(value: number, most: number, bits: number): Buffer {
  if (value < most) return Buffer.from([bits | value]);
  const bytes = [bits | most];
  for (let left = value - most; ; left = Math.floor(left / 128)) {
    bytes.push(left >= 128 ? (left % 128) + 128 : left);
    if (left < 128) return Buffer.from(bytes);
  }
}

export async function rawHttp2(port: number): Promise<RawHttp2> {
  const socket = connectTls({ host: "127.0.0.1", port, servername: "h.example", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  const outcomes = listen(socket);
  socket.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0)]));
  return {
    send(...frames) {
      if (socket.destroyed || socket.writableEnded) return false;
      socket.write(Buffer.concat(frames));
      return true;
    },
    async outcome(stream) {
      const deadline = Date.now() + LIMIT_MS;
      for (;;) {
        const known = outcomes.streams.get(stream) ?? outcomes.end;
        if (known !== undefined) return known;
        if (Date.now() > deadline) throw new Error(`nothing became of stream ${stream} in ${LIMIT_MS} ms`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async ended(ms) {
      const deadline = Date.now() + ms;
      while (outcomes.end === undefined && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
      return outcomes.end !== undefined;
    },
    close: () => socket.destroy(),
  };
}

interface Outcomes {
  readonly streams: Map<number, string>;
  /** What became of the connection; undefined: it has not ended. */
  end: string | undefined;
}

function listen(socket: TLSSocket): Outcomes {
  const outcomes: Outcomes = { streams: new Map(), end: undefined };
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const length = rest.readUIntBE(0, 3);
      note(outcomes, socket, rest.readUInt8(3), rest.readUInt8(4), rest.readUInt32BE(5) % 2 ** 31, rest.subarray(9, 9 + length));
      rest = rest.subarray(9 + length);
    }
  });
  const over = (): void => {
    outcomes.end ??= "closed";
  };
  socket.on("end", over).on("close", over).on("error", over);
  return outcomes;
}

function note(outcomes: Outcomes, socket: TLSSocket, type: number, flags: number, stream: number, payload: Buffer): void {
  const { streams } = outcomes;
  if (type === SETTINGS && flags !== ACK) socket.write(frame(SETTINGS, ACK, 0));
  if (type === HEADERS && !streams.has(stream)) streams.set(stream, statusOf(payload));
  if (type === GOAWAY) outcomes.end ??= `goaway ${payload.readUInt32BE(4)}`;
  if (type === RST_STREAM && !streams.has(stream)) streams.set(stream, `reset ${payload.readUInt32BE(0)}`);
}

/**
 * The status, which stands first in nginx's answers: an entry of the static table (RFC 7541, appendix A), or the
 * index of its name and three digits.
 */
function statusOf(block: Buffer): string {
  let at = 0;
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++;
  const first = block[at] ?? 0;
  if (first >= 0x88 && first <= 0x8e) return ["200", "204", "206", "304", "400", "404", "500"][first - 0x88] ?? "";
  return block.subarray(at + 2, at + 5).toString("latin1");
}
