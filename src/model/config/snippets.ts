/** Translates raw nginx text in the ConfigMap to keys and annotations: advice for the finding that refuses the text. */
import { printable } from "../../support/text.ts";
import type { Statement } from "../shapes/snippet.ts";
import { parseSnippet } from "../snippets/parse.ts";
import { translateStatements } from "../snippets/translate.ts";
import type { Translation } from "../snippets/translate.ts";

/** Directive of nginx → the key that does the same for everybody. */
const KEY_OF: Readonly<Record<string, string | undefined>> = {
  worker_processes: "worker-processes",
  worker_rlimit_nofile: "max-worker-open-files",
  worker_cpu_affinity: "worker-cpu-affinity",
  worker_shutdown_timeout: "worker-shutdown-timeout",
  worker_connections: "max-worker-connections",
  error_log: "error-log-level",
  log_format: "log-format-upstream",
  access_log: "access-log-path",
  map_hash_bucket_size: "map-hash-bucket-size",
  variables_hash_max_size: "variables-hash-max-size",
  variables_hash_bucket_size: "variables-hash-bucket-size",
  proxy_headers_hash_max_size: "proxy-headers-hash-max-size",
  proxy_headers_hash_bucket_size: "proxy-headers-hash-bucket-size",
  http2_max_concurrent_streams: "http2-max-concurrent-streams",
  gzip_disable: "gzip-disable",
  brotli: "enable-brotli",
  brotli_types: "brotli-types",
  ssl_dhparam: "ssl-dh-param",
  ssl_session_tickets: "ssl-session-tickets",
  ssl_session_timeout: "ssl-session-timeout",
  ssl_buffer_size: "ssl-buffer-size",
  ssl_early_data: "ssl-early-data",
  ssl_ecdh_curve: "ssl-ecdh-curve",
  default_type: "default-type",
  deny: "block-cidrs",
  proxy_timeout: "proxy-stream-timeout",
  proxy_set_header: "proxy-set-headers",
  add_header: "add-headers",
  more_set_headers: "add-headers",
};

const MOST = 8;

/** What does the same as the text, statement by statement; undefined: nothing is known that does, or the text cannot be read. */
export function insteadOfSnippet(text: string): string | undefined {
  const parsed = parseSnippet(text);
  if ("problem" in parsed) return undefined;
  const all = parsed.statements.flatMap(keyOrAnnotation);
  const known = all.flatMap(({ from, to }) => (to === undefined ? [] : [`${to} (for ${from})`]));
  if (known.length === 0) return undefined;
  const lost = all.flatMap(({ from, to }) => (to === undefined ? [from] : []));
  const more = known.length > MOST ? [`${known.length - MOST} more`] : [];
  return printable([...known.slice(0, MOST), ...more].join(", ") + (lost.length > 0 ? ` (nothing does the same as ${lost.slice(0, MOST).join(", ")})` : ""));
}

function keyOrAnnotation(statement: Statement): readonly Translation[] {
  const key = KEY_OF[statement.name];
  return key === undefined ? translateStatements([statement]) : [{ from: statement.name, to: key }];
}
