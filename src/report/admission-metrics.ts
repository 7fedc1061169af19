/** The admission webhook, with ingress-nginx's names: gauges of the last check that passed, counters by Ingress. */
import type { AdmissionFigures, CheckCounts } from "../admission/figures.ts";
import { byLabel, labelText, single, type Labels, type Metric } from "./exposition.ts";
import { PREFIX } from "./request-metrics.ts";

export function admissionMetrics(figures: AdmissionFigures, common: Labels): Metric[] {
  const gauge = (name: string, help: string, value: number): Metric => single("gauge", `${PREFIX}admission_${name}`, help, () => value, common);
  const checks = (name: string, help: string, of: keyof CheckCounts): Metric => ({
    type: "counter", name: PREFIX + name, help,
    *samples() {
      for (const [key, { [of]: count }] of figures.checks) {
        // A name that somebody made up may contain slashes, and must not be counted in another Ingress's series.
        const slash = key.indexOf("/");
        if (count > 0) yield [labelText({ ...common, ingress: key.slice(slash + 1), namespace: key.slice(0, slash) }), count];
      }
    },
  });
  return [
    gauge("tested_ingresses", "Ingresses that were looked at.", figures.testedIngresses),
    gauge("tested_duration", "Seconds of the check.", figures.testedSeconds),
    gauge("render_ingresses", "Always 0: nothing is rendered.", figures.renderedIngresses),
    gauge("render_duration", "Always 0: nothing is rendered.", figures.renderSeconds),
    gauge("config_size", "Bytes of the question.", figures.bytes),
    gauge("roundtrip_duration", "Seconds from the first byte of the question to the answer.", figures.roundtripSeconds),
    checks("check_success", "Checks that an Ingress passed.", "passed"),
    checks("check_errors", "Checks that an Ingress did not pass.", "denied"),
    byLabel("counter", "sluice_admission_requests_total", "Requests to the webhook, by the HTTP status of the answer.", "status",
      () => Array.from(figures.answers, ([status, count]) => [String(status), count])),
  ];
}
