/**
 * A profile: a combination of directives that nginx can take neither as a variable nor from the edge.
 *
 * It is numbers and enumerations, digests, cipher lists that OpenSSL takes, names of FastCGI parameters and, where the
 * operator allows them, snippets. Routes with the same values share one internal location; a combination that nginx has
 * not seen yet costs one reload.
 */
import type { ProxySettings } from "../model/shapes/routing.ts";
import type { Snippet } from "../model/shapes/snippet.ts";

export interface Profile extends Pick<
  ProxySettings,
  | "bodySize"
  | "buffering"
  | "requestBuffering"
  | "bufferSize"
  | "buffersNumber"
  | "nextUpstream"
  | "nextUpstreamTimeout"
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
