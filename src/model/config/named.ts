/**
 * The objects that the controller's ConfigMap names (`namespace/name`): ConfigMaps of headers, a Secret of parameters.
 *
 * Unlike in ingress-nginx, an edit of such an object counts at once. A header that cannot be used is left out alone, with a finding.
 */
import type { AnyObject, ConfigMap } from "../../source/objects.ts";
import type { WantedObjects } from "../../source/snapshot.ts";
import { digestOf } from "../../support/digest.ts";
import { splitName } from "../../support/namespaced-name.ts";
import { openSslTakes } from "../../support/openssl.ts";
import type { Finding } from "../findings/findings.ts";
import { isFraming, isHeaderName } from "../grammar/external-auth-types.ts";
import { parseTemplate } from "../grammar/template.ts";
import type { LookedUp, ObjectLookup } from "../shapes/lookup.ts";
import type { Config, ConfigValues, DhParam, NamedHeader, NamedObjects } from "./config.ts";
import * as found from "./findings.ts";
import { isKnownLogVariable } from "./log-variables.ts";

export const NOTHING_NAMED: NamedObjects = { requestHeaders: [], responseHeaders: [], dhParam: undefined, rulesRefused: false };

interface NamedReading {
  readonly configMap: ConfigMap;
  readonly lookup: ObjectLookup;
  readonly findings: Finding[];
}

export function readNamed(config: ConfigValues, reading: NamedReading): NamedObjects {
  return {
    requestHeaders: headersIn("proxy-set-headers", config.proxySetHeaders, reading),
    responseHeaders: headersIn("add-headers", config.addHeaders, reading),
    dhParam: dhParamIn(config.sslDhParam, reading),
    rulesRefused: rulesRefused(config, reading),
  };
}

/** Names of the standard headers to backends that proxy-set-headers replaces, in lower case. */
export function replacedHeaders({ named }: Pick<Config, "named">): ReadonlySet<string> {
  return new Set(named.requestHeaders.map(({ name }) => name.toLowerCase()));
}

function headersIn(key: string, text: string, reading: NamedReading): readonly NamedHeader[] {
  const ref = splitName(text);
  if (!ref) return [];
  const object = reading.lookup.configMap(ref.namespace, ref.name);
  if (!object) {
    reading.findings.push(unusable(key, "ConfigMap", text, reading.lookup.whyNoConfigMap(ref.namespace, ref.name), reading));
    return [];
  }
  const names = Object.keys(object.data ?? {}).sort();
  return names.flatMap((name) => {
    const value = object.data?.[name] ?? "";
    const why = whyNoHeader(name, value);
    if (why === undefined) return [{ name, value: parseTemplate(value) }];
    reading.findings.push(found.configHeaderInvalid({ object, field: `data[${name}]` }, { key, header: name, why }));
    return [];
  });
}

const LONGEST = 4096;

function whyNoHeader(name: string, value: string): string | undefined {
  if (!isHeaderName(name)) return "is no header name of letters, digits, - and _";
  if (isFraming(name) || name.toLowerCase() === "proxy") return "belongs to the connection, or would mislead a backend";
  if (value.length > LONGEST || /\p{Cc}/u.test(value)) return "must have one line of text as its value";
  const unknown = parseTemplate(value).names.find((variable) => !isKnownLogVariable(variable));
  return unknown === undefined ? undefined : `has a value with $${unknown}, which is no variable here`;
}

function dhParamIn(text: string, reading: NamedReading): DhParam | undefined {
  const ref = splitName(text);
  if (!ref) return undefined;
  const secret = reading.lookup.secret(ref.namespace, ref.name);
  const report = (finding: Finding): undefined => void reading.findings.push(finding);
  if (!secret) return report(unusable("ssl-dh-param", "Secret", text, reading.lookup.whyNoSecret(ref.namespace, ref.name), reading));
  const bytes = secret.data["dhparam.pem"];
  const pem = bytes && /-----BEGIN DH PARAMETERS-----[A-Za-z0-9+/=\s]+-----END DH PARAMETERS-----/.exec(bytes.revealText())?.[0];
  if (pem !== undefined && openSslTakes({ dhparam: pem })) return { id: digestOf(pem), pem: `${pem}\n` };
  const why = bytes ? "has no PEM block DH PARAMETERS of at least 1024 bits under dhparam.pem" : "has no key dhparam.pem";
  return report(unusable("ssl-dh-param", "Secret", text, why, reading));
}

/** The engine asks nginx about the rules (src/engine/step/trials.ts); the verdict comes back as an object of the Snapshot. */
function rulesRefused({ enableModsecurity, modsecuritySnippet: rules }: ConfigValues, { configMap, lookup, findings }: NamedReading): boolean {
  if (rules === undefined) return false;
  const place = { object: configMap, field: "data[modsecurity-snippet]" };
  if (!enableModsecurity) {
    findings.push(found.configRulesIdle(place, {}));
    return false;
  }
  const problem = rules.problem ?? lookup.snippetProblem(rules.digest);
  if (problem === undefined) return false;
  findings.push(found.configRulesRefused(place, { problem }));
  return true;
}

function unusable(key: string, kind: AnyObject["kind"], name: string, why: string, { configMap }: NamedReading): Finding {
  return found.configObjectUnusable({ object: configMap, field: `data[${key}]` }, { key, kind, name, why });
}

/** What the model wants of the source together with the objects of a ConfigMap; the same value as before while neither changes. */
export function wantedWith(): (wanted: WantedObjects, objects: ReadonlySet<string>) => WantedObjects {
  let before: { readonly wanted: WantedObjects; readonly objects: ReadonlySet<string>; readonly all: WantedObjects } | undefined;
  return (wanted, objects) => {
    if (objects.size === 0) return wanted;
    if (before?.wanted === wanted && before.objects === objects) return before.all;
    const named = (kind: LookedUp): string[] => [...objects].flatMap((key) => (key.startsWith(`${kind} `) ? key.slice(kind.length + 1) : []));
    const all = { secrets: new Set([...wanted.secrets, ...named("Secret")]), configMaps: new Set([...wanted.configMaps, ...named("ConfigMap")]) };
    before = { wanted, objects, all };
    return all;
  };
}
