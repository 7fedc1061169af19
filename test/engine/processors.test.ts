import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { countProcessors } from "../../src/engine/agent/processors.ts";

const V1 = "33 24 0:28 TOP /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct";
const V1_MEMORY = "34 24 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:10 - cgroup cgroup rw,memory";
const V2 = "32 24 0:27 TOP /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
const [ONE, TWO] = ["sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup"];

interface Machine {
  readonly cgroup: string;
  readonly mounts: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** How many of the machine's 8 processors may be used. */
  readonly expected: number;
}

const v1 = (folder: string, quota: number, period = 100_000): Record<string, string> => ({
  [`${ONE}${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
  [`${ONE}${folder}/cpu.cfs_period_us`]: `${period}\n`,
});
const v2 = (folder: string, max: string): Record<string, string> => ({ [`${TWO}${folder}/cpu.max`]: `${max}\n` });

const MACHINES: Readonly<Record<string, Machine>> = {
  "no control groups": { cgroup: "", mounts: [], files: {}, expected: 8 },
  "version 1, no quota": { cgroup: "4:cpu,cpuacct:/pod", mounts: [V1.replace("TOP", "/")], files: v1("/pod", -1), expected: 8 },
  "version 1, two": { cgroup: "5:memory:/x\n4:cpu,cpuacct:/pod", mounts: [V1_MEMORY, V1.replace("TOP", "/")], files: v1("/pod", 200_000), expected: 2 },
  "version 1, a part is a whole one": { cgroup: "4:cpu,cpuacct:/", mounts: [V1.replace("TOP", "/")], files: v1("", 250_000), expected: 3 },
  "version 1, less than one": { cgroup: "4:cpu,cpuacct:/", mounts: [V1.replace("TOP", "/")], files: v1("", 10_000), expected: 1 },
  "version 1, another period": { cgroup: "4:cpu,cpuacct:/", mounts: [V1.replace("TOP", "/")], files: v1("", 100_000, 50_000), expected: 2 },
  "version 1, in a container without a namespace of control groups": {
    cgroup: "4:cpu,cpuacct:/kubepods/pod1/c1", mounts: [V1.replace("TOP", "/kubepods/pod1/c1")], files: v1("", 300_000), expected: 3,
  },
  "version 1, the pod has less than its container": {
    cgroup: "4:cpu,cpuacct:/pod/c", mounts: [V1.replace("TOP", "/")], files: { ...v1("/pod/c", 400_000), ...v1("/pod", 150_000) }, expected: 2,
  },
  "version 2, no quota": { cgroup: "0::/", mounts: [V2.replace("TOP", "/")], files: v2("", "max 100000"), expected: 8 },
  "version 2, one and a half": { cgroup: "0::/", mounts: [V2.replace("TOP", "/")], files: v2("", "150000 100000"), expected: 2 },
  "version 2, of an ancestor": {
    cgroup: "0::/a.slice/b.service", mounts: [V2.replace("TOP", "/")], files: { ...v2("/a.slice/b.service", "max 100000"), ...v2("/a.slice", "400000 100000") }, expected: 4,
  },
  "version 2, a group outside of the namespace": { cgroup: "0::/../other", mounts: [V2.replace("TOP", "/")], files: v2("", "200000 100000"), expected: 2 },
  "both, the quota is version 1's": {
    cgroup: "4:cpu,cpuacct:/pod\n0::/pod", mounts: [V1.replace("TOP", "/"), V2.replace("TOP", "/").replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")], files: v1("/pod", 200_000), expected: 2,
  },
  "a quota above what the machine has": { cgroup: "0::/", mounts: [V2.replace("TOP", "/")], files: v2("", "1600000 100000"), expected: 8 },
  "a file that says nothing": { cgroup: "0::/", mounts: [V2.replace("TOP", "/")], files: v2("", ""), expected: 8 },
};

test("workers are as many as the processors that the quota of the control group leaves", (t) => {
  for (const [name, { cgroup, mounts, files, expected }] of Object.entries(MACHINES)) {
    const root = mkdtempSync(join(tmpdir(), "sluice-cgroup-"));
    t.after(() => rmSync(root, { recursive: true }));
    const all = { "proc/self/cgroup": `${cgroup}\n`, "proc/self/mountinfo": `${mounts.join("\n")}\n`, ...files };
    for (const [file, text] of Object.entries(all)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    assert.equal(countProcessors(8, root), expected, name);
  }
});

test("a machine's own control groups can be read", () => {
  const count = countProcessors(64);
  assert.ok(Number.isInteger(count) && count >= 1 && count <= 64, `${count}`);
});
