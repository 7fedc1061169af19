/**
 * Limits of request bodies as data, and the locations that read bodies for it.
 *
 * nginx takes `client_max_body_size` and `client_body_buffer_size` from the location alone. Where nginx reads a body as a
 * whole before it passes the request on, the edge can hold the limit instead: of most bodies the length is known before
 * they are read (edge/src/body.ts). A body without a length, or for whose sake the Ingress asked for a larger buffer, is
 * read in a location of this file, by steps: nginx reads up to the next step, then the edge looks at the true length.
 *
 * Tried on nginx 1.22.1 and 1.26.3: `mirror` to a location that answers at once is the directive that reads a body before
 * the content phase, whatever the protocol; `$content_length` is then the length of what was read; a location that the
 * request is sent on to does not read again. Lua cannot read a body without a length over HTTP/2.
 */
import type { BodyLimits } from "../../edge/src/body.ts";
import type { Config } from "../model/config/config.ts";
import { sizeBetween } from "../model/grammar/value-types.ts";
import type { ProxySettings } from "../model/shapes/routing.ts";
import { block, directive, luaBlock, type Directive } from "./directive.ts";
import type { Profile } from "./profile.ts";

const MIB = 1024 ** 2;
/** Bytes that a body without a length may have at most while it is read. Larger limits are nginx's own. */
const MOST = [1, 8, 64, 512, 4096, 32_768].map((mib) => mib * MIB);
/** Bytes of a body that are kept in memory. A profile of its own has an Ingress that asks for more. */
const BUFFERS = [128 * 1024, MIB, 8 * MIB, 64 * MIB];
const ANY = 0;

/** Ends the name of a profile's twin that takes bodies of any size, because the edge has looked at the size. */
export const LARGE_TWIN = ":large";
const READ = "body:read";
const TOO_LARGE = "@body_too_large";
/** Answers 413 to requests that enter no location of a profile. */
const REFUSED = "answer:too-large";

type Reading = Pick<Profile, "requestBuffering" | "protocol" | "modsecurity" | "snippet" | "mirror" | "clientBodyBufferSize" | "bodySize">;

/**
 * Whether the edge holds the limit of bodies for a profile: nginx reads each body as a whole, and nobody before the edge
 * can tell it to.
 */
export function bodyIsData({ requestBuffering, protocol, modsecurity, snippet, mirror, clientBodyBufferSize, bodySize }: Reading): boolean {
  const streams = protocol === "GRPC" || protocol === "GRPCS";
  const readsFirst = modsecurity !== "off" || snippet !== undefined || mirror !== "off";
  return requestBuffering && !streams && !readsFirst && clientBodyBufferSize <= Math.max(...BUFFERS) && bodySize <= Math.max(...MOST);
}

/** What the edge has to know of a route's bodies; undefined: the location's own limit is the route's. */
export function bodyLimits({ bodySize, clientBodyBufferSize }: ProxySettings, profile: Profile, config: Config): BodyLimits | undefined {
  const usualBuffer = bytesOf(config.clientBodyBufferSize);
  const largerBuffer = clientBodyBufferSize > usualBuffer;
  const ownSize = bodySize !== config.proxyBodySize;
  if (!bodyIsData(profile) || !(ownSize || largerBuffer)) return undefined;
  const buffer = largerBuffer ? clientBodyBufferSize : usualBuffer;
  return {
    most: bodySize,
    ...(bodySize > 0 || largerBuffer ? { reader: readerOf(stepOf(bodySize), largerBuffer ? stepAbove(buffer, BUFFERS) : ANY) } : {}),
    ...(largerBuffer ? { readFrom: usualBuffer } : {}),
  };
}

function stepOf(bodySize: number): number {
  return bodySize === 0 ? ANY : stepAbove(bodySize, MOST);
}

function stepAbove(value: number, steps: readonly number[]): number {
  return Math.min(...steps.filter((step) => step >= value));
}

/** @param buffer bytes; 0: the controller's own. */
function readerOf(most: number, buffer: number): string {
  return `body:${most}:${buffer}`;
}

function bytesOf(size: string): number {
  return sizeBetween(0, Number.MAX_SAFE_INTEGER).parse(size)?.value ?? 0;
}

/**
 * @param errorPages directives of the controller's own error pages
 * @param quiet directives by which a request may leave no line in the access log
 */
export function bodyLocations(errorPages: readonly Directive[], quiet: readonly Directive[]): Directive[] {
  const readers = [...MOST, ANY].flatMap((most) => [ANY, ...BUFFERS].map((buffer) => reader(most, buffer, quiet)));
  return [
    ...readers,
    // It inherits the length of the body that was read, and has nothing to say about it.
    block("location", ["=", READ], [directive("internal"), directive("client_max_body_size", 0), directive("access_log", "off"), directive("return", 204)]),
    block("location", [TOO_LARGE], [luaBlock("content_by_lua_block", "sluice.refuseBody()")]),
    block("location", ["=", REFUSED], [directive("client_max_body_size", 0), ...errorPages, directive("return", 413)]),
  ];
}

function reader(most: number, buffer: number, quiet: readonly Directive[]): Directive {
  return block("location", ["=", readerOf(most, buffer)], [
    directive("client_max_body_size", most),
    ...(buffer === ANY ? [] : [directive("client_body_buffer_size", buffer)]),
    ...quiet,
    directive("mirror", READ),
    // The error page of the route's profile comes after this one.
    ...(most === ANY ? [] : [directive("recursive_error_pages", "on"), directive("error_page", 413, TOO_LARGE)]),
    luaBlock("content_by_lua_block", "sluice.bodyRead()"),
    // For what nginx answers itself while it reads.
    luaBlock("header_filter_by_lua_block", "sluice.respond()"),
  ]);
}
