/** Findings that somebody decided not to mend: those of `--ignore`. */
import * as configFindings from "../model/config/findings.ts";
import * as modelFindings from "../model/findings/catalogue.ts";
import { furtherFindings, type FindingKind } from "../model/findings/findings.ts";
import * as clusterFindings from "../source/kubernetes/findings.ts";
import * as manifestFindings from "../source/manifests/findings.ts";
import { closest } from "../support/edit-distance.ts";
import { printable } from "../support/text.ts";
import { UserError } from "../support/user-error.ts";
import * as checkFindings from "./api-server.ts";
import * as promisedFindings from "./promised.ts";
import { counted, type CheckResult, type PlacedFinding } from "./result.ts";

const CATALOGUES: readonly Readonly<Record<string, unknown>>[] = [modelFindings, configFindings, manifestFindings, clusterFindings, checkFindings, promisedFindings, { furtherFindings }];
const CODES: readonly string[] = CATALOGUES.flatMap((module) => Object.values(module)).filter(isFindingKind).map(({ code }) => code);

function isFindingKind(value: unknown): value is FindingKind<never> {
  return typeof value === "function" && "code" in value && "severity" in value;
}

/** @param rules `CODE`, or `CODE:KIND/NAMESPACE/NAME` (`KIND/NAME` where there is no namespace) in which `*` stands for any part; throws a UserError (exit code 2) for other texts and for codes that there are not. */
export function withoutIgnored(result: CheckResult, rules: readonly string[]): CheckResult {
  if (rules.length === 0) return result;
  const isIgnored = rules.map(ruleOf);
  const findings = result.findings.filter((one) => !isIgnored.some((is) => is(one)));
  return { ...counted(result, findings), ignored: result.findings.length - findings.length };
}

type Rule = (finding: PlacedFinding) => boolean;

function ruleOf(text: string): Rule {
  const [, code = "", kind = "*", rest = "*"] = /^([^:]+)(?::([^/]+)\/(.+))?$/.exec(text) ?? [];
  // The name of a file has slashes of its own.
  const [name = "*", namespace = "*"] = kind.toLowerCase() === "file" ? [rest] : rest.split("/").reverse();
  if (code === "") throw new UserError(`--ignore is told "${printable(text)}": write a code, or a code and an object, such as service-missing:Ingress/shop/web.`, 2);
  if (!CODES.includes(code)) {
    const near = closest(code, CODES);
    throw new UserError(`--ignore: there is no finding "${printable(code)}"${near === undefined ? "; docs/reference/findings.md lists them" : `: did you mean "${near}"?`}`, 2);
  }
  const matches = (wanted: string, is: string): boolean => wanted === "*" || wanted === is;
  return (one) => one.code === code && (kind === "*" || kind.toLowerCase() === one.object.kind.toLowerCase()) && matches(namespace, one.object.namespace) && matches(name, one.object.name);
}
