/** The types of the ConfigMap's values about external authentication. */
import { isFraming, lifetimes, METHODS, parseAuthUrl } from "../grammar/external-auth-types.ts";
import type { Lifetime } from "../grammar/external-auth-types.ts";
import { headerNames } from "./value-types.ts";
import type { ConfigType } from "./value-types.ts";

/** Printable ASCII without blanks. */
const VISIBLE = /^[\x21-\x7e]*$/;

/**
 * A URL that cannot be used is taken as it is, unless there is a last good one: it closes the paths that it would guard,
 * while the default (no URL) would open them.
 */
export const globalUrl: ConfigType<string> = {
  expects: "a URL with http:// or https://, and a host without variables",
  parse: (text) => {
    if (text === "" || (VISIBLE.test(text) && hasHost(text))) return { value: text };
    return { value: text, dropped: [text], used: "503 for every path that it would guard", bad: true };
  },
};

/** Not the host that the client asks for either: the URL guards Ingresses of all hosts, of wildcards too. */
function hasHost(text: string): boolean {
  const url = parseAuthUrl(text);
  return typeof url !== "string" && url.host !== undefined;
}

export const globalSignin: ConfigType<string> = {
  expects: "a URL with http:// or https://",
  parse: (text) => (text === "" || (VISIBLE.test(text) && /^https?:\/\/[^/?#]/i.test(text)) ? { value: text } : undefined),
};

export const globalMethod: ConfigType<string> = {
  expects: `one of ${METHODS.join(", ")}, or empty`,
  parse: (text) => (text === "" || METHODS.some((method) => method === text) ? { value: text } : undefined),
};

export const globalText: ConfigType<string> = {
  expects: "printable text without blanks",
  parse: (text) => (VISIBLE.test(text) ? { value: text } : undefined),
};

export const globalHeaders: ConfigType<readonly string[]> = {
  expects: `${headerNames.expects}, without Host and those of the connection (Content-Length, Upgrade, …)`,
  parse: (text) => {
    const { value = [], dropped = [] } = headerNames.parse(text) ?? {};
    const bad = value.filter((name) => isFraming(name) || name.toLowerCase() === "host");
    const good = value.filter((name) => !bad.includes(name));
    const all = [...dropped, ...bad];
    if (all.length === 0) return { value: good };
    return good.length > 0 ? { value: good, dropped: all } : { value: good, dropped: all, used: "an empty list", bad: true };
  },
};

/** ingress-nginx behaviour: a bad list counts as the annotation's default; an empty list says of no status that its answers are kept. */
export const globalLifetimes: ConfigType<readonly Lifetime[]> = {
  expects: lifetimes.expects,
  parse: (text) => {
    if (text === "") return { value: [] };
    const usual = lifetimes.parse("200 202 401 5m")?.value ?? [];
    return lifetimes.parse(text) ?? { value: usual, dropped: [text], used: "200 202 401 5m", bad: true };
  },
};
