/** The command line of `sluice check`: what it reads, the forms of its output, and its exit codes. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { after, before, test } from "node:test";
import { runCommand } from "../support/command.ts";
import { ROOT } from "../support/sluice.ts";
import { configMap, site } from "../support/manifests.ts";

const SHOP = `# The comment counts as a line.
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-read-timeout: soon
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service: {name: wbe, port: {number: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
`;

let folder: string;
let shop: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice check-"));
  mkdirSync(join(folder, "a, b"));
  shop = join(folder, "a, b", "shop.yaml");
  writeFileSync(shop, SHOP);
  writeFileSync(join(folder, "fine.yaml"), site({ name: "fine", host: "fine.example", endpoints: [] }));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const check = (...args: readonly string[]) => runCommand(["check", ...args]);

interface Output {
  readonly findings: readonly { readonly code: string; readonly severity: string; readonly file?: string; readonly line?: number; readonly column?: number }[];
  readonly counts: Readonly<Record<string, number>>;
  readonly objects: number;
}

const codes = ({ findings }: Output): string[] => findings.map(({ code, line, column }) => `${code} ${line}:${column}`);

test("what is wrong, by file and object, with its place; the exit code is 1", async () => {
  const { code, stdout, stderr } = await check(folder);
  assert.equal(stdout, `${shop}
  Ingress shop/web
    8:5    warning  annotation-invalid
           "soon" is not valid for proxy-read-timeout: it must be a whole number of seconds from 1 to 2147483. Effect: the default is used: 60.
    18:21  error    service-missing
           Service "wbe" does not exist in namespace "shop": create it or correct the name. Did you mean "web"? Effect: requests to shop.example/ (prefix) get 503.

1 error, 1 warning, 0 info; 4 objects read
`);
  assert.deepEqual([code, stderr], [1, ""]);
});

test("exit codes: 0 for less than --fail-on, 1 for as much, 2 for a slip and for what cannot be read", async () => {
  const fine = join(folder, "fine.yaml");
  for (const [expected, ...args] of [
    [0, fine], [0, folder, "--fail-on=never"], [1, shop, "--partial"], [1, shop, "--fail-on=warning"], [2, join(folder, "nowhere")], [2, fine, "--manifests=."], [2, fine, "-o", "xml"],
  ] as const) {
    const { code, stdout, stderr } = await check(...args);
    assert.equal(code, expected, `${args.join(" ")}\n${stdout}${stderr}`);
    assert.equal(stderr === "", expected !== 2, stderr);
    assert.doesNotMatch(stderr, /\n\s+at |--manifests .*does not exist/);
  }
});

test("a cluster adds endpoints, so they are missed with --manifests alone", async () => {
  const of = async (...args: readonly string[]): Promise<string[]> => codes(JSON.parse((await check(...args, "--output=json")).stdout) as Output);
  assert.deepEqual(await of(shop), ["annotation-invalid 8:5", "service-missing 18:21"]);
  assert.deepEqual(await of(join(folder, "fine.yaml")), []);
  assert.match((await of(`--manifests=${join(folder, "fine.yaml")}`)).join(" "), /^no-endpoints 1:\d{2,}$/);
});

test("standard input is read once; lint is another name; what an API server refuses is an error", async () => {
  const text = SHOP.replace("        pathType: Prefix\n", "").replace("shop.example", "Shop.example");
  const { code, stdout } = await runCommand(["lint", "-", "-ojson"], {}, undefined, text);
  const { findings, counts, objects } = JSON.parse(stdout) as Output;
  assert.deepEqual([code, counts, objects], [1, { error: 3, warning: 1, info: 0 }, 2]);
  assert.deepEqual(findings.map((one) => [one.code, one.severity, one.file]), [
    ["annotation-invalid", "warning", "stdin"], ["api-server-refuses", "error", "stdin"], ["path-type-missing", "error", "stdin"], ["service-missing", "error", "stdin"],
  ]);
});

test("SARIF: each finding with its rule, level and region; a path is a URI", async () => {
  const { stdout } = await check(shop, "--output=sarif");
  const { version, runs: [run] } = JSON.parse(stdout) as {
    version: string;
    runs: { tool: { driver: { name: string; rules: { id: string }[] } }; results: { ruleId: string; ruleIndex: number; level: string; message: { text: string }; locations: { physicalLocation: { artifactLocation: { uri: string }; region: object } }[] }[] }[];
  };
  assert.equal(version, "2.1.0");
  const { tool: { driver }, results } = run ?? assert.fail("one run");
  assert.deepEqual([driver.name, driver.rules.map(({ id }) => id)], ["sluice", ["annotation-invalid", "service-missing"]]);
  assert.deepEqual(results.map(({ ruleId, ruleIndex, level }) => [ruleId, driver.rules[ruleIndex]?.id, level]), [["annotation-invalid", "annotation-invalid", "warning"], ["service-missing", "service-missing", "error"]]);
  const place = results[1]?.locations[0]?.physicalLocation;
  assert.deepEqual(place?.region, { startLine: 18, startColumn: 21 });
  assert.match(place?.artifactLocation.uri ?? "", /^file:\/\/\/.*\/a,%20b\/shop\.yaml$/);
});

test("GitHub's annotations: what could end or forge one is escaped", async () => {
  const { stdout } = await check(shop, "-o", "github");
  const [first = "", second = ""] = stdout.split("\n");
  assert.ok(first.startsWith(`::warning file=${shop.replaceAll(",", "%2C")},line=8,col=5,title=annotation-invalid::Ingress shop/web: "soon"`), first);
  assert.ok(second.startsWith("::error file="), second);
});

test("a file below the working folder is named as from there", async () => {
  const here = mkdtempSync(join(process.cwd(), "node_modules", ".check-"));
  try {
    const file = join(here, "shop.yaml");
    writeFileSync(file, SHOP);
    const { stdout } = await check(file, "--output=github");
    assert.ok(stdout.startsWith(`::warning file=${relative(process.cwd(), file)},line=8,`), stdout);
  } finally {
    rmSync(here, { recursive: true, force: true });
  }
});

test("nothing read is nothing clean: an empty pipe, an empty folder, what is not UTF-8", async () => {
  const empty = mkdtempSync(join(tmpdir(), "sluice-empty-"));
  try {
    for (const [args, input] of [[["-"], ""], [["-"], "# nothing\n"], [[empty], undefined], [["/dev/null"], undefined]] as const) {
      const { code, stderr, stdout } = await runCommand(["check", ...args], {}, undefined, input);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, /^sluice: There is no Kubernetes object in /);
    }
    const latin = await runCommand(["check", "--fix", "-"], {}, undefined, Buffer.from("# Gr\xf6\xdfe\nkind: x\n", "latin1"));
    assert.deepEqual([latin.code, latin.stdout, latin.stderr], [2, "", "sluice: Standard input is not UTF-8: convert it first (iconv).\n"]);
    const others = await runCommand(["check", "-"], {}, undefined, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n");
    assert.deepEqual([others.code, others.stdout], [0, "0 errors, 0 warnings, 0 info; 0 objects read, 1 of other kinds skipped\n"]);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

test("pipes are read, beside files; objects without a namespace are of the one that is given", async () => {
  const { stdout } = await promisify(execFile)("bash", ["-c", '"$0" "$1" check <(cat "$2") "$3" -n team -o json || true', process.execPath, join(ROOT, "src/main.ts"), shop, join(folder, "fine.yaml")]);
  assert.equal((JSON.parse(stdout) as Output).objects, 4);
  const text = SHOP.replace("  namespace: shop\n", "").replace(", namespace: shop", "");
  const named = await runCommand(["check", "-", "-n", "team"], {}, undefined, text);
  assert.match(named.stdout, /Ingress team\/web[^]*does not exist in namespace "team"/);
});

test("--partial tells of what is named nearly as something that is there", async () => {
  const { stdout } = await check(shop, "--partial", "-o", "json");
  assert.deepEqual(codes(JSON.parse(stdout) as Output), ["annotation-invalid 8:5", "service-missing 18:21"]);
  const far = await runCommand(["check", "-", "--partial", "-o", "json"], {}, undefined, SHOP.replace("wbe", "elsewhere"));
  assert.deepEqual(codes(JSON.parse(far.stdout) as Output), ["annotation-invalid 8:5"]);
});

test("--fix rewrites files in place, whole and with their mode, and tells what; of standard input it prints the text", async () => {
  const old = SHOP.replace("networking.k8s.io/v1", "extensions/v1beta1").replace("        pathType: Prefix\n", "").replace("wbe", "web");
  const new_ = SHOP.replace("        pathType: Prefix\n", "        pathType: ImplementationSpecific\n").replace("wbe", "web");
  const file = join(folder, "old.yaml");
  writeFileSync(file, old, { mode: 0o640 });
  const link = join(folder, "link.yaml");
  symlinkSync(file, link);
  try {
    const { code, stdout, stderr } = await check(link, "--fix");
    assert.deepEqual([code, readFileSync(file, "utf8"), statSync(file).mode & 0o777, lstatSync(link).isSymbolicLink()], [0, new_, 0o640, true], stdout + stderr);
    assert.equal(stderr, `${link}:2: rewritten: apiVersion: networking.k8s.io/v1\n${link}:15: rewritten: pathType: ImplementationSpecific\n`);
    assert.match(stdout, /^.*link\.yaml\n[^]*annotation-invalid[^]*0 errors, 1 warning/);
    const piped = await runCommand(["check", "--fix", "-"], {}, undefined, old);
    assert.deepEqual([piped.code, piped.stdout], [0, new_]);
    assert.match(piped.stderr, /stdin:2: rewritten[^]*0 errors, 1 warning/);
    assert.equal((await check("--fix")).code, 2);
  } finally {
    rmSync(file);
    rmSync(link);
  }
});

test("--fix --dry-run prints a diff, and writes nothing", async () => {
  const old = SHOP.replace("networking.k8s.io/v1", "extensions/v1beta1");
  const file = join(folder, "old.yaml");
  writeFileSync(file, old);
  try {
    const { code, stdout, stderr } = await check(file, "--fix", "--dry-run");
    const diff = (name: string): string => `--- ${name}\n+++ ${name}\n@@ -1,5 +1,5 @@\n # The comment counts as a line.\n-apiVersion: extensions/v1beta1\n+apiVersion: networking.k8s.io/v1\n kind: Ingress\n metadata:\n   name: web\n`;
    assert.deepEqual([code, stdout, stderr], [1, diff(file), "1 place in 1 file would be rewritten\n"]);
    assert.equal(readFileSync(file, "utf8"), old);
    const piped = await runCommand(["check", "--fix", "--dry-run", "-"], {}, undefined, old);
    assert.deepEqual([piped.code, piped.stdout], [1, diff("stdin")]);
    assert.ok((await runCommand(["check", "--fix", "--dry-run", file], { FORCE_COLOR: "1" })).stdout.includes("\u001b[31m-apiVersion: extensions/v1beta1\u001b[39m\n"));
    const nothing = await check(join(folder, "fine.yaml"), "--fix", "--dry-run");
    assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [0, "", "nothing would be rewritten\n"]);
    for (const args of [[file, "--dry-run"], [file, "--fix", "--dry-run", "-o", "json"], [file, "--fix", "--dry-run", "--baseline=b"]]) {
      const { code: wrong, stderr: says } = await check(...args);
      assert.equal(wrong, 2, says);
      assert.match(says, /^sluice: --dry-run /);
    }
  } finally {
    rmSync(file);
  }
});

test("the controller's ConfigMap is judged, and no Secret's value is shown", async () => {
  const text = `${configMap({ "proxy-body-size": "a lot" })}---\napiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: shop}\ntype: kubernetes.io/tls\ndata: {tls.crt: UzNDUkVU, tls.key: 12}\n`;
  const { stdout } = await runCommand(["check", "-", "--configmap=sluice/sluice", "--output=json"], {}, undefined, text);
  const { findings } = JSON.parse(stdout) as Output;
  assert.ok(findings.some(({ code }) => code === "config-value-invalid"), stdout);
  assert.doesNotMatch(stdout, /UzNDUkVU|S3CRET/);
});
