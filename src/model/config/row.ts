/**
 * What the tables of ConfigMap keys say about each key, and how rows are written.
 *
 * A key is in exactly one of two tables: `table.ts` has those whose values do something, `other-keys.ts` the rest of
 * what ingress-nginx knows. `keys.ts` puts the two together.
 */
import * as type from "./value-types.ts";
import type { ConfigType } from "./value-types.ts";

export interface ConfigRow<T> extends More {
  readonly key: string;
  readonly type: ConfigType<T>;
  /** The default value, as it would stand in the ConfigMap. */
  readonly default: string;
  readonly doc: string;
  /** True: the value stands in nginx.conf, so a change costs a reload. False: it travels to the workers as data, or only the controller uses it. */
  readonly reload: boolean;
}

interface More {
  /** How the key differs from ingress-nginx's, as sentences; absent: it does not. */
  readonly differs?: string;
  /** Sluice's own: ingress-nginx has no such key. */
  readonly own?: true;
  /** The value must not be shown. */
  readonly secret?: true;
}

export interface OtherRow {
  readonly key: string;
  readonly state: "no effect" | "refused";
  /** ingress-nginx's default. A ConfigMap with this value, or an empty one, asks for nothing. */
  readonly default: string;
  /** Completes "KEY …": why it has no effect here, or is refused. */
  readonly why: string;
  /** What to do instead; empty: nothing. */
  readonly instead: string;
}

export interface Rows {
  readonly row: <T>(key: string, valueType: ConfigType<T>, defaultText: string, doc: string, more?: More) => ConfigRow<T>;
  readonly yesNo: (key: string, value: boolean, doc: string, more?: More) => ConfigRow<boolean>;
  readonly seconds: (key: string, min: 0 | 1, value: number, doc: string, more?: More) => ConfigRow<number>;
  readonly count: (key: string, min: number, max: number, value: number, doc: string, more?: More) => ConfigRow<number>;
}

function rows(reload: boolean): Rows {
  const row: Rows["row"] = (key, valueType, defaultText, doc, more = {}) => ({ key, type: valueType, default: defaultText, doc, reload, ...more });
  return {
    row,
    yesNo: (key, value, doc, more) => row(key, type.boolean, String(value), doc, more),
    seconds: (key, min, value, doc, more) => row(key, type.seconds(min), String(value), doc, more),
    count: (key, min, max, value, doc, more) => row(key, type.integer(min, max), String(value), doc, more),
  };
}

/** Keys whose values travel to the workers, or are used by the controller alone. */
export const data: Rows = rows(false);
/** Keys whose values stand in nginx.conf. */
export const nginx: Rows = rows(true);

export const noEffect = (key: string, defaultText: string, why: string, instead = ""): OtherRow =>
  ({ key, state: "no effect", default: defaultText, why, instead });
export const refused = (key: string, why: string, instead: string): OtherRow =>
  ({ key, state: "refused", default: "", why, instead });
