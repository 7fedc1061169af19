/**
 * Files that are no objects yet: templates of a Helm chart, patches of a kustomization. What they become, Helm and kustomize
 * say; neither is run here.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";
import type { Finding } from "../../model/findings/findings.ts";
import { shellWord } from "../../support/text.ts";
import { parseDocument } from "./documents.ts";
import { at, items, rootField, textOfField, type Field } from "./fields.ts";
import { chartUnrendered, fileSubject, kustomizationUnbuilt } from "./findings.ts";
import { walk } from "./folders.ts";

export interface Unrendered {
  /** Paths as `walk` gives them: reading them as manifests would find mistakes that are none. */
  readonly files: ReadonlySet<string>;
  /** One for each chart, and one for each kustomization that no other one builds on; each in the order of its paths. */
  readonly findings: readonly Finding[];
}

/** Files that cannot be read are left to whoever reads manifests. */
export async function unrenderedBelow(paths: readonly string[]): Promise<Unrendered> {
  const { files, folders } = await walk(paths);
  // A walk finds files and folders in no order.
  const charts = chartsAmong([...files.keys()].sort());
  const kustomizations = kustomizationsIn([...folders.keys()].sort());
  const templates = charts.flatMap(({ templates: own }) => own);
  const patches = [...kustomizations.values()].flatMap((one) => one.patches).filter((file) => files.has(file));
  return {
    files: new Set([...templates, ...patches]),
    findings: [
      ...charts.map(({ file, templates: { length: count } }) => chartUnrendered(whereOf(file), { count, folder: shellWord(dirname(file)) })),
      ...leaves(kustomizations).map(([folder, { file }]) => kustomizationUnbuilt(whereOf(file), { folder: shellWord(folder) })),
    ],
  };
}

function whereOf(file: string): { subject: Finding["object"]; field: string; file: string; line: number } {
  return { subject: fileSubject(file), field: "", file, line: 1 };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

interface Chart {
  /** Its Chart.yaml. */
  readonly file: string;
  /** Those with something for Helm to do in them: a file without that is an object as it is. */
  readonly templates: readonly string[];
}

/** Charts that lie in no other one, and have templates. */
function chartsAmong(files: readonly string[]): readonly Chart[] {
  const own = files.filter((file) => basename(file) === "Chart.yaml");
  const inside = (file: string, chart: string): boolean => !relative(dirname(chart), file).startsWith("..");
  const outermost = own.filter((file) => !own.some((other) => other !== file && inside(file, other)));
  return outermost.map((file) => ({
    file,
    templates: files.filter((one) => inside(one, file) && dirname(one).split("/").includes("templates") && textOf(one).includes("{{")),
  })).filter(({ templates }) => templates.length > 0);
}

interface Kustomization {
  readonly file: string;
  readonly patches: readonly string[];
  /** Folders that it builds on. */
  readonly bases: readonly string[];
  /** It does more than name objects. */
  readonly changes: boolean;
}

/** The names that kustomize looks for. */
const NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/** What a kustomization may hold without changing an object. */
const HARMLESS: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata", "resources", "bases"]);

/** By their folders. */
function kustomizationsIn(folders: readonly string[]): ReadonlyMap<string, Kustomization> {
  return new Map(folders.flatMap((folder) => {
    const file = NAMES.map((name) => join(folder, name)).find((one) => existsSync(one));
    const read = file === undefined ? undefined : parseDocument(textOf(file));
    if (file === undefined || !read?.valid || typeof read.value !== "object" || read.value === null) return [];
    const root = rootField(read.value);
    const texts = (name: string): string[] => items(at(root, name)).flatMap((one) => textOfField(one) ?? []);
    const paths = (name: string): string[] => items(at(root, name)).flatMap((one: Field) => textOfField(at(one, "path")) ?? []);
    const below = (path: string): string => normalize(join(folder, path)).replace(/(?<=.)\/$/, "");
    return [[folder, {
      file,
      patches: [...paths("patches"), ...paths("patchesJson6902"), ...texts("patchesStrategicMerge")].filter((path) => !path.includes("\n")).map(below),
      bases: [...texts("resources"), ...texts("bases"), ...texts("components")].map(below),
      changes: Object.keys(read.value).some((key) => !HARMLESS.has(key)),
    }] as const];
  }));
}

/** Kustomizations on which no other one builds, and that change something, themselves or by what they build on. */
function leaves(all: ReadonlyMap<string, Kustomization>): readonly (readonly [folder: string, Kustomization])[] {
  const built = new Set([...all.values()].flatMap(({ bases }) => bases));
  const changes = (folder: string, seen: ReadonlySet<string> = new Set()): boolean => {
    const one = all.get(folder);
    return one !== undefined && !seen.has(folder) && (one.changes || one.bases.some((base) => changes(base, new Set([...seen, folder]))));
  };
  return [...all].filter(([folder]) => !built.has(folder) && changes(folder));
}
