/** The types of values about the TLS of a host. */
import { openSslTakes } from "../../../support/openssl.ts";
import { succeeds } from "../../../support/succeeds.ts";
import type { ValueType } from "../../grammar/value-type.ts";

const URL_OF_PAGE = /^(https?:\/\/)?[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[A-Za-z0-9._-]+)*\/?$/;

/** Where to redirect to: a URL; https where no scheme is written. */
export const errorPageUrl: ValueType<string> = {
  expects: "a URL such as https://example.com/certificates, of letters, digits and - _ . only",
  parse: (text) => {
    const [whole, scheme] = URL_OF_PAGE.exec(text) ?? [];
    if (whole === undefined) return undefined;
    return { value: scheme === undefined ? `https://${text}` : text };
  },
  format: (value) => value,
};

const LONGEST_PATTERN = 1024;

/** A pattern that starts with `CN=`. PCRE runs it; a pattern that PCRE cannot run matches nobody. */
export const subjectPattern: ValueType<string> = {
  expects: 'a regular expression that starts with "CN="',
  parse: (text) => (text.startsWith("CN=") && text.length <= LONGEST_PATTERN && compiles(text) ? { value: text } : undefined),
  format: (value) => value,
};

/** Whether JavaScript takes the pattern, once what only Go and PCRE can read is taken out. Finds brackets that are not closed. */
function compiles(pattern: string): boolean {
  if (/\p{Cc}/u.test(pattern)) return false;
  const plain = pattern.replace(/\(\?[a-zA-Z-]+([:)])/g, (_, end: string) => (end === ")" ? "" : "(?:")).replaceAll("(?P<", "(?<");
  return succeeds(() => new RegExp(plain));
}

const CIPHERS = /^(?:[A-Za-z0-9!:+\-_,]|@STRENGTH|@SECLEVEL=[0-5])+$/;

/** OpenSSL's list of ciphers up to TLS 1.2. */
export const cipherList: ValueType<string> = {
  expects: "an OpenSSL list of ciphers, with at least one that OpenSSL knows for TLS 1.2",
  parse: (text) => (CIPHERS.test(text) && namesSome(text) ? { value: text } : undefined),
  format: (value) => value,
};

function namesSome(list: string): boolean {
  // Such a list cannot name suites of TLS 1.3; Node would take them out before it asks OpenSSL.
  if (/(?:^|[:, +!-])TLS_/.test(list)) return false;
  return openSslTakes({ ciphers: list, maxVersion: "TLSv1.2" });
}
