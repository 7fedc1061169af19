/**
 * The annotations about who may pass: networks, passwords, and how the two are combined.
 *
 * ingress-nginx behaviour: the networks of the ConfigMap hold where an Ingress names none, and are replaced where it
 * does; whatever cannot be honoured closes the paths.
 */
import { MOST_BYTES } from "../../../../edge/src/password-cost.ts";
import type { HashCost } from "../../../../edge/src/password-cost.ts";
import type { EdgeFilters } from "../../../../edge/src/program.ts";
import type { Secret } from "../../../source/objects.ts";
import { digestOf } from "../../../support/digest.ts";
import { printable } from "../../../support/text.ts";
import type { Config } from "../../config/config.ts";
import * as found from "../../findings/catalogue.ts";
import { CLOSED } from "../../findings/findings.ts";
import { compileNetworks, isNetwork } from "../../grammar/networks.ts";
import type { ValueType } from "../../grammar/value-type.ts";
import { oneOf } from "../../grammar/value-types.ts";
import { parseUserFile, parseUserMap } from "../../secrets/user-file.ts";
import type { UserFile } from "../../secrets/user-file.ts";
import type { Users } from "../../shapes/routing.ts";
import { annotation, field } from "../annotation.ts";
import type { Honoured } from "../annotation.ts";
import type { Feature, FilterContext } from "../feature.ts";
import { namedSecret } from "../resolver.ts";
import type { ResolveContext, Resolver } from "../resolver.ts";
import { slot } from "../slot.ts";
import type { Values } from "../slot.ts";

export interface AccessValues {
  /** Networks whose clients may pass; empty: all clients may. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly satisfy: "any" | "all";
  readonly type?: "basic" | "digest";
  /** The Secret of auth-secret, `name` or `namespace/name`. */
  readonly secret?: string;
  readonly secretType: "auth-file" | "auth-map";
  readonly realm: string;
  /** The users of the Secret; set by the resolver. */
  readonly users?: Users;
}

/** What the annotations of an Ingress say about who may pass. */
export const access = slot("access", ({ whitelistSourceRange, denylistSourceRange }: Config): AccessValues => (
  { allow: whitelistSourceRange, deny: denylistSourceRange, satisfy: "all", secretType: "auth-file", realm: "" }
));

/** Networks between commas, blanks around them. */
export const networkList: ValueType<readonly string[]> = {
  expects: "addresses or networks such as 10.0.0.0/8 or 2001:db8::/32, separated by commas",
  parse: (text) => {
    const pieces = text.split(",").map((piece) => piece.trim());
    return pieces.every(isNetwork) ? { value: pieces } : undefined;
  },
  format: (value) => value.join(","),
};

/** ingress-nginx's character set; it takes blanks out of the name. */
const secretName: ValueType<string> = {
  expects: "the name of a Secret: name or namespace/name",
  parse: (text) => (/^[A-Za-z0-9\-._~/: ]+$/.test(text) ? { value: text.replaceAll(" ", "") } : undefined),
  format: (value) => value,
};
const realm: ValueType<string> = {
  expects: "letters, digits, spaces and - . _ ~ / : only",
  parse: (text) => (/^[A-Za-z0-9\-._~/: ]+$/.test(text) ? { value: text } : undefined),
  format: (value) => value,
};

const annotations: readonly Honoured[] = [
  annotation<readonly string[]>({
    name: "allowlist-source-range",
    aliases: ["whitelist-source-range"],
    group: "acl",
    risk: "Medium",
    scope: "location",
    type: networkList,
    doc: "Only clients of these networks may pass; others get 403. Replaces the ConfigMap's whitelist-source-range.",
    onInvalid: "closed",
    ...networks("allow"),
  }),
  annotation<readonly string[]>({
    name: "denylist-source-range",
    group: "acl",
    risk: "Medium",
    scope: "location",
    type: networkList,
    doc: "Clients of these networks get 403, allowed or not. Replaces the ConfigMap's denylist-source-range.",
    onInvalid: "closed",
    ...networks("deny"),
  }),
  annotation<"basic" | "digest">({
    name: "auth-type",
    group: "authentication",
    risk: "Low",
    scope: "location",
    type: oneOf("basic", "digest"),
    doc: "Ask for a user name and a password, by HTTP basic or digest authentication.",
    differs: "Only the two words are taken: a word that contains one of them, with which ingress-nginx's configuration breaks for everybody, refuses the Ingress. Digest authentication needs no nginx module, and holds for an empty realm, which that module lets everybody into.",
    differsFor: (value) => value === "digest",
    onInvalid: "refused",
    ...field(access, "type"),
  }),
  annotation<string>({
    name: "auth-secret",
    group: "authentication",
    risk: "Medium",
    scope: "location",
    type: secretName,
    doc: "Secret with the users, `name` or `namespace/name` (another namespace: allow-cross-namespace-resources).",
    differs: "Without auth-type it closes the paths, where ingress-nginx leaves them open. Lines that say nothing, and a Secret without users, get a finding.",
    differsFor: (_, has) => !has("auth-type"),
    onInvalid: "closed",
    ...field(access, "secret"),
  }),
  annotation<"auth-file" | "auth-map">({
    name: "auth-secret-type",
    group: "authentication",
    risk: "Low",
    scope: "location",
    type: oneOf("auth-file", "auth-map"),
    doc: "What the Secret holds: `auth-file`: an htpasswd (or htdigest) file under the key `auth`; `auth-map`: a user per key, whose value is the hash.",
    onInvalid: "refused",
    ...field(access, "secretType"),
  }),
  annotation<string>({
    name: "auth-realm",
    group: "authentication",
    risk: "Medium",
    scope: "location",
    type: realm,
    doc: "The realm that clients are told; digest authentication needs the one that the hashes were made with.",
    differs: "The realm `off`, with which nginx asks for no password at all, is a realm like any other.",
    differsFor: (value) => value === "off",
    onInvalid: "refused",
    ...field(access, "realm"),
    get: (values) => access.of(values).realm || undefined,
  }),
  annotation<"all" | "any">({
    name: "satisfy",
    group: "authentication",
    risk: "Low",
    scope: "location",
    type: oneOf("any", "all"),
    doc: "Whether one of networks, password and external authentication is enough (`any`) or all of those that are set must hold.",
    ...field(access, "satisfy"),
  }),
];

/** `get` and `set` of a list of networks. An empty list counts as no value. */
function networks(name: "allow" | "deny"): ReturnType<typeof field<AccessValues, "allow" | "deny">> {
  const shown = (list: readonly string[]): readonly string[] | undefined => (list.length > 0 ? list : undefined);
  return { ...field(access, name), get: (values) => shown(access.of(values)[name]) };
}

const resolver: Resolver = {
  groups: ["authentication"],
  resolve(values, at) {
    const given = access.of(values);
    const { type, secret } = given;
    if (type === undefined || secret === undefined) {
      explainMissing(at, type !== undefined, secret !== undefined);
      return values;
    }
    const users = usersOf(given, type, at);
    if (users === undefined) at.close();
    return users === undefined ? values : access.with(values, { users });
  },
};

/** auth-type and auth-secret need each other: one without the other closes the paths. auth-secret-type and auth-realm do nothing without both. */
function explainMissing(at: ResolveContext, hasType: boolean, hasSecret: boolean): void {
  const refuse = (name: string, needs: string): void => {
    at.report(found.authenticationIncomplete(at.place(name), { name, needs }));
    at.close();
  };
  // For a value that is not valid there is a finding already, and it has had its effect.
  if (hasType && at.given("auth-secret") === undefined) return refuse("auth-type", "auth-secret");
  if (hasSecret && at.given("auth-type") === undefined) return refuse("auth-secret", "auth-type");
  if (hasType || hasSecret) return;
  for (const name of ["auth-secret-type", "auth-realm"]) {
    if (at.given(name) !== undefined && at.given("auth-type") === undefined) {
      at.report(found.annotationAlone(at.place(name), { name, needs: "auth-type and auth-secret" }));
    }
  }
}

/** The users of the Secret; undefined, with a finding, when there are none that could pass. */
function usersOf({ secret: text = "", secretType, realm: ofRealm }: AccessValues, type: "basic" | "digest", at: ResolveContext): AccessValues["users"] {
  const refuse = (key: string, why: string): undefined => {
    at.report(found.annotationReference(at.place("auth-secret"), { name: "auth-secret", kind: "Secret", key: printable(key), why, effect: CLOSED }));
  };
  const secret = namedSecret(text, at, refuse);
  if (!secret) return undefined;
  const { key } = secret;
  const file = readUsers(secret.object, secretType, type);
  if (!file) return refuse(key, 'has no key "auth" with the users: add it, or set auth-secret-type to "auth-map"');
  const whereOf = (line: number): string => (secretType === "auth-map" ? `The value of key ${line} (by name)` : `Line ${line} of "auth"`);
  for (const { line, why } of file.problems) at.report(found.userLineIgnored(at.place("auth-secret"), { key, where: whereOf(line), why }));
  if (file.costly) {
    at.report(found.passwordTooCostly(at.place("auth-secret"), { key, where: whereOf(file.costly.line), cost: costText(file.costly.cost) }));
    return undefined;
  }
  if (file.users.size === 0) return refuse(key, "holds no user: add one, as htpasswd writes it");
  if (type === "digest" && !file.users.realms.has(ofRealm)) {
    const realms = [...file.users.realms].sort().map(printable);
    at.report(found.realmWithoutUsers(at.place("auth-realm"), { key, realm: ofRealm, realms }));
  }
  // The id is made from the Secret's name, not from its content: a digest could give away content that is short enough to be guessed.
  return { id: digestOf(`${type} ${secretType} ${key}`), list: file.users };
}

function costText(cost: HashCost | undefined): string {
  if (cost === undefined) return "something that cannot be told from its parameters";
  const seconds = `${Number((cost.microseconds / 1_000_000).toPrecision(2))} s`;
  return cost.bytes > MOST_BYTES ? `${seconds} and ${Math.round(cost.bytes / 1024 ** 2)} MiB` : seconds;
}

function readUsers({ data }: Secret, secretType: AccessValues["secretType"], type: "basic" | "digest"): UserFile | undefined {
  if (secretType === "auth-map") return parseUserMap(data, type);
  return data["auth"] ? parseUserFile(data["auth"], type) : undefined;
}

/** What the edge does with the values. */
function edge(values: Values, { path, config }: FilterContext): EdgeFilters {
  const { allow, deny, satisfy, type, realm: text, users } = access.of(values);
  const exempt = config.noAuthLocations.some((start) => path.startsWith(start));
  const addresses = {
    ...(deny.length > 0 ? { deny: compileNetworks(deny) } : {}),
    ...(allow.length > 0 ? { allow: compileNetworks(allow) } : {}),
  };
  const asks = !exempt && type !== undefined && users !== undefined;
  return {
    ...(Object.keys(addresses).length > 0 ? { addresses } : {}),
    ...(asks ? { credentials: { type, realm: text, users: users.id } } : {}),
    // `any` means nothing where there is no check beside external authentication.
    ...(satisfy === "any" && (asks || Object.keys(addresses).length > 0) ? { any: true } : {}),
  };
}

export const accessFeature: Feature = { slot: access, annotations, resolver, edge };
