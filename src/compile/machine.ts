/** What the operator says about nginx's processes, tables and modules. */
import type { Config } from "../model/config.ts";
import type { Directive } from "./directive.ts";
import { directive } from "./directive.ts";
import type { EngineFacts } from "./facts.ts";

/** Debian's package with nginx's brotli module. */
const BROTLI = "libnginx-mod-http-brotli-filter";

/** Files that a worker may have open. Without the right to more, nginx would go on with fewer and an alert. */
export function openFiles({ maxWorkerOpenFiles }: Config, facts: EngineFacts): number {
  const most = Math.max(1024, facts.openFiles - 1024);
  return maxWorkerOpenFiles === 0 ? most : Math.max(1024, Math.min(maxWorkerOpenFiles, facts.openFiles));
}

export function hashSizes(config: Config): Directive[] {
  return [
    directive("map_hash_bucket_size", config.mapHashBucketSize),
    directive("variables_hash_max_size", config.variablesHashMaxSize),
    directive("variables_hash_bucket_size", config.variablesHashBucketSize),
    directive("proxy_headers_hash_max_size", config.proxyHeadersHashMaxSize),
    directive("proxy_headers_hash_bucket_size", Math.max(config.proxyHeadersHashBucketSize, bucketFor(config.hideHeaders))),
  ];
}

/** nginx refuses to start when an entry, the name and 32 bytes at most, does not fit into a bucket. */
function bucketFor(names: readonly string[]): number {
  const longest = Math.max(0, ...names.map((name) => name.length));
  return Math.ceil((longest + 32) / 64) * 64;
}

/** Keys that ask for a module of nginx which this machine lacks, with Debian's package for it. */
export function missingModules(config: Config, facts: EngineFacts): readonly MissingModule[] {
  return config.enableBrotli && facts.brotli === undefined ? [{ key: "enable-brotli", name: BROTLI }] : [];
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
