/** Which proxies Sluice is compared with: the adapters of this folder, and the binaries that they start. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter } from "node:path";
import { UserError } from "../../src/support/user-error.ts";
import { inPath, isProgram, SYSTEM_FOLDERS } from "../tools.ts";
import type { Rival } from "./rival.ts";

export interface FoundRival {
  /** The name of the adapter's file. */
  readonly name: string;
  readonly rival: Rival;
  /** The program's path. */
  readonly path: string;
  readonly version: string;
}

/** Those that Debian has, in the order of the tables. */
const STANDARD = ["nginx", "haproxy", "caddy"] as const;
/** Files of this folder that are no adapters. */
const OTHERS: readonly string[] = ["rival.ts", "find.ts", "start.ts"];

export function adapterNames(): string[] {
  return readdirSync(new URL("./", import.meta.url)).filter((file) => file.endsWith(".ts") && !OTHERS.includes(file)).map((file) => file.slice(0, -".ts".length)).sort();
}

export interface Wanted {
  /** Name → path of a binary; "": the one in PATH. */
  readonly named: ReadonlyMap<string, string>;
  /** Compare with these alone, and those of `named`; undefined: with what Debian has and is installed. */
  readonly against: readonly string[] | undefined;
}

/** @throws UserError for a name without an adapter, a path that is no program, and a program that does not say its version. */
export async function findRivals({ named, against }: Wanted): Promise<FoundRival[]> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  const names = new Set([...(against ?? STANDARD), ...named.keys()]);
  const found: FoundRival[] = [];
  for (const name of names) {
    const rival = await adapterOf(name);
    const given = named.get(name) ?? "";
    const path = given === "" ? inPath(rival.command, folders) : given;
    if (path === undefined) {
      // Of the standard ones, what is not installed is left out; the table says so.
      if (against === undefined && !named.has(name)) continue;
      throw new UserError(`${rival.command} is not installed: name the path of its binary with --rival ${name}=/path/to/${rival.command}`);
    }
    found.push({ name, rival, path, version: versionOf(name, path, rival) });
  }
  return found;
}

/** The standard ones that are not among those found. */
export function notInstalled(found: readonly FoundRival[], { against }: Wanted): string[] {
  return against === undefined ? STANDARD.filter((name) => !found.some((one) => one.name === name)) : [];
}

export async function adapterOf(name: string): Promise<Rival> {
  const names = adapterNames();
  if (!names.includes(name)) throw new UserError(`There is no adapter for ${JSON.stringify(name)}: use one of ${names.join(", ")}, or write bench/rivals/NAME.ts (bench/rivals/rival.ts says how)`);
  const { rival } = (await import(new URL(`./${name}.ts`, import.meta.url).href)) as { rival: Rival };
  return rival;
}

function versionOf(name: string, path: string, { version, command }: Rival): string {
  if (!isProgram(path)) throw new UserError(`--rival ${name}=${path}: there is no program at this path; name the ${command} binary itself`);
  const { stdout, stderr, status, error } = spawnSync(path, version, { encoding: "utf8", timeout: 20_000 });
  const [found] = /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`) ?? [];
  if (error || status !== 0 || found === undefined) {
    const why = error?.message ?? `${`${stdout}${stderr}`.trim().split("\n")[0] || "nothing"}, exit code ${status}`;
    throw new UserError(`--rival ${name}=${path}: "${[path, ...version].join(" ")}" says no version (${why}); is it ${command}, built for this machine?`);
  }
  return found;
}
