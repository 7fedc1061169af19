/** Kinds of objects whose state can be asked for, by `sluice wait` and over the health port. */
export const ASKED_KINDS = {
  Ingress: { plural: "ingresses", short: "ing", group: "networking.k8s.io" },
  Gateway: { plural: "gateways", short: "gtw", group: "gateway.networking.k8s.io" },
  ListenerSet: { plural: "listenersets", short: "lset", group: "gateway.networking.k8s.io" },
  HTTPRoute: { plural: "httproutes", short: undefined, group: "gateway.networking.k8s.io" },
  GRPCRoute: { plural: "grpcroutes", short: undefined, group: "gateway.networking.k8s.io" },
} as const;

export type AskedKind = keyof typeof ASKED_KINDS;

/** The kind that kubectl knows by this word: `httproute`, `ing`, `gateways.gateway.networking.k8s.io`. */
export function askedKind(word: string): AskedKind | undefined {
  const lower = word.toLowerCase();
  return (Object.keys(ASKED_KINDS) as AskedKind[]).find((kind) => {
    const { plural, short, group } = ASKED_KINDS[kind];
    return [kind.toLowerCase(), plural].some((one) => lower === one || lower === `${one}.${group}`) || lower === short;
  });
}
