/** `namespace/name`, as flags and annotations write references to objects. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** Undefined for anything but two non-empty parts. */
export function splitName(text: string): NamespacedName | undefined {
  const [namespace, name, more] = text.split("/");
  return namespace && name && more === undefined ? { namespace, name } : undefined;
}
