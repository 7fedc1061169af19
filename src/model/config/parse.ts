/**
 * Reads the controller's ConfigMap.
 *
 * Guarantee: never fails. A bad value leaves the last good one of its key where there was one, else the default, and a
 * finding says which; a bad piece of a list is left out alone.
 *
 * ingress-nginx behaviour: a key as it is documented wins over the same key in upper case; removing a key restores its default.
 */
import type { ConfigMap } from "../../source/objects.ts";
import type { Snapshot } from "../../source/snapshot.ts";
import { closest } from "../../support/edit-distance.ts";
import type { Finding, Place } from "../findings/findings.ts";
import { lookupIn } from "../shapes/lookup.ts";
import type { Config, ConfigValues } from "./config.ts";
import { DEFAULT_CONFIG } from "./defaults.ts";
import * as found from "./findings.ts";
import { asksForNothing, findKey, KEYS } from "./keys.ts";
import { readNamed } from "./named.ts";
import type { ConfigRow, OtherRow } from "./row.ts";
import { insteadOfSnippet } from "./snippets.ts";
import { CONFIG_TABLE } from "./table.ts";
import type { ParsedValue } from "./value-types.ts";

export interface ParsedConfig {
  readonly config: Config;
  readonly findings: readonly Finding[];
  /** Key's field → the text that its value comes from. Keys that are not here have their default, or what stands in for a bad value. */
  readonly texts: ReadonlyMap<keyof ConfigValues, string>;
  /** Objects that the ConfigMap names (`ConfigMap ingress/headers`), missing ones included. */
  readonly objects: ReadonlySet<string>;
}

interface ConfigReading {
  readonly config: { -readonly [K in keyof ConfigValues]: ConfigValues[K] };
  readonly texts: Map<keyof ConfigValues, string>;
  readonly findings: Finding[];
  readonly before: ParsedConfig | undefined;
}

/** A key that is nearly this one, or the only one that is this one with something in front: `body-size` was a key once. */
function nearestKey(text: string): string | undefined {
  const names = KEYS.map(({ name }) => name);
  const longer = names.filter((name) => name.endsWith(`-${text}`));
  return closest(text, names) ?? (longer.length === 1 ? longer[0] : undefined);
}

/**
 * @param before what was read last: its value of a key stays where the value now is bad.
 * @param snapshot where objects that keys name are looked up; absent: none of them exists.
 */
export function parseConfig(configMap: ConfigMap | undefined, before?: ParsedConfig, snapshot?: Pick<Snapshot, "get">): ParsedConfig {
  const reading: ConfigReading = { config: { ...DEFAULT_CONFIG }, texts: new Map(), findings: [], before };
  const objects = new Set<string>();
  if (!configMap) return { config: DEFAULT_CONFIG, texts: reading.texts, findings: [], objects };
  const data = configMap.data ?? {};
  for (const text of Object.keys(data).sort()) {
    const place: Place = { object: configMap, field: `data[${text}]` };
    const key = findKey(text);
    const value = data[text] ?? "";
    if (key === undefined) reading.findings.push(found.configKeyUnknown(place, { key: text, near: nearestKey(text) }));
    else if (text !== key.name && data[key.name] !== undefined) continue;
    else if (key.field === undefined) reading.findings.push(...findingsForOther(place, key.row, value));
    else take(reading, key.field, value, place);
  }
  const { config, texts, findings } = reading;
  if (config.enableOpentelemetry && config.otlpCollectorHost === "") {
    findings.push(found.configTracingWithoutCollector({ object: configMap, field: "data[enable-opentelemetry]" }, {}));
  }
  if (config.enableSyslog && config.syslogHost === "") {
    findings.push(found.configSyslogWithoutHost({ object: configMap, field: "data[enable-syslog]" }, {}));
  }
  const named = readNamed(config, { configMap, lookup: lookupIn(snapshot ?? NOWHERE, objects), findings });
  return { config: { ...config, named }, texts, findings, objects };
}

const NOWHERE: Pick<Snapshot, "get"> = { get: () => undefined };

function take<K extends keyof ConfigValues>(reading: ConfigReading, field: K, text: string, place: Place): void {
  const { config, texts, findings, before } = reading;
  const row: ConfigRow<ConfigValues[K]> = CONFIG_TABLE[field];
  const parsed = row.type.parse(text.trim());
  if (parsed && !parsed.bad) {
    config[field] = parsed.value;
    texts.set(field, text.trim());
    if (!parsed.dropped) return;
  }
  const last = parsed && !parsed.bad ? undefined : before?.texts.get(field);
  if (last !== undefined && before) {
    config[field] = before.config[field];
    texts.set(field, last);
  } else if (parsed?.bad) config[field] = parsed.value;
  const value = row.secret ? "this value" : (parsed?.dropped ?? [text]).map((piece) => JSON.stringify(shorten(piece))).join(", ");
  const used = last === undefined ? inPlace(row, parsed) : row.secret ? "the last good value" : `its last good value, ${last === "" ? "which is empty" : shorten(last)},`;
  findings.push(found.configValueInvalid(place, { key: row.key, value, expects: row.type.expects, used }));
}

/** What is used where there is no last good value, for the finding; "": the key is left empty. */
function inPlace(row: ConfigRow<unknown>, parsed: ParsedValue<unknown> | undefined): string {
  if (parsed) return parsed.used ?? "the other pieces";
  return row.default === "" ? "" : `its default, ${shorten(row.default)},`;
}

function findingsForOther(place: Place, row: OtherRow, value: string): readonly Finding[] {
  const { key, state, why, instead } = row;
  if (asksForNothing(row, value)) return [];
  if (state === "no effect") return [found.configKeyWithoutEffect(place, { key, why, instead })];
  return [found.configKeyRefused(place, { key, why, instead: insteadOfSnippet(value) ?? instead })];
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
