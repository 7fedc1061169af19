/**
 * The search rules of resolv.conf(5): which names a short name stands for, and in which order they are tried.
 */

export interface SearchRules {
  readonly domains: readonly string[];
  /** A name with at least this many dots is first tried as it is. */
  readonly dots: number;
}

export const NO_SEARCH: SearchRules = { domains: [], dots: 1 };

/** Later lines win and `ndots` is at most 15, as in the C library. What is not understood is skipped. */
export function parseResolvConf(text: string): SearchRules {
  let { domains, dots } = NO_SEARCH;
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line.replace(/[#;].*$/, "").trim().split(/\s+/);
    if (keyword === "search" || keyword === "domain") domains = words.map((word) => word.replace(/\.$/, "")).filter((word) => word !== "");
    if (keyword !== "options") continue;
    for (const word of words) {
      const [, digits] = /^ndots:([0-9]{1,3})$/.exec(word) ?? [];
      if (digits !== undefined) dots = Math.min(15, Number(digits));
    }
  }
  return { domains, dots };
}

/** The fully qualified names to ask for, without trailing dots, in order. */
export function candidates(name: string, { domains, dots }: SearchRules): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const searched = domains.map((domain) => `${name}.${domain}`);
  return name.split(".").length - 1 >= dots ? [name, ...searched] : [...searched, name];
}
