/** One Ingress as it was read. */
import type { Ingress } from "../../source/objects.ts";
import { oncePer } from "../../support/once-per.ts";
import type { Values } from "../annotations/slot.ts";
import type { Finding } from "../findings/findings.ts";
import type { Age } from "../shapes/age.ts";
import type { HostKey } from "../shapes/host-key.ts";
import type { Alternatives, PathType } from "../shapes/routing.ts";

/** How much an Ingress means: characters that travel with each of its paths, and the number of these. */
export interface Extent {
  readonly characters: number;
  /** Rules, paths, and a default backend. */
  readonly paths: number;
}

/** One Service port that an Ingress names. */
export interface ServiceRef {
  readonly service: string;
  /** Number or name, as the Ingress writes it. */
  readonly port: string;
  /** Field of the backend: `spec.rules[0].http.paths[1].backend`. */
  readonly field: string;
}

export interface ParsedPath {
  readonly path: string;
  readonly pathType: PathType;
  readonly backend: ServiceRef;
  /** `spec.rules[0].http.paths[1]`. */
  readonly field: string;
  /** The values of this path alone, in place of the Ingress's. */
  readonly values?: Values;
  /** This path answers 503. */
  readonly closed?: boolean;
  readonly when?: Alternatives;
}

export interface ParsedRule {
  /** Normal form; `_` for a rule without host. */
  readonly host: string;
  readonly paths: readonly ParsedPath[];
}

export interface ParsedIngress {
  /** `namespace/name`. */
  readonly key: string;
  readonly ingress: Ingress;
  readonly age: Age;
  readonly values: Values;
  /** True: an alternative backend for routes of other Ingresses. */
  readonly canary: boolean;
  /** True: its paths answer 503, because what keeps requests out cannot be honoured, or the Ingress is too large. */
  readonly closed: boolean;
  /** True: none of its rules is served. */
  readonly refused: boolean;
  readonly rules: readonly ParsedRule[];
  readonly defaultBackend?: ServiceRef;
  /** Every Host that this Ingress takes part in. */
  readonly hosts: readonly HostKey[];
  readonly extent: Extent;
  readonly findings: readonly Finding[];
}

const FEW = 8;
const byHost = oncePer((rules: readonly ParsedRule[]): ReadonlyMap<string, readonly ParsedRule[]> => Map.groupBy(rules, ({ host }) => host));

/** The Ingress's rules for one host, in their order. An Ingress may have thousands of hosts, and the rules are asked for by each. */
export function rulesFor({ rules }: ParsedIngress, host: string): readonly ParsedRule[] {
  // Of few it is quicker to look than to remember, and nothing is kept for each Ingress.
  return rules.length <= FEW ? rules.filter((rule) => rule.host === host) : (byHost(rules).get(host) ?? []);
}

/** True: the Ingress has no rules, so its default backend answers for every name that nobody declares. */
export function isCatchAll(ingress: Ingress): boolean {
  return (ingress.spec.rules ?? []).length === 0;
}
