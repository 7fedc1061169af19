/**
 * The report as one page of HTML, to hand to a team: no script, and nothing is loaded from elsewhere.
 *
 * Guarantee: what people wrote into objects is text in the page, whatever characters it has, and the page's policy
 * (Content-Security-Policy) lets nothing run or load.
 */
import { createHash } from "node:crypto";
import { subjectText } from "../model/findings/findings.ts";
import { printable } from "../support/text.ts";
import { COMBINATIONS_HEADING } from "./combinations.ts";
import type { MoveReport } from "./report.ts";
import { CLASSLESS_HEADING, placeText, summaryRows, VERDICT_HEADING } from "./text.ts";
import type { Use } from "./uses.ts";
import type { MoveRemark, ReportedObject } from "./verdicts.ts";

const STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --quiet: #5c6670; --back: #fff; --card: #f4f6f8; --line: #d8dee4; --red: #b42318; --amber: #8a5a00; --blue: #175cd3; --green: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --quiet: #9aa5b1; --back: #14171a; --card: #1d2226; --line: #343b42; --red: #ff8a80; --amber: #f0c060; --blue: #84b6ff; --green: #6fd08c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p { margin: .4rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .6rem; margin: 1rem 0; }
dl div { background: var(--card); border-radius: .4rem; padding: .6rem .8rem; }
dt { color: var(--quiet); font-size: .85rem; }
dd { margin: 0; font-weight: 600; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; font-weight: 600; }
ul { list-style: none; margin: .5rem 0; padding: 0; }
li { border-top: 1px solid var(--line); padding: .5rem 0; }
.place { color: var(--quiet); font-weight: 400; font-size: .85rem; }
.tag { font-size: .8rem; font-weight: 600; padding: 0 .4rem; border-radius: .3rem; border: 1px solid currentcolor; white-space: nowrap; }
.error, .refused, .unknown { color: var(--red); }
.warning, .no-effect { color: var(--amber); }
.info, .differs { color: var(--blue); }
.works { color: var(--green); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-size: .85rem; }
th { white-space: nowrap; }
td:first-child { overflow-wrap: anywhere; min-width: 9rem; }
@media (max-width: 40rem) {
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  td { border: 0; padding: .1rem 0; }
  td::before { content: attr(data-head) ": "; color: var(--quiet); font-size: .85rem; }
  td:first-child::before, td:empty::before { content: none; }
  td:empty { display: none; }
}
pre { background: var(--card); border-radius: .4rem; padding: .8rem; overflow-x: auto; font-size: .85rem; }
code { font-size: .9em; }
`;

/** A style is allowed by its digest, so that no other one counts. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;

/** A whole page. */
export function moveHtml(report: MoveReport): string {
  const { source, notes, summary, classless, combinations, objects, annotations, keys } = report;
  const body = [
    "<h1>Moving from ingress-nginx to Sluice</h1>",
    `<p>Read: ${escaped(source)}.</p>`,
    ...notes.map((note) => `<p>${escaped(note)}</p>`),
    "<h2>Summary</h2>",
    `<dl>${summaryRows(summary).map(([label, value]) => `<div><dt>${escaped(label)}</dt><dd>${escaped(value)}</dd></div>`).join("\n")}</dl>`,
    ...(classless ? ingressesHtml(CLASSLESS_HEADING[classless.state], classless) : []),
    ...[...Map.groupBy(objects, ({ verdict }) => verdict)].flatMap(([verdict, group]) => [`<h2>${escaped(VERDICT_HEADING[verdict])} (${group.length})</h2>`, ...group.map(objectHtml)]),
    ...(combinations ? ingressesHtml(COMBINATIONS_HEADING, combinations) : []),
    ...usesHtml("Annotations", annotations),
    ...usesHtml("ConfigMap keys", keys),
    ...controllerHtml(report),
    ...installHtml(report),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Moving from ingress-nginx to Sluice</title>
<style>${STYLE}</style>
</head>
<body>
${body.join("\n")}
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for an element or a quoted attribute; invisible characters are shown as escapes. */
function escaped(text: string): string {
  return markupEscaped(printable(text));
}

function markupEscaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);
}

function ingressesHtml(heading: string, { ingresses, sentence }: NonNullable<MoveReport["classless" | "combinations"]>): readonly string[] {
  const all = ingresses.map(({ namespace, name, file, line }) => `<li>${escaped(`Ingress ${namespace}/${name}`)}${file === undefined ? "" : ` <span class="place">${escaped(placeText(file, line))}</span>`}</li>`);
  return [`<h2>${escaped(heading)} (${all.length})</h2>`, `<p>${escaped(sentence)}</p>`, `<ul>${all.join("\n")}</ul>`];
}

function objectHtml(object: ReportedObject): string {
  const { kind, file, line, remarks, verdict } = object;
  const place = file === undefined || kind === "File" ? "" : ` <span class="place">${escaped(placeText(file, line))}</span>`;
  const head = `${escaped(subjectText(object))}${place}`;
  if (remarks.length === 0) return `<p>${head}</p>`;
  // What is refused is open at once.
  const open = verdict === "differs" || verdict === "works" || verdict === "not ours" ? "" : " open";
  return `<details${open}><summary>${head}</summary>\n<ul>${remarks.map(remarkHtml).join("\n")}</ul></details>`;
}

function remarkHtml({ kind, code, field, text, file, line }: MoveRemark): string {
  const place = file === undefined ? "" : placeText(file, line);
  return `<li><span class="tag ${kind}">${kind}</span> ${code === "" ? "" : `<code>${escaped(code)}</code> `}<span class="place">${escaped([place, field].filter((one) => one !== "").join(", "))}</span><p>${escaped(text)}</p></li>`;
}

function tableHtml(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((one) => `<th>${escaped(one)}</th>`).join("");
  // On a narrow screen each cell stands below the last, with its head from the attribute before it.
  const body = rows.map((row) => `<tr>${row.map((one, index) => `<td data-head="${escaped(heads[index] ?? "")}">${one}</td>`).join("")}</tr>`).join("\n");
  return `<div class="scroll"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody>\n</table></div>`;
}

function tag(state: string): string {
  return `<span class="tag ${state.replace(" ", "-")}">${escaped(state)}</span>`;
}

function usesHtml(heading: string, uses: readonly Use[]): readonly string[] {
  if (uses.length === 0) return [];
  const rows = uses.map(({ name, uses: count, errors, state, sentence }) => [`<code>${escaped(name)}</code>`, String(count), tag(state), String(errors), escaped(sentence)]);
  return [`<h2>${escaped(heading)}, by number of uses</h2>`, tableHtml(["name", "uses", "here", "with an error", "how, or what instead"], rows)];
}

function controllerHtml({ controller, arguments: all, service, rights }: MoveReport): readonly string[] {
  if (!controller) return [];
  const { kind, namespace, name, image, file, line } = controller;
  return [
    "<h2>The controller</h2>",
    `<p>${escaped(`${kind} ${namespace}/${name}`)}${file === undefined ? "" : ` <span class="place">${escaped(placeText(file, line))}</span>`}, image <code>${escaped(image)}</code></p>`,
    tableHtml(["argument", "here", "how, or why not"], all.map(({ text, state, sentence }) => [`<code>${escaped(text)}</code>`, tag(state), escaped(sentence)])),
    `<p>${escaped(service ? `Service ${service.namespace}/${service.name}, kept in the values: ${service.kept.join("; ")}.` : "No Service of it was found: set controller.service in the values.")}</p>`,
    `<p>${escaped(rights)}</p>`,
  ];
}

function installHtml({ install: { steps, overlay, values } }: MoveReport): readonly string[] {
  return [
    "<h2>What to install</h2>",
    ...steps.map(({ what, command }, index) => `<p>${index + 1}. ${escaped(what)}:</p>\n<pre>${escaped(command)}</pre>`),
    `<p>Without Helm, <code>deploy/kustomize/overlays/${escaped(overlay)}</code> comes nearest; the values below say what a kustomization of your own has to change.</p>`,
    "<p>values.yaml:</p>",
    `<pre>${markupEscaped(values.split("\n").map(printable).join("\n"))}</pre>`,
  ];
}
