/**
 * The annotations about session affinity: a cookie leads each client back to the endpoint that it had.
 *
 * ingress-nginx behaviour, cookies included, so that cookies which it issued stay good. Unlike there, the cookie is for
 * the paths of its Ingress alone, whoever else uses the Service.
 */
import * as found from "../../findings/catalogue.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { basicText, boolean, integer, oneOf } from "../../grammar/value-types.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured, Risk } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import type { Values } from "../slot.ts";
import { affinity } from "./affinity-values.ts";
import type { AffinityValues } from "./affinity-values.ts";
import { balance, oneAddress } from "./balance.ts";
import { canary } from "./canary.ts";
import { rewrite } from "./rewrite.ts";

const onlyCookie: ValueType<boolean> = {
  expects: '"cookie"',
  parse: (text) => (text === "cookie" ? { value: true } : undefined),
  format: (on) => (on ? "cookie" : "none"),
};

/** ingress-nginx's character set "URL". */
const path: ValueType<string> = {
  expects: "letters, digits and - . _ ~ / : , ? & = only",
  parse: (text) => (/^[A-Za-z0-9\-._~/:,?&=]+$/.test(text) ? { value: text } : undefined),
  format: (text) => text,
};

type SameSite = NonNullable<AffinityValues["sameSite"]>;
const SAME_SITE: readonly SameSite[] = ["None", "Lax", "Strict"];
const sameSite: ValueType<SameSite> = {
  expects: '"None", "Lax" or "Strict"',
  parse: (text) => {
    const value = SAME_SITE.find((one) => one.toLowerCase() === text.toLowerCase());
    return value === undefined ? undefined : { value };
  },
  format: (text) => text,
};

const annotations: readonly Honoured[] = [
  row("affinity", "enabled", onlyCookie, "Low", "`cookie`: a cookie leads each client back to the endpoint that it had.",
    { differs: "It holds for the paths of its Ingress, not for every Ingress that uses the same Service port." }),
  row("affinity-mode", "mode", oneOf("balanced", "persistent"), "Medium",
    "`balanced`: some sessions move when endpoints are added; `persistent`: none does."),
  row("affinity-canary-behavior", "canaryBehavior", oneOf("sticky", "legacy"), "Low",
    "On a canary. `sticky`: sessions stay with the canary or the primary that they began with; `legacy`: the canary has none, and who asks for it by header or cookie gets it.",
    { onCanary: true, differs: "With `legacy` the canary's header and cookie rules come before a session of the primary, as documented there; its code keeps the session. Weights never move a session.", differsFor: (value) => value === "legacy" }),
  row("session-cookie-name", "name", basicText, "Medium", "Name of the cookie."),
  row("session-cookie-secure", "secure", boolean, "Low", "The cookie is always Secure; otherwise on TLS connections.",
    { differs: "With use-forwarded-headers a trusted X-Forwarded-Proto says whether the connection is TLS." }),
  row("session-cookie-expires", "expires", integer, "Medium", "Seconds until the cookie's Expires."),
  row("session-cookie-max-age", "maxAge", integer, "Medium", "Max-Age of the cookie, in seconds."),
  row("session-cookie-path", "path", path, "Medium", "Path of the cookie; without it the path of the rule, as it is written: a path that is a regular expression needs one."),
  row("session-cookie-domain", "domain", basicText, "Medium", "Domain of the cookie."),
  row("session-cookie-samesite", "sameSite", sameSite, "Low", "SameSite of the cookie: `None`, `Lax` or `Strict`.",
    { differs: "Other spellings such as `lax` work too; ingress-nginx accepts and then drops them.", differsFor: (value) => !SAME_SITE.some((one) => one === value) }),
  row("session-cookie-conditional-samesite-none", "conditionalNone", boolean, "Low",
    "Leave SameSite=None out for old browsers that misread it."),
  row("session-cookie-change-on-failure", "changeOnFailure", boolean, "Low",
    "When its endpoint fails, the session moves to another one; otherwise the request is tried there again."),
];

function row<K extends keyof AffinityValues>(
  name: string, key: K, type: ValueType<NonNullable<AffinityValues[K]>>, risk: Risk, doc: string, more: Pick<Honoured, "differs" | "differsFor" | "onCanary"> = {},
): Honoured {
  return annotation<NonNullable<AffinityValues[K]>>({
    name,
    group: "affinity",
    risk,
    scope: "location",
    type,
    doc,
    ...more,
    ...field(affinity, key),
  });
}

/** Reports what cannot have an effect. */
const resolver: Resolver = {
  groups: ["affinity"],
  resolve(values, at) {
    if (canary.of(values).enabled) return values;
    if (at.given("affinity-canary-behavior") !== undefined) {
      at.report(found.affinityCanaryBehavior(at.place("affinity-canary-behavior"), {}));
    }
    if (affinity.of(values).enabled) checkSession(values, at);
    // An invalid affinity has its own finding.
    else if (at.given("affinity") === undefined) reportIdle(at);
    return values;
  },
};

const EXPRESSION = /[()[\]{}*+?|^$\\]/;

function checkSession(values: Values, at: ResolveContext): void {
  const { path: cookiePath, sameSite: site, conditionalNone } = affinity.of(values);
  const { useRegex, target } = rewrite.of(values);
  if (balance.of(values).serviceUpstream) oneAddress(at, "affinity");
  const isExpression = (path: string): boolean => (useRegex || target !== undefined) && EXPRESSION.test(path);
  const paths = (at.ingress.spec.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
  if (cookiePath === undefined && paths.some(({ path = "" }) => isExpression(path))) {
    const effect = "the cookie's Path is the regular expression, and browsers never send it back";
    at.report(found.balancingNeeds(at.place("affinity"), { name: "affinity", other: "session-cookie-path", effect }));
  }
  const name = "session-cookie-conditional-samesite-none";
  if (site !== "None" && conditionalNone) {
    at.report(found.balancingNeeds(at.place(name), { name, other: 'session-cookie-samesite: "None"', effect: "the cookie is the same for every browser" }));
  }
}

function reportIdle(at: ResolveContext): void {
  for (const { name } of annotations) {
    if (name === "affinity-canary-behavior" || at.given(name) === undefined) continue;
    at.report(found.balancingNeeds(at.place(name), { name, other: 'affinity: "cookie"', effect: "clients get no cookie" }));
  }
}

export const affinityFeature: Feature = { slot: affinity, annotations, resolver };
