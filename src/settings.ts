/**
 * The command line: every flag is declared once, in `settings/table.ts`.
 *
 * Guarantee: arguments made for ingress-nginx start Sluice too; a mistake is one sentence with its remedy.
 */
import { closest } from "./support/edit-distance.ts";
import { printable } from "./support/text.ts";
import { UserError } from "./support/user-error.ts";
import { INGRESS_NGINX_FLAGS, ingressNginxFlag } from "./settings/ingress-nginx-flags.ts";
import { FLAGS, SHORT_FLAGS } from "./settings/table.ts";
import type { Command, FlagRow } from "./settings/table.ts";
import type { Settings } from "./settings/shape.ts";
import { splitListenAddress } from "./settings/values.ts";

export type { Settings } from "./settings/shape.ts";
export { COMMANDS } from "./settings/table.ts";
export type { Command } from "./settings/table.ts";
export { helpFor } from "./settings/help.ts";

/** The settings, and what else is on the command line. */
export interface CommandLine extends Settings {
  readonly help: boolean;
  readonly version: boolean;
  /** Words that are no flags: the URL to explain, … */
  readonly arguments: readonly string[];
  /** Flags of ingress-nginx that were given and have no effect, as `--name`. */
  readonly ignored: readonly string[];
  /** Settings that a flag was given for. */
  readonly given: ReadonlySet<keyof Settings>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the words of a command line say before their values are looked at. */
interface Words {
  readonly flags: { readonly name: string; readonly value: string | undefined }[];
  readonly rest: string[];
  readonly ignored: string[];
}

/** Commands that take words beside flags; for the others a word is most likely a slip (`--flag false`). */
const TAKES_ARGUMENTS: readonly Command[] = ["explain", "check", "diff", "get", "migrate-report", "demo", "rollout", "wait", "secret"];

/**
 * `argv` without the program and the command. Accepts `--flag=value`, `--flag value`, `--switch`, `--switch=false`.
 * Throws a UserError with exit code 2 for anything that is not understood, and for flags that exclude or need each other.
 */
export function parseSettings(argv: readonly string[], command: Command, env: NodeJS.ProcessEnv = process.env): CommandLine {
  const settings = parseFlags(argv, command, env);
  requireDistinctPorts(settings, command);
  requireWebhookFiles(settings);
  requireDashboard(settings);
  if (settings.endpoint.length > 0 && settings.manifests.length === 0 && command !== "demo") {
    throw mistake("--endpoint is for objects from files, a cluster has EndpointSlices: give --manifests as well");
  }
  if (settings.watchNamespace !== "" && settings.watchNamespaceSelector !== "") {
    throw mistake("--watch-namespace and --watch-namespace-selector both say which namespaces are read: give one of them");
  }
  if (settings.publishService !== "" && settings.publishStatusAddress.length > 0) {
    throw mistake("--publish-service and --publish-status-address both say which addresses Ingresses get: give one of them");
  }
  return settings;
}

/** As `parseSettings`, for a part of a command line: flags that exclude or need each other are not looked for. */
export function parseFlags(argv: readonly string[], command: Command, env: NodeJS.ProcessEnv = process.env): CommandLine {
  const words = splitWords(argv, command);
  const settings = defaultSettings(command, env);
  const given = new Set<keyof Settings>();
  for (const { name, value } of words.flags) {
    const field = fieldOf(name, command);
    if (field) take(settings, field, value, given);
  }
  const [word] = words.rest;
  if (word !== undefined && !TAKES_ARGUMENTS.includes(command)) {
    throw mistake(`Unexpected word "${word}": flags start with --, and a switch takes its value after "=" (--flag=false)`);
  }
  const asked = (name: string): boolean => words.flags.some((flag) => flag.name === name && flag.value !== "false");
  return { ...settings, help: asked("help"), version: asked("version"), arguments: words.rest, ignored: [...new Set(words.ignored)], given };
}

/** Letter → long names. */
const LONG: ReadonlyMap<string, string> = new Map(Object.entries(SHORT_FLAGS).map(([flag, short]) => [short, flag]));

/**
 * The word with a short flag of the command's in its long form; a value may follow the letter at once (`-ojson`, `-XPOST`).
 * `-v` with a number, here or as the next word, is klog's level.
 */
function longForm(word: string, next: string | undefined, command: Command): string {
  if (/^-v=?\d+$/.test(word)) return word.replace(/^-v=?/, "-v=");
  const [, letter = "", value = ""] = /^-([A-Za-z])(.*)$/s.exec(word) ?? [];
  const field = fieldOf(LONG.get(letter) ?? "", command, false);
  if (!field || (letter === "v" && /^\d+$/.test(next ?? "")) || fieldOf(/^-([\w-]*)/.exec(word)?.[1] ?? "", command, false)) return word;
  const { flag, type: { placeholder } } = FLAGS[field];
  if (placeholder === "") return value.replaceAll(letter, "") === "" ? `--${flag}` : word;
  return `--${flag}${value === "" ? "" : `=${value.replace(/^=/, "")}`}`;
}

/** How people write a command: `migrate report`. */
export function commandText(command: string): string {
  return command.replace("-", " ");
}

function splitWords(argv: readonly string[], command: Command): Words {
  const words: Words = { flags: [], rest: [], ignored: [] };
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") {
      words.rest.push(...argv.slice(index + 1));
      break;
    }
    const long = longForm(word, argv[index + 1], command);
    const [, name, inline] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(long) ?? [];
    if (name === undefined || (!long.startsWith("--") && name !== "h" && name !== "v")) {
      if (word.startsWith("-") && word !== "-") throw unknownFlag(word, command);
      words.rest.push(word);
      continue;
    }
    const foreign = fieldOf(name, command, false) || isBuiltIn(name) ? undefined : ingressNginxFlag(name);
    const needsValue = foreign?.takes === "value" || takesValue(name);
    const next = argv[index + 1];
    if (needsValue && inline === undefined) index++;
    if (needsValue && inline === undefined && next === undefined) throw mistake(`${word} needs a value: write ${word}=VALUE`);
    if (foreign) words.ignored.push(`${name.length === 1 ? "-" : "--"}${name}`);
    else words.flags.push({ name: name === "h" ? "help" : name, value: inline ?? (needsValue ? next : undefined) });
  }
  return words;
}

function isBuiltIn(name: string): boolean {
  return name === "help" || name === "h" || name === "version";
}

function fields(): (keyof Settings)[] {
  return Object.keys(FLAGS) as (keyof Settings)[];
}

function takesValue(name: string): boolean {
  return fields().some((field) => FLAGS[field].flag === name && FLAGS[field].type.placeholder !== "");
}

/** The setting that a flag sets; undefined for a built-in flag. Throws for a flag that this command does not have, if it is `required`. */
function fieldOf(name: string, command: Command, required = true): keyof Settings | undefined {
  const has = (field: keyof Settings): boolean => FLAGS[field].commands?.includes(command) ?? true;
  const field = fields().find((one) => FLAGS[one].flag === name && has(one));
  if (field) return field;
  if (required && !isBuiltIn(name)) throw unknownFlag(`--${name}`, command);
  return undefined;
}

function unknownFlag(word: string, command: Command): UserError {
  const own = fields().filter((field) => FLAGS[field].commands?.includes(command) ?? true);
  const names = [...own.map((field) => FLAGS[field].flag), ...INGRESS_NGINX_FLAGS.map(({ flag }) => flag), "help", "version"];
  const near = closest(word.replace(/^-+|=.*$/gs, ""), names);
  return mistake(
    `"sluice ${commandText(command)}" has no flag ${word}: ` + (near === undefined ? `see "sluice ${commandText(command)} --help"` : `did you mean --${near}?`),
  );
}

function take<K extends keyof Settings>(
  settings: Mutable<Settings>,
  field: K,
  text: string | undefined,
  given: Set<keyof Settings>,
): void {
  const row: FlagRow<Settings[K]> = FLAGS[field];
  const value = row.type.parse(text ?? "true");
  if (value === undefined) throw mistake(`--${row.flag} must be ${row.type.expects}, not "${printable(text ?? "")}"`);
  const before = settings[field];
  // The values of a list add up; of any other flag the last value counts.
  settings[field] = given.has(field) && Array.isArray(before) && Array.isArray(value)
    ? ([...before, ...value] as unknown as Settings[K])
    : value;
  given.add(field);
}

function defaultSettings(command: Command, env: NodeJS.ProcessEnv): Mutable<Settings> {
  const rows = fields().map((field): [string, unknown] => {
    const row: FlagRow<unknown> = FLAGS[field];
    const value = command === "demo" && row.demoDefault !== undefined ? row.demoDefault : row.default;
    return [field, typeof value === "function" ? value(env) : value];
  });
  return Object.fromEntries(rows) as Mutable<Settings>;
}

/** Two listeners on one port would keep nginx from starting. */
function requireDistinctPorts(settings: Settings, command: Command): void {
  if (!FLAGS.httpPort.commands?.includes(command)) return;
  const ports = [
    ["--http-port", settings.httpPort],
    ["--https-port", settings.httpsPort],
    ["--healthz-port", settings.healthzPort],
    ["--validating-webhook", splitListenAddress(settings.validatingWebhook)?.port ?? 0],
  ] as const;
  for (const [index, [flag, port]] of ports.entries()) {
    const earlier = ports.slice(0, index).find((one) => one[1] === port);
    if (earlier) throw mistake(`${flag} and ${earlier[0]} are both ${port}: give them different ports`);
  }
}

function requireWebhookFiles({ validatingWebhook, validatingWebhookCertificate: certificate, validatingWebhookKey: key }: Settings): void {
  if (validatingWebhook === "" || (certificate !== "" && key !== "")) return;
  throw mistake("--validating-webhook needs --validating-webhook-certificate and --validating-webhook-key: API servers ask over TLS only");
}

function requireDashboard({ dashboard, dashboardTokenFile, dashboardTokenReview, manifests }: Settings): void {
  if (!dashboard && (dashboardTokenFile !== "" || dashboardTokenReview)) {
    throw mistake(`${dashboardTokenReview ? "--dashboard-token-review" : "--dashboard-token-file"} says who may look at the dashboard, and there is none: give --dashboard as well`);
  }
  if (dashboardTokenReview && manifests.length > 0) {
    throw mistake("--dashboard-token-review asks an API server, and --manifests serves without one: give --dashboard-token-file instead");
  }
}

function mistake(sentence: string): UserError {
  return new UserError(sentence, 2);
}
