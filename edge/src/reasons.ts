/**
 * Why Sluice answered a request itself, as one word: for logs, a response header, and a counter. What each means and
 * what to do is told by `src/report/answers.ts`, which has a row for every word.
 */

export const REASONS = [
  // nobody to ask
  "no-route", "no-endpoints", "no-backend", "misconfigured", "not-programmed", "health-check",
  // redirects
  "redirect-https", "redirect-slash", "redirect-name", "redirect-annotation", "redirect-app-root", "redirect-sign-in", "redirect-certificate", "redirect-rule",
  "preflight",
  // refusals
  "denied-by-network", "denied-by-blocklist", "denied-by-password", "denied-by-external-auth", "denied-by-certificate", "denied-by-nginx", "misdirected",
  "passwords-unavailable", "external-auth-unavailable", "rate-limited", "connections-limited", "body-too-large", "bad-request",
  "path-too-hard", "rewrite-unsafe", "unknown-server-name",
  // things that went wrong
  "upstream-unreachable", "upstream-timeout", "client-closed", "client-timeout", "internal-error",
] as const;
export type Reason = (typeof REASONS)[number];

/**
 * The reason of an answer that nginx gave in place of a backend, or undefined when the backend gave it.
 *
 * @param headerTime nginx's `$upstream_header_time`: of each attempt, `-` where no answer came.
 */
export function reasonOf(status: number, headerTime: string | undefined): Reason | undefined {
  const asked = headerTime !== undefined && headerTime !== "";
  if (status < 400 || (asked && !headerTime.endsWith("-"))) return undefined;
  if (status === 499) return "client-closed";
  if (status === 413) return "body-too-large";
  if (status === 408) return "client-timeout";
  if (status === 502 || status === 503) return "upstream-unreachable";
  if (status === 504) return "upstream-timeout";
  if (status >= 500) return "internal-error";
  if (status === 400 || status === 414 || status === 431 || status === 405) return "bad-request";
  return "denied-by-nginx";
}
