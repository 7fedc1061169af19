/**
 * The Program: what the edge runs, as parts that can be sent one by one.
 *
 * A part is one frame with a digest. The compiler keeps the parts of the last Program and compiles only what the
 * Model says has changed; equal content gives equal digests, so a part that came out the same is not a change.
 */
import type { EdgeSettings, Frame, PartKind, PartValues } from "../../edge/src/program.ts";
import type { Config } from "../model/config/config.ts";
import type { Finding } from "../model/findings/findings.ts";
import { programUnsound } from "../model/findings/catalogue.ts";
import type { Front } from "../model/shapes/front.ts";
import type { Listener } from "../model/shapes/listener.ts";
import { compileNetworks } from "../model/grammar/networks.ts";
import type { Pool } from "../model/shapes/routing.ts";
import type { Built, Model } from "../model/model.ts";
import type { HostKey } from "../model/shapes/host-key.ts";
import { contentDigest } from "../support/digest.ts";
import { exact } from "../support/exact.ts";
import { PrivateBytes } from "../support/private-bytes.ts";
import { atOnce, type Steps } from "../support/slices.ts";
import { blocksOf } from "./blocks.ts";
import { followsBoth, headerVariable, sentVariable } from "./forwarding.ts";
import { compileHost, type CompiledHost, type Surroundings, type Unsound } from "./host.ts";
import { createProfileCap, type IngressByName, type Need } from "./profile-cap.ts";
import { profileId, type Profile } from "./profiles.ts";
import { modelHas, partKey, referencesOf, type PartKey } from "./references.ts";
import type { TrustById } from "./trust.ts";
import { createThingsInUse, createUses } from "./uses.ts";

export interface Part {
  readonly key: PartKey;
  readonly kind: PartKind;
  readonly id: string;
  /** The `set` frame as one line of ASCII JSON. Certificates and users hold secrets. */
  readonly frame: PrivateBytes;
  /** Digest of the frame. The frame names kind and id as well, so no two parts have the same digest. */
  readonly digest: string;
  /** Profiles that must be live in nginx before this part may be. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** CA certificates that its profiles refer to; absent: none. */
  readonly trust?: TrustById;
  /** Who asks for which of its profiles; absent: nobody, because nginx always has them. */
  readonly needs?: readonly Need[];
  /** Parts that it refers to, which must be there as long as it is; absent: none. */
  readonly refersTo?: readonly PartKey[];
}

export interface Program {
  readonly parts: ReadonlyMap<PartKey, Part>;
  /** Profiles that parts need, by id; the same map as long as they are the same. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** CA certificates that these profiles refer to. */
  readonly trust: TrustById;
  /** Ports below http, by id; the same map as long as they are the same. */
  readonly listeners: ReadonlyMap<string, Listener>;
  /** Where requests for Gateways come in, by id; the same map as long as they are the same. */
  readonly fronts: ReadonlyMap<string, Front>;
  readonly config: Config;
}

export interface Compiled {
  readonly program: Program;
  /** Keys of parts that appeared, changed or vanished. */
  readonly changed: ReadonlySet<PartKey>;
}

export interface Compiler {
  /** The first call takes the whole Model, the following ones what changed since the call before. */
  compile(built: Built): Compiled;
  /** The same in steps; until the last one nothing else may be asked of the compiler. */
  compiling(built: Built): Steps<Compiled>;
  /** What Ingresses ask for and do not get, because their namespaces have too many profiles, or a reference of theirs is not sound. */
  findings(ingress: IngressByName): readonly Finding[];
}

export { partKey } from "./references.ts";
export type { PartKey } from "./references.ts";

/** `JSON.stringify` writes half a surrogate pair as its escape, behind an even number of backslashes. */
const HALF_A_PAIR = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * One line of ASCII: JSON whose other characters are escaped, so that any cut of it is valid text. Half a surrogate
 * pair is no text, and the workers' JSON reader refuses it, so it becomes U+FFFD.
 */
export function frameLine(frame: Frame): string {
  const line = JSON.stringify(frame);
  const text = line.includes("\\ud") ? line.replace(HALF_A_PAIR, "$1\\ufffd") : line;
  return text.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * @param mostProfiles how many profiles the routes of a namespace may need.
 * @param nameOf gives the id of a profile. Where two profiles have one id, the routes of the second are closed.
 */
export function createCompiler(mostProfiles = Infinity, nameOf: Surroundings["nameOf"] = profileId): Compiler {
  const cap = createProfileCap(mostProfiles);
  const parts = new Map<PartKey, Part>();
  const profiles = createThingsInUse<Profile>();
  const trust = createThingsInUse<string>();
  /** The parts that other parts refer to. */
  const bonds = createUses();
  const unsound = new Map<string, readonly Unsound[]>();
  /** Parts that the Model no longer has, and that other parts still refer to. */
  const kept = new Set<PartKey>();
  let first = true;
  function* compiling({ model, change }: Built): Steps<Compiled> {
    // The Program that is served stays whole until the last step.
    const changed = new Map<PartKey, Part | undefined>();
    const put = (key: PartKey, part: Part | undefined): void => {
      const before = changed.has(key) ? changed.get(key) : parts.get(key);
      if (part?.digest === before?.digest) return;
      if (part === undefined && bonds.has(key)) return void kept.add(key);
      changed.set(key, part);
      profiles.replace(before?.profiles, part?.profiles);
      trust.replace(before?.trust, part?.trust);
      bonds.replace(before?.refersTo, part?.refersTo);
    };
    const keys = (all: ReadonlyMap<string, unknown>, some: ReadonlySet<string>, everything: boolean): Iterable<string> =>
      everything ? new Set([...some, ...all.keys()]) : some;
    function* putAll(kind: PartKind, all: ReadonlyMap<string, unknown>, some: ReadonlySet<string>, make: (model: Model, id: string) => Part | undefined): Steps<void> {
      for (const id of keys(all, some, first)) {
        yield;
        put(partKey(kind, id), make(model, id));
      }
    }
    const exists = (key: PartKey): boolean => modelHas(model, key);
    const putHost = (key: HostKey): void => {
      const host = model.hosts.get(key);
      const compiled = host && compileHost(host, model.config, { beyond: cap.beyond, exists, inUse: profiles.inUse, nameOf });
      cap.note(key, compiled?.needs ?? []);
      if (compiled && compiled.unsound.length > 0) unsound.set(key, compiled.unsound);
      else unsound.delete(key);
      put(partKey("host", key), compiled && hostPart(key, compiled));
    };
    // Parts that refer to others come first, so that a part that is gone is no longer referred to when its turn comes.
    yield* putAll("alias", model.aliases, change.aliases, aliasPart);
    yield* putAll("front", model.fronts, change.fronts, frontPart);
    yield* putAll("tls", model.tls, change.tls, tlsPart);
    // A ConfigMap's defaults reach every host (timeouts, profiles, redirects).
    for (const key of keys(model.hosts, change.hosts, first || change.config)) {
      yield;
      putHost(key);
    }
    for (const key of cap.settle()) {
      yield;
      putHost(key);
    }
    yield* putAll("pool", model.pools, change.pools, poolPart);
    yield* putAll("certificate", model.certificates, change.certificates, certificatePart);
    yield* putAll("trust", model.trusts, change.trusts, trustPart);
    yield* putAll("users", model.users, change.users, usersPart);
    yield* putAll("stream", model.streams, change.streams, streamPart);
    if (change.config || first) put(partKey("settings", ""), part("settings", "", edgeSettings(model.config)));
    for (const key of [...kept]) {
      kept.delete(key);
      if (!modelHas(model, key)) put(key, undefined);
    }
    for (const [key, part] of changed) {
      if (part) parts.set(key, part);
      else parts.delete(key);
    }
    first = false;
    return { program: { parts, profiles: profiles.inUse(), trust: trust.inUse(), listeners: model.listeners, fronts: model.fronts, config: model.config }, changed: new Set(changed.keys()) };
  }
  return {
    compile: (built) => atOnce(compiling(built)),
    compiling,
    findings: (ingress) => [...cap.findings(ingress), ...unsoundFindings(unsound.values(), ingress)],
  };
}

/** One finding for each Ingress, about the first of its unsound paths. */
function unsoundFindings(hosts: Iterable<readonly Unsound[]>, ingress: IngressByName): Finding[] {
  const first = new Map([...hosts].flat().reverse().map((one) => [`${one.namespace}/${one.ingress}`, one]));
  return [...first.values()].map(({ namespace, ingress: name, path, why }) => {
    const object = ingress(namespace, name) ?? { kind: "Ingress" as const, metadata: { namespace, name }, spec: {} };
    return programUnsound({ object, field: "spec.rules" }, { path, why });
  });
}

/** One empty map for all parts without profiles, which are most. */
const NONE: ReadonlyMap<string, never> = new Map<string, never>();

function part<K extends PartKind>(kind: K, id: string, value: PartValues[K], profiles: Part["profiles"] = NONE, trust: TrustById = NONE): Part {
  const line = frameLine({ op: "set", kind, id, value });
  const frame = new PrivateBytes(line);
  const some = <T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> => (map.size > 0 ? map : NONE);
  const refersTo = referencesOf(kind, value);
  return { key: partKey(kind, id), kind, id, frame, digest: contentDigest(line), profiles: some(profiles), trust: some(trust), ...(refersTo.length > 0 ? { refersTo } : {}) };
}

function hostPart(key: HostKey, { table, profiles, trust, needs }: CompiledHost): Part {
  const made = part("host", key, table, profiles, trust);
  return needs.length > 0 ? { ...made, needs: exact(needs) } : made;
}

function aliasPart(model: Model, name: string): Part | undefined {
  const alias = model.aliases.get(name);
  return alias && model.hosts.has(alias.host) ? part("alias", name, { host: alias.host, ...(alias.redirect ? { redirect: true } : {}) }) : undefined;
}

function frontPart(model: Model, id: string): Part | undefined {
  const front = model.fronts.get(id);
  return front && part("front", id, { ...front.listeners });
}

function poolPart(model: Model, id: string): Part | undefined {
  const pool = model.pools.get(id);
  return pool && part("pool", id, edgePool(pool));
}

function edgePool(pool: Pool): PartValues["pool"] {
  return {
    name: pool.name,
    endpoints: pool.endpoints.map(({ address, port }) => [address.includes(":") ? `[${address}]` : address, port]),
  };
}

function certificatePart(model: Model, id: string): Part | undefined {
  const certificate = model.certificates.get(id);
  if (!certificate) return undefined;
  return part("certificate", id, { chain: certificate.chain, key: certificate.key.revealText() });
}

function tlsPart(model: Model, name: string): Part | undefined {
  const id = model.tls.get(name);
  // Where the certificate is missing, the name gets the default one.
  return id === undefined ? undefined : part("tls", name, model.certificates.has(id) ? id : "");
}

function usersPart(model: Model, id: string): Part | undefined {
  const users = model.users.get(id);
  return users && part("users", id, users.reveal());
}

function trustPart(model: Model, id: string): Part | undefined {
  const trust = model.trusts.get(id);
  return trust && part("trust", id, { ca: trust.ca, ...(trust.crl === undefined ? {} : { crl: trust.crl }) });
}

function streamPart(model: Model, id: string): Part | undefined {
  const stream = model.streams.get(id);
  return stream && part("stream", id, stream);
}

function edgeSettings(config: Config): EdgeSettings {
  const blocks = blocksOf(config);
  return {
    redirectCode: config.httpRedirectCode,
    forwardedProto: config.useForwardedHeaders,
    bodySize: config.proxyBodySize,
    ...(config.useProxyProtocol ? { proxyProtocol: true } : {}),
    ...(followsBoth(config) ? { proxies: { header: headerVariable(config.forwardedForHeader), trusted: compileNetworks(config.proxyRealIpCidr) } } : {}),
    limitKey: [...config.limitConnZoneVariable],
    limitRateStatus: config.limitReqStatusCode,
    limitConnectionsStatus: config.limitConnStatusCode,
    ...quietUris(config.skipAccessLogUrls),
    sampling: sampling(config),
    ...(blocks ? { blocks } : {}),
    ...operatorHeaders(config),
    ...(config.sslRejectHandshake ? { rejectHandshake: true } : {}),
  };
}

function quietUris(urls: readonly string[]): Pick<EdgeSettings, "quiet"> {
  if (urls.length === 0) return {};
  const patterns = urls.filter((url) => url.startsWith("~")).map((url) => (url.startsWith("~*") ? `(?i)${url.slice(2)}` : url.slice(1)));
  return { quiet: { exact: Object.fromEntries(urls.filter((url) => !url.startsWith("~")).map((url) => [url, true])), patterns } };
}

function operatorHeaders({ named: { requestHeaders, responseHeaders } }: Config): Pick<EdgeSettings, "requestHeaders" | "responseHeaders"> {
  const sent = (name: string): { sent?: string } => {
    const variable = sentVariable(name);
    return variable === undefined ? {} : { sent: variable };
  };
  return {
    ...(requestHeaders.length > 0 ? { requestHeaders: requestHeaders.map((header) => ({ ...header, ...sent(header.name) })) } : {}),
    ...(responseHeaders.length > 0 ? { responseHeaders: responseHeaders.map((header) => ({ ...header })) } : {}),
  };
}

const SAMPLERS = { AlwaysOn: "on", AlwaysOff: "off", TraceIdRatioBased: "ratio" } as const;

function sampling(config: Config): NonNullable<EdgeSettings["sampling"]> {
  return {
    sampler: SAMPLERS[config.otelSampler],
    ratio: config.otelSamplerRatio,
    parentBased: config.otelSamplerParentBased,
    reports: config.otlpCollectorHost !== "",
  };
}
