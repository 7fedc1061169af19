/**
 * One Ingress, read and checked: what it declares, with every mistake turned into a finding.
 *
 * Guarantee: the result depends on nothing but the Ingress, the flags, the Config and the objects that its annotations look up; a
 * bad path never drops its neighbours.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { Ingress, IngressBackend, IngressPath, IngressRule } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import { exact } from "../../support/exact.ts";
import { oneOfAll } from "../../support/kept-text.ts";
import { printable } from "../../support/text.ts";
import { checkCanary, type GivenRollout } from "../annotations/features/canary-rules.ts";
import { canary } from "../annotations/features/canary.ts";
import { readAnnotations } from "../annotations/read.ts";
import type { ReadContext } from "../annotations/read.ts";
import { readOwn } from "../annotations/sluice/read.ts";
import { OWN_PREFIX } from "../annotations/sluice/prefix.ts";
import type { Own } from "../annotations/sluice/read.ts";
import * as found from "../findings/catalogue.ts";
import { besideRefusal, type Finding } from "../findings/findings.ts";
import { insteadOfHost, normalHost } from "../grammar/host-name.ts";
import { ageOf } from "../shapes/age.ts";
import { LONGEST_PATH } from "../shapes/bounds.ts";
import { hostKey } from "../shapes/host-key.ts";
import type { ObjectLookup } from "../shapes/lookup.ts";
import type { PathType } from "../shapes/routing.ts";
import { dangerousTexts } from "./deep-inspection.ts";
import { isCatchAll } from "./parsed.ts";
import type { ParsedIngress, ParsedPath, ParsedRule, ServiceRef } from "./parsed.ts";
import { closedForSize, extentOf, measuring, sizeFindings } from "./size.ts";

/** Never throws: an Ingress that this code cannot cope with is refused alone, and the finding asks for a report. */
export function parseIngress(ingress: Ingress, context: ReadContext): ParsedIngress {
  try {
    return parse(ingress, context);
  } catch (error) {
    const finding = found.ingressUnreadable({ object: ingress, field: "" }, { problem: printable((error as Error).message) });
    return { ...placeOf(ingress), values: context.defaults, canary: false, closed: false, refused: true, rules: [], hosts: [], extent: { characters: 0, paths: 0 }, findings: [finding] };
  }
}

function placeOf(ingress: Ingress): Pick<ParsedIngress, "key" | "ingress" | "age"> {
  return { key: keyOf(ingress.metadata.namespace, ingress.metadata.name), ingress, age: ageOf(ingress) };
}

function parse(ingress: Ingress, given: ReadContext): ParsedIngress {
  const { lookup, named } = measuring(given.lookup);
  const context = { ...given, lookup };
  const read = readAnnotations(ingress, context);
  const ofPaths: Finding[] = [];
  const own = readOwn(ingress, context, read, ofPaths);
  const extent = extentOf(ingress, read.values, context, named());
  const dangerous = context.settings.deepInspect ? dangerousTexts(ingress) : [];
  const tooLarge = sizeFindings(ingress, extent);
  const findings = [...tooLarge, ...dangerous, ...read.findings, ...ofPaths];
  const refused = read.verdict === "refused" || own.refused || dangerous.length > 0;
  const isCanary = canary.of(read.values).enabled;
  const values = isCanary ? checkCanary(ingress, context.annotationsPrefix, read.values, rolloutOf(ingress, own, lookup), findings) : read.values;
  if (own.rollout !== undefined && !isCanary) {
    findings.push(found.rolloutWithoutCanary({ object: ingress, field: ROLLOUT_FIELD }, { name: `${context.annotationsPrefix}/canary` }));
  }
  // The rules of a refused Ingress are read, too, for the findings about them.
  const [declared, declaredBackend] = [parseRules(ingress, isCanary, own, findings), parseDefaultBackend(ingress, findings)];
  const rules = refused ? [] : declared;
  const defaultBackend = refused ? undefined : declaredBackend;
  const names = new Set(rules.map((rule) => rule.host));
  if (defaultBackend && (isCanary || isCatchAll(ingress))) names.add(CATCH_ALL);
  const parsed = {
    ...placeOf(ingress),
    values,
    canary: isCanary,
    closed: read.verdict === "closed" || own.closed,
    refused,
    rules,
    ...(defaultBackend ? { defaultBackend } : {}),
    hosts: [...names].map((name) => hostKey(name)),
    extent,
    findings: exact(refused ? findings.map(besideRefusal) : findings),
  };
  return tooLarge.length > 0 ? closedForSize(parsed) : parsed;
}

const ROLLOUT_FIELD = `metadata.annotations[${OWN_PREFIX}/rollout]`;

function rolloutOf({ metadata: { namespace, name, uid = "" } }: Ingress, { rollout: spec }: Own, lookup: ObjectLookup): GivenRollout {
  if (spec === undefined || spec === "unreadable") return spec;
  const given = lookup.rolloutWeight(namespace, name);
  return given && given.uid === uid ? { spec, weight: given.weight, pools: given.pools } : { spec, weight: 0, pools: [] };
}

function parseRules(ingress: Ingress, isCanary: boolean, own: Own, findings: Finding[]): readonly ParsedRule[] {
  const rules = (ingress.spec.rules ?? []).flatMap((rule, index) => {
    const field = oneOfAll(`spec.rules[${index}]`);
    const host = rule.host === undefined || rule.host === "" ? CATCH_ALL : normalHost(rule.host);
    if (host === undefined) {
      const instead = insteadOfHost(rule.host ?? "");
      findings.push(found.hostInvalid({ object: ingress, field: `${field}.host` }, { host: rule.host ?? "", ...(instead === undefined ? {} : { instead }) }));
      return [];
    }
    if (isCanary && !rule.http) findings.push(found.canaryRuleWithoutPaths({ object: ingress, field }, {}));
    return [{ host, paths: parsePaths(ingress, rule, field, own, findings) }];
  });
  return exact(rules);
}

function parsePaths(ingress: Ingress, rule: IngressRule, field: string, own: Own, findings: Finding[]): readonly ParsedPath[] {
  const paths = (rule.http?.paths ?? []).flatMap((declared, index) => {
    const path = parsePath(ingress, declared, oneOfAll(`${field}.http.paths[${index}]`), findings);
    if (!path) return [];
    const { ignored, ...more } = own.paths.get(path.path) ?? {};
    return ignored ? [] : [{ ...path, ...more }];
  });
  return exact(paths);
}

function parsePath(ingress: Ingress, declared: IngressPath, field: string, findings: Finding[]): ParsedPath | undefined {
  const path = declared.path === undefined || declared.path === "" ? "/" : declared.path;
  const pathType = pathTypeOf(declared.pathType);
  if (pathType === undefined) {
    const params = { pathType: declared.pathType ?? "" };
    findings.push(found.pathTypeUnknown({ object: ingress, field: `${field}.pathType` }, params));
  }
  const why = whyInvalid(path);
  if (why !== undefined) findings.push(found.pathInvalid({ object: ingress, field: `${field}.path` }, { path: printable(path.slice(0, LONGEST_SHOWN)), why }));
  const backend = parseBackend(ingress, declared.backend, oneOfAll(`${field}.backend`), "this path is ignored", findings);
  if (pathType === undefined || why !== undefined || !backend) return undefined;
  return { path, pathType, backend, field };
}

/** Characters of a refused path that its finding shows. */
const LONGEST_SHOWN = 200;

/** Why a path is invalid. Control characters are: they are slips of quoting, and would break the lines that name the path. */
function whyInvalid(path: string): string | undefined {
  if (!path.startsWith("/")) return `does not start with "/": write "${printable(pathMeant(path))}"`;
  if (Buffer.byteLength(path) > LONGEST_PATH) return `is longer than ${LONGEST_PATH} bytes: no request of the usual size has one`;
  return /\p{Cc}/u.test(path) ? "holds control characters: remove them" : undefined;
}

/**
 * The path that was meant, taken out of other notations: URLs, Traefik's matchers, nginx's modifiers and anchors, quotes,
 * patterns of the shell.
 */
function pathMeant(path: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\/[^/]*(.*)/i.exec(path)?.[1];
  if (url !== undefined) return url === "" ? "/" : url;
  const inside = /(?:^|Path\w*\()[^\w/%.-]*(\/[^"'`]*)/.exec(path)?.[1];
  return inside ?? (/^[^\w%.-]+$/.test(path) ? "/" : `/${path.trim()}`);
}

/** ingress-nginx behaviour: ImplementationSpecific, or no path type, is Prefix. Undefined: there is no such path type. */
function pathTypeOf(declared: string | undefined): PathType | undefined {
  switch (declared) {
    case undefined:
    case "":
    case "Prefix":
    case "ImplementationSpecific":
      return "prefix";
    case "Exact":
      return "exact";
    default:
      return undefined;
  }
}

function parseDefaultBackend(ingress: Ingress, findings: Finding[]): ServiceRef | undefined {
  const backend = ingress.spec.defaultBackend;
  return backend && parseBackend(ingress, backend, "spec.defaultBackend", "the default backend is ignored", findings);
}

function parseBackend(
  ingress: Ingress,
  { service, resource }: IngressBackend,
  field: string,
  effect: string,
  findings: Finding[],
): ServiceRef | undefined {
  const refuse = (why: string, where = field): undefined => {
    findings.push(found.backendInvalid({ object: ingress, field: where }, { why, effect }));
  };
  if (!service) return refuse(resource ? `A ${resource.kind} cannot be a backend` : "This backend names no Service");
  if (!service.name) return refuse("This backend names no Service");
  const { number, name } = service.port ?? {};
  if (name) return { service: service.name, port: name, field };
  if (number === undefined) return refuse(`The backend "${service.name}" names no port`);
  if (number < 1 || number > 65535) return refuse(`${number} is no port number`, `${field}.service.port.number`);
  return { service: service.name, port: String(number), field };
}
