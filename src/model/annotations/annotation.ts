/**
 * What an annotation is: declared once, read by parsing, findings and the reference page.
 *
 * A declaration pairs a type with the field that it sets in a feature's part of the values. The default of an annotation
 * is what `get` finds in the part's defaults, so that no default is written twice.
 */
import type { Config } from "../config/config.ts";
import type { ValueType } from "../grammar/value-type.ts";
import { MOST_VARIABLES } from "../shapes/bounds.ts";
import type { Slot, Values } from "./slot.ts";

export type Risk = "Low" | "Medium" | "High" | "Critical";
/**
 * When a value may cost a reload: where it is part of a profile (src/compile/profiles.ts), and nginx does not have the
 * combination that it makes. `no, but …`: it is data, and part of a profile under the conditions that are named.
 */
export type Reload = "when new" | `no, but when new ${string}`;
/** What one value holds for: each path of the Ingress, the whole host, the Service port, the Ingress as a whole, everybody. */
export type Scope = "location" | "host" | "pool" | "ingress" | "global";

interface AnnotationHead {
  readonly name: string;
  /** Other names of the annotation, read where `name` is absent or empty. */
  readonly aliases?: readonly string[];
  readonly group: string;
  /** ingress-nginx's risk level, unchanged. */
  readonly risk: Risk;
  readonly scope: Scope;
  /** True: a canary may have its own value. Else it follows the Ingress that it joins. */
  readonly onCanary?: boolean;
}

/**
 * What a value that is not valid does (ingress-nginx's outcomes): `default`: it counts as absent; `closed`: every path
 * of its Ingress answers 503; `forbidden`: its resolver forbids its hosts (403); `refused`: the whole Ingress has no
 * effect.
 */
export type OnInvalid = "default" | "closed" | "forbidden" | "refused";

interface Described extends AnnotationHead {
  /** One line: what it does. */
  readonly doc: string;
  /** One sentence: how Sluice differs from ingress-nginx, on purpose. */
  readonly differs?: string;
  /** Whether it differs for a value, beside the other annotations of the Ingress; absent: for each value. */
  readonly differsFor?: (value: string, has: (name: string) => boolean) => boolean;
  readonly onInvalid?: OnInvalid;
  /** Absent: never, because the value is data. */
  readonly reload?: Reload;
}

/** `differsFor` of what differs for values that are not valid alone: a finding says so where there is one. */
export const toldByFinding = (): boolean => false;

/** `differsFor` of a switch that differs where it is on. */
export const whereOn = (value: string): boolean => /^(?:1|t|true|on)$/i.test(value);

/** `differsFor` of a text that differs where it holds variables. */
export const whereVariables = (value: string): boolean => value.includes("$");

interface Declaration<T> extends Described {
  readonly type: ValueType<T>;
  readonly get: (values: Values) => T | undefined;
  /** The values with this one in its field. Receives a valid value only. */
  readonly set: (values: Values, value: T, config: Config) => Values;
}

interface ReadValue {
  readonly values: Values;
  readonly problem?: "invalid" | "reduced";
  /** What the value must be, in place of what its type expects. */
  readonly expects?: string;
}

/** An annotation that Sluice honours. An invalid value leaves `values` as they are. */
export interface Honoured extends Described {
  readonly status: "honoured";
  readonly expects: string;
  /** The value in use, as text; "none" when there is none. */
  show(values: Values): string;
  read(values: Values, text: string, config: Config): ReadValue;
}

/** An annotation that puts text into nginx's configuration: its Ingress is refused unless the operator allows snippets. */
export interface SnippetAnnotation extends Described {
  readonly status: "snippet";
  /** Where its text can stand when the operator allows snippets. */
  readonly place: "location" | "none";
}

export type Annotation = Honoured | SnippetAnnotation;

/** What a text must be that names too many: each variable stands for as much as a client sends, and texts are put together for each request. */
const FEW_VARIABLES = `text that names at most ${MOST_VARIABLES} variables and groups, such as $host and $1`;

/** How many variables and groups a text names. */
export function variablesIn(text: string): number {
  return text.match(/\$\{?\w/g)?.length ?? 0;
}

/** `get` and `set` of an annotation that sets one field of a part, and nothing else. */
export function field<V extends object, K extends keyof V>(slot: Slot<V>, name: K): Pick<Declaration<NonNullable<V[K]>>, "get" | "set"> {
  return {
    get: (values) => slot.of(values)[name] ?? undefined,
    set: (values, value) => slot.put(values, { ...slot.of(values), [name]: value }),
  };
}

/** Declares an honoured annotation. */
export function annotation<T>(declaration: Declaration<T>): Honoured {
  const { type, get, set, ...named } = declaration;
  return {
    ...named,
    status: "honoured",
    expects: type.expects,
    show: (values) => {
      const value = get(values);
      return value === undefined ? "none" : type.format(value);
    },
    read: (values, text, config) => {
      if (variablesIn(text) > MOST_VARIABLES) return { values, problem: "invalid", expects: FEW_VARIABLES };
      const parsed = type.parse(text);
      if (!parsed) return { values, problem: "invalid" };
      const after = set(values, parsed.value, config);
      return parsed.reduced ? { values: after, problem: "reduced" } : { values: after };
    },
  };
}
