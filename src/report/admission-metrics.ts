/** The admission webhook, with ingress-nginx's names: gauges of the last check that passed, counters by Ingress. */
import type { AdmissionFigures } from "../admission/figures.ts";
import { heading, labelText, numberText } from "./exposition.ts";
import { PREFIX } from "./request-metrics.ts";

/** Name → what it tells, and its value. */
const GAUGES: Readonly<Record<string, readonly [help: string, value: (figures: AdmissionFigures) => number]>> = {
  tested_ingresses: ["Ingresses that were looked at.", (figures) => figures.testedIngresses],
  tested_duration: ["Seconds of the check.", (figures) => figures.testedSeconds],
  render_ingresses: ["Always 0: nothing is rendered.", (figures) => figures.renderedIngresses],
  render_duration: ["Always 0: nothing is rendered.", (figures) => figures.renderSeconds],
  config_size: ["Bytes of the question.", (figures) => figures.bytes],
  roundtrip_duration: ["Seconds from the first byte of the question to the answer.", (figures) => figures.roundtripSeconds],
};

export function* admissionLines(figures: AdmissionFigures, common: Readonly<Record<string, string>>): Generator<string> {
  for (const [name, [help, value]] of Object.entries(GAUGES)) {
    yield heading(`${PREFIX}admission_${name}`, "gauge", help);
    yield `${PREFIX}admission_${name}{${labelText(common)}} ${numberText(value(figures))}\n`;
  }
  for (const [name, of] of [["check_success", "passed"], ["check_errors", "denied"]] as const) {
    yield heading(PREFIX + name, "counter", `Checks that an Ingress ${of === "passed" ? "passed" : "did not pass"}.`);
    for (const [key, checks] of figures.checks) {
      const [namespace = "", ingress = ""] = key.split("/");
      if (checks[of] > 0) yield `${PREFIX}${name}{${labelText({ ...common, ingress, namespace })}} ${checks[of]}\n`;
    }
  }
  yield heading("sluice_admission_requests_total", "counter", "Requests to the webhook, by the HTTP status of the answer.");
  for (const [status, count] of figures.answers) yield `sluice_admission_requests_total{status="${status}"} ${count}\n`;
}
