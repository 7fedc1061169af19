/**
 * Every feature, once.
 *
 * The order is that in which annotations are documented, in which resolvers run, and in which the filters of a route
 * travel to the edge. A resolver that corrects values comes before those that read them: rewrite before affinity.
 */
import type { Feature } from "./feature.ts";
import { accessFeature } from "./features/access.ts";
import { affinityFeature } from "./features/affinity.ts";
import { aliasFeature } from "./features/alias.ts";
import { backendFeature } from "./features/backend.ts";
import { balanceFeature } from "./features/balance.ts";
import { canaryFeature } from "./features/canary.ts";
import { corsFeature } from "./features/cors.ts";
import { errorFeature } from "./features/error-pages.ts";
import { externalAuthFeature } from "./features/external-auth.ts";
import { fastcgiFeature } from "./features/fastcgi.ts";
import { headerFeature } from "./features/headers.ts";
import { hostTlsFeature } from "./features/host-tls.ts";
import { limitFeature } from "./features/limits.ts";
import { logFeature } from "./features/logs.ts";
import { mirrorFeature } from "./features/mirror.ts";
import { modsecurityFeature } from "./features/modsecurity.ts";
import { proxyFeature } from "./features/proxy.ts";
import { redirectFeature } from "./features/redirects.ts";
import { sentFeature } from "./features/request-headers.ts";
import { rewriteFeature } from "./features/rewrite.ts";
import { rewritingFeature } from "./features/rewriting.ts";
import { snippetFeature } from "./features/snippets.ts";
import { tracingFeature } from "./features/tracing.ts";
import { upstreamTlsFeature } from "./features/upstream-tls.ts";

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
