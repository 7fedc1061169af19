/** The metrics of the webhook have the names that ingress-nginx gives them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keepFigures } from "../../src/admission/figures.ts";
import { admissionMetrics } from "../../src/report/admission-metrics.ts";
import { linesOf } from "../../src/report/exposition.ts";
import { matching, parseScrape, total } from "../support/scrape.ts";

test("checks by Ingress, and gauges of the last one that passed", () => {
  const keeper = keepFigures();
  const check = { ingresses: 1, seconds: 0.004, bytes: 2_500_000, roundtripSeconds: 0.006 };
  keeper.checked({ ...check, ingress: "shop/web", allowed: true });
  keeper.checked({ ...check, ingress: "shop/web", allowed: false, seconds: 9 });
  keeper.answered(200);
  keeper.answered(200);
  const samples = parseScrape([...linesOf(admissionMetrics(keeper.figures, { controller_pod: "p" }))].join(""));
  const prefix = "nginx_ingress_controller_";
  assert.deepEqual(matching(samples, `${prefix}check_success`), [
    { name: `${prefix}check_success`, labels: { controller_pod: "p", ingress: "web", namespace: "shop" }, value: 1 },
  ]);
  assert.equal(total(samples, `${prefix}check_errors`, { ingress: "web" }), 1);
  assert.equal(total(samples, `${prefix}admission_tested_duration`), 0.004);
  assert.equal(total(samples, `${prefix}admission_config_size`), 2_500_000);
  assert.equal(total(samples, "sluice_admission_requests_total", { status: "200" }), 2);
});
