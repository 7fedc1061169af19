/**
 * The types of the ConfigMap's values.
 *
 * Guarantee: what `parse` gives can stand in nginx.conf as it is. Text is held to the narrowest character set and
 * numbers to limits that nginx accepts, because one bad value there would stop every later change of everybody.
 */
import { isIP } from "node:net";
import { openSslTakes } from "../../support/openssl.ts";
import { isNetwork } from "../grammar/networks.ts";
import { sizeBetween } from "../grammar/value-types.ts";
import { isKnownLogVariable, isKnownStreamVariable } from "./log-variables.ts";

export interface ConfigType<T> {
  /** Completes "must be …". */
  readonly expects: string;
  /** Undefined: not of this type. */
  parse(text: string): ParsedValue<T> | undefined;
}

export interface ParsedValue<T> {
  readonly value: T;
  /** The pieces of a list that are not of this type. */
  readonly dropped?: readonly string[];
  /** What is used in their place, as the finding says it. */
  readonly used?: string;
  /** Nothing of the text can be used. `value` then holds if there is no last good one; it is more careful than the default. */
  readonly bad?: true;
}

const TRUE: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];
/** An empty value counts as false: ingress-nginx decodes the ConfigMap with weak typing. */
const FALSE: readonly string[] = ["0", "f", "F", "FALSE", "false", "False", ""];

/** Reads what Go's strconv.ParseBool does. */
export const boolean: ConfigType<boolean> = {
  expects: '"true" or "false"',
  parse: (text) => (TRUE.includes(text) ? { value: true } : FALSE.includes(text) ? { value: false } : undefined),
};

/** Reads what Go's strconv.ParseInt does with base 0: decimal, 0x…, 0o… or 0…, 0b…; empty counts as 0. */
export function integer(min: number, max: number, unit = "a whole number"): ConfigType<number> {
  return {
    expects: `${unit} from ${min} to ${max}`,
    parse: (text) => {
      const value = parseInteger(text);
      return value !== undefined && value >= min && value <= max ? { value } : undefined;
    },
  };
}

function parseInteger(text: string): number | undefined {
  if (text === "") return 0;
  const [, sign, digits = ""] = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*)$/.exec(text) ?? [];
  if (digits === "") return undefined;
  const octal = /^0[0-7]+$/.test(digits);
  const value = octal ? Number.parseInt(digits, 8) : Number(/^0[oO]$/.test(digits) ? Number.NaN : digits);
  return Number.isSafeInteger(value) ? (sign === "-" ? -value : value) : undefined;
}

/** The longest time that nginx can hold: it counts milliseconds in 31 bits. */
const LONGEST_SECONDS = Math.floor(2 ** 31 / 1000);
export function seconds(min: 0 | 1): ConfigType<number> {
  return integer(min, LONGEST_SECONDS, "a whole number of seconds");
}

/** nginx's own notation, units from large to small: `1h30m`, `45s`, `45`. */
export function duration(options: { orEmpty: boolean } = { orEmpty: false }): ConfigType<string> {
  return {
    expects: `a time such as 45s, 10m or 1h${options.orEmpty ? ", or empty" : ""}`,
    parse: (text) => {
      if (text === "") return options.orEmpty ? { value: text } : undefined;
      const [matched, ...parts] = /^(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?$/.exec(text) ?? [];
      const sum = parts.reduce((total, part, index) => total + Number(part ?? 0) * ([604800, 86400, 3600, 60, 1][index] ?? 1), 0);
      return matched !== undefined && sum <= LONGEST_SECONDS ? { value: text } : undefined;
    },
  };
}

/** A size that stays text. nginx knows no unit but k and m in the directives that take these sizes. */
export function sizeText(min: number, max: number): ConfigType<string> {
  const bytes = sizeBetween(min, max);
  return {
    expects: bytes.expects,
    parse: (text) => (/^[0-9]+[kKmM]?$/.test(text) && bytes.parse(text) ? { value: text } : undefined),
  };
}

/** The same type, which takes empty text as well: that stands for the value `empty`. */
export function orEmpty<T>(type: ConfigType<T>, empty: T): ConfigType<T> {
  return { expects: `${type.expects}, or empty`, parse: (text) => (text === "" ? { value: empty } : type.parse(text)) };
}

/** `4 8k`: how many buffers of which size. */
export const buffers: ConfigType<string> = {
  expects: "a number and a size such as 4 8k",
  parse: (text) => {
    const [count = "", size = "", ...rest] = text.trim().split(/\s+/);
    const valid = /^[1-9][0-9]{0,3}$/.test(count) && sizeText(512, 16 * 1024 ** 2).parse(size) && rest.length === 0;
    return valid ? { value: `${count} ${size}` } : undefined;
  },
};

/** Digits that are written into a header as they are. */
export const digits: ConfigType<string> = {
  expects: "a whole number",
  parse: (text) => (/^[0-9]{1,15}$/.test(text) ? { value: text } : undefined),
};

export function oneOf<T extends string | number>(...values: readonly T[]): ConfigType<T> {
  return {
    expects: `one of ${values.join(", ")}`,
    parse: (text) => {
      const value = values.find((one) => String(one) === text);
      return value === undefined ? undefined : { value };
    },
  };
}

/** Header names: tokens (RFC 9110, 5.1) of letters, digits, - and _, so that each header has a variable of nginx. */
const HEADER = /^[A-Za-z0-9_-]{1,256}$/;

export const headerName: ConfigType<string> = {
  expects: "a header name of letters, digits, - and _",
  parse: (text) => (HEADER.test(text) ? { value: text } : undefined),
};

/** A response header that nothing else gives a meaning to. */
export const ownHeader: ConfigType<string> = {
  expects: "a header name that begins with X-, such as X-Answer-Reason, or empty",
  parse: (text) => (text === "" || /^X-[A-Za-z0-9-]{1,60}$/i.test(text) ? { value: text } : undefined),
};

/** Pieces between commas, trimmed, empty ones dropped. Bad pieces are left out, good ones stay. */
export function list(expects: string, isValid: (piece: string) => boolean): ConfigType<readonly string[]> {
  return {
    expects,
    parse: (text) => {
      const pieces = text.split(",").map((piece) => piece.trim()).filter((piece) => piece !== "");
      const value = pieces.filter(isValid);
      if (value.length === pieces.length) return { value };
      const dropped = pieces.filter((piece) => !isValid(piece));
      return value.length > 0 ? { value, dropped } : { value, dropped, used: "an empty list", bad: true };
    },
  };
}

export const headerNames = list("header names of letters, digits, - and _, separated by commas", (name) => HEADER.test(name));
/** nginx's tables of hidden headers for gRPC and FastCGI have buckets of 64 bytes, which no directive enlarges. */
export const hiddenHeaders = list("header names of at most 46 letters, digits, - and _, separated by commas", (name) => name.length <= 46 && HEADER.test(name));
/** Only compared with paths, never written anywhere. */
export const pathPrefixes = list("paths that start with /, separated by commas", (path) => path.startsWith("/"));
export const networks = list("addresses or networks such as 10.0.0.0/8, separated by commas", isNetwork);

/** Networks that alone may pass. If none of the list is valid, nobody may pass: it was meant to keep most clients out. */
export const onlyNetworks: ConfigType<readonly string[]> = {
  expects: networks.expects,
  parse: (text) => {
    const parsed = networks.parse(text);
    return parsed?.bad ? { ...parsed, value: NOBODY, used: "a list that lets nobody in" } : parsed;
  },
};
/** A list that holds no network: "none" is not one. */
const NOBODY = ["none"];

/** Words between blanks, joined by one blank. */
export function words(expects: string, word: RegExp): ConfigType<string> {
  return {
    expects,
    parse: (text) => {
      const found = text.split(/\s+/).filter((one) => one !== "");
      return found.length > 0 && found.every((one) => word.test(one)) ? { value: [...new Set(found)].join(" ") } : undefined;
    },
  };
}

/** OpenSSL's cipher list (openssl-ciphers), asked of OpenSSL itself; empty: nginx's own default. */
export const ciphers: ConfigType<string> = {
  expects: "an OpenSSL cipher list such as ECDHE-RSA-AES128-GCM-SHA256:HIGH:!aNULL",
  parse: (text) =>
    text === "" || (/^[A-Za-z0-9:,+!@=_. -]{1,4096}$/.test(text) && openSslTakes({ ciphers: text })) ? { value: text } : undefined,
};

/** The same, but OpenSSL is not asked about the `known` list: the question takes a quarter of the time in which a command starts. */
export function ciphersKnowing(known: string): ConfigType<string> {
  return { ...ciphers, parse: (text) => (text === known ? { value: text } : ciphers.parse(text)) };
}

/** The curves of OpenSSL 3.0, the oldest that nginx runs with. Node's own OpenSSL knows others, with which nginx would not start. */
const CURVES: ReadonlySet<string> = new Set([
  "X25519", "X448", "prime256v1", "secp384r1", "secp521r1", "P-256", "P-384", "P-521", "secp256k1", "brainpoolP256r1", "brainpoolP384r1",
  "brainpoolP512r1", "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192",
]);

export const curves: ConfigType<string> = {
  expects: 'curves such as X25519:prime256v1, or "auto"',
  parse: (text) => (text === "auto" || text.split(":").every((name) => CURVES.has(name)) ? { value: text } : undefined),
};

/** An absolute path without anything that shells or nginx would expand; empty: chosen by Sluice. */
export const logPath: ConfigType<string> = {
  expects: "an absolute path of letters, digits and / . _ -",
  parse: (text) => (text === "" || (/^(?:\/[\w.-]+)+$/.test(text) && !/\/\.\.?(?:\/|$)/.test(text)) ? { value: text } : undefined),
};

const ACCESS_LOG_PARAM = /^(?:buffer=[1-9][0-9]{0,6}[kKmM]?|flush=[1-9][0-9]{0,6}(?:ms|[smh])?|gzip(?:=[1-9])?)$/;

/** nginx flushes only what it buffers, and buffers what it compresses. */
export const accessLogParams: ConfigType<readonly string[]> = {
  expects: "buffer=SIZE, flush=TIME (with a buffer or gzip) and gzip or gzip=LEVEL, each at most once, separated by spaces",
  parse: (text) => {
    const words = text.split(/\s+/).filter((word) => word !== "");
    const names = words.map((word) => word.replace(/=.*/, ""));
    const valid = words.every((word) => ACCESS_LOG_PARAM.test(word)) && new Set(names).size === names.length;
    return valid && !(names.includes("flush") && names.length === 1) ? { value: words } : undefined;
  },
};

/** URIs, or `~` or `~*` and a regular expression. PCRE may read one that JavaScript cannot, so the edge reports those that are none. */
export const skippedUrls = list("URIs that begin with /, or ~ and a regular expression, separated by commas", (piece) =>
  piece.startsWith("~") ? piece.replace(/^~\*?/, "") !== "" : piece.startsWith("/"));

/** One line of printable text with variables that nginx knows: an unknown one would keep nginx from starting. */
export const logFormat: ConfigType<string> = formatOf("$status, ${http_referer}, …", isKnownLogVariable);

/** The same for connections below http. */
export const streamLogFormat: ConfigType<string> = formatOf("$remote_addr, $session_time, …, of its stream modules", isKnownStreamVariable);

function formatOf(examples: string, isKnown: (name: string) => boolean): ConfigType<string> {
  return {
    expects: `one line of text with nginx variables (${examples})`,
    parse: (text) => {
      // nginx would take a text that begins with escape= for an option of its own.
      if (text === "" || /\p{Cc}/u.test(text) || text.startsWith("escape=")) return undefined;
      // What remains after removing well-formed variables must hold no "$".
      const rest = text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => (isKnown(braced ?? bare ?? "") ? "" : whole));
      return rest.includes("$") ? undefined : { value: text };
    },
  };
}

/** Text with nginx variables, as texts and names in turn: `$a-${b}` is "", a, "-", b, "". */
export const variables: ConfigType<readonly string[]> = {
  expects: "text with nginx variables, such as $binary_remote_addr or $http_x_api_key",
  parse: (text) => {
    if (!/^[\x21-\x7e]+$/.test(text)) return undefined;
    const parts = text.split(/\$(?:\{(\w+)\}|(\w+))/).filter((part) => part !== undefined);
    const valid = parts.every((part, index) => (index % 2 === 0 ? !part.includes("$") : isKnownLogVariable(part)));
    return valid ? { value: parts } : undefined;
  },
};

export const workers: ConfigType<"auto" | number> = {
  expects: '"auto" or a whole number from 1 to 512',
  parse: (text) => (text === "auto" ? { value: text } : text === "" ? undefined : integer(1, 512).parse(text)),
};

const RISK_LEVELS = ["Low", "Medium", "High", "Critical"] as const;

/** ingress-nginx behaviour: upper and lower case are the same, and an unknown word counts as Low. */
export const riskLevel: ConfigType<(typeof RISK_LEVELS)[number]> = {
  expects: "Low, Medium, High or Critical",
  parse: (text) => {
    const value = RISK_LEVELS.find((level) => level.toLowerCase() === text.toLowerCase());
    return value ? { value } : { value: "Low", dropped: [text], used: "Low, the strictest,", bad: true };
  },
};

/** Any text between commas. */
export const anyWords: ConfigType<readonly string[]> = list("words separated by commas", () => true);

/** A share, from 0 to 1. */
export const ratio: ConfigType<number> = {
  expects: "a number from 0 to 1",
  parse: (text) => (/^(?:0|1|0?\.[0-9]{1,12}|[01]\.[0-9]{1,12})$/.test(text) && Number(text) <= 1 ? { value: Number(text) } : undefined),
};

/** A host of the cluster's network: a DNS name or an IP address. */
export const hostOrNone: ConfigType<string> = {
  expects: "a DNS name or an IP address",
  parse: (text) => (text === "" || isIP(text) !== 0 || /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9.])?$/.test(text) ? { value: text } : undefined),
};

/** Text that is shown to people; it never reaches nginx. */
export const shortText: ConfigType<string> = {
  expects: "at most 256 printable characters",
  parse: (text) => (/^[^\p{Cc}]{0,256}$/u.test(text) ? { value: text } : undefined),
};

const OTLP_GRPC = 4317;

/** ingress-nginx's default is the port of gRPC. An operator who wrote it down has a collector with both usual ports: the one for HTTP is used. */
export const otlpPort: ConfigType<number> = {
  expects: `a port for OTLP over HTTP (${OTLP_GRPC} is for gRPC)`,
  parse: (text) => {
    const parsed = integer(1, 65535).parse(text);
    return parsed?.value === OTLP_GRPC ? { value: 4318, dropped: [text], used: "4318, the usual port for HTTP," } : parsed;
  },
};
