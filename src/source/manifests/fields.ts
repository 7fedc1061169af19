/**
 * Reading untyped values field by field.
 *
 * A Field knows its path, so that a value of a wrong type is noted with its place; reading goes on, and all that is
 * wrong with an object is found at once. Absent and null are the same, as in the Kubernetes API.
 */
import { OldBoolean } from "./old-boolean.ts";

export interface Field {
  readonly value: unknown;
  readonly parent: Field | undefined;
  readonly step: string | number;
  readonly notes: FieldNote[];
}

/** A value that the Kubernetes API would refuse to decode. */
export interface FieldNote {
  readonly field: string;
  /** "a list", "a whole number from 1 to 65535": what has to stand there. */
  readonly expected: string;
  readonly found: unknown;
  /** The value was read all the same: only its quotes are missing. */
  readonly unquoted?: true;
}

export function rootField(value: unknown): Field {
  return { value: value ?? undefined, parent: undefined, step: "", notes: [] };
}

/** `spec.rules[0].host`, `metadata.annotations[a.b/c]`. */
export function pathOf(field: Field): string {
  if (!field.parent) return "";
  return joinPath(pathOf(field.parent), field.step);
}

export function joinPath(before: string, step: string | number): string {
  if (typeof step === "number" || !/^[A-Za-z]\w*$/.test(step)) return `${before}[${step}]`;
  return before === "" ? step : `${before}.${step}`;
}

export function note(field: Field, expected: string): undefined {
  field.notes.push({ field: pathOf(field), expected, found: field.value });
}

/** The member `name` of an object. */
export function at(parent: Field, name: string): Field {
  const value = isRecord(parent.value) ? (parent.value[name] ?? undefined) : undefined;
  return { value, parent, step: name, notes: parent.notes };
}

/** True for an object; notes anything else but absence. */
export function isObject(field: Field, expected = "an object"): boolean {
  if (isRecord(field.value)) return true;
  if (field.value !== undefined) note(field, expected);
  return false;
}

/** The elements of a list; none when it is absent. */
export function items(field: Field): Field[] {
  const { value, notes } = field;
  if (Array.isArray(value)) return value.map((item: unknown, step) => ({ value: item ?? undefined, parent: field, step, notes }));
  if (value !== undefined) note(field, "a list");
  return [];
}

/** The members of a map, keys as written. */
export function members(field: Field): [string, Field][] {
  if (!isObject(field)) return [];
  return Object.entries(field.value as Record<string, unknown>).map(([step, value]) => [
    step,
    { value: value ?? undefined, parent: field, step, notes: field.notes },
  ]);
}

export function textOfField(field: Field): string | undefined {
  if (field.value instanceof OldBoolean) {
    field.notes.push({ field: pathOf(field), expected: "a text", found: field.value, unquoted: true });
    return String(field.value);
  }
  if (field.value === undefined || typeof field.value === "string") return field.value;
  return note(field, "a text");
}

export function flag(field: Field): boolean | undefined {
  if (field.value instanceof OldBoolean) return field.value.value;
  if (field.value === undefined || typeof field.value === "boolean") return field.value;
  return note(field, "true or false");
}

export function integerOfField(field: Field, from: number, to: number): number | undefined {
  const { value } = field;
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= from && value <= to) return value;
  return note(field, `a whole number from ${from} to ${to}, without quotes`);
}

export function portOfField(field: Field): number | undefined {
  return integerOfField(field, 1, 65535);
}

/** A value that has to be there; `expected` says what is missing. */
export function required<T>(field: Field, value: T | undefined, expected: string): T | undefined {
  if (value === undefined && field.value === undefined) note(field, expected);
  return value;
}

/** The same object without the members that are undefined. */
export function present<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof OldBoolean);
}
