/**
 * Request headers in which proxies tell the ones behind them about a request: where it came from, what it asked for,
 * who sends it. In a request of anybody else they are no more than claims. Pure.
 */

/** As other servers know a header: CGI and its successors cannot tell `_`, or any other mark, from `-`. */
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
 * RFC 7239; nginx and ingress-nginx; Traefik's, oauth2-proxy's, Authelia's, authentik's and Envoy's headers; the
 * client's address and scheme as content networks, load balancers and frameworks name them; the method in place of the
 * request's own.
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

/** Of a client's certificate: a claim of anybody's but Sluice's own, trusted proxies included. */
export function isCertificateClaim(canonical: string): boolean {
  return canonical.startsWith("ssl-client-");
}
