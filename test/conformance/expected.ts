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
  {
    is: "passes", tests: `
      GRPCExactMethodMatching GRPCRouteHeaderMatching GRPCRouteListenerHostnameMatching GRPCRouteNamedRule GRPCRouteWeight
      GatewayClassObservedGenerationBump GatewayHTTPListenerIsolation GatewayInvalidRouteKind GatewayInvalidTLSConfiguration
      GatewayListenerUnsupportedProtocol GatewayModifyListeners GatewayObservedGenerationBump GatewayOptionalAddressValue
      GatewaySecretInvalidReferenceGrant GatewaySecretMissingReferenceGrant GatewaySecretReferenceGrantAllInNamespace
      GatewaySecretReferenceGrantSpecific GatewayStaticAddresses GatewayWithAttachedRoutes GatewayWithAttachedRoutesWithPort8080
      HTTPRoute303Redirect HTTPRoute307Redirect HTTPRoute308Redirect HTTPRouteBackendProtocolH2C HTTPRouteBackendProtocolWebSocket
      HTTPRouteBackendRequestHeaderModifier HTTPRouteCORS HTTPRouteCrossNamespace HTTPRouteExactPathMatching HTTPRouteHTTPSListener
      HTTPRouteHTTPSListenerDetectMisdirectedRequests HTTPRouteHeaderMatching HTTPRouteHostnameIntersection
      HTTPRouteInvalidBackendRefUnknownKind HTTPRouteInvalidCrossNamespaceBackendRef HTTPRouteInvalidCrossNamespaceParentRef
      HTTPRouteInvalidNonExistentBackendRef HTTPRouteInvalidParentRefNotMatchingListenerPort HTTPRouteInvalidParentRefNotMatchingSectionName
      HTTPRouteInvalidParentRefSectionNameNotMatchingPort HTTPRouteInvalidReferenceGrant HTTPRouteListenerHostnameMatching
      HTTPRouteListenerPortMatching HTTPRouteMatching HTTPRouteMatchingAcrossRoutes HTTPRouteMethodMatching HTTPRouteMultipleGateways
      HTTPRouteNamedRule HTTPRouteNoBackendRefs HTTPRouteObservedGenerationBump HTTPRoutePartiallyInvalidViaInvalidReferenceGrant
      HTTPRoutePathMatchOrder HTTPRouteQueryParamMatching HTTPRouteRedirectHostAndStatus HTTPRouteRedirectPath HTTPRouteRedirectPort
      HTTPRouteRedirectPortAndScheme HTTPRouteRedirectScheme HTTPRouteReferenceGrant HTTPRouteRequestHeaderModifier
      HTTPRouteRequestHeaderModifierBackendWeights HTTPRouteRequestMirror HTTPRouteRequestMultipleMirrors HTTPRouteRequestPercentageMirror
      HTTPRouteResponseHeaderModifier HTTPRouteRewriteHost HTTPRouteRewritePath HTTPRouteServiceTypes HTTPRouteSimpleSameNamespace
      HTTPRouteWeight ListenerSetAllowedNamespaceNone ListenerSetAllowedNamespaceSame ListenerSetAllowedNamespaceSelector
      ListenerSetAllowedRoutesNamespaces ListenerSetAllowedRoutesSupportedKinds ListenerSetDefaultNotAllowed
      ListenerSetDualParentRefIndependence ListenerSetGatewayParentSectionNameNotFound ListenerSetHTTPRouting ListenerSetHostnameConflict
      ListenerSetProtocolConflict ListenerSetReferenceGrant ListenerSetRouteStatusScopedToParentRef
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
    is: "skipped", why: "not claimed yet, of a Gateway", tests: `
      GatewayFrontendClientCertificateValidation GatewayFrontendClientCertificateValidationInsecureFallback
      GatewayFrontendInvalidDefaultClientCertificateValidation GatewayInfrastructureMetadata
      GatewayInvalidFrontendClientCertificateValidation GatewayInvalidParametersRef
    `,
  },
  {
    is: "skipped", why: "not claimed yet, of an HTTPRoute", tests: `
      HTTPRouteRetry HTTPRouteTimeoutBackendRequest HTTPRouteTimeoutRequest
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
