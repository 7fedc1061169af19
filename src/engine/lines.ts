/** Lines out of a stream of bytes: calls `line` for every complete one, without its newline. */

export interface LineLimit {
  /** Bytes; a longer line is dropped, and so is the rest of the stream. */
  readonly longest: number;
  readonly exceeded: () => void;
}

export function lineReader(line: (text: string) => void, limit?: LineLimit): (chunk: Buffer) => void {
  let pending: Buffer[] = [];
  let waiting = 0;
  let over = false;
  return (chunk) => {
    if (over) return;
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const head = chunk.subarray(start, end);
      const whole = pending.length === 0 ? head : Buffer.concat([...pending, head]);
      pending = [];
      waiting = 0;
      start = end + 1;
      line(whole.toString("utf8"));
    }
    if (start === chunk.length) return;
    pending.push(chunk.subarray(start));
    waiting += chunk.length - start;
    if (limit && waiting > limit.longest) {
      over = true;
      pending = [];
      limit.exceeded();
    }
  };
}
