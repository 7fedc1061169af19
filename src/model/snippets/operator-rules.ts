/**
 * The text of the ConfigMap's modsecurity-snippet: ModSecurity's directives for everybody, which the operator is trusted with.
 *
 * They become a file that ModSecurity reads, and never text of nginx's. Only nginx's own test says whether ModSecurity can read them.
 */
import { digestOf } from "../../support/digest.ts";
import type { RuleLine } from "../shapes/snippet.ts";
import { asNginxReads, knownFile } from "./rules.ts";

export interface OperatorRules {
  /** Digest of `lines`. */
  readonly digest: string;
  /** Lines as they stand; one that includes a file of ingress-nginx's image is a RuleFile. */
  readonly lines: readonly RuleLine[];
  /** Why the rules cannot be used, without asking nginx; absent: nginx has to be asked. */
  readonly problem?: string;
}

export function operatorRules(text: string): OperatorRules {
  const lines = asNginxReads(text).split(/\r?\n/).map(lineOf);
  const digest = digestOf(JSON.stringify(lines));
  // ModSecurity would take a control character for the end of a line, or of the text.
  return /(?![\t\n\r])\p{Cc}/u.test(text) ? { digest, lines, problem: "it holds control characters" } : { digest, lines };
}

/** True: one of the lines includes the OWASP core rules. */
export function includesCoreRules(lines: readonly RuleLine[] = []): boolean {
  return lines.some((line) => typeof line !== "string" && line.include === "core");
}

const INCLUDE = /^\s*include\s+(?:"([^"]+)"|(\S+))\s*$/i;

function lineOf(line: string): RuleLine {
  const [, quoted, bare = ""] = INCLUDE.exec(line) ?? [];
  return knownFile(quoted ?? bare) ?? line;
}
