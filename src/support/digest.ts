/** SHA-256, hex, cut to 32 digits: names for content. */
import { createHash } from "node:crypto";

export function digestOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest().toString("hex", 0, 16);
}
