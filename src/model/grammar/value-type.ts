/** How a value is written: its grammar, for the annotations and the ConfigMap alike. */

/** A value, `reduced` when it was brought into range; undefined when the text is invalid. */
export type Parsed<T> = { readonly value: T; readonly reduced?: boolean } | undefined;

export interface ValueType<T> {
  /** Completes "must be …". */
  readonly expects: string;
  parse(text: string): Parsed<T>;
  /** The text that parses to this value. */
  format(value: T): string;
}
