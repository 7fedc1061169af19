/** The values that hold where no ConfigMap says anything. */
import type { Config, ConfigValues } from "./config.ts";
import { configFields } from "./keys.ts";
import { NOTHING_NAMED } from "./named.ts";
import { CONFIG_TABLE } from "./table.ts";

/** The Config of a controller without ConfigMap. */
export const DEFAULT_CONFIG: Config = defaults();

function defaults(): Config {
  const parsed = configFields().map((field) => [field, CONFIG_TABLE[field].type.parse(CONFIG_TABLE[field].default)?.value]);
  return { ...(Object.fromEntries(parsed) as ConfigValues), named: NOTHING_NAMED };
}
