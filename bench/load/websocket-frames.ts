/** What the benchmark needs of WebSocket (RFC 6455): short text messages, a frame each. */
import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The Sec-WebSocket-Accept for a client's key. */
export function acceptFor(key: string): string {
  return createHash("sha1").update(key + GUID).digest("base64");
}

/** A masked frame, as clients send them. @param text at most 125 bytes. */
export function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  // A mask of zeros is a mask: the bytes stay as they are.
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

export interface Frames {
  /** Bytes of a frame's payload, unmasked, for each frame that is whole now. */
  push(chunk: Buffer): Buffer[];
}

/** Cuts a stream into frames of at most 125 bytes. */
export function readFrames(): Frames {
  let held: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const payloads: Buffer[] = [];
      for (;;) {
        if (held.length < 2) return payloads;
        const lengths = held[1] as number;
        const masked = (lengths & 0x80) !== 0;
        const start = masked ? 6 : 2;
        const end = start + (lengths & 0x7f);
        if (held.length < end) return payloads;
        const payload = Buffer.from(held.subarray(start, end));
        if (masked) for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] as number) ^ (held[2 + (i % 4)] as number);
        payloads.push(payload);
        held = held.subarray(end);
      }
    },
  };
}

/** A frame as servers send it. @param payload at most 125 bytes. */
export function serverFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
}
