/**
 * How many processors nginx's workers may keep busy: those of the machine, or what the CPU quota of the control group
 * leaves of them. One worker more would only make all of them wait for the next period of the quota.
 *
 * cgroups(7): version 1 has cpu.cfs_quota_us and cpu.cfs_period_us, version 2 has cpu.max. The lowest quota of a group
 * and its ancestors holds. ingress-nginx behaviour: part of a processor counts as a whole one.
 */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/** @param root folder in which `proc` and the mounted control groups lie; "/" but for tests */
export function countProcessors(machine: number = availableParallelism(), root = "/"): number {
  const quotas = [...quotasOf(root)];
  return Math.max(1, Math.min(machine, ...quotas.map((quota) => Math.ceil(quota))));
}

/** The quotas in processors. What cannot be read is no quota. */
function* quotasOf(root: string): Generator<number> {
  const own = linesOf(join(root, "proc/self/cgroup")).map((line) => line.split(":"));
  for (const mount of linesOf(join(root, "proc/self/mountinfo"))) {
    const [before = "", after = ""] = mount.split(" - ");
    const [, , , top = "", point = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (type !== "cgroup2" && !(type === "cgroup" && options.split(",").includes("cpu"))) continue;
    const group = own.find(([, controllers = ""]) => (type === "cgroup2" ? controllers === "" : controllers.split(",").includes("cpu")));
    // A group outside of what is mounted cannot be seen; then the top of the mount is taken, which is nearest to it.
    const path = group?.slice(2).join(":") ?? "/";
    const below = path.startsWith(top) && !path.includes("..") ? path.slice(top.length) : "";
    const highest = join(root, point);
    for (let folder = join(highest, below); folder.startsWith(highest); folder = dirname(folder)) {
      const quota = type === "cgroup2" ? quotaOf2(folder) : quotaOf1(folder);
      if (quota > 0) yield quota;
      if (folder === highest) break;
    }
  }
}

/** Quota in processors of a group of version 1. NaN, or not above 0: there is none. */
function quotaOf1(folder: string): number {
  const [quota, period] = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((file) => Number(linesOf(join(folder, file))[0]));
  return (quota as number) / (period as number);
}

/** Quota in processors of a group of version 2, from "QUOTA PERIOD"; NaN for "max PERIOD". */
function quotaOf2(folder: string): number {
  const [quota, period] = (linesOf(join(folder, "cpu.max"))[0] ?? "").split(" ").map(Number);
  return (quota as number) / (period as number);
}

function linesOf(file: string): string[] {
  try {
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  } catch {
    return [];
  }
}
