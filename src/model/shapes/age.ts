/**
 * The order in which Ingresses are heard: the oldest wins every conflict.
 *
 * ingress-nginx behaviour: creation time ascending in whole seconds; among equals the lexicographically larger
 * `namespace/name` counts as older. Objects from files carry no creation time: they come after those that do, in the
 * order of path and position in the file.
 */
import type { FileOrigin, Meta } from "../../source/objects.ts";
import { flatText } from "../../support/kept-text.ts";

export interface Age {
  /** Seconds since 1970; infinite without a creation time. */
  readonly created: number;
  readonly file: string;
  readonly document: number;
  readonly name: string;
}

export function ageOf({ metadata, origin }: { readonly metadata: Meta; readonly origin?: FileOrigin }): Age {
  const created = Math.floor(Date.parse(metadata.creationTimestamp ?? "") / 1000);
  const dated = Number.isFinite(created);
  return {
    created: dated ? created : Infinity,
    file: dated ? "" : (origin?.file ?? ""),
    document: dated ? 0 : (origin?.document ?? 0),
    name: flatText(metadata.namespace, "/", metadata.name),
  };
}

/** Negative when `a` is older than `b`, as the Gateway API has it: among equals the smaller `namespace/name` comes first. */
export function byGatewayAge(a: Age, b: Age): number {
  const sameTime = a.created === b.created && a.file === b.file && a.document === b.document;
  return sameTime ? (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) : byAge(a, b);
}

/** Negative when `a` is older than `b`. */
export function byAge(a: Age, b: Age): number {
  if (a.created !== b.created) return a.created < b.created ? -1 : 1;
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  if (a.document !== b.document) return a.document - b.document;
  return a.name > b.name ? -1 : a.name < b.name ? 1 : 0;
}
