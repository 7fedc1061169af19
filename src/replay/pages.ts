/** Where the documentation says that Sluice answers otherwise on purpose, or how to find out why it answers so. */
import type { ReplyDifference } from "./compare-answers.ts";

const MEANT = "docs/guide/migrating-from-ingress-nginx.md#what-is-different-on-purpose";
const WHY = "docs/guide/why-did-sluice-answer.md#reasons";

/** Header, or the beginning of headers' names → page. */
const OF_HEADERS: readonly (readonly [name: RegExp, page: string])[] = [
  [/^strict-transport-security$/, MEANT],
  [/^access-control-/, "docs/guide/annotations.md#cors"],
  [/^set-cookie$/, "docs/guide/annotations.md#affinity"],
  [/^www-authenticate$/, "docs/guide/annotations.md#authentication"],
];

/** A file and its heading; undefined: no page is about it. */
export function pageAbout({ aspect, name, old, new: now }: ReplyDifference): string | undefined {
  switch (aspect) {
    case "status":
      return isRedirect(old) || isRedirect(now) ? "docs/guide/annotations.md#redirect" : now === "400" ? MEANT : /^[45]/.test(now) ? WHY : undefined;
    case "redirect":
      return "docs/guide/annotations.md#redirect";
    case "header":
      return OF_HEADERS.find(([names]) => names.test(name))?.[1];
    case "upstream":
      return "docs/guide/explain.md";
    case "body":
      return undefined;
  }
}

function isRedirect(status: string): boolean {
  return /^30[1-8]$/.test(status);
}
