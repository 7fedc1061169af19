/**
 * The second step of reading annotations: what holds between several of them, and what they refer to.
 *
 * A resolver is called once per Ingress that has annotations of its group, after all values were read, whether or not
 * they were valid. It gives the values back, completed or corrected, and says what is wrong. Whatever keeps requests
 * out and cannot be honoured closes the Ingress: it never opens.
 */
import type { Settings } from "../../settings.ts";
import type { Ingress } from "../../source/objects.ts";
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

/** An object that an annotation names. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Reads `name` or `namespace/name`; a name alone is of the Ingress's own namespace unless `whole` asks for both.
 * Undefined: not such a name. Whether another namespace may be used is for `foreign` to say.
 */
export function readObjectName(text: string, { ingress }: Pick<ResolveContext, "ingress">, whole: "whole" | "either" = "either"): ObjectName | undefined {
  const parts = text.split("/");
  if (parts.some((part) => part === "")) return undefined;
  const [first = "", second] = parts;
  if (parts.length === 1 && whole === "either") return { namespace: ingress.metadata.namespace, name: first };
  return parts.length === 2 && second !== undefined ? { namespace: first, name: second } : undefined;
}

/** True: of another namespace than the Ingress, and the operator does not allow that. */
export function foreign({ namespace }: ObjectName, { ingress, config }: Pick<ResolveContext, "ingress" | "config">): boolean {
  return namespace !== ingress.metadata.namespace && !config.allowCrossNamespaceResources;
}
