import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, test } from "node:test";
import * as fc from "fast-check";
import type { PartKind } from "../../edge/src/program.ts";
import type { Part } from "../../src/compile/program.ts";
import { SnapshotFiles } from "../../src/engine/agent/snapshot-files.ts";
import { Ledger } from "../../src/engine/ledger.ts";
import { holdings, holdingsOf, type Follower } from "./follower.ts";
import { certificatePart, hostPart, poolPart, somePart } from "./parts.ts";
import { askAndWrite, changesTo, filesIn, quiet, startFrom, writeLines, type SnapshotTexts } from "./snapshot-reader.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync("/dev/shm/sluice-test-");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (where = folder): Follower => startFrom(filesIn(where));

const program = (): string => readFileSync(`${folder}/program.log`, "latin1");
const mode = (name: string): number => statSync(`${folder}/${name}`).mode & 0o777;

test("a commit is acknowledged once a worker that starts would have it", () => {
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
  ledger.publish(changesTo(poolPart("a", 1), hostPart("x.example", "/")));
  assert.deepEqual(writeLines(files, ledger.catchUp("")), [undefined, undefined, undefined, 1]);
  assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
  assert.equal(start().tables.digest, ledger.digest);
  ledger.publish(changesTo(poolPart("a", 2)));
  assert.deepEqual(writeLines(files, ledger.latest()), [undefined, 2]);
  assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
  assert.equal(files.digest, ledger.digest);
});

test("keys lie apart, and nobody else may read either file", () => {
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
  for (const id of ["c1", "c2"]) {
    ledger.publish(changesTo(certificatePart(id), hostPart(`${id}.example`, "/")));
    writeLines(files, ledger.generation === 1 ? ledger.catchUp("") : ledger.latest());
  }
  assert.ok(!program().includes("key of"));
  assert.ok(readFileSync(`${folder}/keys.log`, "latin1").includes("key of c2"));
  assert.deepEqual([mode("program.log"), mode("keys.log")], [0o600, 0o600]);
});

test("keys without their program claim nothing", () => {
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
  ledger.publish(changesTo(certificatePart("c1"), hostPart("x.example", "/")));
  writeLines(files, ledger.catchUp(""));
  rmSync(`${folder}/program.log`);
  assert.equal(start().tables.digest, "");
});

test("a line that was being written is left out, wherever it ends", () => {
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
  const states = new Map<string, Record<string, string>>([["", {}]]);
  for (const version of [1, 2, 3]) {
    ledger.publish(changesTo(poolPart("a", version), hostPart("x.example", `/${version}`)));
    states.set(ledger.digest, holdingsOf(ledger.parts()));
    writeLines(files, version === 1 ? ledger.catchUp("") : ledger.latest());
  }
  for (let length = program().length; length >= 0; length -= 1) {
    truncateSync(`${folder}/program.log`, length);
    const { tables } = start();
    assert.deepEqual(holdings(tables), states.get(tables.digest), `${length} bytes`);
  }
});

test("what a lost controller did not commit is not on disk", () => {
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
  ledger.publish(changesTo(poolPart("a", 1)));
  writeLines(files, ledger.catchUp(""));
  const before = holdings(start().tables);
  ledger.publish(changesTo(poolPart("b", 1)));
  writeLines(files, [...ledger.latest()].slice(0, -1));
  files.discard();
  assert.deepEqual(holdings(start().tables), before);
  writeLines(files, ledger.catchUp(files.digest));
  assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
});

test("history is dropped when it outgrows the content: the controller is asked for everything", () => {
  let asked = 0;
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
  const long = "x".repeat(100_000);
  for (let version = 1; version <= 60; version++) {
    ledger.publish(changesTo(hostPart("x.example", `/${long}${version}`)));
    writeLines(files, version === 1 ? ledger.catchUp("") : ledger.latest());
    asked += askAndWrite(files, ledger) ? 1 : 0;
    assert.ok(program().length < 1_500_000, `${program().length} bytes after ${version} generations`);
    assert.equal(mode("program.log"), 0o600);
  }
  assert.ok(asked >= 4 && asked <= 6, `asked ${asked} times`);
  assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
});

test("what the agent holds does not grow with the Program", () => {
  const most = [100, 2000].map((hosts) => {
    const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
    ledger.publish(changesTo(...Array.from({ length: hosts }, (_, i) => hostPart(`h${i}.example`, `/${"x".repeat(3000)}`)), certificatePart("c1")));
    let held = 0;
    for (const line of ledger.catchUp("")) {
      files.take(line);
      held = Math.max(held, files.held);
    }
    assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
    assert.equal(files.held, 0);
    return held;
  });
  // A chunk, and the line that ends it.
  for (const held of most) assert.ok(held < 300 * 1024, `${held} bytes`);
});

test("a delta that is larger than a chunk is appended before its commit, and taken back with its controller", () => {
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
  ledger.publish(changesTo(poolPart("a", 1), certificatePart("c1", "x".repeat(400_000))));
  writeLines(files, ledger.catchUp(""));
  const before = holdings(start().tables);
  const large = (version: number): Part[] => Array.from({ length: 50 }, (_, i) => hostPart(`h${i}.example`, `/${version}${"x".repeat(10_000)}`));
  ledger.publish(changesTo(...large(1), certificatePart("c2")));
  writeLines(files, [...ledger.latest()].slice(0, -1));
  assert.ok(program().length > 100_000, "it is in the file");
  assert.deepEqual(holdings(start().tables), before, "and not in force");
  files.discard();
  assert.equal(files.claim(), "", "nothing may be appended any more: everything is needed");
  ledger.publish(changesTo(...large(2)));
  writeLines(files, ledger.catchUp(""));
  assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
  assert.equal(files.claim(), ledger.digest);
  ledger.publish(changesTo(...large(3), certificatePart("c2", "y".repeat(400_000))));
  writeLines(files, ledger.latest());
  assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
  assert.equal(files.digest, ledger.digest);
});

test("keys that were replaced do not pile up", () => {
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, quiet)];
  const long = "x".repeat(100_000);
  for (let version = 1; version <= 60; version++) {
    ledger.publish(new Map([...changesTo(certificatePart(`c${version}`, long)), [`certificate c${version - 1}`, undefined]]));
    writeLines(files, version === 1 ? ledger.catchUp("") : ledger.latest());
    askAndWrite(files, ledger);
    assert.ok(statSync(`${folder}/keys.log`).size < 1_500_000);
  }
  assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
});

test("on a disk the keys are left out, and a worker that starts claims to hold nothing whole", (t) => {
  const disk = mkdtempSync(`${tmpdir()}/sluice-test-`);
  try {
    if ([0x01021994, 0x858458f6].includes(statfsSync(disk).type)) return t.skip(`${tmpdir()} is in memory`);
    const [ledger, files] = [new Ledger(), new SnapshotFiles(disk, undefined, quiet)];
    assert.equal(files.keepsKeys, false);
    for (const version of [1, 2]) {
      ledger.publish(changesTo(certificatePart(`c${version}`), poolPart("a", version)));
      writeLines(files, version === 1 ? ledger.catchUp("") : ledger.latest());
    }
    assert.ok(!existsSync(`${disk}/keys.log`));
    assert.ok(!readFileSync(`${disk}/program.log`, "latin1").includes("key of"));
    assert.deepEqual([Object.keys(holdings(start(disk).tables)), start(disk).tables.digest], [["pool a"], ""]);
  } finally {
    rmSync(disk, { recursive: true, force: true });
  }
});

test("whatever was published, a worker that starts holds what the ledger holds", () => {
  const kind = fc.constantFrom<PartKind>("host", "pool", "certificate", "tls");
  const change = fc.tuple(kind, fc.constantFrom("a", "*.b", "_"), fc.nat(2), fc.boolean());
  fc.assert(
    fc.property(fc.array(fc.record({ changes: fc.array(change, { maxLength: 4 }), agentDies: fc.boolean() }), { maxLength: 12 }), (steps) => {
      const ledger = new Ledger();
      let files = new SnapshotFiles(folder, undefined, quiet);
      for (const { changes, agentDies } of steps) {
        ledger.publish(new Map(changes.map(([of, id, version, drop]) => {
          const made = somePart(of, id, version);
          return [made.key, drop ? undefined : made];
        })));
        if (agentDies) files = new SnapshotFiles(folder, undefined, quiet);
        writeLines(files, agentDies || ledger.generation === 1 ? ledger.catchUp(files.digest) : ledger.latest());
        const { tables } = start();
        assert.deepEqual(holdings(tables), holdingsOf(ledger.parts()));
        assert.equal(tables.digest, ledger.digest);
      }
    }),
    { numRuns: 100 },
  );
});

/**
 * The agent writes one file and then the other; a worker reads one and then the other. In whatever order these four steps
 * come, the worker finds some state of each file, perhaps one that ends in the middle of a line.
 */
test("whichever states of the two files a worker finds, it holds what it claims, and catching up makes it whole", () => {
  const kind = fc.constantFrom<PartKind>("host", "pool", "certificate", "users", "tls", "trust");
  const change = fc.tuple(kind, fc.constantFrom("a", "*.b"), fc.nat(1), fc.boolean());
  const step = fc.record({ changes: fc.array(change, { maxLength: 3 }), event: fc.constantFrom("none", "agent dies", "controller forgets") });
  const share = fc.nat(100).map((percent) => percent / 100);
  const cut = fc.record({ keys: share, program: share });
  let claims = 0;
  let torn = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), fc.array(cut, { maxLength: 2 }), (steps, cuts) => {
      const ledger = new Ledger();
      let files = new SnapshotFiles(folder, undefined, quiet);
      const contents = new Map<string, Record<string, string>>([["", {}]]);
      const states: SnapshotTexts[] = [];
      for (const { changes, event } of steps) {
        ledger.publish(new Map(changes.map(([of, id, version, drop]) => {
          const made = somePart(of, id, version);
          return [made.key, drop ? undefined : made];
        })));
        contents.set(ledger.digest, holdingsOf(ledger.parts()));
        if (event === "agent dies") files = new SnapshotFiles(folder, undefined, quiet);
        writeLines(files, event === "controller forgets" ? ledger.catchUp("") : files.digest === "" ? ledger.catchUp("") : ledger.latest());
        states.push(filesIn(folder));
        assert.equal(start().tables.digest, ledger.digest, "what goes together is claimed");
      }
      const part = (text = "", share: number): string => text.slice(0, Math.floor(text.length * share));
      for (const { keys } of states) {
        for (const { program } of states) {
          for (const found of [{ keys, program }, ...cuts.map((of) => ({ keys: part(keys, of.keys), program: part(program, of.program) }))]) {
            const worker = startFrom(found);
            const { digest } = worker.tables;
            if (digest === "") torn++;
            else {
              claims++;
              assert.deepEqual(holdings(worker.tables), contents.get(digest));
            }
            worker.hear([...ledger.catchUp(digest)]);
            assert.deepEqual(holdings(worker.tables), holdingsOf(ledger.parts()));
          }
        }
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(claims > 100 && torn > 100, `${claims} claims, ${torn} none`);
});

test("workers of another account may read the files and not write them", { skip: process.getuid?.() !== 0 && "needs root" }, () => {
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, { gid: 65534 }, quiet)];
  ledger.publish(changesTo(certificatePart("c1"), poolPart("a", 1)));
  writeLines(files, ledger.catchUp(""));
  ledger.publish(changesTo(certificatePart("c2"), poolPart("a", 2)));
  writeLines(files, ledger.latest());
  for (const name of ["program.log", "keys.log"]) {
    const { uid, gid } = statSync(`${folder}/${name}`);
    assert.deepEqual([mode(name), uid, gid], [0o640, 0, 65534]);
  }
});

/** A way to make every write fail, from `block` until `free`. */
interface Obstacle {
  block(): void;
  free(): void;
}

const fullDisk: Obstacle = {
  block: () => assert.throws(() => writeFileSync(`${folder}/filler`, "x".repeat(1_000_000)), { code: "ENOSPC" }),
  free: () => rmSync(`${folder}/filler`),
};
const inTheWay: Obstacle = {
  block() {
    rmSync(`${folder}/program.log`);
    for (const name of ["program.log", "program.log.new"]) mkdirSync(`${folder}/${name}/in-the-way`, { recursive: true });
  },
  free: () => ["program.log", "program.log.new"].forEach((name) => rmSync(`${folder}/${name}`, { recursive: true, force: true })),
};

for (const [name, obstacle] of [["full", fullDisk], ["unwritable", inTheWay]] as const) {
  test(`a folder that is ${name} is said once, ends nothing, and is caught up with when it can be written`, (t) => {
    if (obstacle === inTheWay) return survives(obstacle);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", folder]).status !== 0) return t.skip("no memory file system can be mounted here");
    try {
      survives(obstacle);
    } finally {
      spawnSync("umount", [folder]);
    }
  });
}

function survives(obstacle: Obstacle): void {
  const said: string[] = [];
  const [ledger, files] = [new Ledger(), new SnapshotFiles(folder, undefined, (level, message) => said.push(`${level} ${message}`))];
  ledger.publish(changesTo(hostPart("x.example", "/1")));
  writeLines(files, ledger.catchUp(""));
  obstacle.block();
  for (const version of [2, 3]) {
    ledger.publish(changesTo(hostPart("x.example", `/${version}${"x".repeat(5000)}`), certificatePart(`c${version}`)));
    assert.equal(writeLines(files, ledger.latest()).at(-1), version, "acknowledged all the same");
    assert.ok(askAndWrite(files, ledger), "what could not be written is asked for");
    assert.deepEqual([files.asksForAll(), files.held], [false, 0], "not again at once, and nothing waits for it");
    assert.deepEqual([files.digest, files.problem !== undefined], ["", true]);
  }
  assert.match(said.join("\n"), /^error The snapshot in [^\n]* cannot be written [^\n]*$/);
  if (obstacle === fullDisk) assert.match(holdings(start().tables)["host x.example"] ?? "", /"\/1"/, "what was written last is still whole");
  obstacle.free();
  ledger.publish(changesTo(poolPart("a", 4)));
  writeLines(files, ledger.latest());
  assert.ok(askAndWrite(files, ledger));
  assert.deepEqual(holdings(start().tables), holdingsOf(ledger.parts()));
  assert.deepEqual([files.digest, files.problem, said.length], [ledger.digest, undefined, 2]);
}
