/** What is wrong with redirects, rewrites, paths that are regular expressions, and aliases. */
import { ALIAS_BOUNDS, MEAN_WEIGHT, PATH_BOUNDS, ROUTE_BOUNDS, SIZE_BOUNDS } from "../shapes/bounds.ts";
import { finding } from "./findings.ts";

export const redirectDropped = finding<{ value: string }>(
  "redirect-dropped",
  "warning",
  ({ value }) => `temporal-redirect "${value}" is no http or https URL: write it like https://shop.example/sale`,
  () => "the redirects of this Ingress, www included, have no effect",
);

export const redirectShadowed = finding<Record<never, never>>(
  "redirect-shadowed",
  "info",
  () => "permanent-redirect has no effect beside temporal-redirect: remove one of them",
  () => "requests are redirected as temporal-redirect says",
);

export const rewriteVariableUnknown = finding<{ value: string; variable: string }>(
  "rewrite-variable-unknown",
  "error",
  ({ value, variable }) => `rewrite-target "${value}" names $${variable}, which is neither a group of the path nor a variable of the request`,
  () => "it has no effect: backends get the path as the client sent it",
);

export const rewriteDropsRest = finding<{ target: string; path: string; from: string; to: string }>(
  "rewrite-drops-rest",
  "info",
  ({ target, path, from, to }) =>
    `rewrite-target "${target}" has no $1 for a group of the path, so what follows "${path}" is dropped: to keep it, as ingress-nginx before 0.22 did, write "path: ${from}" and "rewrite-target: ${to}"`,
  ({ target, path }) => `every request that "${path}" takes asks the backend for "${target}"`,
);

export const rewriteGroupMissing = finding<{ path: string; group: number; groups: number; asked: string | undefined }>(
  "rewrite-group-missing",
  "warning",
  ({ path, group, groups }) =>
    `rewrite-target names group ${group}, and the path "${path}" has ${groups === 0 ? "none" : `${groups} only`}: write the path with groups, such as /app(/|$)(.*), or the target without`,
  ({ path, asked }) => (asked === undefined ? "the group is empty in what the backend is asked for" : `all requests for "${path}" ask the backend for "${asked}"`),
);

export const regexMode = finding<{ what: string; because: string }>(
  "regex-mode",
  "warning",
  ({ what, because }) =>
    `${what} is read as a regular expression because the Ingress ${because} has use-regex or rewrite-target on this host: ` +
    "give that one a host of its own, or write this path so that it means the same",
  () => "it takes every path that begins so, in upper and lower case, and the first match of the host wins, longest text first",
);

export const pathLooksLikeExpression = finding<{ path: string; literal: string; what: string }>(
  "path-looks-like-expression",
  "warning",
  ({ path, literal }) =>
    `The path "${path}" is compared character by character, because nobody has use-regex on this host: for all that begins with ${literal} write "${literal}" with pathType: Prefix, ` +
    'for an expression set use-regex: "true"',
  ({ what }) => `${what} takes requests with these very characters only`,
);

export const pathWithQuery = finding<{ path: string; before: string; what: string }>(
  "path-with-query",
  "warning",
  ({ path, before }) => `The path "${path}" holds a query, and requests are compared without theirs: write "${before}", and ask for the query with sluice.ingress/match`,
  ({ what }) => `${what} takes no request`,
);

export const pathPatternInvalid = finding<{ path: string; why: string }>(
  "path-pattern-invalid",
  "error",
  ({ path, why }) => `The path "${path}" is read as a regular expression and ${why}: mend it, or put \\ before a character that stands for itself`,
  () => "this path is ignored",
);

export const appRootShadowed = finding<{ winner: string }>(
  "app-root-shadowed",
  "warning",
  ({ winner }) => `app-root is one per host, and the Ingress ${winner}, which comes first, has another: remove one of them`,
  () => "it has no effect",
  (_, loser) => `The Ingress ${loser} has another app-root for a host of this one, and comes later: this Ingress's holds`,
);

export const aliasInvalid = finding<{ name: string; why: string }>(
  "alias-invalid",
  "error",
  ({ name, why }) => `"${name}" is no name for server-alias: ${why}`,
  () => "this name is ignored, the others are served",
);

export const aliasExpressionsExhausted = finding<{ left: number; first: string }>(
  "alias-expressions-exhausted",
  "error",
  ({ left, first }) =>
    `${counted(left, "regular expression")} of server-alias, the first of them "${first}", ${left === 1 ? "is" : "are"} beyond the ${ALIAS_BOUNDS.ingress} that an Ingress may have, the ${ALIAS_BOUNDS.namespace} of a namespace ` +
    `and the ${ALIAS_BOUNDS.all} of all, or the ${MEAN_WEIGHT} characters for each of these on average (${REPEATED}), older Ingresses first: each name that nobody declares is matched against all of them, so use names with "*", or shorter expressions, or one for several`,
  () => "these names are ignored, the others are served",
);

export const pathExpressionsExhausted = finding<{ host: string; left: number }>(
  "path-expressions-exhausted",
  "error",
  ({ host, left }) =>
    `${counted(left, "path")} of ${host}, from this one on, ${left === 1 ? "is" : "are"} beyond the ${PATH_BOUNDS.ingress} regular expressions (two for a Prefix path) and conditions that an Ingress may have for one host, the ${PATH_BOUNDS.namespace} of a namespace ` +
    `and the ${PATH_BOUNDS.all} of all, or the ${MEAN_WEIGHT} characters for each of these on average (${REPEATED}), older Ingresses first: a request may be matched against all of them, so use Prefix and Exact paths of a host without use-regex and rewrite-target, or shorter expressions, or one for several paths`,
  () => "these paths are ignored, the others are served",
);

export const pathsExhausted = finding<{ host: string; left: number }>(
  "paths-exhausted",
  "error",
  ({ host, left }) =>
    `${counted(left, "path")} of ${host}, from this one on, ${left === 1 ? "is" : "are"} beyond the ${ROUTE_BOUNDS.ingress} that an Ingress may have for one host, the ${ROUTE_BOUNDS.namespace} of a namespace ` +
    `and the ${ROUTE_BOUNDS.all} of all, older Ingresses first: the paths of a host travel to nginx as one table, so use shorter prefixes, or more hosts`,
  () => "these paths are ignored, the others are served",
);

export const hostTooLarge = finding<{ host: string; left: number }>(
  "host-too-large",
  "error",
  ({ host, left }) =>
    `${counted(left, "path")} of ${host}, from this one on, ${left === 1 ? "is" : "are"} beyond the ${SIZE_BOUNDS.ingress / MEBI} MiB of annotations, counted once for each path, that an Ingress may have for one host, the ${SIZE_BOUNDS.namespace / MEBI} MiB of a namespace ` +
    `and the ${SIZE_BOUNDS.all / MEBI} MiB of all, older Ingresses first: the paths of a host travel to nginx as one table, each with what its Ingress says, so move those that need long annotations to an Ingress of their own`,
  () => "these paths answer 503, or are ignored where sluice.ingress/match is set; the others are served",
);

/** How `patternWeight` counts characters. */
const REPEATED = "a group counts as often as it is repeated";
const MEBI = 1024 ** 2;

function counted(count: number, what: string): string {
  return count === 1 ? `One ${what}` : `${count} ${what}s`;
}

export const aliasesShadowed = finding<{ host: string; winner: string }>(
  "aliases-shadowed",
  "warning",
  ({ host, winner }) => `The Ingress ${winner}, which comes first, has the aliases of ${host} already: list all of them there`,
  ({ host }) => `server-alias of this Ingress has no effect for ${host}`,
  ({ host }, loser) => `The Ingress ${loser} lists aliases of ${host} too, and comes later: those of this Ingress hold`,
);

export const aliasTaken = finding<{ name: string; by: string }>(
  "alias-taken",
  "warning",
  ({ name, by }) => `"${name}" is not free: ${by}`,
  ({ name }) => `"${name}" is no alias of this Ingress's host`,
  ({ name }, loser) => `The Ingress ${loser} wants the alias "${name}" too, and comes later: this Ingress has it`,
);

export const aliasNotCovered = finding<{ name: string; host: string }>(
  "alias-not-covered",
  "info",
  ({ name, host }) => `The certificate of ${host} does not cover "${name}": issue one that does`,
  ({ name }) => `${name} is served with the default certificate, and http is not redirected to https there unless forced`,
);

export const aliasWithoutCertificate = finding<{ name: string; host: string }>(
  "alias-without-certificate",
  "info",
  ({ name, host }) => `Which names "${name}" stands for is not known before a client comes, so none of them is served with the certificate of ${host}: list those that need it one by one, or as *.parent`,
  () => "they are served with the default certificate, and http is not redirected to https there unless forced",
);

export const redirectOnCatchAll = finding<{ name: string }>(
  "redirect-on-catch-all",
  "warning",
  ({ name }) => `${name} means nothing on an Ingress without rules: write a rule without a host for the path / in place of spec.defaultBackend`,
  () => "requests for other names go to the default backend as they come",
);

export const wwwTaken = finding<{ name: string; host: string }>(
  "www-taken",
  "warning",
  ({ name, host }) => `from-to-www-redirect of ${host} has no effect, because "${name}" is a host of its own: remove one of them`,
  ({ name }) => `${name} is served by its own rules`,
);

export const wwwImpossible = finding<{ host: string }>(
  "www-impossible",
  "warning",
  ({ host }) => `from-to-www-redirect needs one host name, and "${host}" stands for many: remove it`,
  () => "it has no effect there",
);
