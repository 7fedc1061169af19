/**
 * Rewrites manifests where they have one right answer (`sluice check --fix`).
 *
 * Guarantee: what is rewritten means the same. Every object is read before and after, and the model is built from both:
 * a file stays as it is unless they are equal, what is served is the same, and no error is new. Names that ingress-nginx
 * gave up come last: they are without effect before, so a file with them means more afterwards.
 */
import { randomBytes } from "node:crypto";
import { accessSync, chmodSync, chownSync, constants, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { FixContext } from "../check/fix/fixes.ts";
import { fixText, type FixedText, type FixKind } from "../check/fix/fix-text.ts";
import { compareFacts, compareFindings } from "../diff/compare.ts";
import { factsOf, type Facts } from "../diff/facts.ts";
import { annotationInvalid } from "../model/findings/catalogue.ts";
import type { Finding } from "../model/findings/findings.ts";
import type { Settings } from "../settings.ts";
import { walk } from "../source/manifests/folders.ts";
import type { AnyObject } from "../source/objects.ts";
import { LEGACY_CLASS, type Snapshot } from "../source/snapshot.ts";
import { textSource } from "../source/text.ts";
import { judgeSource } from "./judged.ts";

export interface Rewritten {
  /** By name of the file; those in which nothing was rewritten are left out. */
  readonly files: ReadonlyMap<string, FixedText>;
  /** Files that would mean something else, and stay as they are. */
  readonly left: readonly string[];
}

/** @param texts of all files that are judged together. */
export async function rewriteTexts(texts: ReadonlyMap<string, string>, settings: Settings): Promise<Rewritten> {
  const before = await meaningOf(texts, settings);
  const context = { classes: before.classes, prefix: settings.annotationsPrefix };
  const shapes = fixAll(texts, context, "shapes");
  const kept = await keepable(shapes, async (some) => meansTheSame(before, await meaningOf(withTexts(texts, some), settings)));
  const shaped = withTexts(texts, kept);
  const names = fixAll(shaped, context, "names");
  const named = await keepable(names, async (some) => newFindings(before.findings, (await meaningOf(withTexts(shaped, some), settings)).findings, spoils).length === 0);
  const files = new Map([...texts.keys()].flatMap((file) => {
    const [shape, name] = [kept.get(file), named.get(file)];
    const last = name ?? shape;
    return last ? [[file, { text: last.text, fixed: [...(shape?.fixed ?? []), ...(name?.fixed ?? [])].sort((a, b) => a.line - b.line) }] as const] : [];
  }));
  return { files, left: [...new Set([...shapes.keys(), ...names.keys()])].filter((file) => (shapes.has(file) && !kept.has(file)) || (names.has(file) && !named.has(file))) };
}

/** As many as pass together. Halves what does not pass, so that one file that would mean something else keeps few others from being rewritten. */
async function keepable(some: ReadonlyMap<string, FixedText>, passes: (some: ReadonlyMap<string, FixedText>) => Promise<boolean>): Promise<ReadonlyMap<string, FixedText>> {
  if (some.size === 0 || (await passes(some))) return some;
  if (some.size === 1) return new Map();
  const all = [...some];
  const half = all.length >> 1;
  const both = new Map([...(await keepable(new Map(all.slice(0, half)), passes)), ...(await keepable(new Map(all.slice(half)), passes))]);
  return (await passes(both)) ? both : new Map();
}

function fixAll(texts: ReadonlyMap<string, string>, context: Omit<FixContext, "text">, kind: FixKind): Map<string, FixedText> {
  return new Map([...texts].flatMap(([file, text]) => {
    const made = fixText(text, context, kind);
    return made.fixed.length > 0 ? [[file, made] as const] : [];
  }));
}

function withTexts(texts: ReadonlyMap<string, string>, made: ReadonlyMap<string, FixedText>): ReadonlyMap<string, string> {
  return new Map([...texts].map(([file, text]) => [file, made.get(file)?.text ?? text]));
}

interface Meaning {
  readonly objects: ReadonlyMap<string, unknown>;
  readonly facts: Facts;
  readonly findings: readonly Finding[];
  readonly classes: ReadonlySet<string>;
}

async function meaningOf(texts: ReadonlyMap<string, string>, settings: Settings): Promise<Meaning> {
  const source = textSource(texts);
  await source.start(() => {}, AbortSignal.timeout(0));
  const { built: { model }, program, findings } = await judgeSource(source, settings, false);
  const classes = new Set([...source.snapshot.all("IngressClass").values()].map(({ metadata: { name } }) => name));
  return { objects: objectsOf(source.snapshot), facts: factsOf(model, program, source.snapshot), findings, classes };
}

const READ = ["Ingress", "IngressClass", "Service", "EndpointSlice", "ConfigMap", "Namespace"] as const;

/** What was read of each object, whether or not it is served; where the class of an Ingress stands makes no difference. */
function objectsOf(snapshot: Snapshot): ReadonlyMap<string, unknown> {
  return new Map(READ.flatMap((kind) => [...snapshot.all(kind)].map(([key, object]) => [`${kind} ${key}`, withoutPlace(object)] as const)));
}

function withoutPlace(object: AnyObject): unknown {
  const { origin: _origin, ...read } = object;
  if (object.kind !== "Ingress") return read;
  const { [LEGACY_CLASS]: legacy, ...annotations } = object.metadata.annotations ?? {};
  const { ingressClassName, ...spec } = object.spec;
  return { metadata: { ...object.metadata, annotations }, spec, class: ingressClassName ?? legacy };
}

function meansTheSame(before: Meaning, after: Meaning): boolean {
  return isDeepStrictEqual(before.objects, after.objects) && compareFacts(before.facts, after.facts).length === 0 && newFindings(before.findings, after.findings, isError).length === 0;
}

/** A form that is read better may show what was hidden before: that is advice, unless it is an error. */
function isError({ severity }: Finding): boolean {
  return severity === "error";
}

/** A name that has an effect again must have a value that is one. */
function spoils({ severity, code }: Finding): boolean {
  return severity === "error" || code === annotationInvalid.code;
}

function newFindings(before: readonly Finding[], after: readonly Finding[], counts: (finding: Finding) => boolean): readonly unknown[] {
  return compareFindings(before.filter(counts), after.filter(counts)).filter(({ change }) => change !== "removed");
}

interface FileTexts {
  readonly texts: ReadonlyMap<string, string>;
  /** Files in another encoding than UTF-8, or that cannot be read. */
  readonly others: readonly string[];
}

/** The texts of the files below these paths, but for some. */
export async function textsBelow(paths: readonly string[], leaveOut: ReadonlySet<string> = new Set()): Promise<FileTexts> {
  const { files } = await walk(paths);
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const texts = new Map<string, string>();
  const others: string[] = [];
  for (const file of [...files.keys()].filter((one) => !leaveOut.has(one)).sort()) {
    try {
      texts.set(file, utf8.decode(readFileSync(file)));
    } catch {
      others.push(file);
    }
  }
  return { texts, others };
}

/**
 * Replaces a file's text at once, so that nobody reads half of it; its mode and owner stay, and a link stays a link.
 * Throws an error of the file system, or an Error when the file is not any more what was read.
 */
export function replaceText(file: string, before: string, text: string): void {
  const real = realpathSync(file);
  accessSync(real, constants.W_OK);
  if (readFileSync(real, "utf8") !== before) throw new Error("it was changed meanwhile");
  const { mode, uid, gid } = statSync(real);
  const beside = join(dirname(real), `.${randomBytes(8).toString("hex")}.sluice-fix`);
  try {
    writeFileSync(beside, text, { mode: 0o600, flag: "wx" });
    if (process.getuid?.() === 0) chownSync(beside, uid, gid);
    chmodSync(beside, mode & 0o7777);
    renameSync(beside, real);
  } finally {
    rmSync(beside, { force: true });
  }
}
