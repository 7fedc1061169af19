/** The benchmark's pictures are well-formed, say in words what they show, and hold nothing of the machine but what they should. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../bench/samples.ts";
import { barChart } from "../../bench/plot/bar-chart.ts";
import { lineChart } from "../../bench/plot/line-chart.ts";
import { between, linear, logarithmic } from "../../bench/plot/scale.ts";
import { commandOf, resultFiles, type Results } from "../../bench/results.ts";

interface Node {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Node[];
  text: string;
}

/** Reads XML as strictly as a browser does for the part of it that we write. @throws AssertionError where it is not well-formed. */
function readXml(source: string): Node {
  const root: Node = { name: "", attributes: new Map(), children: [], text: "" };
  const open = [root];
  const token = /<\/([a-zA-Z]+)>|<([a-zA-Z]+)((?: [a-zA-Z][a-zA-Z0-9:-]*="[^"<]*")*)(\/?)>|([^<]+)/gy;
  let end = 0;
  for (const [whole, closed, name, attributes = "", empty, text] of source.matchAll(token)) {
    end += whole.length;
    assert.doesNotMatch(whole.replaceAll(/&(?:amp|lt|gt|quot);/g, ""), /&/);
    const within = open.at(-1) ?? assert.fail();
    if (text !== undefined) within.text += text;
    else if (closed !== undefined) assert.equal(open.pop()?.name, closed);
    else {
      const pairs = [...attributes.matchAll(/ ([^=]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value] as const);
      assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length, "an attribute twice");
      const node: Node = { name: name ?? "", attributes: new Map(pairs), children: [], text: "" };
      within.children.push(node);
      if (!empty) open.push(node);
    }
  }
  assert.equal(end, source.length, `not well-formed at: ${source.slice(end, end + 60)}`);
  assert.deepEqual(open, [root]);
  return root.children[0] ?? assert.fail("empty");
}

function elements(node: Node, name: string): Node[] {
  return [...(node.name === name ? [node] : []), ...node.children.flatMap((child) => elements(child, name))];
}

const number = (node: Node | undefined, name: string): number => Number(node?.attributes.get(name));

test("ticks are round and reach over every value", () => {
  const pixels = { from: 0, to: 100 };
  assert.deepEqual(linear(47, pixels).ticks, [0, 10, 20, 30, 40, 50]);
  assert.deepEqual(linear(0.3, pixels).ticks, [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(linear(0, pixels).ticks, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.equal(linear(50, pixels).at(25), 50);
  assert.deepEqual(logarithmic([16, 1000], pixels).ticks, [10, 100, 1000]);
  assert.deepEqual(logarithmic([1], pixels).ticks, [1, 10]);
  assert.equal(logarithmic([1, 10_000], pixels).at(100), 50);
  assert.deepEqual(between([3, 62], pixels).ticks, [10, 20, 30, 40, 50, 60]);
  assert.equal(between([5], pixels).at(5), 50);
});

test("a chart of lines has a line, a name and places for each series", () => {
  const svg = readXml(lineChart({
    title: "Memory <of> \"all\" & more", x: { title: "hosts", logarithmic: true }, y: { title: "MiB" }, note: "a & b", marks: [{ x: 100, name: "killed" }],
    series: [{ name: "worker", points: [[1, 10], [100, 20], [10_000, 40]] }, { name: "other <one>", points: [[1, 10], [10_000, 41]] }, { name: "empty", points: [] }],
  }));
  assert.equal(svg.attributes.get("role"), "img");
  const [title, description] = [elements(svg, "title")[0], elements(svg, "desc")[0]];
  assert.equal(svg.attributes.get("aria-labelledby"), `${title?.attributes.get("id")} ${description?.attributes.get("id")}`);
  assert.equal(title?.text, "Memory &lt;of&gt; &quot;all&quot; &amp; more");
  assert.match(description?.text ?? "", /^MiB over hosts\. worker: 10 at 1, 20 at 100, 40 at 10,000; /);
  assert.equal(elements(svg, "path").length, 2);
  const [first, second, third] = elements(svg, "circle");
  assert.ok(number(first, "cy") > number(second, "cy") && number(second, "cy") > number(third, "cy"), "more is higher");
  assert.ok(Math.abs(number(second, "cx") * 2 - number(first, "cx") - number(third, "cx")) < 0.1, "100 is midway between 1 and 10,000");
  const names = elements(svg, "text").filter(({ text }) => ["worker", "other &lt;one&gt;"].includes(text));
  assert.ok(names.length === 2 && Math.abs(number(names[0], "y") - number(names[1], "y")) >= 16, "names do not lie on each other");
  assert.match(elements(svg, "style")[0]?.text ?? "", /prefers-color-scheme: dark/);
  for (const { attributes } of [...elements(svg, "text"), ...elements(svg, "circle"), ...elements(svg, "line")]) {
    for (const [, value] of attributes) assert.doesNotMatch(value, /NaN|Infinity|undefined/);
  }
  assert.throws(() => lineChart({ title: "none", x: { title: "x" }, y: { title: "y" }, series: [] }), /nothing to draw/);
});

test("a chart of bars has bars as long as their values, a dash for none, and an arrow where one is cut", () => {
  const svg = readXml(barChart({ title: "Cost", unit: "µs", bars: ["a", "b", "c"], groups: [{ name: "plain", values: [10, 20, undefined] }, { name: "tls", values: [5, 500, 0] }], most: 40 }));
  const bars = elements(svg, "rect").filter(({ attributes }) => attributes.get("x") === "210" && number({ attributes } as Node, "y") > 60);
  const [ten, twenty, five, cut] = bars.map((bar) => number(bar, "width"));
  assert.equal(bars.length, 5);
  assert.ok(Math.abs((twenty ?? 0) - 2 * (ten ?? 0)) < 0.1 && Math.abs((ten ?? 0) - 2 * (five ?? 0)) < 0.1);
  assert.ok((cut ?? 0) <= 760 - 60 - 210);
  const texts = elements(svg, "text").map(({ text }) => text);
  assert.ok(texts.includes("500 →") && texts.includes("–") && texts.includes("µs") && texts.includes("tls"));
  assert.match(elements(svg, "desc")[0]?.text ?? "", /plain: a 10, b 20, c not measured; tls: a 5, b 500, c 0\./);
});

function sample(workload: string, proxy: string, microsPerRequest: number): Sample {
  return { workload, proxy, round: 0, requests: 1000, microsPerRequest, perSecond: 9000, p50Micros: NaN, p99Micros: 2000, failed: 0 };
}

const change = { origin: "watch event", kind: "Ingress added", millis: [] } as const;
const RESULTS: Results = {
  machine: { processor: "A Processor", processors: 2, memoryGiB: 24, kernel: "6.1.0", load: 0.123_456, versions: { node: "24.1.2", nginx: "1.22.1" } },
  titles: new Map([["sluice", "Sluice"], ["nginx", "nginx"]]),
  data: {
    samples: [sample("plain", "sluice", 11), sample("plain", "nginx", 10), sample("hosts-1000", "sluice", 12)], paced: [], remarks: [], reloads: 0,
    memory: [{ proxy: "sluice", hosts: 16, workerMiB: 17, controllerMiB: 113 }, { proxy: "sluice", hosts: 1000, workerMiB: 20, controllerMiB: 161 }, { proxy: "nginx", hosts: 16, workerMiB: 13, controllerMiB: undefined }],
  },
  control: {
    changes: [1, 1000].flatMap((hosts) => [false, true].map((underTraffic) => ({ ...change, hosts, underTraffic, p50: 2, p99: 5 }))), starts: [], reloads: 0, failed: 0, requests: 1,
  },
  argv: ["--plot", "--rival=traefik=/home/somebody/traefik", "--rival", "envoy=/opt/envoy"],
};

test("results are pictures and numbers, with processor, kernel and versions alone of the machine", () => {
  const files = resultFiles(RESULTS);
  assert.deepEqual(Object.keys(files).sort(), ["changes.json", "changes.md", "changes.svg", "memory.svg", "requests.json", "requests.md", "requests.svg"]);
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith(".svg")) readXml(content);
    else if (name.endsWith(".json")) assert.deepEqual((JSON.parse(content) as { machine: object }).machine, { processor: "A Processor", kernel: "6.1.0", versions: RESULTS.machine.versions });
    for (const secret of ["/home/somebody", "/opt/", "0.123"]) assert.ok(!content.includes(secret), `${name}: ${secret}`);
  }
  assert.match(files["requests.md"] ?? "", /^# Requests\n\nWritten by `npm run bench -- --plot .*` on A Processor, Linux 6\.1\.0; node 24\.1\.2, nginx 1\.22\.1\.\n\n\| what /);
  const [plain] = (JSON.parse(files["requests.json"] ?? "") as { workloads: { workload: string; proxies: object[] }[] }).workloads;
  assert.deepEqual(plain?.proxies[0], { proxy: "sluice", microsPerRequest: 11, requestsPerSecond: 9000, p50Micros: null, p99Micros: 2000, failed: 0, rounds: 1, sluiceDividedBy: null });
  assert.partialDeepStrictEqual(plain?.proxies[1], { proxy: "nginx", sluiceDividedBy: 1.1 });
});

test("a half that was not measured leaves its files alone", () => {
  assert.deepEqual(Object.keys(resultFiles({ ...RESULTS, data: undefined })).sort(), ["changes.json", "changes.md", "changes.svg"]);
});

test("the command is told without paths", () => {
  assert.equal(commandOf([...RESULTS.argv, "--results", "../mine", "--only=data"]), "npm run bench -- --plot --rival=traefik=/… --rival envoy=/… --results /… --only=data");
  assert.equal(commandOf([]), "npm run bench --");
});
