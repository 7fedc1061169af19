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
  readonly #bytes: Buffer;

  constructor(bytes: Buffer | string) {
    this.#bytes = typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes;
  }

  reveal(): Buffer {
    return this.#bytes;
  }

  /** SHA-256 of the content, hex: lets values be compared without being seen. */
  digest(): string {
    return createHash("sha256").update(this.#bytes).digest("hex");
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
