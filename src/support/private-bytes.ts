/**
 * Bytes that must never be shown: private keys, passwords.
 *
 * Guarantee: printing a PrivateBytes by any usual means (string, JSON, inspect) shows `[redacted]`. Only `reveal` gives
 * the bytes, so every place that handles them can be found by that word.
 */
import { createHash } from "node:crypto";
import { inspect } from "node:util";

const REDACTED = "[redacted]";

export class PrivateBytes {
  /** A character for each byte. As a text, because a small Buffer takes two hundred bytes more, and a piece of memory shared with others. */
  readonly #bytes: string;

  /** @param bytes a text stands for its UTF-8. */
  constructor(bytes: Buffer | string) {
    const isText = typeof bytes === "string";
    this.#bytes = isText && !/[^\0-\x7f]/.test(bytes) ? bytes : (isText ? Buffer.from(bytes, "utf8") : bytes).toString("latin1");
  }

  reveal(): Buffer {
    return Buffer.from(this.#bytes, "latin1");
  }

  /** The bytes as a text: a character for each byte (latin-1). */
  revealText(): string {
    return this.#bytes;
  }

  /** SHA-256 of the content, hex: lets values be compared without being seen. */
  digest(): string {
    return createHash("sha256").update(this.#bytes, "latin1").digest("hex");
  }

  toString(): string {
    return REDACTED;
  }
  toJSON(): string {
    return REDACTED;
  }
  [inspect.custom](): string {
    return REDACTED;
  }
}
