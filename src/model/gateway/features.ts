/** The features of the Gateway API that are served, by the names of its conformance suite, ascending: what a GatewayClass says in its status. */
export const FEATURES_SERVED: readonly string[] = [
  "Gateway", "GatewayAddressEmpty", "GatewayHTTPListenerIsolation", "GatewayPort8080", "GatewayStaticAddresses", "HTTPRoute", "HTTPRouteDestinationPortMatching",
  "HTTPRouteMethodMatching", "HTTPRouteNamedRouteRule", "HTTPRouteParentRefPort", "HTTPRoutePortRedirect", "HTTPRouteQueryParamMatching",
  "HTTPRouteSchemeRedirect", "ReferenceGrant",
];
