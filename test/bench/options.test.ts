/** The command line of `npm run bench`, and which proxies it finds: each mistake is one sentence with its remedy. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseOptions, usage, type BenchOptions } from "../../bench/options.ts";
import { adapterNames, findRivals, notInstalled } from "../../bench/rivals/find.ts";
import { FEATURES, HOSTS } from "../../bench/site/site.ts";
import { canDo } from "../../bench/targets.ts";
import { chooseWorkloads, WORKLOADS } from "../../bench/workloads.ts";
import { rival as haproxy } from "../../bench/rivals/haproxy.ts";
import { rival as caddy } from "../../bench/rivals/caddy.ts";
import { UserError } from "../../src/support/user-error.ts";

const folder = mkdtempSync(join(tmpdir(), "bench-options-"));
after(() => rmSync(folder, { recursive: true }));

function parsed(...argv: readonly string[]): BenchOptions {
  const options = parseOptions(argv);
  assert.notEqual(options, "help");
  return options as BenchOptions;
}

function sentence(pattern: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof UserError && pattern.test(error.message) && !error.message.includes("\n");
}

function program(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

const find = (name: string, path: string): Promise<unknown> => findRivals({ named: new Map([[name, path]]), against: [] });

test("nothing said means everything, quick means less", () => {
  const [whole, quick] = [parsed(), parsed("--quick")];
  assert.deepEqual([...whole.parts], ["data", "control"]);
  assert.equal(whole.workloads, undefined);
  assert.ok(quick.rounds < whole.rounds && quick.changes < whole.changes);
  assert.deepEqual(chooseWorkloads(undefined, false), WORKLOADS);
  assert.ok(chooseWorkloads(undefined, true).length < WORKLOADS.length / 4);
  assert.equal(parseOptions(["--help"]), "help");
  for (const { id } of WORKLOADS) assert.ok(usage().includes(id));
});

test("workloads are named one by one or in a list, and mean requests alone", () => {
  const { workloads, parts } = parsed("--workload", "plain,https", "--workload=rewrite");
  assert.deepEqual(workloads, ["plain", "https", "rewrite"]);
  assert.deepEqual([...parts], ["data"]);
  assert.deepEqual(chooseWorkloads(workloads, false).map(({ id }) => id), ["plain", "https", "rewrite"]);
});

test("pictures of whole runs are kept, those of others go where one says", () => {
  assert.equal(parsed().results, undefined);
  assert.match(parsed("--plot", "--only", "data").results ?? "", /\/bench\/results\/$/);
  assert.equal(parsed("--workload", "plain", "--results", "/tmp/mine").results, "/tmp/mine");
});

test("rivals are named with a path or without", () => {
  const { named, against } = parsed("--rival", "traefik=/opt/traefik", "--rival=caddy", "--against", "nginx").rivals;
  assert.deepEqual([...named], [["traefik", "/opt/traefik"], ["caddy", ""]]);
  assert.deepEqual(against, ["nginx"]);
});

for (const [argv, pattern] of [
  [["--workload", "plane"], /no workload "plane": use some of plain,/],
  [["--workload", "plain", "--only", "control"], /leave one of them out/],
  [["--only", "half"], /--only=half names no part.*data or control/],
  [["--plot", "--quick"], /draws a whole run.*--results FOLDER/],
  [["--output", "xml"], /table or json/],
  [["--rounds", "0"], /--rounds=0 is not a whole number from 1 to 1000/],
  [["--rival", "=/bin/true"], /has no name: write NAME=\/path\/to\/binary/],
  [["--fast"], /--fast.*--help lists the flags/],
] as const) {
  test(`${argv.join(" ")} is one sentence`, () => assert.throws(() => parseOptions(argv), sentence(pattern)));
}

test("a rival that cannot be started is one sentence", async () => {
  const refusing = program("refusing", "#!/bin/sh\necho 'no such flag' >&2\nexit 3\n");
  const silent = program("silent", "#!/bin/sh\nexit 0\n");
  const broken = program("broken", "\x7fELF is not all that it takes\n");
  const text = join(folder, "text");
  writeFileSync(text, "1.2.3\n");
  for (const [name, path, pattern] of [
    ["trafik", "/bin/true", /no adapter for "trafik": use one of caddy, envoy, haproxy, nginx, traefik, or write bench\/rivals\/NAME\.ts/],
    ["../bench", "/bin/true", /no adapter for "\.\.\/bench"/],
    ["traefik", join(folder, "missing"), /there is no program at this path; name the traefik binary itself/],
    ["traefik", folder, /there is no program at this path/],
    ["traefik", text, /there is no program at this path/],
    ["traefik", refusing, /says no version \(no such flag, exit code 3\); is it traefik/],
    ["traefik", silent, /says no version \(nothing, exit code 0\)/],
    ["traefik", broken, /says no version/],
  ] as const) {
    await assert.rejects(find(name, path), sentence(pattern), path);
  }
});

test("a rival is found by its path, and one that nobody named is left out where it is not installed", async () => {
  const path = program("traefik", "#!/bin/sh\necho \"Version:      3.6.12\"\n");
  const [found] = await findRivals({ named: new Map([["traefik", path]]), against: [] });
  assert.deepEqual([found?.name, found?.version, found?.path], ["traefik", "3.6.12", path]);
  assert.deepEqual(notInstalled(found ? [found] : [], { named: new Map(), against: undefined }), ["nginx", "haproxy", "caddy"]);
  assert.deepEqual(adapterNames(), ["caddy", "envoy", "haproxy", "nginx", "traefik"]);
});

test("every workload has a name of its own, asks a host that there is, and needs what adapters can say", () => {
  assert.equal(new Set(WORKLOADS.map(({ id }) => id)).size, WORKLOADS.length);
  for (const { id, load, needs } of WORKLOADS) {
    assert.ok(load.host.includes("%d") || HOSTS.some(({ name }) => name === load.host), id);
    assert.ok(needs.length > 0 && needs.every((feature) => FEATURES.includes(feature)), id);
  }
});

test("a workload is a rival's if its adapter can do all of it, and holds so many hosts", () => {
  const can = (rival: typeof caddy, id: string): boolean => canDo({ rival }, chooseWorkloads([id], false)[0] ?? assert.fail(id));
  assert.deepEqual([can(haproxy, "grpc"), can(haproxy, "external"), can(caddy, "limits"), can(caddy, "external"), can(caddy, "metrics")], [true, false, false, true, false]);
  assert.deepEqual([can(haproxy, "hosts-100000"), can(caddy, "hosts-10000"), can(caddy, "hosts-1000")], [true, false, true]);
});
