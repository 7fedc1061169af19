/** Every key of the ConfigMap by name: those of both tables, each once. */
import type { ConfigValues } from "./config.ts";
import { OTHER_KEYS } from "./other-keys.ts";
import type { ConfigRow, OtherRow } from "./row.ts";
import { CONFIG_TABLE } from "./table.ts";

export type ConfigKey =
  | { readonly name: string; readonly field: keyof ConfigValues; readonly row: ConfigRow<unknown> }
  | { readonly name: string; readonly field: undefined; readonly row: OtherRow };

export type KeyState = "works" | "differs" | OtherRow["state"];

export const KEYS: readonly ConfigKey[] = [
  ...configFields().map((field) => ({ name: CONFIG_TABLE[field].key, field, row: CONFIG_TABLE[field] })),
  ...OTHER_KEYS.map((row) => ({ name: row.key, field: undefined, row })),
];

const BY_NAME: ReadonlyMap<string, ConfigKey> = new Map(KEYS.map((key) => [key.name, key]));

export function configFields(): (keyof ConfigValues)[] {
  return Object.keys(CONFIG_TABLE) as (keyof ConfigValues)[];
}

/** ingress-nginx behaviour: a key may be written in upper case, too. Undefined: there is no such key. */
export function findKey(text: string): ConfigKey | undefined {
  return BY_NAME.get(text) ?? BY_NAME.get(text.toLowerCase());
}

export function stateOf({ row }: ConfigKey): KeyState {
  if ("state" in row) return row.state;
  return row.differs === undefined ? "works" : "differs";
}

const FALSY: readonly string[] = ["", "0", "f", "F", "FALSE", "false", "False"];
const TRUTHY: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];

/** True: the value of a key that does nothing here is empty or its default, so that nothing is asked for. */
export function asksForNothing({ default: usual }: OtherRow, value: string): boolean {
  const text = value.trim();
  if (text === "" || text === usual) return true;
  return FALSY.includes(usual) ? FALSY.includes(text) : usual === "true" && TRUTHY.includes(text);
}
