/** Reads YAML of cases strictly: a wrong type or an unknown key is an error that says where. */
export type Table = Readonly<Record<string, unknown>>;

export function table(value: unknown, where: string): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${where}: not a mapping`);
  return value as Table;
}

export function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${where}: not a list`);
  return value;
}

export function keys(value: Table, known: readonly string[], where: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`${where}: there is no "${unknown}", only ${known.join(", ")}`);
}

export function text(value: unknown): string {
  if (typeof value !== "string" && typeof value !== "number") throw new Error(`${JSON.stringify(value)} is not text`);
  return String(value);
}

/** A mapping with each value as `read` gives it. */
export function mapped<T>(value: unknown, where: string, read: (one: unknown) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(table(value, where)).map(([key, one]) => [key, read(one)]));
}
