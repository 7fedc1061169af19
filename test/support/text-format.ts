/** Prometheus' text format, strictly: what a scraper, promtool or a library of another language may rely on. */
import assert from "node:assert/strict";

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"`;
const HELP = new RegExp(`^# HELP (${NAME}) (\\S.*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const LABELS = new RegExp(LABEL, "g");
/** Numbers as Go's ParseFloat reads them, with words in any case: prom-client writes `Nan`. */
const NUMBER = /^(?:[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|[-+]?inf(?:inity)?|nan)$/i;

interface Family {
  readonly name: string;
  readonly type: string;
  /** By name and labels, in the order in which they were written. */
  readonly samples: Map<string, { readonly name: string; readonly labels: readonly string[]; readonly value: number }>;
}

/**
 * Fails unless each family is there once, HELP and TYPE before its samples and nothing of another in between, each series
 * once, and each series of a histogram with buckets that only grow, its sum and its count. Gives the families.
 */
export function familiesOf(text: string): Map<string, Family> {
  assert.ok(text.endsWith("\n"), "the last line has an end");
  const families = new Map<string, Family>();
  let helped: string | undefined;
  let current: Family | undefined;
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const [, help] = HELP.exec(line) ?? [];
    const [, typed, type = ""] = TYPE.exec(line) ?? [];
    if (help !== undefined) {
      assert.ok(!families.has(help), `a second family: ${line}`);
      helped = help;
      current = undefined;
    } else if (typed !== undefined) {
      assert.equal(typed, helped, `a type without help before it: ${line}`);
      current = { name: typed, type, samples: new Map() };
      families.set(typed, current);
      helped = undefined;
    } else {
      assert.ok(current, `a sample outside of a family: ${line}`);
      addSample(current, line);
    }
  }
  for (const family of families.values()) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function addSample({ name: family, type, samples }: Family, line: string): void {
  const [, name = "", text = "", value = ""] = SAMPLE.exec(line) ?? [];
  const names = type === "histogram" ? ["_bucket", "_sum", "_count"] : type === "summary" ? ["", "_sum", "_count"] : [""];
  assert.ok(names.some((end) => name === family + end), `no sample of ${family}: ${line}`);
  assert.match(value, NUMBER, line);
  const labels = text.match(LABELS) ?? [];
  const labelNames = labels.map((label) => label.slice(0, label.indexOf("=")));
  assert.equal(new Set(labelNames).size, labelNames.length, `a label twice: ${line}`);
  const series = `${name}{${labels.toSorted().join(",")}}`;
  assert.ok(!samples.has(series), `a series twice: ${line}`);
  samples.set(series, { name, labels, value: numberOf(value) });
  if (type === "counter") assert.ok(numberOf(value) >= 0, `a counter below 0: ${line}`);
}

function checkHistogram({ name: family, samples }: Family): void {
  const all = new Map<string, { buckets: [bound: number, value: number][]; sum?: number; count?: number }>();
  for (const { name, labels, value } of samples.values()) {
    const key = labels.filter((label) => !label.startsWith("le=")).toSorted().join(",");
    const series = all.get(key) ?? { buckets: [] };
    all.set(key, series);
    const le = labels.find((label) => label.startsWith("le="));
    assert.equal(le !== undefined, name === `${family}_bucket`, `${name}{${labels.join(",")}}`);
    if (le !== undefined) series.buckets.push([numberOf(le.slice('le="'.length, -1)), value]);
    else if (name === `${family}_sum`) series.sum = value;
    else series.count = value;
  }
  for (const [labels, { buckets, sum, count }] of all) {
    const what = `${family}{${labels}}`;
    assert.ok(sum !== undefined && count !== undefined, `${what} has a sum and a count`);
    for (const [index, [bound, value]] of buckets.entries()) {
      const [boundBefore, valueBefore] = buckets[index - 1] ?? [-Infinity, 0];
      assert.ok(bound > boundBefore && value >= valueBefore, `${what}: buckets only grow`);
    }
    assert.deepEqual(buckets.at(-1), [Infinity, count], `${what}: the last bucket has no bound, and everything in it`);
  }
}

function numberOf(text: string): number {
  return Number(text.replace(/inf(?:inity)?$/i, "Infinity"));
}
