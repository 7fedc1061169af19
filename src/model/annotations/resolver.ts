/**
 * The second step of reading annotations: what holds between several of them, and what they refer to.
 *
 * A resolver is called once per Ingress that has annotations of its group, after all values were read, whether or not
 * they were valid. It gives the values back, completed or corrected, and says what is wrong. Whatever keeps requests
 * out and cannot be honoured closes the Ingress, and never opens it.
 */
import type { Settings } from "../../settings.ts";
import type { ConfigMap, Ingress, Secret } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import type { Config } from "../config/config.ts";
import type { Finding, Place } from "../findings/findings.ts";
import type { ObjectLookup } from "../shapes/lookup.ts";
import type { Values } from "./slot.ts";

export type ResolveSettings = Pick<Settings, "allowLocalTargets" | "deepInspect" | "enableSslPassthrough">;

export interface ResolveContext {
  readonly ingress: Ingress;
  readonly config: Config;
  readonly settings: ResolveSettings;
  readonly lookup: ObjectLookup;
  /** The text of an annotation, by its name without prefix (an alias counts as its name); undefined: absent or empty. */
  given(name: string): string | undefined;
  /** Where a finding about this annotation belongs. */
  place(name: string): Place;
  report(finding: Finding): void;
  /** Every path of the Ingress answers 503. The caller reports why. */
  close(): void;
  /** The Ingress has no effect at all. The caller reports why. */
  refuse(): void;
}

export interface Resolver {
  /** Called when the Ingress has an annotation of one of these groups. */
  readonly groups: readonly string[];
  resolve(values: Values, at: ResolveContext): Values;
}

/** Reports why an object cannot be used. `key`: its name as it was written, or `namespace/name`. */
type Refuse = (key: string, why: string) => undefined;

/** An object that an annotation names, and that its Ingress may use. */
interface NamedObject<T> {
  /** `namespace/name` */
  readonly key: string;
  readonly object: T;
}

/** The Secret that an annotation names. Undefined, after a call of `refuse`: there is none that this Ingress may use. */
export function namedSecret(text: string, at: ResolveContext, refuse: Refuse, form?: NameForm): NamedObject<Secret> | undefined {
  return namedObject(text, at, refuse, form, at.lookup.secret, at.lookup.whyNoSecret);
}

/** The same for a ConfigMap. */
export function namedConfigMap(text: string, at: ResolveContext, refuse: Refuse, form?: NameForm): NamedObject<ConfigMap> | undefined {
  return namedObject(text, at, refuse, form, at.lookup.configMap, at.lookup.whyNoConfigMap);
}

/** The only place where the name in an annotation becomes an object. Objects of other namespaces are given only where the operator allows it. */
function namedObject<T>(
  text: string, at: ResolveContext, refuse: Refuse, form: NameForm = "either",
  find: (namespace: string, name: string) => T | undefined, whyNone: (namespace: string, name: string) => string,
): NamedObject<T> | undefined {
  const read = readObjectName(text, at, form);
  if (!read) return refuse(text, `is not of the form ${form === "whole" ? "" : "name or "}namespace/name`);
  const { namespace, name } = read;
  const key = keyOf(namespace, name);
  if (foreign(read, at)) return refuse(key, "is in another namespace: only the operator can allow that (allow-cross-namespace-resources)");
  const object = find(namespace, name);
  return object === undefined ? refuse(key, whyNone(namespace, name)) : { key, object };
}

/** `whole`: only `namespace/name`. `either`: a name alone is valid, too, and means the Ingress's own namespace. */
type NameForm = "whole" | "either";

/** The name of an object in an annotation. */
interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Reads the name of an object in the form that `whole` allows. Undefined: the text has another form. Whether another
 * namespace may be used is for `foreign` to say.
 */
function readObjectName(text: string, { ingress }: Pick<ResolveContext, "ingress">, whole: NameForm = "either"): ObjectName | undefined {
  const parts = text.split("/");
  if (parts.some((part) => part === "")) return undefined;
  const [first = "", second] = parts;
  if (parts.length === 1 && whole === "either") return { namespace: ingress.metadata.namespace, name: first };
  return parts.length === 2 && second !== undefined ? { namespace: first, name: second } : undefined;
}

/** True: of another namespace than the Ingress, and the operator does not allow that. */
function foreign({ namespace }: ObjectName, { ingress, config }: Pick<ResolveContext, "ingress" | "config">): boolean {
  return namespace !== ingress.metadata.namespace && !config.allowCrossNamespaceResources;
}
