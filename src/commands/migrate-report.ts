/**
 * `sluice migrate report [FILE…]`: what moving these objects, or this cluster, from ingress-nginx to Sluice means.
 */
import { checkResult } from "../check/result.ts";
import { isOfJudging, judgedAs, readOldArguments, type OldArguments } from "../migrate/arguments.ts";
import { moveHtml } from "../migrate/html.ts";
import { oldControllers, WORKLOAD_KINDS, type OldController } from "../migrate/installation.ts";
import { moveReport, refusesSomething, type MoveReport } from "../migrate/report.ts";
import { ROLE_KINDS } from "../migrate/rights.ts";
import { moveText } from "../migrate/text.ts";
import { helpFor, parseSettings, type CommandLine } from "../settings.ts";
import { openConnection } from "../source/kubernetes/connection.ts";
import type { Connection } from "../source/kubernetes/connection.ts";
import { listRawObjects, type RawKind } from "../source/kubernetes/raw-objects.ts";
import { MOST_FILE } from "../source/manifests/declarations.ts";
import { renewLines } from "../source/manifests/documents.ts";
import { rawObjectsIn } from "../source/manifests/raw-objects.ts";
import type { RawObject } from "../source/raw.ts";
import type { Source } from "../source/source.ts";
import { printable } from "../support/log.ts";
import type { Log } from "../support/log.ts";
import { splitName } from "../support/namespaced-name.ts";
import { saidWhenLong } from "../support/progress.ts";
import { columnsOf, painterFor } from "../support/terminal.ts";
import { listed } from "../support/text.ts";
import { orExit, UserError } from "../support/user-error.ts";
import { checkSource, objectsRead } from "./checked.ts";
import { textsBelow } from "./fixed.ts";
import { inputSource, readInputs, requireObjects, type Inputs } from "./inputs.ts";
import { openSource, LOOK_PATIENCE_MS, logOfLook, withSource } from "./sources.ts";

const REFUSES = 1;
const UNREADABLE = 2;
/** Columns where the output is no terminal. */
const COLUMNS = 100;

export async function migrateReportCommand(argv: readonly string[]): Promise<void> {
  const asked = parseSettings(argv, "migrate-report");
  if (asked.help) return void process.stdout.write(helpFor("migrate-report"));
  const log = logOfLook(asked);
  const { report, unread } = await orExit(UNREADABLE, () => reportOf(asked, log));
  process.stdout.write(outputOf(report, asked));
  if (refusesSomething(report, unread)) process.exitCode = REFUSES;
}

function outputOf(report: MoveReport, { migrationReport, valuesOnly }: CommandLine): string {
  if (valuesOnly) return report.install.values;
  switch (migrationReport) {
    case "text":
      return moveText(report, columnsOf(process.stdout) ?? COLUMNS, painterFor(process.stdout));
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`;
    case "html":
      return moveHtml(report);
  }
}

/** Objects of the old installation, and what could not be read of them. */
interface OldObjects {
  readonly objects: readonly RawObject[];
  readonly problems: readonly string[];
}

interface Told {
  readonly report: MoveReport;
  /** Something may not be read. */
  readonly unread: boolean;
}

async function reportOf(asked: CommandLine, log: Log): Promise<Told> {
  const words = asked.arguments;
  const inputs = words.length > 0 ? readInputs(words) : undefined;
  const old = inputs ? await oldObjectsOf(inputs, asked) : await saidWhenLong("looking for ingress-nginx", () => oldObjectsInCluster(asked));
  const { controller, notes } = chosen(oldControllers(old.objects), asked);
  const given = controller && readOldArguments(controller);
  const settings = judgedAs(asked, given?.settings);
  const source = inputs ? await inputSource(inputs, asked, log) : openSource(settings, log, LOOK_PATIENCE_MS, true);
  const work = async (): Promise<MoveReport> => judgedReport(source, inputs, { settings, controller, given, objects: old.objects, notes: [...notes, ...old.problems] });
  return { report: await withSource(source, work), unread: old.problems.length > 0 };
}

interface Found {
  readonly settings: CommandLine;
  readonly controller: OldController | undefined;
  readonly given: OldArguments | undefined;
  readonly objects: readonly RawObject[];
  readonly notes: readonly string[];
}

async function judgedReport(source: Source, inputs: Inputs | undefined, { settings, controller, given, objects, notes }: Found): Promise<MoveReport> {
  const { judged: { built, program }, findings, complete } = await checkSource(source, settings, inputs !== undefined);
  const counted = { objects: objectsRead(source), skipped: source.skipped?.() ?? 0 };
  if (inputs) requireObjects(source, complete, counted.objects, inputs);
  const { snapshot } = source;
  return moveReport({
    snapshot, built, program, settings, controller,
    findings: checkResult(findings, counted, renewLines).findings,
    before: renewLines,
    source: inputs ? listed([...inputs.files, ...inputs.streams.keys()].map(printable), 3) : source.description,
    arguments: given,
    services: objects.filter(({ kind }) => kind === "Service"),
    roles: objects.filter(({ kind }) => ROLE_KINDS.includes(kind)),
    notes: [...notes, ...notesOf(source, settings, inputs !== undefined && findings.some(({ missing }) => missing?.kind === "Secret"))],
    all: settings.everyObject,
  });
}

/**
 * What the reader should know of how complete the objects are.
 * @param missesSecrets a Secret is named and not among the files.
 */
function notesOf({ snapshot }: Source, { configmap }: CommandLine, missesSecrets: boolean): readonly string[] {
  const ref = splitName(configmap);
  const missing = ref !== undefined && snapshot.get("ConfigMap", ref.namespace, ref.name) === undefined;
  return [
    ...(missing ? [`The ConfigMap ${printable(configmap)} that --configmap names was not found: every key has its default.`] : []),
    ...([...snapshot.all("Secret").values()].some(({ forbidden }) => forbidden === true) ? ["What is said of Secrets that may not be read is about the account of this command, not about the move."] : []),
    ...(missesSecrets && snapshot.all("Secret").size === 0 ? ["No Secret is among the objects, so those that Ingresses name are told as missing: add them, or give --partial to leave out what is named and not there."] : []),
  ];
}

function nameText({ workload: { kind, namespace, name } }: OldController): string {
  return printable(`${kind} ${namespace}/${name}`);
}

/** The controller that the report is about. */
function chosen(all: readonly OldController[], { oldController, given }: CommandLine): { readonly controller: OldController | undefined; readonly notes: readonly string[] } {
  const named = all.find(({ workload: { namespace, name } }) => `${namespace}/${name}` === oldController);
  if (oldController !== "" && !named) {
    const others = all.length === 0 ? "none was found" : `there is ${listed(all.map(nameText), 5)}`;
    throw new UserError(`No Deployment or DaemonSet ${printable(oldController)} runs ingress-nginx: ${others}`, UNREADABLE);
  }
  const controller = named ?? all[0];
  if (!controller) return { controller, notes: ["No Deployment or DaemonSet of ingress-nginx was found: the objects were judged with the flags of the command line, such as --configmap and --ingress-class."] };
  const several = all.length > 1 && !named ? [`There are ${all.length} controllers: ${listed(all.map(nameText), 5)}. This report is about the first; --controller=NAMESPACE/NAME chooses another.`] : [];
  const flags = [...given].some(isOfJudging) ? " and the flags of the command line, which win" : "";
  return { controller, notes: [`Judged with the arguments of ${nameText(controller)}${flags}.`, ...several] };
}

const OLD_KINDS = [...WORKLOAD_KINDS, "Service", ...ROLE_KINDS];

async function oldObjectsOf({ files, streams }: Inputs, { objectNamespace }: CommandLine): Promise<OldObjects> {
  const { texts } = files.length > 0 ? await textsBelow(files) : { texts: new Map<string, string>() };
  const small = [...texts].filter(([, text]) => text.length <= MOST_FILE * 1024 * 1024);
  const namespace = objectNamespace === "" ? "default" : objectNamespace;
  return { objects: [...small, ...streams].flatMap(([file, text]) => rawObjectsIn(file, text, OLD_KINDS, namespace)), problems: [] };
}

const APPS = "/apis/apps/v1";
const OLD_COLLECTIONS: readonly RawKind[] = [
  { kind: "Deployment", api: APPS, plural: "deployments" },
  { kind: "DaemonSet", api: APPS, plural: "daemonsets" },
  { kind: "Service", api: "/api/v1", plural: "services" },
];
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const ROLES: readonly RawKind[] = [
  { kind: "ClusterRole", api: RBAC, plural: "clusterroles" },
  { kind: "ClusterRoleBinding", api: RBAC, plural: "clusterrolebindings" },
];
/** Where ingress-nginx is installed, as a rule: looked at where the account may not list in all namespaces. */
const USUAL_NAMESPACE = "ingress-nginx";

async function oldObjectsInCluster({ kubeconfig, context, apiserverHost, certificateAuthority, oldController, watchNamespace }: CommandLine): Promise<OldObjects> {
  const connection = await openConnection({ kubeconfig, context, apiserverHost, certificateAuthority });
  try {
    const second = splitName(oldController)?.namespace ?? (watchNamespace === "" ? USUAL_NAMESPACE : watchNamespace);
    const read = await Promise.all(OLD_COLLECTIONS.map((kind) => listedSomewhere(connection, kind, second)));
    const roles = await Promise.all(ROLES.map((kind) => rolesListed(connection, kind)));
    return { objects: [...read.flatMap(({ objects }) => objects), ...roles.flat()], problems: read.flatMap(({ problems }) => problems) };
  } finally {
    await connection.close();
  }
}

/** Most accounts that may read all else may not read roles: then nothing is said of them. */
async function rolesListed(connection: Connection, kind: RawKind): Promise<readonly RawObject[]> {
  const all = await listRawObjects(connection, kind, "", AbortSignal.timeout(30_000)).catch(() => "forbidden" as const);
  return all === "forbidden" ? [] : all;
}

async function listedSomewhere(connection: Connection, kind: RawKind, second: string): Promise<OldObjects> {
  const signal = AbortSignal.timeout(30_000);
  try {
    const all = await listRawObjects(connection, kind, "", signal);
    if (all !== "forbidden") return { objects: all, problems: [] };
    const some = await listRawObjects(connection, kind, second, signal);
    const resource = kind.api === APPS ? `${kind.plural}.apps` : kind.plural;
    if (some === "forbidden") return { objects: [], problems: [`The account may not list ${resource}: ingress-nginx's own settings may be missing here. Let it read them, for example by the ClusterRole "view".`] };
    return { objects: some, problems: [`The account may list ${resource} in namespace ${printable(second)} only: an ingress-nginx elsewhere was not looked for.`] };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`The API server ${connection.description} gave no answer (${error instanceof Error ? error.message : String(error)}): look at --kubeconfig and --context.`, UNREADABLE);
  }
}
