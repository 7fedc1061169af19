/** Objects of kinds that are not read, but make Secrets in a cluster: which ones. */
import type { PromisedSecret } from "../source.ts";
import { at, textOfField, type Field } from "./fields.ts";

/** Group and kind → the name of the Secret that an object makes in its own namespace. */
const MAKERS: Readonly<Record<string, (root: Field) => string | undefined>> = {
  // cert-manager
  "cert-manager.io Certificate": (root) => textAt(root, "spec", "secretName"),
  // External Secrets Operator: the name of the object where no other is given
  "external-secrets.io ExternalSecret": (root) => textAt(root, "spec", "target", "name") ?? textAt(root, "metadata", "name"),
  // Sealed Secrets: the template may name the Secret otherwise
  "bitnami.com SealedSecret": (root) => textAt(root, "spec", "template", "metadata", "name") ?? textAt(root, "metadata", "name"),
};

/** @param namespace of objects that name none. */
export function secretPromisedBy(root: Field, kind: string, apiVersion: unknown, namespace: string): PromisedSecret | undefined {
  const group = typeof apiVersion === "string" ? (apiVersion.split("/")[0] ?? "") : "";
  const maker = `${group} ${kind}`;
  const name = Object.hasOwn(MAKERS, maker) ? MAKERS[maker]?.(root) : undefined;
  if (name === undefined || name === "") return undefined;
  return { namespace: textAt(root, "metadata", "namespace") ?? namespace, name };
}

function textAt(root: Field, ...path: readonly string[]): string | undefined {
  return textOfField(path.reduce(at, root));
}
