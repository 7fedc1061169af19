/** The types of the ConfigMap's values that are about the machine and about other objects. */
import { digestOf } from "../../support/digest.ts";
import { splitName } from "../../support/namespaced-name.ts";
import { PrivateBytes } from "../../support/private-bytes.ts";
import { operatorRules, type OperatorRules } from "../snippets/operator-rules.ts";
import type { TicketKey } from "./config.ts";
import type { ConfigType } from "./value-types.ts";

const DNS_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** The name of an object in any namespace: only the operator writes it. */
export const objectName: ConfigType<string> = {
  expects: "of the form namespace/name, or empty",
  parse: (text) => {
    if (text === "") return { value: text };
    const ref = splitName(text);
    return ref && DNS_NAME.test(ref.namespace) && DNS_NAME.test(ref.name) ? { value: text } : undefined;
  },
};

/** Lengths that nginx takes for a key (https://nginx.org/r/ssl_session_ticket_key). */
const TICKET_KEY_BYTES: readonly number[] = [48, 80];

export const ticketKey: ConfigType<TicketKey | undefined> = {
  expects: "base64 of 48 or 80 bytes, or empty",
  parse: (text) => {
    if (text === "") return { value: undefined };
    const bytes = /^[A-Za-z0-9+/\s]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : Buffer.alloc(0);
    return TICKET_KEY_BYTES.includes(bytes.length) ? { value: { id: digestOf(bytes), bytes: new PrivateBytes(bytes) } } : undefined;
  },
};

/** Any text is taken: rules that ModSecurity cannot read close the paths that they should guard, instead of being dropped. */
export const rules: ConfigType<OperatorRules | undefined> = {
  expects: "directives of ModSecurity, or empty",
  parse: (text) => ({ value: text === "" ? undefined : operatorRules(text) }),
};

export const mediaType: ConfigType<string> = {
  expects: "a media type such as text/html",
  parse: (text) => (/^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}\/[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$/.test(text) ? { value: text } : undefined),
};

const PLAIN = /^[\w !#%&',/:=@~<>|.*+?^$()[\]\\-]{1,1000}$/;
/** What PCRE does not read as JavaScript does: groups with options, verbs, names of classes, empty classes, other escapes. */
const NOT_ALIKE = [/\(\?(?!:)/, /\(\*/, /\[([:.=])[^\]]*\1\]/, /\[\^?\]/, /\\[^.dDwWsS/()[\]|*+?^$\\-]/];

/** Takes only what PCRE and JavaScript read alike, and has JavaScript check it: an expression that nginx cannot read would keep it from starting. */
export const plainPattern: ConfigType<string> = {
  expects: "a plain regular expression such as MSIE [1-6][.], or empty",
  parse: (text) => {
    const plain = PLAIN.test(text) && !NOT_ALIKE.some((one) => one.test(text)) && isExpression(text);
    return text === "" || plain ? { value: text } : undefined;
  },
};

/** With the flag `u` JavaScript is strict about escapes, classes and brackets. */
function isExpression(text: string): boolean {
  try {
    new RegExp(text, "u");
    return true;
  } catch {
    return false;
  }
}

export const cpuAffinity: ConfigType<string> = {
  expects: '"auto", or masks of 0 and 1 separated by spaces, or empty',
  parse: (text) => {
    const words = text.split(/\s+/).filter((word) => word !== "");
    const masks = words[0] === "auto" ? words.slice(1) : words;
    const valid = masks.every((mask) => /^[01]{1,256}$/.test(mask)) && masks.length <= (words[0] === "auto" ? 1 : 512);
    return valid ? { value: words.join(" ") } : undefined;
  },
};
