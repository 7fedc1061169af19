/**
 * Reads the text of modsecurity-snippet: directives of ModSecurity's, one in a line.
 *
 * Guarantee: what comes back is one directive a line, of those that only judge the requests of their own location. Where
 * logs go is left out; what opens other files, runs programs or keeps the worker waiting is refused by name, and so is every form of quoting that
 * ModSecurity's own reader could take for the end of an argument.
 */
import type { RuleFile, RuleLine } from "../shapes/snippet.ts";
import type { Forbidden } from "./forbidden.ts";

export interface Rules {
  readonly rules: readonly RuleLine[];
  /** Directives that say where logs go: the rules hold without them. */
  readonly leftOut: readonly string[];
}

export type ParsedRules = Rules | { readonly problem: string } | { readonly forbidden: Forbidden };

const LONGEST = 64 * 1024;
const KNOWN_FILES: ReadonlyMap<string, RuleFile> = new Map([
  ["/etc/nginx/modsecurity/modsecurity.conf", { include: "main" }],
  ["/etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf", { include: "core" }],
]);

const FILES = "opens files of the machine";
const CODE = "runs programs where everybody's private keys are";
const WAITS = "keeps the worker waiting for a name server";
const NOT_HERE = "is none of the directives that Ingresses may use";

class Unreadable extends Error {}
class Refused extends Error {
  readonly forbidden: Forbidden;
  constructor(name: string, why: string) {
    super();
    this.forbidden = { name, why };
  }
}

/** The file of this machine that takes the place of a file of ingress-nginx's image; undefined: the image has no such file. */
export function knownFile(path: string): RuleFile | undefined {
  return KNOWN_FILES.get(path);
}

/**
 * The text as ingress-nginx's nginx hands it to ModSecurity: there it stands in single quotes, so quotes and backslashes
 * have a backslash before them. A text with a single quote that has none before it could not be written there; it is
 * taken as it stands.
 */
export function asNginxReads(text: string): string {
  const plain = /(?<!\\)(?:\\\\)*'/.test(text);
  return plain ? text : text.replace(/\\(["'\\])/g, "$1");
}

export function parseRules(written: string): ParsedRules {
  const text = asNginxReads(written);
  if (text.length > LONGEST) return { problem: `it is longer than ${LONGEST / 1024} KiB` };
  if (/(?![\t\n\r])\p{Cc}/u.test(text)) return { problem: "it holds control characters" };
  try {
    return readLines(logicalLines(text));
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    if (error instanceof Refused) return { forbidden: error.forbidden };
    throw error;
  }
}

function readLines(lines: Iterable<Line>): Rules {
  const rules: RuleLine[] = [];
  const leftOut: string[] = [];
  for (const line of lines) {
    const words = wordsOf(line);
    const name = words[0]?.text ?? "";
    if (OF_LOGS.test(name)) leftOut.push(name);
    else rules.push(readLine(line, name, words.slice(1)));
  }
  return { rules, leftOut };
}

const OF_LOGS = /^sec(?:auditlog(?:2|type|storagedir|dirmode|filemode)?|debuglog(?:level)?)$/i;

interface Line {
  readonly number: number;
  readonly text: string;
}

/** Lines that go on after a backslash are joined; comments and empty lines are left out. */
function* logicalLines(text: string): Generator<Line> {
  let number = 0;
  let begun: Line | undefined;
  for (const raw of text.replaceAll("\r", "").split("\n")) {
    number++;
    const piece = begun ? raw.trimStart() : raw.trim();
    if (!begun && (piece === "" || piece.startsWith("#"))) continue;
    const goesOn = /\\[ \t]*$/.test(piece);
    const line: Line = { number: begun?.number ?? number, text: (begun?.text ?? "") + piece.replace(/\\[ \t]*$/, "") };
    begun = goesOn ? line : undefined;
    if (!goesOn) yield line;
  }
  if (begun) throw new Unreadable(`line ${begun.number} goes on after the end`);
}

interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

function readLine(line: Line, name: string, args: readonly Word[]): RuleLine {
  const texts = args.map(({ text }) => text);
  if (name.toLowerCase() === "include") {
    const file = texts.length === 1 ? knownFile(texts[0] ?? "") : undefined;
    if (!file) throw new Refused(name, FILES);
    return file;
  }
  const rule = DIRECTIVES.get(name.toLowerCase());
  if (!rule) throw new Refused(name, whyNot(name));
  if (texts.length < rule.least || texts.length > rule.most) throw new Unreadable(`line ${line.number} has a wrong number of arguments for ${name}`);
  rule.check?.(texts);
  return [name, ...args.map(({ text, quoted }) => (quoted ? `"${text}"` : text))].join(" ");
}

/** Words and double-quoted texts. Quotes within them, escaped or not, are refused: a pattern can hold `\x22` instead. */
function wordsOf({ number, text }: Line): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const quoted = text[at] === '"';
    const end = quoted ? text.indexOf('"', at + 1) : at + (/^[^\s]*/.exec(text.slice(at))?.[0].length ?? 0);
    if (end < 0) throw new Unreadable(`the quote in line ${number} is not closed`);
    const word = text.slice(at + (quoted ? 1 : 0), end);
    const after = quoted ? end + 1 : end;
    if (word.endsWith("\\") || (!quoted && word.includes('"')) || /^\S/.test(text.slice(after))) {
      throw new Unreadable(`line ${number} has a quote within an argument: write \\x22 in its place`);
    }
    if (!quoted && word.startsWith("'")) throw new Unreadable(`line ${number} has an argument in single quotes: write double ones`);
    words.push({ text: word, quoted });
    at = after + (/^\s*/.exec(text.slice(after))?.[0].length ?? 0);
  }
  return words;
}

function whyNot(name: string): string {
  if (/script|guardian|remoterules/i.test(name)) return CODE;
  return /(?:file|dir|db|path|upload|chroot)/i.test(name) ? FILES : NOT_HERE;
}

interface DirectiveRule {
  readonly least: number;
  readonly most: number;
  readonly check?: (args: readonly string[]) => void;
}

const takes = (least: number, most = least, check?: DirectiveRule["check"]): DirectiveRule => ({ least, most, ...(check ? { check } : {}) });
const value = takes(1);
const withActions = takes(1, 1, ([actions = ""]) => checkActions(actions));

/** The directives that Ingresses may use, in lower case: they judge and limit. None of them names files, hosts or programs. */
const DIRECTIVES: ReadonlyMap<string, DirectiveRule> = new Map(Object.entries<DirectiveRule>({
  secrule: takes(2, 3, ([variables = "", operator = "", actions = ""]) => {
    if (!VARIABLES.test(variables)) throw new Unreadable("the variables of a rule hold more than names and patterns without blanks");
    checkOperator(operator);
    checkActions(actions);
  }),
  secaction: withActions,
  secdefaultaction: withActions,
  secmarker: value,
  secruleremovebyid: takes(1, 64),
  secruleremovebytag: value,
  secruleremovebymsg: value,
  secruleupdatetargetbyid: takes(2),
  secruleupdatetargetbytag: takes(2),
  secruleupdatetargetbymsg: takes(2),
  secruleupdateactionbyid: takes(2, 2, ([, actions = ""]) => checkActions(actions)),
  secruleengine: value,
  secrequestbodyaccess: value,
  secrequestbodylimit: value,
  secrequestbodynofileslimit: value,
  secrequestbodyinmemorylimit: value,
  secrequestbodylimitaction: value,
  secrequestbodyjsondepthlimit: value,
  secargumentslimit: value,
  secargumentseparator: value,
  secresponsebodyaccess: value,
  secresponsebodylimit: value,
  secresponsebodylimitaction: value,
  secresponsebodymimetype: takes(1, 32),
  secresponsebodymimetypesclear: takes(0),
  secpcrematchlimit: value,
  secpcrematchlimitrecursion: value,
  seccookieformat: value,
  seccollectiontimeout: value,
  seccomponentsignature: value,
  secwebappid: value,
  secauditengine: value,
  secauditlogparts: value,
  secauditlogformat: value,
  secauditlogrelevantstatus: value,
}));

const VARIABLES = /^[\w&!|:.*'/^$()[\]+?\\-]+$/;
const OPERATORS = new Set([
  "rx", "rxglobal", "pm", "streq", "contains", "containsword", "strmatch", "beginswith", "endswith", "within", "eq", "ge", "gt", "le", "lt",
  "ipmatch", "detectsqli", "detectxss", "unconditionalmatch", "nomatch", "validatebyterange", "validateurlencoding",
  "validateutf8encoding", "verifycc", "verifycpf", "verifyssn", "verifysvnr",
]);
/** Operators that are refused anywhere in the text, because they may stand after something that ModSecurity's reader skips. */
const DANGEROUS = /@(pmf(?:romfile)?|ipmatchf(?:romfile)?|inspectfile|fuzzyhash|validatedtd|validateschema|rbl|gsblookup|geolookup)\b/i;

/** Refuses operators that Ingresses may not use. A text without `@` is a pattern. */
function checkOperator(text: string): void {
  const name = DANGEROUS.exec(text)?.[1] ?? /^[\s!]*@(\w*)/.exec(text)?.[1];
  if (name === undefined || OPERATORS.has(name.toLowerCase())) return;
  throw new Refused(`@${name}`, /^rbl$/i.test(name) ? WAITS : /^inspectfile$/i.test(name) ? CODE : /^\w+$/.test(name) && DANGEROUS.test(`@${name}`) ? FILES : NOT_HERE);
}

const ACTIONS = new Set([
  "id", "phase", "pass", "deny", "block", "allow", "drop", "redirect", "status", "log", "nolog", "auditlog", "noauditlog", "msg", "logdata",
  "tag", "severity", "rev", "ver", "maturity", "accuracy", "t", "chain", "skip", "skipafter", "setvar", "capture", "multimatch", "ctl",
]);

/** Refuses actions that Ingresses may not use. They stand between commas; a value in single quotes may hold commas. */
function checkActions(text: string): void {
  for (const action of text.match(/(?:[^,']|'[^']*(?:'|$))+/g) ?? []) {
    const name = /^\s*(\w*)/.exec(action)?.[1] ?? "";
    if (action.trim() === "" || ACTIONS.has(name.toLowerCase())) continue;
    throw new Refused(name === "" ? action.trim() : name, /^exec$/i.test(name) ? CODE : NOT_HERE);
  }
  const odd = (text.split("'").length - 1) % 2 === 1;
  if (odd || text.includes("\\'")) throw new Unreadable("a single quote among the actions of a rule does not close, or has a backslash before it");
}
