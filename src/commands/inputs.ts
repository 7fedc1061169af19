/** Files, folders and streams that a command is given as words. */
import { readFileSync, statSync } from "node:fs";
import { manifestsSource } from "../source/manifests.ts";
import type { Unrendered } from "../source/manifests/unrendered.ts";
import type { Settings } from "../settings.ts";
import type { Source } from "../source/source.ts";
import { textSource } from "../source/text.ts";
import type { Log } from "../support/log.ts";
import { printable } from "../support/log.ts";
import { sayInputIsRead } from "../support/progress.ts";
import { UserError } from "../support/user-error.ts";

export const STDIN = "stdin";
const WRONG = 2;

export interface Inputs {
  /** Files and folders. */
  readonly files: readonly string[];
  /** Standard input (`stdin`) and pipes, which can be read once: their texts. */
  readonly streams: ReadonlyMap<string, string>;
  /** What of the files is passed over, because it is no object yet; absent: nobody looked. */
  readonly unrendered?: Unrendered;
}

/** Reads the streams among the words. Throws a UserError (exit code 2) for what is not there. */
export function readInputs(words: readonly string[]): Inputs {
  const files: string[] = [];
  const streams = new Map<string, string>();
  for (const word of words) {
    if (word === "-") streams.set(STDIN, readStream(STDIN, 0));
    else if (isStream(word)) streams.set(word, readStream(word, word));
    else files.push(word);
  }
  return { files, streams };
}

/** A pipe (`<(…)`), or a device. */
function isStream(path: string): boolean {
  try {
    const stats = statSync(path);
    return !stats.isFile() && !stats.isDirectory();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UserError(`${code === "ENOENT" ? "There is no file or folder" : "Not readable:"} "${printable(path)}"${code === "ENOENT" ? "" : ` (${code})`}.`, WRONG);
  }
}

function readStream(name: string, from: string | number): string {
  if (from === 0) sayInputIsRead();
  let bytes: Buffer;
  try {
    bytes = readFileSync(from);
  } catch (error) {
    throw new UserError(`${nameText(name)} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`, WRONG);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`${nameText(name)} is not UTF-8: convert it first (iconv).`, WRONG);
  }
}

function nameText(name: string): string {
  return name === STDIN ? "Standard input" : `"${printable(name)}"`;
}

/** All of it as one Source, by the settings: `objectNamespace` is that of objects that name none, or empty. */
export async function inputSource({ files, streams, unrendered }: Inputs, { objectNamespace, gatewayApi: gateways }: Pick<Settings, "objectNamespace" | "gatewayApi">, log: Log): Promise<Source> {
  const rules = { gateways, ...(objectNamespace === "" ? {} : { namespace: objectNamespace }) };
  const leaveOut = unrendered?.files ?? new Set();
  if (streams.size === 0) return manifestsSource({ folders: files, leaveOut, log, ...rules });
  const { texts } = files.length > 0 ? await (await import("./fixed.ts")).textsBelow(files, leaveOut) : { texts: new Map<string, string>() };
  return textSource(new Map([...texts, ...streams]), rules);
}

/** Throws a UserError (exit code 2) when nothing was read that could be right or wrong. */
export function requireObjects(source: Source, findings: readonly unknown[], objects: number, { files, streams, unrendered }: Inputs): void {
  if (objects > 0 || findings.length > 0 || (source.skipped?.() ?? 0) > 0) return;
  const where = [...[...streams.keys()].map(nameText), ...files.map((file) => `"${printable(file)}"`)].join(", ");
  const [first] = unrendered?.findings ?? [];
  if (first) throw new UserError(`There is no Kubernetes object in ${where}. ${first.file ?? ""}: ${first.sentence}`, WRONG);
  throw new UserError(`There is no Kubernetes object in ${where.replace(/^Standard/, "standard")}: name files (.yaml, .yml, .json) or folders with manifests, and look whether the command before a pipe has failed.`, WRONG);
}
