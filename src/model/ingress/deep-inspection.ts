/**
 * Text in hosts, paths and TLS names that only makes sense as an attack on nginx's configuration (--deep-inspect).
 *
 * No such text could reach nginx.conf here. An Ingress with one is refused all the same, because its author meant an
 * attack, or will be surprised. ingress-nginx behaviour: the same texts refuse the whole Ingress.
 */
import type { Ingress } from "../../source/objects.ts";
import { printable } from "../../support/text.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";

/** Every test takes time in proportion to the text, because an Ingress may have a megabyte of it. */
const DANGEROUS: readonly (readonly [(text: string) => boolean, string])[] = [
  [(text) => isDirective(text, /\balias\s/), "an alias directive of nginx"],
  [(text) => isDirective(text, /\broot\s/), "a root directive of nginx"],
  [(text) => /\/etc\/(?:passwd|shadow|group|nginx|ingress-controller)/.test(text), "the path of a system file"],
  [(text) => /\/var\/run\/secrets/.test(text), "the path of the pod's account"],
  [(text) => /_by_lua/.test(text), "a Lua directive of nginx"],
];

/** True: the text holds the word, and a `;` somewhere behind it. */
function isDirective(text: string, word: RegExp): boolean {
  const at = text.search(word);
  return at >= 0 && text.includes(";", at);
}

export function dangerousTexts(ingress: Ingress): readonly Finding[] {
  const findings: Finding[] = [];
  const inspect = (what: string, text: string | undefined, field: string): void => {
    const hit = text && DANGEROUS.find(([isIn]) => isIn(text));
    if (hit) findings.push(found.textDangerous({ object: ingress, field }, { what, text: printable(text).slice(0, 200), why: hit[1] }));
  };
  const { rules = [], tls = [] } = ingress.spec;
  for (const [index, { host, http }] of rules.entries()) {
    inspect("host", host, `spec.rules[${index}].host`);
    for (const [at, { path }] of (http?.paths ?? []).entries()) inspect("path", path, `spec.rules[${index}].http.paths[${at}].path`);
  }
  for (const [index, { hosts = [], secretName }] of tls.entries()) {
    inspect("Secret's name", secretName, `spec.tls[${index}].secretName`);
    for (const [at, host] of hosts.entries()) inspect("host", host, `spec.tls[${index}].hosts[${at}]`);
  }
  return findings;
}
