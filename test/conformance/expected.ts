/**
 * What each test of the official suite does with Sluice, of all tests but those of service meshes.
 *
 * A test whose feature Sluice does not claim in its GatewayClass is skipped. A test that is not here, or does something else,
 * ends `npm run conformance` with exit code 1: a regression as well as a pass that nobody expected.
 */
import type { Expectation, Outcome } from "./results.ts";

interface Group {
  readonly is: Outcome;
  /** Why they do not pass. */
  readonly why?: string;
  /** Names, with spaces between. */
  readonly tests: string;
}

const GROUPS: readonly Group[] = [
  { is: "passes", tests: "" },
  {
    is: "fails", why: "Gateways are not served yet", tests: `
      GatewayClassObservedGenerationBump GatewayInvalidRouteKind GatewayInvalidTLSConfiguration GatewayListenerUnsupportedProtocol
      GatewayModifyListeners GatewayObservedGenerationBump GatewaySecretInvalidReferenceGrant GatewaySecretMissingReferenceGrant
      GatewaySecretReferenceGrantAllInNamespace GatewaySecretReferenceGrantSpecific GatewayWithAttachedRoutes HTTPRouteCrossNamespace
      HTTPRouteExactPathMatching HTTPRouteHTTPSListener HTTPRouteHeaderMatching HTTPRouteHostnameIntersection
      HTTPRouteInvalidBackendRefUnknownKind HTTPRouteInvalidCrossNamespaceBackendRef HTTPRouteInvalidCrossNamespaceParentRef
      HTTPRouteInvalidNonExistentBackendRef HTTPRouteInvalidParentRefNotMatchingSectionName HTTPRouteInvalidReferenceGrant
      HTTPRouteListenerHostnameMatching HTTPRouteMatching HTTPRouteMatchingAcrossRoutes HTTPRouteMultipleGateways HTTPRouteNoBackendRefs
      HTTPRouteObservedGenerationBump HTTPRoutePartiallyInvalidViaInvalidReferenceGrant HTTPRoutePathMatchOrder HTTPRouteRedirectHostAndStatus
      HTTPRouteReferenceGrant HTTPRouteRequestHeaderModifier HTTPRouteServiceTypes HTTPRouteSimpleSameNamespace HTTPRouteWeight
    `,
  },
  {
    is: "skipped", why: "BackendTLSPolicies are not claimed yet", tests: `
      BackendTLSPolicy BackendTLSPolicyConflictResolution BackendTLSPolicyInvalidCACertificateRef BackendTLSPolicyInvalidKind
      BackendTLSPolicyObservedGenerationBump BackendTLSPolicySANValidation GatewayInvalidTLSBackendConfiguration
      GatewayTLSBackendClientCertificate
    `,
  },
  {
    is: "skipped", why: "ListenerSets are not claimed yet", tests: `
      ListenerSetAllowedNamespaceNone ListenerSetAllowedNamespaceSame ListenerSetAllowedNamespaceSelector ListenerSetAllowedRoutesNamespaces
      ListenerSetAllowedRoutesSupportedKinds ListenerSetDefaultNotAllowed ListenerSetDualParentRefIndependence
      ListenerSetGatewayParentSectionNameNotFound ListenerSetHTTPRouting ListenerSetHostnameConflict ListenerSetProtocolConflict
      ListenerSetReferenceGrant ListenerSetRouteStatusScopedToParentRef
    `,
  },
  {
    is: "skipped", why: "not claimed yet, of a Gateway", tests: `
      GatewayFrontendClientCertificateValidation GatewayFrontendClientCertificateValidationInsecureFallback
      GatewayFrontendInvalidDefaultClientCertificateValidation GatewayHTTPListenerIsolation GatewayInfrastructureMetadata
      GatewayInvalidFrontendClientCertificateValidation GatewayInvalidParametersRef GatewayOptionalAddressValue GatewayStaticAddresses
      GatewayWithAttachedRoutesWithPort8080 HTTPRouteHTTPSListenerDetectMisdirectedRequests
    `,
  },
  {
    is: "skipped", why: "not claimed yet, of an HTTPRoute", tests: `
      HTTPRoute303Redirect HTTPRoute307Redirect HTTPRoute308Redirect HTTPRouteBackendProtocolH2C HTTPRouteBackendProtocolWebSocket
      HTTPRouteBackendRequestHeaderModifier HTTPRouteCORS HTTPRouteInvalidParentRefNotMatchingListenerPort
      HTTPRouteInvalidParentRefSectionNameNotMatchingPort HTTPRouteListenerPortMatching HTTPRouteMethodMatching HTTPRouteNamedRule
      HTTPRouteQueryParamMatching HTTPRouteRedirectPath HTTPRouteRedirectPort HTTPRouteRedirectPortAndScheme HTTPRouteRedirectScheme
      HTTPRouteRequestHeaderModifierBackendWeights HTTPRouteRequestMirror HTTPRouteRequestMultipleMirrors HTTPRouteRequestPercentageMirror
      HTTPRouteResponseHeaderModifier HTTPRouteRetry HTTPRouteRewriteHost HTTPRouteRewritePath HTTPRouteTimeoutBackendRequest
      HTTPRouteTimeoutRequest
    `,
  },
  {
    is: "fails", why: "GRPCRoutes are not served yet", tests: `
      GRPCExactMethodMatching GRPCRouteHeaderMatching GRPCRouteListenerHostnameMatching GRPCRouteWeight
    `,
  },
  {
    is: "skipped", why: "not claimed yet, of a GRPCRoute", tests: `
      GRPCRouteNamedRule
    `,
  },
  {
    is: "fails", why: "TLSRoutes are not served yet", tests: `
      HTTPRouteDisallowedKind TLSRouteHostnameIntersection TLSRouteInvalidBackendRefNonexistent TLSRouteInvalidBackendRefUnknownKind
      TLSRouteInvalidNoMatchingListener TLSRouteInvalidNoMatchingListenerHostname TLSRouteInvalidReferenceGrant
      TLSRouteListenerPassthroughSupportedKinds TLSRouteListenerTerminateNotSupported TLSRouteSimpleSameNamespace
    `,
  },
  {
    is: "skipped", why: "not claimed yet, of a TLSRoute", tests: `
      TLSRouteListenerMixedTerminationNotSupported TLSRouteListenerTerminateSupportedKinds TLSRouteMixedTerminationSameNamespace
      TLSRouteTerminateSimpleSameNamespace
    `,
  },
  {
    is: "fails", why: "TCPRoutes are not served yet", tests: `
      TCPRouteInvalidBackendRefNonexistent TCPRouteInvalidCrossNamespaceBackendRef TCPRouteInvalidNonTCPListener TCPRouteMultipleRoutesAttachment
      TCPRouteParentRefAttachAll TCPRouteParentRefPortAndSectionName TCPRouteReferenceGrant TCPRouteWeightedRouting
    `,
  },
  {
    is: "fails", why: "UDPRoutes are not served yet", tests: `
      UDPRoute UDPRouteInvalidBackendRefNonexistent UDPRouteInvalidCrossNamespaceBackendRef UDPRouteMultipleRoutesAttachment
      UDPRouteNotAllowedByListeners UDPRouteParentRefAttachAllListeners UDPRouteParentRefPortAndSectionName UDPRouteReferenceGrant
      UDPRouteWeightedRouting
    `,
  },
];

export const EXPECTED: Readonly<Record<string, Expectation>> = Object.fromEntries(
  GROUPS.flatMap(({ tests, ...expectation }) => tests.split(/\s+/).filter((name) => name !== "").map((name) => [name, expectation])),
);
