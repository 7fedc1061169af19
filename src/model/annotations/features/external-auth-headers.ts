/** The headers that auth-proxy-set-headers adds to the requests for the authentication service. */
import type { Template } from "../../../../edge/src/program.ts";
import type { ConfigMap } from "../../../source/objects.ts";
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import { CLOSED } from "../../findings/findings.ts";
import { isFraming, isHeaderName } from "../../grammar/external-auth-types.ts";
import { parseTemplate } from "../../grammar/template.ts";
import { MOST_AUTH_HEADERS, MOST_VARIABLES } from "../../shapes/bounds.ts";
import { variablesIn } from "../annotation.ts";
import { namedConfigMap } from "../resolver.ts";
import type { ResolveContext } from "../resolver.ts";

type Header = readonly [string, Template];

const NAME = "auth-proxy-set-headers";
/** Printable ASCII on one line, as for custom-headers. */
const VALUE = /^[\x20-\x7e]*$/;

/** The pairs, sorted by name; undefined, with a finding, when they cannot be used. */
export function authHeaders(text: string | undefined, at: ResolveContext): readonly Header[] | undefined {
  if (text === undefined) return [];
  const refuse = (key: string, why: string): undefined => {
    at.report(found.annotationReference(at.place(NAME), { name: NAME, kind: "ConfigMap", key: printable(key), why, effect: CLOSED }));
  };
  const configMap = namedConfigMap(text, at, refuse, "whole");
  if (!configMap) return undefined;
  const headers = headersOf(configMap.object);
  return typeof headers === "string" ? refuse(configMap.key, headers) : headers;
}

/** The headers, or why they cannot be used. */
function headersOf({ data = {} }: ConfigMap): readonly Header[] | string {
  const headers: Header[] = [];
  if (Object.keys(data).length > MOST_AUTH_HEADERS) return `sets more than ${MOST_AUTH_HEADERS} headers`;
  if (Object.values(data).reduce((sum, value) => sum + variablesIn(value), 0) > MOST_VARIABLES) return `names more than ${MOST_VARIABLES} variables in all`;
  for (const name of Object.keys(data).sort()) {
    const value = data[name] ?? "";
    if (!isHeaderName(name)) return `sets "${printable(name)}", which is no header name`;
    if (isFraming(name)) return `sets ${name}, which belongs to the connection`;
    if (!VALUE.test(value)) return `sets ${name} to more than printable ASCII on one line`;
    headers.push([name, parseTemplate(value)]);
  }
  return headers;
}
