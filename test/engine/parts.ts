/** Parts of a Program for tests, without a Model behind them. */
import { newTables } from "../../edge/src/tables.ts";
import type { EdgeHost, PartKind, PartValues } from "../../edge/src/program.ts";
import { frameLine, partKey, type Part } from "../../src/compile/program.ts";
import { contentDigest } from "../../src/support/digest.ts";
import { PrivateBytes } from "../../src/support/private-bytes.ts";

export function part<K extends PartKind>(kind: K, id: string, value: PartValues[K]): Part {
  const line = frameLine({ op: "set", kind, id, value });
  return { key: partKey(kind, id), kind, id, frame: new PrivateBytes(line), digest: contentDigest(line), profiles: new Map() };
}

export function hostPart(name: string, ...paths: readonly string[]): Part {
  const routes = paths.map((path) => ({ path, pool: "p", namespace: "", ingress: "", service: "", port: "" }));
  const table: EdgeHost = { name, routes, exact: {}, prefix: { "/": 0 }, lengths: [], root: 0 };
  return part("host", name, table);
}

export function poolPart(id: string, port: number): Part {
  return part("pool", id, { name: id, endpoints: [["10.0.0.1", port]] });
}

export function certificatePart(id: string, text = id): Part {
  return part("certificate", id, { chain: `chain of ${text}`, key: `key of ${text}` });
}

/** A part with some content that differs from version to version. */
export function somePart(kind: PartKind, id: string, version: number): Part {
  switch (kind) {
    case "host":
      return hostPart(id, `/${version}`);
    case "front":
      return part("front", id, { _: `shop/web/l${version}` });
    case "alias":
      return part("alias", id, { host: `h${version}` });
    case "pool":
      return poolPart(id, version);
    case "certificate":
      return certificatePart(id, String(version));
    case "tls":
      return part("tls", id, `c${version}`);
    case "users":
      return part("users", id, { somebody: `{PLAIN}${version}` });
    case "trust":
      return part("trust", id, { ca: `ca ${version}` });
    case "stream":
      return part("stream", id, { endpoints: [`10.0.0.1:${version}`] });
    case "settings":
      return part("settings", "", { ...newTables().settings, redirectCode: 300 + version });
  }
}
