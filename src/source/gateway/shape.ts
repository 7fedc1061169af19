/**
 * Shapes of JSON values: declared once, they give the type, and what reads and checks values.
 *
 * Every value comes from outside, so every member of an object may be absent, whatever the API requires.
 */
import { exact } from "../../support/exact.ts";

export type Shape = TextShape | WholeShape | FlagShape | TextsShape | JsonShape | UnreadShape | ListShape | ObjectShape;

interface TextShape { readonly is: "text" }
/** A whole number from `from` to `to`. */
interface WholeShape { readonly is: "whole"; readonly from: number; readonly to: number }
interface FlagShape { readonly is: "flag" }
/** A map of texts, such as labels. */
interface TextsShape { readonly is: "texts" }
/** A value that is kept as it is: others write it, and their fields must survive. */
interface JsonShape { readonly is: "json" }
/** A field that the API has, and nobody here reads. */
interface UnreadShape { readonly is: "unread" }
interface ListShape<S = unknown> { readonly is: "list"; readonly of: S }
interface ObjectShape<M = unknown> { readonly is: "object"; readonly members: M }

export type ValueOf<S> = S extends TextShape ? string
  : S extends WholeShape ? number
    : S extends FlagShape ? boolean
      : S extends UnreadShape ? undefined
      : S extends TextsShape ? Readonly<Record<string, string>>
        : S extends ListShape<infer E> ? readonly ValueOf<E>[]
          : S extends ObjectShape<infer M> ? { readonly [K in keyof M]?: ValueOf<M[K]> }
            : unknown;

export const text = { is: "text" } as const satisfies Shape;
export const flagged = { is: "flag" } as const satisfies Shape;
export const texts = { is: "texts" } as const satisfies Shape;
export const json = { is: "json" } as const satisfies Shape;
export const unread = { is: "unread" } as const satisfies Shape;
export const wholeNumber = <F extends number, T extends number>(from: F, to: T) => ({ is: "whole", from, to }) as const;
export const listOf = <S extends Shape>(of: S) => ({ is: "list", of }) as const;
export const objectOf = <M extends Readonly<Record<string, Shape>>>(members: M) => ({ is: "object", members }) as const;

/**
 * Cuts a value from an API server, which has checked it, down to its shape. A part of another type counts as absent, so that
 * one odd object does not stop its neighbours.
 */
export function cutToShape<S extends Shape>(shape: S, raw: unknown): ValueOf<S> | undefined {
  return cut(shape, raw) as ValueOf<S> | undefined;
}

function cut(shape: Shape, raw: unknown): unknown {
  switch (shape.is) {
    case "text":
      return typeof raw === "string" ? raw : undefined;
    case "whole":
      return typeof raw === "number" && Number.isInteger(raw) && raw >= shape.from && raw <= shape.to ? raw : undefined;
    case "flag":
      return typeof raw === "boolean" ? raw : undefined;
    case "unread":
      return undefined;
    case "json":
      return raw ?? undefined;
    case "texts":
      return isMap(raw) ? Object.fromEntries(Object.entries(raw).filter(([, value]) => typeof value === "string")) : undefined;
    case "list":
      return Array.isArray(raw) ? exact(raw.map((one) => cut(shape.of as Shape, one)).filter((one) => one !== undefined)) : undefined;
    case "object":
      return isMap(raw) ? cutMembers(shape.members as Members, raw) : undefined;
  }
}

export type Members = Readonly<Record<string, Shape>>;

function cutMembers(members: Members, raw: Readonly<Record<string, unknown>>): object {
  const made: Record<string, unknown> = {};
  for (const name in members) {
    const value = cut(members[name] as Shape, raw[name]);
    if (value !== undefined) made[name] = value;
  }
  return made;
}

function isMap(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}
