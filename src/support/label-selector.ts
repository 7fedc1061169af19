/**
 * Reads Kubernetes' label selectors from text: `team=shop,tier!=test,env in (a,b),!legacy`.
 *
 * Source: Kubernetes documentation, "Labels and Selectors", "Set-based requirement".
 */

interface Requirement {
  readonly key: string;
  /** `any`: the label exists, whatever its value; `none`: it does not. */
  readonly holds: "in" | "notin" | "any" | "none";
  readonly values: ReadonlySet<string>;
}

export interface LabelSelector {
  matches(labels: Readonly<Record<string, string>>): boolean;
}

const NAME = "[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?";
const KEY = `(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?${NAME}`;
const VALUE = `(?:${NAME})?`;
const EXISTS = new RegExp(`^(!)?\\s*(${KEY})$`);
const EQUALS = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const WHOLE_VALUE = new RegExp(`^${VALUE}$`);

/** Undefined: not a selector. An empty text selects everything. */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  const requirements: Requirement[] = [];
  if (text.trim() !== "") {
    // A comma within parentheses separates values.
    for (const piece of text.split(/,(?![^(]*\))/)) {
      const requirement = parseRequirement(piece.trim());
      if (!requirement) return undefined;
      requirements.push(requirement);
    }
  }
  return { matches: (labels) => requirements.every((one) => meets(labels, one)) };
}

function parseRequirement(text: string): Requirement | undefined {
  const [, not, existing] = EXISTS.exec(text) ?? [];
  if (existing !== undefined) return { key: existing, holds: not ? "none" : "any", values: new Set() };
  const [, key, operator, value = ""] = EQUALS.exec(text) ?? [];
  if (key !== undefined) return { key, holds: operator === "!=" ? "notin" : "in", values: new Set([value]) };
  const [, ofSet, word, list = ""] = SET.exec(text) ?? [];
  const values = list.split(",").map((one) => one.trim());
  if (ofSet === undefined || !values.every((one) => WHOLE_VALUE.test(one))) return undefined;
  return { key: ofSet, holds: word === "in" ? "in" : "notin", values: new Set(values) };
}

/** `!=` and `notin` hold for an object without the label as well. */
function meets(labels: Readonly<Record<string, string>>, { key, holds, values }: Requirement): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (holds) {
    case "any":
      return value !== undefined;
    case "none":
      return value === undefined;
    case "in":
      return value !== undefined && values.has(value);
    case "notin":
      return value === undefined || !values.has(value);
  }
}
