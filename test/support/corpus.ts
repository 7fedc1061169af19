/**
 * The files of `test/corpus/`, read: a manifest as somebody wrote it, and what is asked about it. `test/corpus/README.md`
 * describes the lines `#$ …`; a word that it does not name is an error.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse, parseAllDocuments, stringify } from "yaml";
import { certificatesOf } from "./cases/certificates.ts";
import { table } from "./cases/shape.ts";
import { ROOT } from "./sluice.ts";

export const CORPUS = join(ROOT, "test/corpus");

export interface Entry {
  /** The name of its file, without `.yaml`. */
  readonly name: string;
  /** Flags of every command about it. */
  readonly flags: readonly string[];
  /** Whether it would mean something else beside its neighbours. */
  readonly alone: boolean;
  /** Command lines beyond `check` and `get routes`. */
  readonly asked: readonly (readonly string[])[];
  /** Writes the manifests, and what Kubernetes and people would add, to a folder, which is made. */
  readonly write: (folder: string) => void;
}

const WORDS = new Set(["flags", "certificates", "bytes", "folder", "endpoints", "alone", "explain", "get", "check", "migrate"]);

/** All entries of a folder of the corpus, by name. */
export function readEntries(suite: string): readonly Entry[] {
  return globSync("*.yaml", { cwd: join(CORPUS, suite) }).sort().map((file) => readEntry(suite, file));
}

function readEntry(suite: string, file: string): Entry {
  const text = readFileSync(join(CORPUS, suite, file), "utf8");
  const lines = [...text.matchAll(/^#\$ (\S+) ?(.*)$/gm)].map(([, word = "", rest = ""]) => ({ word, rest }));
  const slip = lines.find(({ word }) => !WORDS.has(word));
  if (slip) throw new Error(`${suite}/${file}: "#$ ${slip.word}" is no word of test/corpus/README.md`);
  const of = (word: string): readonly string[] => lines.filter((line) => line.word === word).map(({ rest }) => rest);
  return {
    name: basename(file, ".yaml"),
    flags: of("flags").flatMap(shellWords),
    alone: of("alone").length > 0 || of("flags").length > 0,
    asked: lines.filter(({ word }) => ["explain", "get", "check", "migrate"].includes(word)).map(({ word, rest }) => [word, ...shellWords(rest)]),
    write: (folder) => {
      mkdirSync(folder, { recursive: true });
      const copied = of("folder").flatMap((from) => globSync(`${from}/**/*.yaml`, { cwd: ROOT }).map((path): [string, string] => [path.slice(from.length + 1).replaceAll("/", "-"), readFileSync(join(ROOT, path), "utf8")]));
      for (const [name, content] of copied) writeFileSync(join(folder, name), content);
      writeFileSync(join(folder, file), encoded(text, of("bytes")));
      const texts = [text, ...copied.map(([, content]) => content)];
      const slices = of("endpoints").includes("none") ? [] : texts.flatMap(slicesOf);
      const secrets = of("certificates").flatMap((line) => certificatesOf(table(parse(line), file), file).secrets);
      const made = [...slices, ...secrets].map((object) => stringify(object, { lineWidth: 0 })).join("---\n");
      if (made !== "") writeFileSync(join(folder, `made-${file}`), made);
    },
  };
}

/** Words of a line, which quotes hold together. */
function shellWords(line: string): readonly string[] {
  return [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ""));
}

function encoded(text: string, [form]: readonly string[]): string | Buffer {
  switch (form) {
    case undefined:
      return text;
    case "crlf":
      return text.replaceAll("\n", "\r\n");
    case "bom":
      return `\ufeff${text}`;
    case "utf-16":
      return Buffer.from(`\ufeff${text}`, "utf16le");
    default:
      throw new Error(`"#$ bytes ${form}" is none of crlf, bom, utf-16`);
  }
}

interface Shape {
  readonly kind?: string;
  readonly items?: readonly Shape[];
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: { readonly type?: string; readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[] };
}

/** What Kubernetes would write for the pods behind the Services of a text: two for each, with addresses by their order. */
function slicesOf(text: string): readonly object[] {
  const objects = parseAllDocuments(text, { strict: false, logLevel: "silent", merge: true }).filter(({ errors }) => errors.length === 0).map((document) => document.toJS() as Shape | null);
  const services = objects.flatMap((one) => one?.items ?? (one ? [one] : [])).filter((one) => one.kind === "Service" && Array.isArray(one.spec?.ports) && one.spec.type !== "ExternalName");
  return services.map(({ metadata: { name = "", namespace = "default" } = {}, spec: { ports = [] } = {} }, index) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-made`, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: ports.map(({ name: port, protocol = "TCP" }, at) => ({ ...(port === undefined ? {} : { name: port }), protocol, port: 20080 + at })),
    endpoints: [1, 2].map((last) => ({ addresses: [`10.0.${index}.${last}`], conditions: { ready: true } })),
  }));
}
