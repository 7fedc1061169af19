/**
 * What each version of the world answers, by the matcher on Node, with the same source, model, compiler and matcher as
 * `sluice explain`. Every version is kept, so that an answer can be compared with all versions that it may come from.
 */
import { X509Certificate } from "node:crypto";
import { decide } from "../../../edge/src/match.ts";
import { byName, type Tables } from "../../../edge/src/tables.ts";
import { createCompiler } from "../../../src/compile/program.ts";
import { unboundedSearch } from "../../support/unbounded-search.ts";
import { view } from "../../../src/explain/view.ts";
import { parseRequest } from "../../../src/explain/request.ts";
import { tablesOf } from "../../support/tables.ts";
import { createModelBuilder } from "../../../src/model/build/build.ts";
import { parseConfig } from "../../../src/model/config/parse.ts";
import { parseSettings } from "../../../src/settings.ts";
import { manifestsSource } from "../../../src/source/manifests.ts";

export interface Expected {
  /** Statuses that Sluice itself may answer; 0: the backend answers. */
  readonly statuses: ReadonlySet<number>;
  /** Endpoints (`address:port`) that may answer. */
  readonly endpoints: ReadonlySet<string>;
  /** The share of a canary among requests that the weight decides: from 0 to 1. */
  readonly canaryShare: number;
}

export interface Oracle {
  /** Reads the folder as it is now; resolves with the number of this version, from 0. */
  record(): Promise<number>;
  expected(version: number, request: { host: string; path: string; tls: boolean; headers: Readonly<Record<string, string>> }): Expected;
  /** Fingerprint of the certificate for a server name; undefined: the default certificate, which Sluice makes itself. */
  fingerprint(version: number, serverName: string): string | undefined;
  close(): void;
}

interface Version {
  readonly tables: Tables;
  readonly fingerprints: ReadonlyMap<string, string>;
}

export async function createOracle(folder: string): Promise<Oracle> {
  const source = manifestsSource({ folders: [folder], log: () => {} });
  const ending = new AbortController();
  await source.start(() => {}, ending.signal);
  const builder = createModelBuilder(parseSettings([], "run"));
  const compiler = createCompiler();
  const { config } = parseConfig(undefined);
  const versions: Version[] = [];
  return {
    async record() {
      await source.sync(AbortSignal.timeout(10_000));
      const built = builder.update(source.snapshot, source.snapshot.takeChanges(), config);
      const { program } = compiler.compile(built);
      const certificates = [...built.model.certificates.values()];
      const fingerprints = new Map(certificates.map(({ id, chain }) => [id, new X509Certificate(chain).fingerprint256]));
      return versions.push({ tables: tablesOf(program), fingerprints }) - 1;
    },
    expected(version, { host, path, tls, headers }) {
      const { tables } = at(versions, version);
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      const request = parseRequest(`${tls ? "https" : "http"}://${host}${path}`, lines);
      const statuses = new Set<number>();
      const endpoints = new Set<string>();
      let canaries = 0;
      for (let drawn = 1; drawn <= 100; drawn++) {
        const decision = decide(tables, view(request, () => drawn, undefined, undefined, unboundedSearch), request.host, request.path, tls);
        statuses.add(decision.status);
        if (decision.canary) canaries++;
        for (const [address, port] of decision.pool?.endpoints ?? []) endpoints.add(`${address}:${port}`);
      }
      return { statuses, endpoints, canaryShare: canaries / 100 };
    },
    fingerprint(version, serverName) {
      const { tables, fingerprints } = at(versions, version);
      return fingerprints.get(byName(tables.names, tables.wildcardNames, serverName) ?? "");
    },
    close: () => ending.abort(),
  };
}

function at(versions: readonly Version[], index: number): Version {
  const version = versions[index];
  if (!version) throw new RangeError(`no version ${index}`);
  return version;
}
