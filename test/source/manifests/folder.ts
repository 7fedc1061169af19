/** A real folder of manifests for one test, and a source that reads it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Finding } from "../../../src/model/findings/findings.ts";
import { manifestsSource } from "../../../src/source/manifests.ts";
import type { Source } from "../../../src/source/source.ts";

export interface Folder {
  readonly path: string;
  write(name: string, text: string): void;
}

export function folderOf(t: TestContext, files: Readonly<Record<string, string>> = {}): Folder {
  const path = mkdtempSync(join(tmpdir(), "sluice-manifests-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { path, write };
}

export interface Started {
  readonly source: Source;
  readonly logged: string[];
  /** Reads everything anew. */
  sync(): Promise<void>;
  /** Resolves as soon as `holds` is true, which is tried after every change that the source tells of. */
  until(holds: () => boolean): Promise<void>;
}

export async function startOn(t: TestContext, ...folders: string[]): Promise<Started> {
  const logged: string[] = [];
  const source = manifestsSource({
    folders,
    log: (level, message, fields) => void logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
  });
  const stop = new AbortController();
  t.after(() => stop.abort());
  let waiters: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiters;
    waiters = [];
    for (const wakeUp of woken) wakeUp();
  };
  await source.start(wake, stop.signal);
  return {
    source,
    logged,
    sync: () => source.sync(stop.signal),
    async until(holds) {
      while (!holds()) await new Promise<void>((resolve) => waiters.push(resolve));
    },
  };
}

/** The findings as `code file:line field`, with the file relative to the folder. */
export function told(findings: readonly Finding[], folder: Folder): string[] {
  return findings.map(({ code, file, line, field }) => `${code} ${file?.replace(`${folder.path}/`, "")}:${line} ${field}`.trim());
}

export const service = (name: string, port: number): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{port: ${port}}]}\n`;
