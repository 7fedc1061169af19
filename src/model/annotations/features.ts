/**
 * Every feature, once.
 *
 * The order is that in which annotations are documented, in which resolvers run, and in which the filters of a route
 * travel to the edge. Where a resolver reads what another one corrects, that one comes first: rewrite before affinity.
 */
import { accessFeature } from "./access.ts";
import { affinityFeature } from "./affinity.ts";
import { aliasFeature } from "./alias.ts";
import { backendFeature } from "./backend.ts";
import { balanceFeature } from "./balance.ts";
import { canaryFeature } from "./canary.ts";
import { corsFeature } from "./cors.ts";
import { errorFeature } from "./error-pages.ts";
import { externalAuthFeature } from "./external-auth.ts";
import { fastcgiFeature } from "./fastcgi.ts";
import type { Feature } from "./feature.ts";
import { headerFeature } from "./headers.ts";
import { hostTlsFeature } from "./host-tls.ts";
import { limitFeature } from "./limits.ts";
import { logFeature } from "./logs.ts";
import { mirrorFeature } from "./mirror.ts";
import { modsecurityFeature } from "./modsecurity.ts";
import { proxyFeature } from "./proxy.ts";
import { redirectFeature } from "./redirects.ts";
import { sentFeature } from "./request-headers.ts";
import { rewriteFeature } from "./rewrite.ts";
import { rewritingFeature } from "./rewriting.ts";
import { snippetFeature } from "./snippets.ts";
import { tracingFeature } from "./tracing.ts";
import { upstreamTlsFeature } from "./upstream-tls.ts";

export const FEATURES: readonly Feature[] = [
  canaryFeature,
  redirectFeature,
  rewriteFeature,
  aliasFeature,
  proxyFeature,
  headerFeature,
  externalAuthFeature,
  limitFeature,
  accessFeature,
  balanceFeature,
  affinityFeature,
  tracingFeature,
  backendFeature,
  snippetFeature,
  upstreamTlsFeature,
  fastcgiFeature,
  mirrorFeature,
  modsecurityFeature,
  hostTlsFeature,
  corsFeature,
  rewritingFeature,
  sentFeature,
  errorFeature,
  logFeature,
];
