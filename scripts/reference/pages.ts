/** The pages made from tables: file in docs/ → Markdown, or a manual page. Pure functions of the tables, so the same tables give the same pages. */
import { existsSync } from "node:fs";
import * as admissionFindings from "../../src/admission/findings.ts";
import * as checkFindings from "../../src/check/api-server.ts";
import * as promisedFindings from "../../src/check/promised.ts";
import * as configFindings from "../../src/model/config/findings.ts";
import { OTHER_KEYS } from "../../src/model/config/other-keys.ts";
import type { ConfigRow, OtherRow } from "../../src/model/config/row.ts";
import { CONFIG_TABLE } from "../../src/model/config/table.ts";
import * as modelFindings from "../../src/model/findings/catalogue.ts";
import type { FindingKind } from "../../src/model/findings/findings.ts";
import type { EngineState } from "../../src/engine/engine.ts";
import { MOST_LEAVING, NONE_LEAVING } from "../../src/engine/leaving.ts";
import { engineFindings } from "../../src/report/engine-findings.ts";
import { defaultOf, flagText } from "../../src/settings/help.ts";
import { stateOfFlag } from "../../src/settings/flag-state.ts";
import { ALL_OF_INGRESS_NGINX } from "../../src/settings/ingress-nginx-flags.ts";
import { FLAGS, GROUPS, type Command, type FlagRow } from "../../src/settings/table.ts";
import * as reportFindings from "../../src/report/cluster/findings.ts";
import * as rolloutFindings from "../../src/rollout/findings.ts";
import * as clusterFindings from "../../src/source/kubernetes/findings.ts";
import * as manifestFindings from "../../src/source/manifests/findings.ts";
import { answersPage } from "./answers.ts";
import { annotationsPage } from "./annotations.ts";
import { chartPage } from "./chart.ts";
import { manPage } from "./man.ts";
import { code, page, table } from "./markdown.ts";

export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ["reference/flags.md", flagsPage()],
    ["reference/chart.md", chartPage()],
    ["reference/configmap.md", configPage()],
    ["reference/findings.md", findingsPage()],
    ["guide/annotations.md", annotationsPage()],
    ["guide/why-did-sluice-answer.md", answersPage()],
    ["man/sluice.1", manPage()],
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
          code(flagText(row)),
          [defaultOf(row, "run"), row.demoDefault === undefined ? "" : `demo: ${defaultOf(row, "demo")}`].filter(Boolean).join("; "),
          row.help,
          row.commands?.filter(exists).join(" ") ?? "all",
        ]),
      ),
    ]),
    "## Flags of ingress-nginx",
    "All of them are accepted, so that the arguments of an existing Deployment keep working. One that has no effect is named once at start, with its reason. Flags of klog, Kubernetes' logging library, come last.",
    table(["flag", "here", "how, or why not"], ALL_OF_INGRESS_NGINX.map((name) => [code(`--${name}`), stateOfFlag(name).state, stateOfFlag(name).remark])),
  ]);
}

/** Whether a command exists: the table of flags may name one that is still to come. */
function exists(command: Command): boolean {
  return existsSync(new URL(`../../src/commands/${command}.ts`, import.meta.url));
}

function configPage(): string {
  const rows: ConfigRow<unknown>[] = Object.values(CONFIG_TABLE);
  const others = (state: OtherRow["state"]): readonly OtherRow[] => OTHER_KEYS.filter((row) => row.state === state);
  const why = ({ key, why: reason, instead }: OtherRow): readonly string[] => [code(key), `It ${reason}.`, instead === "" ? "nothing" : instead];
  return page("ConfigMap", "src/model/config/", [
    "Keys of the ConfigMap that `--configmap` names: each one that ingress-nginx knows, and Sluice's own. Names and defaults are ingress-nginx's, except where a row says otherwise.",
    "A change takes effect at once. **reload** says what it costs: `no`, it travels to the workers as data; `yes`, nginx reads it in its configuration, so new workers take over and the old ones finish what they have.",
    "A value that cannot be read is a finding. The last good value of its key goes on serving, or its default where there was none since Sluice started. Of a list only the bad pieces are left out. A key that is removed has its default again; so have all when the ConfigMap itself is deleted, where ingress-nginx goes on with what it read last.",
    "## Keys",
    table(
      ["key", "default", "what it does", "must be", "reload"],
      rows.map((row) => [
        code(row.key),
        row.default === "" ? "empty" : code(row.default),
        [row.own ? "Sluice's own." : "", row.doc, row.differs === undefined ? "" : `**Differs**: ${row.differs}`].filter(Boolean).join(" "),
        row.type.expects,
        row.reload ? "yes" : "no",
      ]),
    ),
    "## Without effect here",
    "Their values change nothing; one that asks for something is a finding.",
    table(["key", "why", "instead"], others("no effect").map(why)),
    "## Refused",
    "A value is a finding that says, statement by statement, what does the same.",
    table(["key", "why", "instead"], others("refused").map(why)),
  ]);
}

const EVERYTHING_WRONG: EngineState = {
  observed: 1, programmed: 1, published: 1, waiting: new Set(), applied: 1, served: 1, workers: 1, slots: 1, reloads: 0, reloadReasons: new Map(), behind: [], silent: ["‹worker›"],
  leaving: { http: { ...NONE_LEAVING, generations: MOST_LEAVING }, stream: NONE_LEAVING },
  refused: "‹reason›", refusedSnippets: new Map(), keysNotKept: true, snapshotProblem: "‹reason›", endpointsProblem: "‹reason›", missingPackages: ["‹package›"],
  missingModules: [{ key: "‹key›", name: "‹package›" }], grpcOverTlsAlone: true,
  frontsBlocked: new Map([[{ id: "* 8080", port: 8080, https: false, listeners: {}, gateways: ["shop/web"], origin: { kind: "Gateway", namespace: "shop", name: "web", field: "spec.listeners" } }, "EADDRINUSE"]]),
  streams: {
    reloads: 0, refused: "‹reason›", modulesMissing: true, keepsHttps: true,
    blocked: new Map([[{ id: "", protocol: "tcp", port: 9000, acceptProxy: false, sendProxy: false, service: "", origin: { kind: "ConfigMap", namespace: "", name: "", field: "" } }, "EADDRINUSE"]]),
  },
};

function findingsPage(): string {
  const catalogues = [modelFindings, configFindings, manifestFindings, clusterFindings, reportFindings, rolloutFindings, admissionFindings, checkFindings, promisedFindings];
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
    "What Sluice says about objects: in the log, in `sluice explain` and `sluice check`, at `/api/v1/findings` of the health port, and as the metric `sluice_findings{severity,code}`. Codes are stable. Each comes with the object, the field and, from files, the line.",
    ...section("Errors: something is not served as written", "error"),
    ...section("Warnings: something has no effect or will break", "warning"),
    ...section("Information", "info"),
  ]);
}

/** Stands for the parameters of any finding: each parameter is a list with its own name as the only text, and prints as that name. */
const PLACEHOLDERS = new Proxy({}, { get: (_, name) => [`‹${String(name)}›`] }) as never;

function isFinding(value: unknown): value is FindingKind<never> {
  return typeof value === "function" && "severity" in value && "sentence" in value;
}
