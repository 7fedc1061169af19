/**
 * The profiles that nginx.conf always has, so that the first route that needs one of them costs no reload.
 *
 * They are what clusters ask for: the combinations in the Ingresses and values of public charts, and in what their users
 * write about buffers, retries and error pages, as far as they are not data. Each takes some 35 KB of nginx's memory, which its
 * workers share, or twice that with its twin for large bodies. So this is a list and not all that could be.
 */
import { errorPages, errors } from "../model/annotations/features/error-pages.ts";
import { proxy } from "../model/annotations/features/proxy.ts";
import type { Config } from "../model/config/config.ts";
import type { ErrorPages, NextUpstream, ProxySettings } from "../model/shapes/routing.ts";
import { oncePer } from "../support/once-per.ts";
import type { Profile } from "./profile.ts";
import { defaultProfile, profileId, profileOf } from "./profiles.ts";

type Tuning = Partial<ProxySettings>;

const KIB = 1024;

const buffered = (kib: readonly number[], buffersNumber: number): Tuning[] =>
  kib.map((size) => ({ buffering: true, bufferSize: size * KIB, buffersNumber }));

/** What is asked for beside the controller's own values. */
const TUNINGS: readonly Tuning[] = [
  // Headers of the backend that do not fit into 4 KiB: cookies and tokens of Keycloak, oauth2-proxy, Argo CD, Sentry.
  ...[8, 16, 32, 64, 128, 256, 512].map((kib) => ({ bufferSize: kib * KIB })),
  ...buffered([4, 8, 16, 32, 64, 128, 256, 512], 4),
  ...buffered([4, 8, 16, 64, 128, 256], 8),
  ...buffered([4, 16, 32], 16),
  // Answers that are not kept in files.
  { maxTempFileSize: 0 },
  { buffering: true, maxTempFileSize: 0 },
  // Uploads that pass through: registries, MinIO, GitLab, Nextcloud.
  { requestBuffering: false },
  { requestBuffering: false, bodySize: 0 },
  { requestBuffering: false, bodySize: 0, buffering: true },
  // Argo CD, the Kubernetes dashboard, Kibana, Rancher, Vault.
  { protocol: "HTTPS" },
  { protocol: "HTTPS", buffering: true },
  ...[8, 16, 64, 128].map((kib): Tuning => ({ protocol: "HTTPS", bufferSize: kib * KIB })),
  { protocol: "HTTPS", requestBuffering: false, bodySize: 0 },
  ...(["GRPC", "GRPCS"] as const).flatMap((protocol) => [{ protocol }, { protocol, bodySize: 0 }]),
  ...retriesOn("off"),
  ...retriesOn("error", "timeout", "http_502"),
  ...retriesOn("error", "timeout", "http_503"),
  ...retriesOn("error", "timeout", "http_502", "http_503"),
  ...retriesOn("error", "timeout", "http_502", "http_503", "http_504"),
  ...retriesOn("error", "timeout", "invalid_header", "http_502", "http_503", "http_504"),
  ...retriesOn("error", "timeout", "http_500", "http_502", "http_503", "http_504"),
  ...retriesOn("error", "timeout", "invalid_header", "http_500", "http_502", "http_503", "http_504"),
];

function retriesOn(...nextUpstream: readonly NextUpstream[]): Tuning[] {
  return [{ nextUpstream }];
}

/** Statuses whose pages another backend makes, beside the controller's own values. */
const ERROR_PAGES: readonly (readonly number[])[] = [[404], [503], [404, 503], [429], [502, 503], [502, 503, 504], [500, 502, 503, 504], [404, 500, 502, 503, 504]];

/** By id. The first two are those of routes that have filters and nothing else of their own, and that only rewrite their path. */
export const standingProfiles = oncePer((config: Config): ReadonlyMap<string, Profile> => {
  const usual = proxy.defaults(config);
  const pages = errorPages(errors.defaults(config));
  const filtered = (tuning: Tuning, errorPages: ErrorPages | undefined): Profile =>
    profileOf({ ...usual, ...tuning }, { edge: {}, ...(errorPages ? { errorPages } : {}) }, config);
  const tuned = [
    ...TUNINGS.map((tuning) => filtered(tuning, pages)),
    ...ERROR_PAGES.map((codes) => filtered({}, { codes, ofBackends: true })),
  ];
  // With ModSecurity each location would hold all rules.
  const profiles = [defaultProfile(config), filtered({}, pages), ...(usual.modsecurity === "off" ? tuned : [])];
  return new Map(profiles.map((profile) => [profileId(profile), profile]));
});

/** Those of rules of Gateways' routes that send one copy of a request, or two: nginx has them where there may be Gateways. */
export const standingCopies = oncePer((config: Config): ReadonlyMap<string, Profile> => {
  const usual = proxy.defaults(config);
  const pages = errorPages(errors.defaults(config));
  const profiles = usual.modsecurity === "off" ? [1, 2].map((mirror) => profileOf({ ...usual, mirror }, { edge: {}, ...(pages ? { errorPages: pages } : {}) }, config)) : [];
  return new Map(profiles.map((profile) => [profileId(profile), profile]));
});
