/** What is wrong with Gateways and the routes that attach to them. */
import { finding } from "./findings.ts";

export const routeShadowed = finding<{ what: string; path: string; winner: string }>(
  "route-shadowed",
  "warning",
  ({ path, winner }) => `The route "${winner}" has the same match for "${path}" and comes first: change one of them`,
  ({ what }) => `this match takes no request to ${what}`,
  ({ path }, loser) => `The route "${loser}" has the same match for "${path}", which this one keeps`,
);

export const hostOfIngress = finding<{ host: string; ingress: string }>(
  "host-of-ingress",
  "warning",
  ({ host, ingress }) => `The Ingress "${ingress}" has "${host}" at the addresses that Gateways share with Ingresses: take it away there, or give the Gateway an address of its own (--gateway-addresses)`,
  ({ host }) => `the route takes no request to "${host}" there`,
  ({ host }, loser) => `The route "${loser}" wants "${host}" at the same addresses, and gets no request: this Ingress keeps it`,
);

export const routeNotAttached = finding<{ why: string; parent: string }>(
  "route-not-attached",
  "warning",
  ({ why }) => why,
  ({ parent }) => `the ${parent} serves nothing of the route by this reference`,
);

export const routeReferenceUnresolved = finding<{ why: string }>(
  "route-reference-unresolved",
  "error",
  ({ why }) => why,
  () => "requests that such a reference would get are answered with 500",
);

export const routeInvalid = finding<{ why: string; whole: boolean }>(
  "route-invalid",
  "error",
  ({ why }) => why,
  ({ whole }) => (whole ? "nothing of the route is served" : "requests of this rule are answered with 500"),
);

export const listenerNotServed = finding<{ why: string; listener: string }>(
  "listener-not-served",
  "error",
  ({ why }) => why,
  ({ listener }) => `listener "${listener}" is not served as it is written`,
);

export const gatewayNotServed = finding<{ why: string; kind: string }>(
  "gateway-not-served",
  "error",
  ({ why }) => why,
  ({ kind }) => `the ${kind} is not served`,
);

export const grpcRouteNeedsTls = finding<{ listener: string }>(
  "grpc-route-needs-tls",
  "warning",
  ({ listener }) => `gRPC is HTTP/2, which nginx before 1.25.1 takes over TLS only where a proxy in front is believed about clients or TLS is passed through, and the listener "${listener}" has no TLS: attach the route to an HTTPS listener, or run a newer nginx`,
  ({ listener }) => `gRPC clients cannot talk to the listener "${listener}"`,
);
