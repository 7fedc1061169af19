/**
 * The text of the ConfigMap's modsecurity-snippet: ModSecurity's directives for everybody, which the operator is trusted with.
 *
 * They become a file that ModSecurity reads, and never text of nginx's. Whether ModSecurity can read them only nginx's own test says.
 */
import { digestOf } from "../../support/digest.ts";
import type { RuleLine } from "../shapes/snippet.ts";
import { asNginxReads, knownFile } from "./rules.ts";

export interface OperatorRules {
  /** Of the rest. */
  readonly digest: string;
  /** Lines as they stand, but for those that include a file which ingress-nginx's image has. */
  readonly lines: readonly RuleLine[];
  /** Why nobody need ask nginx; absent: nginx can be asked. */
  readonly problem?: string;
}

export function operatorRules(text: string): OperatorRules {
  const lines = asNginxReads(text).split(/\r?\n/).map(lineOf);
  const digest = digestOf(JSON.stringify(lines));
  // ModSecurity would take the end of a line, or of everything, to be there.
  return /(?![\t\n\r])\p{Cc}/u.test(text) ? { digest, lines, problem: "it holds control characters" } : { digest, lines };
}

/** The core rules are among these. */
export function includesCoreRules(lines: readonly RuleLine[] = []): boolean {
  return lines.some((line) => typeof line !== "string" && line.include === "core");
}

const INCLUDE = /^\s*include\s+(?:"([^"]+)"|(\S+))\s*$/i;

function lineOf(line: string): RuleLine {
  const [, quoted, bare = ""] = INCLUDE.exec(line) ?? [];
  return knownFile(quoted ?? bare) ?? line;
}
