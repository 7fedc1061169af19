/** Makes the report of texts in this process. */
import { checkSource, type Checked } from "../../src/commands/checked.ts";
import { checkResult } from "../../src/check/result.ts";
import { judgedAs, readOldArguments } from "../../src/migrate/arguments.ts";
import { oldControllers } from "../../src/migrate/installation.ts";
import { moveReport, type MoveReport } from "../../src/migrate/report.ts";
import { ROLE_KINDS } from "../../src/migrate/rights.ts";
import { parseSettings } from "../../src/settings.ts";
import { rawObjectsIn } from "../../src/source/manifests/raw-objects.ts";
import { textSource } from "../../src/source/text.ts";

/** @param texts by file. @param flags as on the command line. */
export async function reportOfTexts(texts: ReadonlyMap<string, string>, ...flags: readonly string[]): Promise<Checked & { readonly report: MoveReport }> {
  const raw = [...texts].flatMap(([file, text]) => rawObjectsIn(file, text, ["Deployment", "DaemonSet", "Service", ...ROLE_KINDS], "default"));
  const [controller] = oldControllers(raw);
  const given = controller && readOldArguments(controller);
  const settings = judgedAs(parseSettings(flags, "migrate-report", {}), given?.settings);
  const source = textSource(texts);
  await source.start(() => {}, AbortSignal.timeout(0));
  const checked = await checkSource(source, settings, true);
  const { built, program } = checked.judged;
  const report = moveReport({
    snapshot: source.snapshot, built, program, settings, controller, arguments: given, services: raw.filter(({ kind }) => kind === "Service"), roles: raw,
    findings: checkResult(checked.findings, { objects: 0, skipped: 0 }, () => {}).findings, before: () => {}, source: "here", notes: [], all: false,
  });
  return { ...checked, report };
}
