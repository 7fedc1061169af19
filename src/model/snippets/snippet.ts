/**
 * A snippet that the operator allowed, and what nginx said of it.
 *
 * Only the agent can ask nginx. Its answers come back as objects of kind SnippetVerdict in the Snapshot, by digest, so
 * that an Ingress is read again when the answer about its snippet changes, and only then.
 */
import { createHash } from "node:crypto";
import type { Statement } from "./parse.ts";

/** What a route's location holds beside Sluice's own directives. */
export interface Snippet {
  /** Of the statements. */
  readonly digest: string;
  readonly statements: readonly Statement[];
}

export function snippetOf(statements: readonly Statement[]): Snippet {
  return { digest: createHash("sha256").update(JSON.stringify(statements)).digest("hex").slice(0, 16), statements };
}
