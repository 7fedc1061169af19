/**
 * A byte stream as lines of text, in slices that never hold up the event loop for long.
 *
 * Guarantees: a line is decoded only when it is whole, so a multi-byte character cut by a chunk is no problem; between
 * two slices of at most 64 KiB of lines (or one longer line) the event loop gets a turn; a line longer than 32 MiB
 * fails (the API server's limit for an object is far below), so a peer that sends no line ends cannot fill memory.
 */
import { setImmediate as turn } from "node:timers/promises";
import { Broken } from "./failures.ts";

const SLICE = 64 * 1024;
const LONGEST_LINE = 32 * 1024 * 1024;
const LINE_FEED = 10;

/** Yields the whole lines, without empty ones. What follows the last line end is dropped: it was cut off. */
export async function* sliceLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string[], void, undefined> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const part of stream) {
    const chunk = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    let lines: string[] = [];
    let sliceStart = 0;
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      begun.push(chunk.subarray(start, end));
      const line = (begun.length === 1 ? begun[0]! : Buffer.concat(begun)).toString("utf8");
      if (line.trim() !== "") lines.push(line);
      begun = [];
      begunBytes = 0;
      start = end + 1;
      if (start - sliceStart < SLICE) continue;
      yield lines;
      lines = [];
      sliceStart = start;
      await turn();
    }
    if (lines.length > 0) yield lines;
    if (start < chunk.length) {
      begun.push(chunk.subarray(start));
      begunBytes += chunk.length - start;
    }
    if (begunBytes > LONGEST_LINE) throw new Broken(`a line of more than ${LONGEST_LINE >> 20} MiB`);
  }
}
