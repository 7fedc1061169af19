/**
 * What one subscriber of the channel is sent, in order.
 *
 * Guarantee: however much there is to send, no more than a chunk of it waits in memory for the subscriber to read, and no turn
 * of the event loop does more than a chunk's work. What is said while frames are on their way arrives after them.
 */
import type { Socket } from "node:net";

/** Characters that are sent at once. */
const CHUNK = 256 * 1024;
/** Bytes that wait for a subscriber at most, beside the chunk that is on its way. */
export const MOST_UNREAD = 16 * 1024 * 1024;

interface Saying {
  readonly text: string;
  readonly encoding: BufferEncoding;
}

export interface SentSoFar {
  frames: number;
  bytes: number;
}

export class Outbox {
  readonly #socket: Socket;
  readonly #sent: SentSoFar;
  #isDelivering = false;
  #waiting: Saying[] = [];
  #waitingLength = 0;

  /** @param sent is counted up. */
  constructor(socket: Socket, sent: SentSoFar) {
    this.#socket = socket;
    this.#sent = sent;
  }

  /** Frames are on their way; no others can be delivered meanwhile. */
  get isDelivering(): boolean {
    return this.#isDelivering;
  }

  /** Sends a line, after the frames that are on their way. */
  say(text: string, encoding: BufferEncoding = "utf8"): void {
    if (this.#isDelivering) this.#keep({ text, encoding });
    else this.#socket.write(`${text}\n`, encoding);
  }

  /** Cuts off a subscriber that does not read (a stopped process), before what waits for it grows without bound. */
  #keep(saying: Saying): void {
    this.#waitingLength += saying.text.length;
    this.#waiting.push(saying);
    if (this.#waitingLength > MOST_UNREAD) this.#socket.destroy();
  }

  /**
   * Sends frames as fast as the subscriber reads them. `delivered` is called when the last one is sent: at once, where
   * they are few. If the connection ends before, it is not called.
   */
  deliver(frames: Iterable<string>, delivered: () => void): void {
    this.#isDelivering = true;
    this.#step(frames[Symbol.iterator](), delivered);
  }

  #step(rest: Iterator<string>, delivered: () => void): void {
    if (this.#socket.destroyed) return;
    const lines: string[] = [];
    let length = 0;
    let next = rest.next();
    for (; !next.done; next = rest.next()) {
      lines.push(next.value);
      length += next.value.length + 1;
      if (length >= CHUNK) break;
    }
    this.#sent.frames += lines.length;
    this.#sent.bytes += length;
    lines.push("");
    // Frames are ASCII.
    const flows = this.#socket.write(lines.join("\n"), "latin1");
    if (next.done) return this.#finish(delivered);
    const goOn = (): void => void setImmediate(() => this.#step(rest, delivered));
    if (flows) goOn();
    else this.#socket.once("drain", goOn);
  }

  #finish(delivered: () => void): void {
    this.#isDelivering = false;
    this.#waitingLength = 0;
    for (const { text, encoding } of this.#waiting.splice(0)) this.say(text, encoding);
    delivered();
  }
}
