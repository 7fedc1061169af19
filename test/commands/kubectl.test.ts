/**
 * `kubectl sluice`: the name in its texts, what kubectl is asked to run in a pod, and completion. A stand-in for kubectl
 * records its arguments: they are the contract.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inOwnName, isKubectlPlugin } from "../../src/settings/program-name.ts";
import { runCommand } from "../support/command.ts";
import { ROOT } from "../support/sluice.ts";

const USUAL = ["-n", "ingress-nginx", "deploy/ingress-nginx-controller", "-c", "controller", "--", "sluice"];

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-kubectl-"));
  writeFileSync(join(folder, "kubectl"), '#!/bin/sh\nprintf \'%s\\n\' "$@" >"$RECORD"\necho from the pod\nexit "${CODE:-0}"\n', { mode: 0o755 });
});
after(() => rmSync(folder, { recursive: true }));

interface Asked {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What kubectl got; undefined: it was not started. */
  readonly args: readonly string[] | undefined;
}

function run(program: "sluice" | "kubectl-sluice", args: readonly string[], env: Readonly<Record<string, string>> = {}): Asked {
  const record = join(folder, "arguments");
  rmSync(record, { force: true });
  const { status, stdout, stderr } = spawnSync(join(ROOT, "bin", program), args, {
    encoding: "utf8",
    timeout: 30_000,
    env: { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, RECORD: record, ...env },
  });
  return { code: status, stdout, stderr, args: existsSync(record) ? readFileSync(record, "utf8").split("\n").slice(0, -1) : undefined };
}

test("its texts say kubectl sluice, and nothing else is renamed", () => {
  assert.deepEqual(["/x/bin/kubectl-sluice", "/x/src/kubectl-sluice.ts", "/x/src/main.ts", "/kubectl-sluice/src/main.ts", "/usr/local/bin/sluice", ""].map((path) => isKubectlPlugin(path)), [true, true, false, false, false, false]);
  assert.equal(inOwnName("sluice get: sluice run --runtime-dir=/run/sluice and `sluice check -`; kubectl sluice get; Sluice runs", true),
    "sluice get: sluice run --runtime-dir=/run/sluice and `sluice check -`; kubectl sluice get; Sluice runs".replaceAll(/(?<!kubectl )sluice (?=get|run|check)/g, "kubectl sluice "));
  assert.match(run("kubectl-sluice", ["--help"]).stdout, /Usage: kubectl sluice COMMAND \[flags\]\n[\s\S]*"kubectl sluice COMMAND --help"[\s\S]*\n {2}kubectl sluice check \.\/k8s\n$/);
  for (const command of ["get", "run", "secret", "completion"]) {
    const { stdout } = run("kubectl-sluice", [command, "--help"]);
    assert.match(stdout, new RegExp(`^Usage: kubectl sluice ${command} `));
    assert.doesNotMatch(stdout, /(?<!kubectl )\bsluice (?:get|run|secret|completion|agent)\b/);
  }
  assert.match(run("sluice", ["get", "--help"]).stdout, /^Usage: sluice get /);
  const slip = run("kubectl-sluice", ["get", "nothing"]);
  assert.deepEqual([slip.code, slip.args], [2, undefined]);
  assert.match(slip.stderr, /^sluice: "nothing" cannot be listed\. Write "kubectl sluice get" and one of routes,/);
});

test("as a plugin, what asks a running Sluice runs in the usual Deployment, with the same arguments", () => {
  for (const args of [
    ["get", "routes", "shop.example", "-n", "shop", "-o", "wide"],
    ["logs", "-f", "--host=a b; $(id)", "--status", "5xx"],
    ["wait", "ingress/shop/web", "--timeout=10s"],
    ["rollout", "pause", "ingress/shop/next", "--runtime-dir=/run/sluice/pod"],
    ["explain", "http://shop.example/", "-H", "Cookie: --pod=x", "-X", "POST", "--live", "-v"],
  ] as const) {
    const { code, stdout, args: asked } = run("kubectl-sluice", args);
    assert.deepEqual([code, stdout], [0, "from the pod\n"]);
    assert.deepEqual(asked, ["exec", ...USUAL, ...args]);
  }
});

test("--deployment and --pod name another one, --kubeconfig and --context the cluster, under either name", () => {
  for (const program of ["sluice", "kubectl-sluice"] as const) {
    assert.deepEqual(run(program, ["get", "routes", "--deployment=edge/sluice", "--context", "dev", "--kubeconfig=/k"]).args,
      ["exec", "--kubeconfig=/k", "--context=dev", "-n", "edge", "deploy/sluice", "-c", "controller", "--", "sluice", "get", "routes"]);
    assert.deepEqual(run(program, ["logs", "--pod", "edge/sluice-0", "-ojson"]).args, ["exec", "-n", "edge", "pod/sluice-0", "-c", "controller", "--", "sluice", "logs", "-ojson"]);
    assert.deepEqual(run(program, ["wait", "--pod=edge/sluice-0", "--", "ingress/shop/web"]).args?.slice(-4), ["sluice", "wait", "--", "ingress/shop/web"]);
  }
  assert.deepEqual(run("kubectl-sluice", ["get", "routes", "--context=dev"]).args, ["exec", "--context=dev", ...USUAL, "get", "routes"]);
});

test("the exit code is that of the command in the pod", () => {
  assert.equal(run("kubectl-sluice", ["wait", "ingress/shop/web"], { CODE: "3" }).code, 3);
});

test("without kubectl there is one sentence and exit code 4", async () => {
  const { code, stderr } = await runCommand(["get", "routes", "--pod=a/b"], { PATH: join(folder, "nothing") });
  assert.deepEqual([code, stderr], [4, "sluice: kubectl is not on the PATH, and a Sluice of a cluster is asked by it: install it, or run sluice in the pod.\n"]);
});

test("files are read here, and flags that exclude each other are told", () => {
  const manifests = join(folder, "manifests");
  mkdirSync(manifests, { recursive: true });
  for (const args of [["get", "routes", `--manifests=${manifests}`], ["explain", "http://a.example/", `--manifests=${manifests}`]]) assert.equal(run("kubectl-sluice", args).args, undefined);
  for (const [args, sentence] of [
    [["get", "routes", "--pod=a/b", "--deployment=a/b"], /give one of them/],
    [["get", "routes", "--pod=a/b", "--manifests=x"], /--pod asks a running Sluice, and --manifests reads files/],
    [["get", "routes", "--deployment=a/b", "--apiserver-host=http://127.0.0.1:1"], /kubectl, which has no --apiserver-host/],
    [["explain", "http://a.example/", "--pod=a/b"], /give --live as well/],
    [["logs", "--context=dev"], /name it with --deployment or --pod/],
    [["wait", "ingress/a/b", "--pod=b"], /--pod must be namespace\/name/],
  ] as const) {
    const { code, stderr, args: asked } = run("sluice", args);
    assert.deepEqual([code, asked], [2, undefined], stderr);
    assert.match(stderr, sentence);
  }
});

test("a signal goes on to kubectl, and what follows ends with its reader", { timeout: 30_000 }, async (t) => {
  const waiting = mkdtempSync(join(folder, "waiting-"));
  writeFileSync(join(waiting, "kubectl"), "#!/bin/sh\ntrap 'exit 7' TERM\necho up\nfor _ in $(seq 600); do sleep 0.05; done\n", { mode: 0o755 });
  const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "logs", "-f", "--pod=a/b"], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, PATH: `${waiting}:${process.env["PATH"]}` } });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "close"), [7, null]);

  const server = createServer((_request, response) => {
    const timer = setInterval(() => response.write('{"dropped":1}\n'), 20);
    response.once("close", () => clearInterval(timer));
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const follower = spawn(process.execPath, [join(ROOT, "src/main.ts"), "logs", "-f", `--healthz-port=${(server.address() as AddressInfo).port}`], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => follower.kill("SIGKILL"));
  await once(follower.stdout, "data");
  follower.stdout.destroy();
  await once(follower, "exit");
});

test("kubectl's completion gets commands, flags and values", () => {
  const complete = (...words: readonly string[]): readonly string[] => execFileSync(join(ROOT, "bin/kubectl_complete-sluice"), words, { encoding: "utf8" }).split("\n").slice(0, -1);
  assert.deepEqual(complete("ex"), ["explain", ":4"]);
  assert.deepEqual(complete("get", "ro"), ["routes", ":4"]);
  assert.deepEqual(complete("get", "--output=w"), ["wide", ":4"]);
  assert.deepEqual(complete("get", "--output", ""), ["text", "wide", "json", "yaml", ":4"]);
  assert.deepEqual(complete("logs", "--stat"), ["--status\tOnly these statuses (404, 5xx); may be repeated.", ":4"]);
  assert.deepEqual(complete("check", ""), [":0"], "files");
  assert.deepEqual(complete("completion", "z"), ["zsh", ":4"]);
  assert.deepEqual(complete("nothing", "--x"), [":4"]);
});

test("an installed copy runs from any folder, by a link, with the Node beside it", () => {
  const copy = join(folder, "copy");
  mkdirSync(join(copy, "bin"), { recursive: true });
  cpSync(join(ROOT, "bin"), join(copy, "bin"), { recursive: true, verbatimSymlinks: true });
  for (const name of ["src", "edge", "package.json"]) symlinkSync(join(ROOT, name), join(copy, name));
  symlinkSync(process.execPath, join(copy, "bin/node"));
  symlinkSync(join(copy, "bin/kubectl-sluice"), join(folder, "kubectl-sluice"));
  assert.match(execFileSync(join(folder, "kubectl-sluice"), ["--help"], { encoding: "utf8" }), /Usage: kubectl sluice /);
});

test("the help of a command with subcommands has the plugin's name, too", () => {
  const { stdout, code } = run("kubectl-sluice", ["migrate", "--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: kubectl sluice migrate SUBCOMMAND/);
  assert.match(stdout, /"kubectl sluice migrate SUBCOMMAND --help"/);
});
