/** The text format of metrics: how metrics are written, and that the text is valid by the strict rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { boundTexts, byLabel, histogram, inPieces, labelText, linesOf, single, type Metric } from "../../src/report/exposition.ts";
import { parseScrape } from "../support/scrape.ts";
import { familiesOf } from "../support/text-format.ts";

const written = (...metrics: Metric[]): string => {
  const text = [...linesOf(metrics)].join("");
  familiesOf(text);
  return text;
};

test("a metric of one series, with labels and without; without a value there is its heading alone", () => {
  assert.equal(written(single("gauge", "a", "Of one.", () => 0.5)), "# HELP a Of one.\n# TYPE a gauge\na 0.5\n");
  assert.equal(written(single("counter", "a", "Of one.", () => 1e21, { b: "c", d: "" })), '# HELP a Of one.\n# TYPE a counter\na{b="c",d=""} 1e+21\n');
  assert.equal(written(single("gauge", "a", "Of one.", () => undefined)), "# HELP a Of one.\n# TYPE a gauge\n");
});

test("samples are asked for when somebody scrapes", () => {
  const values = new Map([["x", 1]]);
  const metric = byLabel("counter", "a", "By label.", "is", () => values, { in: "common" });
  assert.match(written(metric), /\na\{in="common",is="x"\} 1\n$/);
  values.set("x", 2).set("y", 0);
  assert.match(written(metric), /\na\{in="common",is="x"\} 2\na\{in="common",is="y"\} 0\n$/);
});

test("values of labels may be any text", () => {
  const odd = ['"', "\\", "\n", "\\n", '\\"', "a,b}", "é 🙂", ""];
  for (const value of odd) {
    assert.deepEqual(parseScrape(written(single("gauge", "a", "Of one.", () => 1, { b: value, c: value }))), [{ name: "a", labels: { b: value, c: value }, value: 1 }]);
  }
  assert.equal(labelText({ a: '\\"\n' }), String.raw`a="\\\"\n"`);
});

test("a histogram counts each observation in every bucket that it does not exceed, and begins with zeros", () => {
  const seconds = histogram("h", "Seconds.", [0.01, 0.5, 1]);
  const lines = (): string[] => written(seconds).split("\n").slice(2, -1);
  assert.deepEqual(lines(), ['h_bucket{le="0.01"} 0', 'h_bucket{le="0.5"} 0', 'h_bucket{le="1"} 0', 'h_bucket{le="+Inf"} 0', "h_sum 0", "h_count 0"]);
  for (const value of [0, 0.01, 0.0101, 0.5, 8]) seconds.observe(value);
  assert.deepEqual(lines(), ['h_bucket{le="0.01"} 2', 'h_bucket{le="0.5"} 4', 'h_bucket{le="1"} 4', 'h_bucket{le="+Inf"} 5', "h_sum 8.5201", "h_count 5"]);
});

test("series of a histogram have their labels in front of the bound", () => {
  const metric: Metric = { type: "histogram", name: "h", help: "Bytes.", bounds: boundTexts([10, 1e6]), samples: () => [[labelText({ a: "b" }), { sum: 12, buckets: [1, 0, 2] }]] };
  assert.deepEqual(written(metric).split("\n").slice(2, -1), ['h_bucket{a="b",le="10"} 1', 'h_bucket{a="b",le="1e+06"} 1', 'h_bucket{a="b",le="+Inf"} 3', 'h_sum{a="b"} 12', 'h_count{a="b"} 3']);
});

test("bounds are written as Go writes them", () => {
  assert.deepEqual(boundTexts([0.005, 1, 2.5, 100_000, 1e6, 2.5e6, 1e10]), ["0.005", "1", "2.5", "100000", "1e+06", "2.5e+06", "1e+10", "+Inf"]);
});

test("other work has its turn while thousands of series are written, and each piece ends with a line", async () => {
  const many = byLabel("gauge", "a", "Many.", "n", () => Array.from({ length: 20_000 }, (_, index) => [String(index), index]));
  let turns = 0;
  let writing = true;
  const work = (): void => {
    turns++;
    if (writing) setImmediate(work);
  };
  setImmediate(work);
  const pieces: string[] = [];
  for await (const piece of inPieces(linesOf([many]))) pieces.push(piece);
  writing = false;
  assert.ok(pieces.length > 3 && turns >= pieces.length - 1, `${pieces.length} pieces, ${turns} turns`);
  assert.ok(pieces.every((piece) => piece.endsWith("\n")));
  assert.equal(pieces.join(""), written(many));
});

test("the strict rules find what is wrong", () => {
  const head = "# HELP a A.\n# TYPE a gauge\n";
  const bucket = "# HELP h H.\n# TYPE h histogram\n";
  const wrong: readonly [text: string, why: RegExp][] = [
    ["a 1\n", /outside/], [`${head}b 1\n`, /no sample of a/], [`${head}a 1\n${head}`, /second family/], ["# TYPE a gauge\na 1\n", /without help/],
    [`${head}a 1\na 2\n`, /series twice/], [`${head}a{b="1",c="2"} 1\na{c="2",b="1"} 1\n`, /series twice/], [`${head}a{b="1",b="2"} 1\n`, /label twice/],
    [`${head}a{b="\\x"} 1\n`, /no sample/], [`${head}a{} 1\n`, /no sample/], [`${head}a one\n`, /a one/], [`${head}a 1 \n`, /no sample/], [`${head}a 1`, /end/],
    [`${bucket}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`, /only grow/], [`${bucket}h_bucket{le="+Inf"} 1\nh_count 1\n`, /sum and a count/],
    [`${bucket}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`, /last bucket/], [`${bucket}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`, /last bucket/],
    ["# HELP c C.\n# TYPE c counter\nc -1\n", /below 0/],
  ];
  for (const [text, why] of wrong) assert.throws(() => familiesOf(text), { message: why }, text);
});
