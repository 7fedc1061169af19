/** Tenants' patterns, run by PCRE. */

/** Unanchored, case-sensitive; undefined when the pattern cannot be run. */
export function matches(text: string, pattern: string): boolean | undefined {
  const [from, , problem] = ngx.re.find(text, pattern, "jo");
  if (problem !== undefined) {
    ngx.log(ngx.WARN, "a pattern of an annotation cannot be run: ", problem);
    return undefined;
  }
  return from !== undefined;
}
