/**
 * A snippet that the operator allowed, and what nginx said of it.
 *
 * Only the agent can ask nginx. Its answers come back as objects of kind SnippetVerdict in the Snapshot, by digest, so
 * that an Ingress is read again when the answer about its snippet changes, and only then.
 */
import { digestOf } from "../../support/digest.ts";
import type { RuleLine, Snippet, Statement } from "../shapes/snippet.ts";

export function snippetOf(statements: readonly Statement[], rules: readonly RuleLine[] = []): Snippet {
  const content = rules.length > 0 ? { statements, rules } : { statements };
  const text = JSON.stringify(rules.length > 0 ? content : statements);
  return { digest: digestOf(text), ...content };
}
