/** The findings of `sluice check`: those of `sluice run`, and what a cluster would refuse of files. */
import { asClusterTakesThem, isKnownToClusters } from "../check/api-server.ts";
import { withoutPromised } from "../check/promised.ts";
import * as found from "../model/findings/catalogue.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Settings } from "../settings.ts";
import type { Source } from "../source/source.ts";
import { judgeSource, type Judged } from "./judged.ts";

export interface Checked {
  readonly judged: Judged;
  readonly findings: readonly Finding[];
  /** With those that --partial leaves out. */
  readonly complete: readonly Finding[];
}

/** @param forCluster the objects are files that a cluster will add to, so that endpoints and names are not missed; else they are complete. */
export async function checkSource(source: Source, settings: Settings, forCluster: boolean): Promise<Checked> {
  const judged = await judgeSource(source, settings, !forCluster);
  const complete = forCluster ? findingsForCluster(judged, source) : judged.findings;
  return { judged, findings: settings.partial ? complete.filter((one) => !isOfOthers(one)) : complete, complete };
}

/** What is wrong with files that a cluster will add to. */
export function findingsForCluster({ findings, all }: Judged, source: Source): readonly Finding[] {
  const taken = asClusterTakesThem(findings, all, source.snapshot.all("Ingress").values());
  return withoutPromised(taken.filter((one) => !isKnownToClusters(one)), source);
}

/** Objects that are named and not there, unless something is there that is named nearly so. */
function isOfOthers({ code, missing, hint }: Finding): boolean {
  return (missing !== undefined && hint === undefined) || NAMES_OTHERS.has(code);
}

const NAMES_OTHERS: ReadonlySet<string> = new Set([found.ingressClassUnknown, found.canaryWithoutMain].map(({ code }) => code));

const COUNTED = ["Ingress", "IngressClass", "Service", "EndpointSlice", "Secret", "ConfigMap", "Namespace"] as const;

/** Objects that were read. */
export function objectsRead({ snapshot }: Source): number {
  return COUNTED.reduce((sum, kind) => sum + snapshot.all(kind).size, 0);
}
