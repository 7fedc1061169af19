/** The authentication service that the ConfigMap (global-auth-url) puts before every Ingress without one of its own. */
import type { Config } from "../../config/config.ts";
import { CLOSED_GUARD, guardOf } from "./external-auth-guard.ts";
import type { Guard } from "./external-auth-guard.ts";

/** The guard; undefined: global-auth-url is empty. A URL that cannot be used closes the paths that it would guard. */
export function globalGuard(config: Config): Guard | undefined {
  const url = config.globalAuthUrl;
  if (url === "") return undefined;
  const guard = guardOf(
    {
      url,
      method: config.globalAuthMethod,
      ...(config.globalAuthSignin === "" ? {} : { signin: config.globalAuthSignin }),
      redirectParam: config.globalAuthSigninRedirectParam === "" ? "rd" : config.globalAuthSigninRedirectParam,
      ...(config.globalAuthCacheKey === "" ? {} : { cacheKey: config.globalAuthCacheKey }),
      lifetimes: config.globalAuthCacheDuration,
      responseHeaders: config.globalAuthResponseHeaders,
      requestRedirect: config.globalAuthRequestRedirect,
      alwaysSetCookie: config.globalAuthAlwaysSetCookie,
      headers: [],
      field: "spec",
      effect: "every request that global-auth-url (ConfigMap) guards is answered 503",
    },
    config,
  );
  return typeof guard === "string" || guard.hostPort !== undefined ? CLOSED_GUARD : guard;
}
