/** What the operator let an Ingress write in nginx's and ModSecurity's own words, as it was read. */

/** One directive. Arguments as nginx understands them, quotes and escapes resolved. */
export interface Statement {
  readonly name: string;
  readonly args: readonly string[];
  /** Of a block: what stands between its braces. */
  readonly children?: readonly Statement[];
}

/** Files that ingress-nginx's image has, and that its snippets include: the main rules, the OWASP core rules. */
export interface RuleFile {
  readonly include: "main" | "core";
}

/** A directive as ModSecurity reads it; or, in the place of an Include, a file of rules on this machine. */
export type RuleLine = string | RuleFile;

/** What a route's location holds beside Sluice's own directives. */
export interface Snippet {
  /** Digest of `statements` and `rules`. */
  readonly digest: string;
  readonly statements: readonly Statement[];
  /** ModSecurity's directives. */
  readonly rules?: readonly RuleLine[];
}
