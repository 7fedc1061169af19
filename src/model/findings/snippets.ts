/** What can be wrong with snippets, and what the operator lets no Ingress have. */
import { CLOSED, finding, REFUSED } from "./findings.ts";

interface OfSnippet {
  readonly name: string;
}

/** `keys`: what the operator would have to set. */
export const snippetRefused = finding<OfSnippet & { advice: string; keys: string }>(
  "snippet-refused",
  "error",
  ({ name, advice, keys }) =>
    `${name} puts text into nginx's configuration, which is not allowed here: ${advice === "" ? "remove it" : `replace it (${advice})`}, or let the operator set ${keys}`,
  () => REFUSED,
);

export const snippetEmpty = finding<OfSnippet>(
  "snippet-empty",
  "info",
  ({ name }) => `${name} holds nothing but comments: remove it`,
  () => "it counts as absent; ingress-nginx may refuse the whole Ingress because of it",
);

export const snippetUnreadable = finding<OfSnippet & { why: string }>(
  "snippet-unreadable",
  "error",
  ({ name, why }) => `${name} is not nginx configuration: ${why}`,
  () => CLOSED,
);

export const rulesUnreadable = finding<OfSnippet & { why: string }>(
  "snippet-unreadable",
  "error",
  ({ name, why }) => `${name} cannot be read as ModSecurity's directives: ${why}`,
  () => CLOSED,
);

export const rulesLeftOut = finding<OfSnippet & { directive: string }>(
  "rules-left-out",
  "warning",
  ({ name, directive }) => `${directive} in ${name} would open a file of the machine, and where logs go is the operator's to say: remove it`,
  () => "it is left out; requests are inspected by the other rules",
);

/** `instead`: what does the same; "" where nothing is known that does. */
export const snippetForbidden = finding<OfSnippet & { directive: string; why: string; instead: string }>(
  "snippet-forbidden",
  "error",
  ({ name, directive, why, instead }) => `${name} may not use ${directive}, which ${why}${instead === "" ? "" : `; ${instead}`}`,
  () => CLOSED,
);

export const snippetWithoutPlace = finding<OfSnippet & { advice: string }>(
  "snippet-without-place",
  "error",
  ({ name, advice }) => `${name} has no place in Sluice's nginx even where snippets are allowed: ${advice}`,
  () => CLOSED,
);

export const snippetFails = finding<OfSnippet & { problem: string; instead: string }>(
  "snippet-fails",
  "error",
  ({ name, problem, instead }) => `nginx refuses the text of ${name}: ${problem}${instead === "" ? "" : `; ${instead}`}`,
  () => CLOSED,
);

export const annotationAboveRisk = finding<{ name: string; risk: string; level: string }>(
  "annotation-above-risk",
  "error",
  ({ name, risk, level }) => `${name} is of risk ${risk}, and the operator allows up to ${level} (annotations-risk-level): remove it`,
  () => REFUSED,
);

export const annotationBlocked = finding<{ name: string; word: string }>(
  "annotation-blocked",
  "error",
  ({ name, word }) => `The value of ${name} holds "${word}", which the operator forbids (annotation-value-word-blocklist): write it without`,
  () => REFUSED,
);
