/** The operator's settings for nginx's processes, tables and modules. */
import type { Config } from "../model/config/config.ts";
import { isGrpc } from "../model/routes/grpc.ts";
import type { Directive } from "./directive.ts";
import { directive } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";
import { atLeast } from "./facts.ts";
import type { Program } from "./program.ts";

/** Debian's package with nginx's brotli module. */
const BROTLI = "libnginx-mod-http-brotli-filter";

/** How many files a worker may have open. Bounded by the hard limit: beyond it nginx would log an alert and go on with fewer. */
export function openFiles({ maxWorkerOpenFiles }: Config, facts: EngineFacts): number {
  const wanted = maxWorkerOpenFiles === 0 ? facts.openFiles - 1024 : maxWorkerOpenFiles;
  return Math.min(Math.max(1024, wanted), facts.openFiles);
}

export function hashSizes(config: Config): Directive[] {
  return [
    directive("map_hash_bucket_size", config.mapHashBucketSize),
    directive("variables_hash_max_size", config.variablesHashMaxSize),
    directive("variables_hash_bucket_size", config.variablesHashBucketSize),
    directive("proxy_headers_hash_max_size", config.proxyHeadersHashMaxSize),
    directive("proxy_headers_hash_bucket_size", config.proxyHeadersHashBucketSize),
  ];
}

/** Keys that ask for a module of nginx which this machine lacks, with Debian's package for it. */
export function missingModules(config: Config, facts: EngineFacts): readonly MissingModule[] {
  return config.enableBrotli && facts.brotli === undefined ? [{ key: "enable-brotli", name: BROTLI }] : [];
}

/**
 * `http2 on` is for all listeners: without TLS nginx takes HTTP/2 from clients that begin with it (prior knowledge, RFC
 * 9113, 3.3). In older versions `listen … http2` without TLS takes HTTP/2 and nothing else, so HTTP/2 is not offered
 * there.
 */
export function hasHttp2Directive(facts: EngineFacts): boolean {
  return atLeast(facts, 1, 25, 1);
}

/** Whether HTTP/2 is offered, and over TLS alone. */
export function http2OverTlsAlone({ useHttp2 }: Config, facts: EngineFacts): boolean {
  return useHttp2 && !hasHttp2Directive(facts);
}

/** Whether HTTP/2 is offered over TLS alone while some route leads to a backend that speaks gRPC, which is HTTP/2. */
export function grpcOverTlsAlone({ config, profiles }: Pick<Program, "config" | "profiles">, facts: EngineFacts): boolean {
  return http2OverTlsAlone(config, facts) && [...profiles.values()].some(({ protocol }) => isGrpc(protocol));
}

export interface MissingModule {
  readonly key: string;
  readonly name: string;
}

export function brotliModule(config: Config, facts: EngineFacts): Directive[] {
  return config.enableBrotli && facts.brotli !== undefined ? [directive("load_module", facts.brotli)] : [];
}

export function brotli(config: Config, facts: EngineFacts): Directive[] {
  if (!config.enableBrotli || facts.brotli === undefined) return [];
  return [
    directive("brotli", "on"),
    directive("brotli_comp_level", config.brotliLevel),
    directive("brotli_min_length", config.brotliMinLength),
    directive("brotli_types", ...config.brotliTypes.split(/\s+/).filter(Boolean)),
  ];
}
