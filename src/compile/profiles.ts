/**
 * What each value of a profile is in nginx.conf, and why it cannot be data; the profile of a route; names of profiles.
 */
import { isDeepStrictEqual } from "node:util";
import { errorPages, errors } from "../model/annotations/features/error-pages.ts";
import { proxy } from "../model/annotations/features/proxy.ts";
import type { Config } from "../model/config/config.ts";
import type { Filters, ProxySettings } from "../model/shapes/routing.ts";
import { oncePer } from "../support/once-per.ts";
import { digestOf } from "../support/digest.ts";
import type { Directive } from "./directive.ts";
import { directive, luaBlock } from "./directive.ts";
import { errorPageDirective } from "./error-pages.ts";
import { inFewSteps } from "./fewer-profiles.ts";
import type { Profile } from "./profile.ts";

export type { Profile } from "./profile.ts";

interface Row {
  readonly why: string;
  /** A route can do without it: the controller's own value may take its place (profile-cap.ts). */
  readonly tuning?: true;
  readonly emit: (profile: Profile) => Directive | readonly Directive[];
}

const onOff = (on: boolean): string => (on ? "on" : "off");

const PROFILE_ROWS: { readonly [K in keyof Profile]-?: Row } = {
  bodySize: {
    tuning: true,
    why: "where nginx has to pass a body on while it reads it, or somebody reads it before the edge can (body.ts): only nginx can count it",
    emit: (p) => directive("client_max_body_size", p.bodySize),
  },
  buffering: {
    tuning: true,
    why: "read once when the upstream request is created; no variable, no Lua call",
    emit: (p) => directive("proxy_buffering", onOff(p.buffering)),
  },
  requestBuffering: {
    tuning: true,
    why: "decides whether the body is read before the upstream is chosen",
    emit: (p) => directive("proxy_request_buffering", onOff(p.requestBuffering)),
  },
  bufferSize: {
    tuning: true,
    why: "allocated by nginx before any phase of ours runs for the response",
    emit: (p) => directive("proxy_buffer_size", p.bufferSize),
  },
  buffersNumber: {
    tuning: true,
    why: "as the buffer size",
    emit: (p) => directive("proxy_buffers", p.buffersNumber, p.bufferSize),
  },
  nextUpstream: {
    tuning: true,
    why: "the conditions are a bit mask fixed in the location",
    emit: (p) => directive("proxy_next_upstream", ...p.nextUpstream),
  },
  nextUpstreamTimeout: {
    tuning: true,
    why: "fixed in the location",
    emit: (p) => directive("proxy_next_upstream_timeout", `${p.nextUpstreamTimeout}s`),
  },
  httpVersion: {
    tuning: true,
    why: "fixed in the location",
    emit: (p) => directive("proxy_http_version", p.httpVersion),
  },
  snippet: {
    why: "the operator's exception: text that nginx alone can read, tested by the agent before it is used (snippet.ts emits it)",
    emit: () => [],
  },
  busyBuffersSize: {
    tuning: true,
    why: "as the buffer size",
    emit: (p) => directive("proxy_busy_buffers_size", busyBuffers(p)),
  },
  maxTempFileSize: {
    tuning: true,
    why: "read once when the response is prepared",
    // nginx refuses to start with a value between 0 and the size of one buffer.
    emit: (p) => directive("proxy_max_temp_file_size", p.maxTempFileSize === 0 ? 0 : Math.max(p.maxTempFileSize, p.bufferSize)),
  },
  clientBodyBufferSize: {
    tuning: true,
    why: "as the size of a body",
    emit: (p) => (p.clientBodyBufferSize > 0 ? directive("client_body_buffer_size", p.clientBodyBufferSize) : []),
  },
  protocol: { why: "each protocol has a directive, and a keep-alive cache, of its own", emit: nothingHere },
  tls: { why: "nginx makes one TLS context per location; authorities are a file", emit: nothingHere },
  mirror: {
    why: "whether there is a subrequest, and whether the body is read for it, is fixed in the location",
    emit: ({ mirror }) => {
      if (mirror === "off") return [];
      // The locations are those of copies.ts and of upstreams.ts.
      const to = typeof mirror === "number" ? Array.from({ length: mirror }, (_, index) => `copy:${index}`) : [`mirror:${mirror}`];
      return [...to.map((location) => directive("mirror", location)), directive("mirror_request_body", onOff(mirror !== "bodiless"))];
    },
  },
  fastcgiParams: { why: "names of parameters are fixed in the location; their values are variables", emit: nothingHere },
  modsecurity: { why: "rules are compiled when nginx reads its configuration", emit: nothingHere },
  transactionId: { why: "ModSecurity takes the name of a request from the location; without a name there, it is the request id", emit: nothingHere },
  filtered: {
    why: "a phase is hooked per location, and routes without filters should not pay for it",
    emit: (p) => (p.filtered ? FILTER_PHASES : []),
  },
  errorCodes: {
    tuning: true,
    why: "error_page takes no variables",
    emit: (p) => p.errorCodes.map(errorPageDirective),
  },
  interceptErrors: {
    tuning: true,
    why: "read when the backend's answer comes in, before any phase of ours",
    emit: (p) => (p.interceptErrors ? INTERCEPTION : []),
  },
};

/** For values whose directives depend on other values: upstreams.ts and modsecurity.ts make them. */
function nothingHere(): readonly Directive[] {
  return [];
}

const FILTER_PHASES: readonly Directive[] = [
  luaBlock("access_by_lua_block", "sluice.access()"),
  luaBlock("header_filter_by_lua_block", "sluice.respond()"),
];

const INTERCEPTION: readonly Directive[] = [directive("proxy_intercept_errors", "on")];

const KEYS = Object.keys(PROFILE_ROWS) as (keyof Profile)[];

/** The part of a route that makes its profile. What has the same effect comes out as one profile (inFewSteps). */
export function profileOf(proxy: ProxySettings, filters: Pick<Filters, "edge" | "snippet" | "errorPages">, config: Config): Profile {
  const profile = inFewSteps(wholeProfile(proxy, filters), config);
  // Only the controller's own values have a location without the phases of filters: half as many combinations are left.
  return profile.filtered || sameProfile(profile, defaultProfile(config)) ? profile : { ...profile, filtered: true };
}

function wholeProfile(proxy: ProxySettings, { edge, snippet, errorPages: pages }: Pick<Filters, "edge" | "snippet" | "errorPages">): Profile {
  return pick({ ...proxy, filtered: edge !== undefined, snippet, errorCodes: [...new Set(pages?.codes)].sort((a, b) => a - b), interceptErrors: pages?.ofBackends === true });
}

/** Keys in one order, so that equal profiles print alike. */
function pick(profile: Profile): Profile {
  return Object.fromEntries(KEYS.map((key) => [key, profile[key]])) as unknown as Profile;
}

/**
 * The profile of a route without annotations, from the same defaults that an Ingress's values begin with. The same with
 * filters is in `standingProfiles`.
 */
export const defaultProfile = oncePer((config: Config): Profile => {
  const pages = errorPages(errors.defaults(config));
  return inFewSteps(wholeProfile(proxy.defaults(config), pages ? { errorPages: pages } : {}), config);
});

/** For the locations that make error pages, whose answers are not replaced once more. */
export function withoutErrorPages(profile: Profile): Profile {
  return { ...profile, errorCodes: [], interceptErrors: false };
}

/**
 * The profile that serves a route beyond the cap: the same with the controller's own sizes, times and error pages.
 * Undefined where the route's profile differs in anything else, because no other profile would serve it as safely.
 */
export function withoutTuning(profile: Profile, config: Config): Profile | undefined {
  const usual = { ...defaultProfile(config), filtered: profile.filtered };
  const same = KEYS.every((key) => PROFILE_ROWS[key].tuning === true || isDeepStrictEqual(profile[key], usual[key]));
  return same ? usual : undefined;
}

/** Texts are kept, because each route asks its profile for its text. */
const TEXTS = new WeakMap<Profile, string>();

function textOf(profile: Profile): string {
  const text = TEXTS.get(profile) ?? JSON.stringify(pick(profile));
  TEXTS.set(profile, text);
  return text;
}

/** Same values, same id. */
export function profileId(profile: Profile): string {
  return digestOf(textOf(profile));
}

export function sameProfile(one: Profile, other: Profile): boolean {
  return one === other || textOf(one) === textOf(other);
}

/** The directives of one profile's location. */
export function profileDirectives(profile: Profile): Directive[] {
  return KEYS.flatMap((key) => PROFILE_ROWS[key].emit(profile));
}

/** nginx's default is two buffers. nginx refuses to start with less than one buffer, and with more than all buffers but one. */
function busyBuffers({ busyBuffersSize, bufferSize, buffersNumber }: Profile): number {
  const wanted = busyBuffersSize === 0 ? 2 * bufferSize : busyBuffersSize;
  return Math.max(bufferSize, Math.min(wanted, bufferSize * (buffersNumber - 1)));
}
