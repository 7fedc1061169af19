/**
 * Order of resourceVersions. They are decimal numbers that grow with each write to the cluster (Kubernetes API
 * concepts, "Resource versions"); they outgrow a double, so they are compared as text.
 */

/** True when `a` is certainly older than `b`; false when it is not, or when either is not a number. */
export function isOlder(a: string | undefined, b: string | undefined): boolean {
  if (!isNumber(a) || !isNumber(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}

function isNumber(version: string | undefined): version is string {
  return version !== undefined && /^(0|[1-9][0-9]*)$/.test(version);
}
