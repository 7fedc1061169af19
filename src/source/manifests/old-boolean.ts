/**
 * Words without quotes that YAML 1.1, which kubectl and the API server read, takes for booleans, and YAML 1.2 for texts:
 * `on`, `no`, `y`. A cluster refuses such a word where a text must stand, and takes it where a boolean must.
 *
 * Source: YAML 1.1, "Boolean Language-Independent Type"; the resolver of go-yaml v2, which sigs.k8s.io/yaml uses.
 */

const TRUE = /^(?:y|Y|yes|Yes|YES|on|On|ON)$/;
const FALSE = /^(?:n|N|no|No|NO|off|Off|OFF)$/;

/** One such word. Without properties of its own, so that nobody takes it for an object of the document. Prints as its text. */
export class OldBoolean {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get value(): boolean {
    return TRUE.test(this.#text);
  }
  toString(): string {
    return this.#text;
  }
  toJSON(): string {
    return this.#text;
  }
}

/** @param text a scalar without quotes. */
export function isOldBoolean(text: string): boolean {
  return TRUE.test(text) || FALSE.test(text);
}
