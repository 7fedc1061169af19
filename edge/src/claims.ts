/**
 * Request headers in which a proxy tells the servers behind it about a request: where it came from, what it asked for,
 * who sent it. From anybody else such headers are no more than claims. Pure.
 */

/**
 * A header's name in lower case, with `-` for everything but letters and digits. That is how other servers may read it:
 * CGI and its successors cannot tell `_`, or any other mark, from `-`.
 */
export function canonicalName(name: string): string {
  let out = "";
  let from = 0;
  const lower = name.toLowerCase();
  for (let i = 0; i < lower.length; i++) {
    const c = lower.charCodeAt(i);
    if ((c >= 97 && c <= 122) || (c >= 48 && c <= 57) || c === 45) continue;
    out = out + lower.slice(from, i) + "-";
    from = i + 1;
  }
  return from === 0 ? lower : out + lower.slice(from);
}

/**
 * Headers of RFC 7239, nginx, ingress-nginx, Traefik, oauth2-proxy, Authelia, authentik and Envoy; the client's address
 * and scheme as content networks, load balancers and frameworks name them; a method in place of the request's own. What
 * they share the beginning of is in `FAMILIES`.
 */
const CLAIMS: Record<string, boolean> = {
  forwarded: true,
  proxy: true,
  "x-scheme": true,
  "x-url-scheme": true,
  "front-end-https": true,
  "cf-visitor": true,
  "x-host": true,
  "x-rewrite-url": true,
  "x-sent-from": true,
  "client-ip": true,
  "true-client-ip": true,
  "cf-connecting-ip": true,
  "cf-connecting-ipv6": true,
  "fastly-client-ip": true,
  "x-client-ip": true,
  "x-cluster-client-ip": true,
  "x-http-method": true,
  "x-http-method-override": true,
  "x-method-override": true,
};
const FAMILIES = ["x-forwarded", "x-original-", "x-auth-request-", "x-real-", "x-remote-", "remote-", "x-envoy-", "x-authelia-", "x-authentik-", "x-client-cert", "x-ssl-"];

/** @param canonical see `canonicalName` */
export function isClaim(canonical: string): boolean {
  if (CLAIMS[canonical] === true) return true;
  for (const family of FAMILIES) if (canonical.startsWith(family)) return true;
  return false;
}

/** Whether a header tells of a client's certificate. Only Sluice itself may say that: such a header is a claim even from a trusted proxy. */
export function isCertificateClaim(canonical: string): boolean {
  return canonical.startsWith("ssl-client-");
}
