/**
 * The types of annotation values, with ingress-nginx's grammars.
 *
 * Values that nginx would refuse are invalid here: in nginx.conf one bad number would stop every later change of everybody.
 */
import { NEXT_UPSTREAM } from "../shapes/routing.ts";
import type { NextUpstream } from "../shapes/routing.ts";
import type { ValueType } from "./value-type.ts";

const INTEGER = /^[+-]?[0-9]{1,15}$/;
const SIZE = /^([0-9]{1,12})([bkmg]?)$/i;
const KIB = 1024;
const MIB = 1024 ** 2;
const UNIT: Readonly<Record<string, number>> = { b: 1, k: KIB, m: MIB, g: 1024 ** 3 };

/** Go's strconv.ParseBool, which ingress-nginx uses. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((text) => [text, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((text) => [text, false] as const),
]);

export const boolean: ValueType<boolean> = {
  expects: '"true" or "false"',
  parse: (text) => valid(BOOLEANS.get(text)),
  format: String,
};

export const onOff: ValueType<boolean> = {
  expects: '"on" or "off"',
  parse: (text) => (text === "on" || text === "off" ? { value: text === "on" } : undefined),
  format: (value) => (value ? "on" : "off"),
};

export const integer: ValueType<number> = {
  expects: "a whole number",
  parse: (text) => (INTEGER.test(text) ? { value: Number(text) } : undefined),
  format: String,
};

/** A whole number within limits; one above `max` is brought down to it. */
export function integerBetween(min: number, max: number, what = "a whole number"): ValueType<number> {
  return {
    expects: `${what} from ${min} to ${max}`,
    parse: (text) => {
      const value = integer.parse(text)?.value;
      if (value === undefined || value < min) return undefined;
      return value > max ? { value: max, reduced: true } : { value };
    },
    format: String,
  };
}

/** nginx keeps times in milliseconds, and its timers count to 2^31. */
const LONGEST = Math.floor(2 ** 31 / 1000);
export const seconds: ValueType<number> = integerBetween(1, LONGEST, "a whole number of seconds");
export const secondsOrNone: ValueType<number> = integerBetween(0, LONGEST, "a whole number of seconds (0: no limit)");

/** A size in bytes: digits and at most one of b, k, m, g. */
export function sizeBetween(min: number, max: number): ValueType<number> {
  const limits = min > 0 ? ` from ${sizeText(min)} to ${sizeText(max)}` : "";
  return {
    expects: `a size such as 16k or 8m${limits}`,
    parse: (text) => {
      const [, digits = "", unit = ""] = SIZE.exec(text) ?? [];
      if (digits === "") return undefined;
      const value = Number(digits) * (UNIT[unit.toLowerCase()] ?? 1);
      return value >= min && value <= max ? { value } : undefined;
    },
    format: sizeText,
  };
}

function sizeText(bytes: number): string {
  if (bytes > 0 && bytes % MIB === 0) return `${bytes / MIB}m`;
  if (bytes > 0 && bytes % KIB === 0) return `${bytes / KIB}k`;
  return String(bytes);
}

/** ingress-nginx's character set "basic": letters, digits and `-._~/:`. */
export const basicText: ValueType<string> = textOf(/^[A-Za-z0-9\-._~/:]+$/, "letters, digits and - . _ ~ / : only");

/** ingress-nginx's character set for regular expressions. */
export const pattern: ValueType<string> = textOf(
  /^[A-Za-z0-9\-._~/:^$[\](){}*+?|&=\\]+$/,
  "a regular expression of letters, digits and - . _ ~ / : ^ $ [ ] ( ) { } * + ? | & = \\",
);

/** Text of which every character is allowed. */
export function textOf(allowed: RegExp, expects: string): ValueType<string> {
  return { expects, parse: (text) => (allowed.test(text) ? { value: text } : undefined), format: (value) => value };
}

export function oneOf<T extends string>(...words: readonly T[]): ValueType<T> {
  return {
    expects: words.map((word) => `"${word}"`).join(" or "),
    parse: (text) => valid(words.find((word) => word === text)),
    format: (value) => value,
  };
}

export const nextUpstream: ValueType<readonly NextUpstream[]> = {
  expects: `words out of ${NEXT_UPSTREAM.join(", ")}, separated by spaces`,
  parse: (text) => {
    const words = text.split(/\s+/).filter((word) => word !== "");
    const known = words.flatMap((word) => NEXT_UPSTREAM.find((name) => name === word) ?? []);
    return known.length > 0 && known.length === words.length ? { value: known } : undefined;
  },
  format: (value) => value.join(" "),
};

function valid<T>(value: T | undefined): { readonly value: T } | undefined {
  return value === undefined ? undefined : { value };
}
