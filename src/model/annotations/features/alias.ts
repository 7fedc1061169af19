/**
 * The annotation `server-alias`: further names of the Ingress's hosts.
 *
 * ingress-nginx behaviour: what nginx takes as `server_name`: exact names, `*.parent` for any number of labels,
 * `.parent` for both, `start.*`, and `~` with a regular expression. Unlike there, a name that nginx would not take is
 * left out alone.
 */
import { printable } from "../../../support/text.ts";
import * as found from "../../findings/catalogue.ts";
import { whyNoExpression } from "../../grammar/path-pattern.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { ALIAS_BOUNDS } from "../../shapes/bounds.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature } from "../feature.ts";
import type { Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";

export interface AliasValues {
  /** The names as the edge knows them; the resolver has left out what is no name. */
  readonly names: readonly string[];
}

const DEFAULTS: AliasValues = { names: [] };

/** What the annotations of an Ingress say about further names of its hosts. */
export const alias = slot<AliasValues>("alias", () => DEFAULTS);

/** ingress-nginx's character set for regular expressions. */
const ITEM = /^[A-Za-z0-9\-._~/:^$[\](){}*+?|&=\\]*$/;
const NAME = /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/;

const names: ValueType<readonly string[]> = {
  expects: "names, separated by commas: letters, digits and - . _ *, or ~ and a regular expression",
  parse: (text) => {
    const items = text.split(",").map((item) => item.trim());
    return items.every((item) => ITEM.test(item)) ? { value: items.filter((item) => item !== "") } : undefined;
  },
  format: (value) => value.join(","),
};

const annotations: readonly Honoured[] = [
  annotation<readonly string[]>({
    name: "server-alias",
    group: "alias",
    risk: "High",
    scope: "host",
    type: names,
    doc: "Further names of the host: exact ones, `*.parent` (any number of labels), or `~` and a regular expression. They are served with the host's certificate where it covers them, but for those that an expression or `name.*` stands for.",
    onInvalid: "refused",
    differs: `A name that two hosts claim belongs to the older Ingress, and one that nginx could not take is left out alone. An Ingress may give its hosts 10,000 further names in all, ${ALIAS_BOUNDS.ingress} of them as expressions.`,
    ...field(alias, "names"),
  }),
];

/** Bound on names times hosts: each host wants each name, and an Ingress has room for thousands of both. */
const MOST = 10_000;

const resolver: Resolver = {
  groups: ["alias"],
  resolve(values, at) {
    const list = alias.of(values).names.flatMap((text) => {
      const read = readName(text);
      if (typeof read !== "string") return read;
      at.report(found.aliasInvalid(at.place("server-alias"), { name: printable(text), why: read }));
      return [];
    });
    const hosts = Math.max(1, new Set((at.ingress.spec.rules ?? []).map(({ host }) => host)).size);
    const named = [...new Set(list)];
    const left = new Set(named.filter((name) => name.startsWith("~")).slice(ALIAS_BOUNDS.ingress));
    const [first] = left;
    if (first !== undefined) at.report(found.aliasExpressionsExhausted(at.place("server-alias"), { left: left.size, first: printable(first) }));
    const all = named.filter((name) => !left.has(name));
    const most = Math.floor(MOST / hosts);
    const [beyond] = all.slice(most);
    if (beyond !== undefined) {
      const why = `an Ingress may give its hosts ${MOST} further names in all, so each of its ${hosts} has room for ${most}: this one and those behind it are too many`;
      at.report(found.aliasInvalid(at.place("server-alias"), { name: printable(beyond), why }));
    }
    return alias.with(values, { names: all.slice(0, most).sort() });
  },
};

/** The names that one item stands for, or why it is no name. */
function readName(text: string): readonly string[] | string {
  if (text.startsWith("~")) {
    const why = text === "~" ? "is empty" : whyNoExpression(text.slice(1));
    return why === undefined ? [text] : `the regular expression ${why}`;
  }
  const name = text.toLowerCase();
  if (name.startsWith(".") && isName(name.slice(1))) return [name.slice(1), `*${name}`];
  if (name.startsWith("*.") ? isName(name.slice(2)) : name.endsWith(".*") ? isName(name.slice(0, -2)) : isName(name)) return [name];
  return "use labels of letters, digits, - and _ joined by dots, with * as the first or the last of them at most";
}

function isName(text: string): boolean {
  return text !== "_" && text.length <= 253 && NAME.test(text);
}

export const aliasFeature: Feature = { slot: alias, annotations, resolver };
