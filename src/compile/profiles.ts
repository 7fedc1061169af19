/**
 * Profiles: the combinations of directives that nginx can take neither as a variable nor from the edge.
 *
 * A profile is numbers and enumerations, digests, cipher lists that OpenSSL takes, names of FastCGI parameters and, where the operator allows them, snippets. Routes with the same values
 * share one internal location; a combination that nginx has not seen yet costs one reload. Each row says why the value cannot be data.
 */
import { isDeepStrictEqual } from "node:util";
import { errorPages, errors } from "../model/annotations/features/error-pages.ts";
import { proxy } from "../model/annotations/features/proxy.ts";
import type { Config } from "../model/config/config.ts";
import type { Snippet } from "../model/shapes/snippet.ts";
import type { Filters, ProxySettings } from "../model/shapes/routing.ts";
import { oncePer } from "../support/once-per.ts";
import { digestOf } from "../support/digest.ts";
import type { Directive } from "./directive.ts";
import { directive, luaBlock } from "./directive.ts";
import { errorPageDirective } from "./error-pages.ts";

export interface Profile extends Pick<
  ProxySettings,
  | "bodySize"
  | "buffering"
  | "requestBuffering"
  | "bufferSize"
  | "buffersNumber"
  | "nextUpstream"
  | "nextUpstreamTimeout"
  | "nextUpstreamTries"
  | "httpVersion"
  | "busyBuffersSize"
  | "maxTempFileSize"
  | "clientBodyBufferSize"
  | "protocol"
  | "tls"
  | "mirror"
  | "fastcgiParams"
  | "modsecurity"
  | "transactionId"
> {
  /** The location runs the access and header filter phases: it serves routes with filters. */
  readonly filtered: boolean;
  /** Directives of an Ingress, where the operator allows that. */
  readonly snippet: Snippet | undefined;
  /** Statuses whose answers are replaced, ascending. */
  readonly errorCodes: readonly number[];
  /** Whether answers of backends with these statuses are replaced, too. */
  readonly interceptErrors: boolean;
}

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
    why: "nginx enforces it while reading a body without length, and when it chooses the location",
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
  nextUpstreamTries: {
    tuning: true,
    why: "fixed in the location; the balancer can only ask for more tries below it",
    emit: (p) => directive("proxy_next_upstream_tries", p.nextUpstreamTries),
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
    why: "fixed in the location",
    emit: (p) => (p.clientBodyBufferSize > 0 ? directive("client_body_buffer_size", p.clientBodyBufferSize) : []),
  },
  protocol: { why: "each protocol has a directive, and a keep-alive cache, of its own", emit: nothingHere },
  tls: { why: "nginx makes one TLS context per location; authorities are a file", emit: nothingHere },
  mirror: {
    why: "whether there is a subrequest, and whether the body is read for it, is fixed in the location",
    emit: (p) => (p.mirror === "off" ? [] : [directive("mirror", `mirror:${p.mirror}`), directive("mirror_request_body", onOff(p.mirror === "whole"))]),
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

/** The directives of all protocols, because those of other protocols have no effect in a location. */
const INTERCEPTION: readonly Directive[] = ["proxy", "grpc", "fastcgi"].map((name) => directive(`${name}_intercept_errors`, "on"));

const KEYS = Object.keys(PROFILE_ROWS) as (keyof Profile)[];

/** The part of a route that makes its profile. */
export function profileOf(proxy: ProxySettings, filters: Pick<Filters, "edge" | "snippet" | "errorPages">): Profile {
  const { edge, snippet, errorPages: pages } = filters;
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
export function defaultProfile(config: Config): Profile {
  const pages = errorPages(errors.defaults(config));
  return profileOf(proxy.defaults(config), pages ? { errorPages: pages } : {});
}

/** For the locations that make error pages, whose answers are not replaced once more. */
export function withoutErrorPages(profile: Profile): Profile {
  return { ...profile, errorCodes: [], interceptErrors: false };
}

/**
 * Profiles that nginx.conf always has, by id: the one of routes that have filters and nothing else of their own, and the
 * one of routes that only rewrite their path. So the first such route costs no reload, and a filter that the ConfigMap
 * asks for on all routes does not give them profiles of their own.
 */
export const standingProfiles = oncePer((config: Config): ReadonlyMap<string, Profile> => {
  const plain = defaultProfile(config);
  return new Map([plain, { ...plain, filtered: true }].map((profile) => [profileId(profile), profile]));
});

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
