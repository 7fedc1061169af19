/** A parser of ours, as the fuzzer tries it. */

export interface Parser {
  /** The exported functions that it tries, by name. */
  readonly names: readonly string[];
  /** Texts that are valid, or nearly. */
  readonly seeds: readonly string[];
  /** Reads the text, and asserts what must hold of the answer. Throws for a fault, never for a text that is wrong. */
  readonly take: (text: string) => void;
  /** Characters of the longest text that the parser is given where it serves; absent: 128 KiB, about what an object may have. */
  readonly longest?: number;
}
