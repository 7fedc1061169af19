/** The pages made from tables: file in docs/ → Markdown. Pure functions of the tables, so the same tables give the same pages. */
import { existsSync } from "node:fs";
import * as admissionFindings from "../../src/admission/findings.ts";
import * as configFindings from "../../src/model/config/findings.ts";
import { NOT_HONOURED, PROTECTIONS } from "../../src/model/config/not-honoured.ts";
import { CONFIG_TABLE, type ConfigRow } from "../../src/model/config/table.ts";
import * as modelFindings from "../../src/model/findings-catalogue.ts";
import type { FindingKind } from "../../src/model/findings.ts";
import type { EngineState } from "../../src/engine/engine.ts";
import { engineFindings } from "../../src/report/engine-findings.ts";
import { defaultOf } from "../../src/settings/help.ts";
import { INGRESS_NGINX_FLAGS } from "../../src/settings/ingress-nginx-flags.ts";
import { FLAGS, GROUPS, type Command, type FlagRow } from "../../src/settings/table.ts";
import * as clusterFindings from "../../src/source/kubernetes/findings.ts";
import * as manifestFindings from "../../src/source/manifests/findings.ts";
import { annotationsPage } from "./annotations.ts";
import { code, page, table } from "./markdown.ts";

export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ["reference/flags.md", flagsPage()],
    ["reference/configmap.md", configPage()],
    ["reference/findings.md", findingsPage()],
    ["guide/annotations.md", annotationsPage()],
  ]);
}

function flagsPage(): string {
  const rows: FlagRow<unknown>[] = Object.values(FLAGS);
  return page("Flags", "src/settings/table.ts", [
    "`sluice COMMAND --help` prints those of one command. Names and defaults are ingress-nginx's where it has the flag.",
    ...GROUPS.flatMap((group) => [
      `## ${group}`,
      table(
        ["flag", "default", "what it does", "commands"],
        rows.filter((row) => row.group === group).map((row) => [
          code(`--${row.flag}${row.type.placeholder === "" ? "" : `=${row.type.placeholder}`}`),
          [defaultOf(row, "run"), row.demoDefault === undefined ? "" : `demo: ${defaultOf(row, "demo")}`].filter(Boolean).join("; "),
          row.help,
          row.commands?.filter(exists).join(" ") ?? "all",
        ]),
      ),
    ]),
    "## Taken without effect",
    "Flags of ingress-nginx that Sluice does not have. They are accepted, so that the arguments of an existing Deployment keep working, and named in the log at start.",
    [...INGRESS_NGINX_FLAGS].sort().map((name) => code(`--${name}`)).join(" "),
  ]);
}

/** The table of flags is ahead of the commands. */
function exists(command: Command): boolean {
  return existsSync(new URL(`../../src/commands/${command}.ts`, import.meta.url));
}

function configPage(): string {
  const rows: ConfigRow<unknown>[] = Object.values(CONFIG_TABLE);
  return page("ConfigMap", "src/model/config/table.ts", [
    "Keys of the ConfigMap that `--configmap` names. Names and defaults are ingress-nginx's, except where a row says otherwise. A key that cannot be read is a finding and keeps its default.",
    table(
      ["key", "default", "what it does", "must be"],
      rows.map((row) => [code(row.key), row.default === "" ? "empty" : code(row.default), row.doc, row.type.expects]),
    ),
    "## Not honoured",
    "Known keys of ingress-nginx without effect: a finding says so. The first list keeps requests out in ingress-nginx, so its finding is an error.",
    names(PROTECTIONS),
    names(NOT_HONOURED),
  ]);
}

const EVERYTHING_WRONG: EngineState = {
  observed: 1, programmed: 1, workers: 1, slots: 1, reloads: 0, reloadReasons: new Map(), behind: [],
  refused: "‹reason›", refusedSnippets: new Map(), keysNotKept: true, snapshotProblem: "‹reason›", missingPackages: ["‹package›"],
};

function findingsPage(): string {
  const catalogues = [modelFindings, configFindings, manifestFindings, clusterFindings, admissionFindings];
  const ofObjects = catalogues.flatMap((module) => Object.values<unknown>(module)).filter(isFinding)
    .map(({ code: name, severity, sentence, effect }) => ({ name, severity, says: `${sentence(PLACEHOLDERS)}`, effect: `${effect(PLACEHOLDERS)}` }));
  const ofEngine = engineFindings(EVERYTHING_WRONG, "‹reason›")
    .map(({ code: name, severity, sentence, effect }) => ({ name, severity, says: sentence, effect }));
  const all = [...ofObjects, ...ofEngine].sort((a, b) => (a.name < b.name ? -1 : 1));
  const section = (title: string, severity: string): string[] => [
    `## ${title}`,
    table(["code", "says", "effect"], all.filter((one) => one.severity === severity).map(({ name, says, effect }) => [code(name), says, effect])),
  ];
  return page("Findings", "the catalogues of findings in src/", [
    "What Sluice says about objects: in the log, in `sluice explain`, at `/api/v1/findings` of the health port, and as the metric `sluice_findings{severity,code}`. Codes are stable. Each comes with the object, the field and, from files, the line.",
    ...section("Errors: something is not served as written", "error"),
    ...section("Warnings: something has no effect or will break", "warning"),
    ...section("Information", "info"),
  ]);
}

/** Stands for the parameters of any finding: each is a list of one text, its own name, and prints as that. */
const PLACEHOLDERS = new Proxy({}, { get: (_, name) => [`‹${String(name)}›`] }) as never;

function isFinding(value: unknown): value is FindingKind<never> {
  return typeof value === "function" && "severity" in value && "sentence" in value;
}

function names(all: Iterable<string>): string {
  return [...all].map(code).join(" ");
}
