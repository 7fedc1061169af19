/**
 * The types of flag values. `parse` gives undefined for what `expects` does not describe.
 */
import { isIP } from "node:net";
import { resolve } from "node:path";
import { HISTOGRAMS } from "../../edge/src/measures.ts";
import { parseLabelSelector } from "../support/label-selector.ts";

export interface FlagType<T> {
  /** Completes "must be …". */
  readonly expects: string;
  /** What stands for the value in the help; empty for a switch. */
  readonly placeholder: string;
  parse(text: string): T | undefined;
}

function textType(placeholder: string, expects: string, allowed: RegExp, orEmpty = true): FlagType<string> {
  return {
    placeholder,
    expects,
    parse: (text) => (text === "" ? (orEmpty ? text : undefined) : allowed.test(text) ? text : undefined),
  };
}

/** What Kubernetes takes as namespaces (RFC 1123 label) and as names (subdomain). */
const LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const SUBDOMAIN = `[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*`;

export const anyText = textType("TEXT", "a text without control characters", /^\P{Cc}+$/u);
export const path = textType("PATH", "a path", /^\P{Cc}+$/u);
export const namespace = textType("NAMESPACE", "the name of one namespace", new RegExp(`^${LABEL}$`));
export const objectName = textType("NS/NAME", "namespace/name", new RegExp(`^${LABEL}/${SUBDOMAIN}$`));
export const className = textType("NAME", "the name of a class", new RegExp(`^${SUBDOMAIN}$`), false);
const NAME = new RegExp(`^${SUBDOMAIN}$`);
export const secretName = textType("NAME", "the name of a Secret: small letters, digits, - and .", NAME, false);
export const leaseName = textType("NAME", "the name of a Lease", NAME, false);
const CONTROLLER = new RegExp(`^${SUBDOMAIN}(?:/[A-Za-z0-9._/-]+)?$`);
export const controllerName = textType("DOMAIN/NAME", "a controller name such as example.com/ingress", CONTROLLER, false);
export const annotationsPrefix = textType("PREFIX", "a DNS name such as nginx.ingress.kubernetes.io", new RegExp(`^${SUBDOMAIN}$`), false);
export const urlPath = textType("PATH", "a path of letters, digits and / . _ - that starts with /", /^\/[\w./-]*$/, false);

export const boolean: FlagType<boolean> = {
  placeholder: "",
  expects: "true or false",
  parse: (text) =>
    ["1", "t", "T", "TRUE", "true", "True"].includes(text)
      ? true
      : ["0", "f", "F", "FALSE", "false", "False"].includes(text)
        ? false
        : undefined,
};

export const port: FlagType<number> = {
  placeholder: "PORT",
  expects: "a port from 1 to 65535",
  parse: (text) => (/^[0-9]{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535 ? Number(text) : undefined),
};

export const seconds: FlagType<number> = {
  placeholder: "SECONDS",
  expects: "a whole number of seconds up to 86400",
  parse: (text) => (/^[0-9]{1,5}$/.test(text) && Number(text) <= 86_400 ? Number(text) : undefined),
};

export function count(min: number, max: number, placeholder = "NUMBER"): FlagType<number> {
  return {
    placeholder,
    expects: `a whole number from ${min} to ${max}`,
    parse: (text) => (/^[0-9]{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined),
  };
}

const MOST_BUCKETS = 50;

/** Upper bounds of a histogram. */
export const buckets: FlagType<readonly number[]> = {
  placeholder: "NUMBERS",
  expects: `at most ${MOST_BUCKETS} ascending numbers above 0, separated by commas`,
  parse: (text) => {
    const bounds = text.split(",").map((one) => (/^\s*[0-9.]+(?:e\+?[0-9]{1,2})?\s*$/i.test(one) ? Number(one) : NaN));
    const ascending = bounds.every((bound, index) => bound > (bounds[index - 1] ?? 0));
    return ascending && bounds.length <= MOST_BUCKETS ? bounds : undefined;
  },
};

const METRIC_PREFIX = "nginx_ingress_controller_";
const MEASUREMENTS = ["requests", ...HISTOGRAMS.map(({ name }) => name)];

/** Measurements that ingress-nginx no longer has: older argument lists exclude them, which does nothing. */
const GONE: ReadonlySet<string> = new Set(["ingress_upstream_latency_seconds"]);

/** Names of measurements, without the prefix. */
export const metricNames: FlagType<readonly string[]> = {
  placeholder: "NAMES",
  expects: `names among ${MEASUREMENTS.join(", ")}`,
  parse: (text) => {
    const names = text.split(",").map((one) => one.trim().replace(METRIC_PREFIX, "")).filter((one) => one !== "" && !GONE.has(one));
    return names.every((name) => MEASUREMENTS.includes(name)) ? names : undefined;
  },
};

/** ingress-nginx behaviour: less than five seconds counts as five. */
export const interval: FlagType<number> = {
  placeholder: "SECONDS",
  expects: "a whole number of seconds up to 86400",
  parse: (text) => {
    const given = seconds.parse(text);
    return given === undefined ? undefined : Math.max(given, 5);
  },
};

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** A duration as Go writes it; a bare number is seconds, as in our other flags. Gives seconds. */
export const duration: FlagType<number> = {
  placeholder: "DURATION",
  expects: "a duration such as 30s, 1m30s or 500ms, up to 24h",
  parse: (text) => {
    const parts = /^[0-9.]+$/.test(text) ? [[text, text, "s"]] : [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)];
    if (parts.length === 0 || (parts.map(([whole]) => whole).join("") !== text)) return undefined;
    const sum = parts.reduce((before, [, count, unit = "s"]) => before + Number(count) * (UNITS[unit] ?? 0), 0);
    return sum <= 86_400 ? sum : undefined;
  },
};

/** ingress-nginx behaviour: zero and negative durations mean the default, 30 s. */
export const leaseDuration: FlagType<number> = {
  placeholder: "DURATION",
  expects: "a duration of at least 1s, such as 30s",
  parse: (text) => {
    const given = duration.parse(text.replace(/^-/, ""));
    if (given === undefined) return undefined;
    return given === 0 || text.startsWith("-") ? 30 : given >= 1 ? given : undefined;
  },
};

export const positive: FlagType<number> = {
  placeholder: "NUMBER",
  expects: "a whole number from 1 to 100000",
  parse: (text) => (/^[1-9][0-9]{0,5}$/.test(text) && Number(text) <= 100_000 ? Number(text) : undefined),
};

export const address: FlagType<string> = {
  placeholder: "IP",
  expects: "an IP address, or empty for all",
  parse: (text) => (text === "" || isAddress(text) ? text : undefined),
};

/** The addresses of a repeated flag add up; commas separate addresses too. */
export const addresses: FlagType<readonly string[]> = {
  placeholder: "IP",
  expects: "IP addresses, separated by commas",
  parse: (text) => {
    const found = text.split(",").map((one) => one.trim()).filter((one) => one !== "");
    return found.every(isAddress) ? found : undefined;
  },
};

/** The networks of a repeated flag add up; commas separate networks too. */
export const networks: FlagType<readonly string[]> = {
  placeholder: "NETWORK",
  expects: "IP addresses and networks such as 10.1.0.0/24, separated by commas",
  parse: (text) => {
    const found = text.split(",").map((one) => one.trim()).filter((one) => one !== "");
    return found.every(isNetwork) ? found : undefined;
  },
};

function isNetwork(text: string): boolean {
  const [base = "", length, ...rest] = text.split("/");
  if (!isAddress(base) || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (isIP(base) === 4 ? 32 : 128));
}

export const addressesOrNames: FlagType<readonly string[]> = {
  placeholder: "IP|NAME",
  expects: "IP addresses and host names, separated by commas",
  parse: (text) => {
    const found = text.split(",").map((one) => one.trim()).filter((one) => one !== "");
    return found.every((one) => isAddress(one) || NAME.test(one)) ? found : undefined;
  },
};

/** One path each time the flag is given. */
export const folders: FlagType<readonly string[]> = {
  placeholder: "FOLDER",
  expects: "a folder",
  parse: (text) => (path.parse(text) ? [text] : undefined),
};

/** One text each time the flag is given, or several between commas. */
export function texts(placeholder: string): FlagType<readonly string[]> {
  return { placeholder, expects: `${placeholder}, or several of them between commas`, parse: (text) => listOf(text, (one) => anyText.parse(one) !== undefined) };
}

/**
 * One user each time the flag is given. The names are looked at by the command: a refused value is shown, and somebody may
 * have written a password behind the name.
 */
export const userNames: FlagType<readonly string[]> = { placeholder: "NAME", expects: "a name", parse: (text) => [text] };

export const statuses: FlagType<readonly string[]> = {
  placeholder: "STATUS",
  expects: "a status or a class of statuses, such as 404 or 5xx",
  parse: (text) => listOf(text, (one) => /^[1-9](?:\d\d|xx)$/.test(one)),
};

function listOf(text: string, is: (one: string) => boolean): readonly string[] | undefined {
  const list = text.split(",");
  return list.every((one) => one !== "" && is(one)) ? list : undefined;
}

/** Endpoints of a Service port that the command line gives. */
export interface GivenEndpoints {
  /** `namespace/name`. */
  readonly service: string;
  /** Number or name of a port of the Service; empty: each of its ports. */
  readonly port: string;
  readonly endpoints: readonly { readonly address: string; readonly port: number }[];
}

/** One Service each time the flag is given. */
export const endpoints: FlagType<readonly GivenEndpoints[]> = {
  placeholder: "NS/NAME[:PORT]=IP:PORT",
  expects: "a Service and addresses with ports, such as default/web=127.0.0.1:8080 or default/web:http=10.0.0.1:80,10.0.0.2:80",
  parse: (text) => {
    const [, service = "", of = "", list = ""] = /^([^:=]+)(?::([a-z0-9-]+))?=(.+)$/.exec(text) ?? [];
    const places = list.split(",").map(splitListenAddress);
    const found = places.flatMap((one) => (one && one.host !== "" && one.port > 0 ? [{ address: one.host, port: one.port }] : []));
    return objectName.parse(service) && found.length === places.length ? [{ service, port: of, endpoints: found }] : undefined;
  },
};

/** nginx.conf and the paths of unix sockets contain it, and a socket's path may have 107 bytes in all. */
export const runtimeFolder: FlagType<string> = {
  placeholder: "FOLDER",
  expects: "a folder of letters, digits and / . _ - + @ : with at most 80 bytes",
  parse: (text) => {
    const absolute = resolve(text);
    return text !== "" && /^[\w/.+@:-]+$/.test(absolute) && absolute.length <= 80 ? absolute : undefined;
  },
};

export const folder: FlagType<string> = {
  placeholder: "FOLDER",
  expects: "a folder",
  parse: (text) => (text === "" || text.includes("\0") ? undefined : resolve(text)),
};

export const resolver: FlagType<string> = {
  placeholder: "IP:PORT",
  expects: "the address of a DNS server such as 10.96.0.10:53 or [::1]:53",
  parse: (text) => {
    if (text === "" || isAddress(text)) return text === "" ? "" : `${text.includes(":") ? `[${text}]` : text}:53`;
    const [, six, four, digits = "53"] = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
    const valid = isAddress(six ?? four ?? "") && Number(digits) > 0 && Number(digits) <= 65535;
    return valid ? `${six === undefined ? four : `[${six}]`}:${Number(digits)}` : undefined;
  },
};

export const labelSelector: FlagType<string> = {
  placeholder: "SELECTOR",
  expects: "a label selector such as team=shop,env!=test",
  parse: (text) => (parseLabelSelector(text) ? text.trim() : undefined),
};

export const serverUrl: FlagType<string> = {
  placeholder: "URL",
  expects: "an http or https URL such as https://10.0.0.1:6443",
  parse: (text) => {
    if (text === "") return text;
    const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
    return url && url.username === "" && url.search === "" && url.hash === "" ? text.replace(/\/+$/, "") : undefined;
  },
};

/** Where a server listens: `:8443`, `127.0.0.1:8443`, `[::1]:8443`. */
export const listenAddress: FlagType<string> = {
  placeholder: "IP:PORT",
  expects: "an address with a port such as :8443 or 10.0.0.1:8443",
  parse: (text) => (text === "" || splitListenAddress(text) ? text : undefined),
};

/** Host (empty: every address) and port of such a text; undefined for any other text. */
export function splitListenAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, six, four = "", digits = ""] = /^(?:\[([^\]]+)\]|([^:]*)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = six ?? four;
  const number = digits === "0" ? 0 : port.parse(digits);
  return number !== undefined && (host === "" || isAddress(host)) ? { host, port: number } : undefined;
}

export function oneOf<T extends string>(...words: readonly T[]): FlagType<T> {
  return { placeholder: words.join("|"), expects: `one of ${words.join(", ")}`, parse: (text) => words.find((word) => word === text) };
}

/** An IP address without a zone (`fe80::1%eth0`), on which nginx cannot listen. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}
