/**
 * `sluice get KIND [NAME…]`: what the Sluice of this machine, or of a pod, serves; with --manifests or --kubeconfig, what one would
 * serve that reads these objects.
 */
import { LISTED, rowsOf, type ListedKind, type ListedRow } from "../get/rows.ts";
import { tableText } from "../get/table.ts";
import { helpFor, parseSettings } from "../settings.ts";
import type { Settings } from "../settings.ts";
import { printable } from "../support/log.ts";
import { closest } from "../support/edit-distance.ts";
import { saidWhenLong } from "../support/progress.ts";
import { yaml } from "../support/packages.ts";
import { columnsOf } from "../support/terminal.ts";
import { UserError } from "../support/user-error.ts";
import { ranInCluster } from "./in-cluster.ts";
import { judgeSource } from "./judged.ts";
import { askRunning, endWithReader, healthAddress, nobodyAnswers } from "./running.ts";
import { openSource, LOOK_PATIENCE_MS, logOfLook, withSource } from "./sources.ts";

/** Between two looks of --watch. */
const LOOK_MS = 1000;
const NOT_FOUND = 1;
const INSTEAD = "give --manifests or --kubeconfig";

export async function getCommand(argv: readonly string[]): Promise<void> {
  const settings = parseSettings(argv, "get");
  if (settings.help) return void process.stdout.write(helpFor("get"));
  const [word, ...names] = settings.arguments;
  const kind = kindOf(word);
  if (await ranInCluster("get", settings, argv)) return;
  if (settings.watch) endWithReader();
  let said = "";
  let gone = false;
  do {
    try {
      const rows = chosen(await read(kind, settings), names, settings.namespace);
      const text = outputOf(kind, rows, settings);
      if (text !== said) process.stdout.write(said === "" ? text : `\n${text}`);
      said = text;
      gone = false;
      if (rows.length === 0 && names.length > 0) process.exitCode = NOT_FOUND;
    } catch (error) {
      // A Sluice that is started anew is there again in a moment.
      if (!settings.watch || said === "" || !(error instanceof UserError)) throw error;
      if (!gone) process.stderr.write(`sluice: ${error.message}\n`);
      gone = true;
    }
    if (settings.watch) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  } while (settings.watch);
}

/** What kubectl calls things that are listed under other names here. */
const KUBECTLS: Readonly<Record<string, ListedKind>> = { ingress: "routes", ingresses: "routes", ing: "routes", svc: "backends", services: "backends", service: "backends", endpoints: "backends", secrets: "certs", certificates: "certs" };

function kindOf(word: string | undefined): ListedKind {
  const all = `Write "sluice get" and one of ${LISTED.join(", ")}.`;
  if (word === undefined) throw new UserError(`What is to be listed? ${all}`, 2);
  const kind = LISTED.find((one) => one === word || one.slice(0, -1) === word);
  if (kind !== undefined) return kind;
  const near = Object.hasOwn(KUBECTLS, word) ? KUBECTLS[word] : closest(word, LISTED);
  throw new UserError(`"${printable(word)}" cannot be listed${near === undefined ? `. ${all}` : `: did you mean "${near}"?`}`, 2);
}

/** Rows of the namespace that have one of the names (a host, an Ingress, a Service, a code; with or without the namespace). */
function chosen(rows: readonly ListedRow[], names: readonly string[], namespace: string): readonly ListedRow[] {
  return rows.filter((row) => (namespace === "" || namespacesOf(row).includes(namespace)) && (names.length === 0 || namesOf(row).some((name) => names.includes(name))));
}

function textsAt(row: ListedRow, column: string): readonly string[] {
  const value = row[column];
  return value === undefined ? [] : typeof value === "object" ? value : [String(value)];
}

function namespacesOf(row: ListedRow): readonly string[] {
  return [...textsAt(row, "namespace"), ...textsAt(row, "ingresses").map((key) => key.split("/")[0] ?? "")];
}

function namesOf(row: ListedRow): readonly string[] {
  const [namespace = ""] = textsAt(row, "namespace");
  const own = ["host", "ingress", "service", "name", "code"].flatMap((column) => textsAt(row, column));
  const ofObject = textsAt(row, "object").map((text) => text.split(" ")[1] ?? "");
  const keys = [...textsAt(row, "ingresses"), ...ofObject];
  return [...own, ...own.map((name) => `${namespace}/${name}`), ...textsAt(row, "aliases"), ...keys, ...keys.map((key) => key.split("/")[1] ?? "")];
}

function outputOf(kind: ListedKind, rows: readonly ListedRow[], { listing }: Settings): string {
  switch (listing) {
    case "json":
      return `${JSON.stringify(rows, null, 2)}\n`;
    case "yaml":
      return yaml().stringify(rows);
    case "text":
    case "wide":
      return tableText(kind, rows, listing === "wide", columnsOf(process.stdout));
  }
}

function read(kind: ListedKind, settings: Settings): Promise<readonly ListedRow[]> {
  const { manifests, kubeconfig, context, apiserverHost } = settings;
  return manifests.length > 0 || kubeconfig !== "" || context !== "" || apiserverHost !== "" ? readSource(kind, settings) : ask(kind, settings);
}

async function readSource(kind: ListedKind, settings: Settings): Promise<readonly ListedRow[]> {
  return await withSource(openSource(settings, logOfLook(settings), LOOK_PATIENCE_MS), async (source) => {
    const { built: { model }, program, findings } = await judgeSource(source, settings);
    return rowsOf(kind, { model, program, findings });
  });
}

async function ask(kind: ListedKind, settings: Settings): Promise<readonly ListedRow[]> {
  const response = await saidWhenLong(`asking ${healthAddress(settings)}`, () => askRunning(settings, `/api/v1/list/${kind}`, { signal: AbortSignal.timeout(LOOK_PATIENCE_MS) }, INSTEAD));
  const rows: unknown = await response.json().catch(() => undefined);
  if (!Array.isArray(rows)) throw nobodyAnswers(settings, "what answers there is no Sluice, or an older one", INSTEAD);
  return rows as readonly ListedRow[];
}
