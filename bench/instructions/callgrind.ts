/** What valgrind's callgrind counts of a running process: instructions and calls, by function. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Callgrind's file in the folder of its process; each dump adds a number. */
export const OUTPUT = "callgrind.out";

export interface Counts {
  readonly instructions: number;
  /** Of a function itself, without those that it calls. Functions without a name are counted by their library; machine code of LuaJIT is `???`. */
  readonly own: ReadonlyMap<string, number>;
  readonly calls: ReadonlyMap<string, number>;
}

/** The flag that says where the pipes are by which callgrind is told to dump: they stay when the process is killed. */
export const vgdbPrefix = (dir: string): string => `--vgdb-prefix=${dir}/vgdb`;

/** Gives a function that answers what the process has executed since its last call. */
export function counting(pid: number, dir: string): () => Promise<Counts> {
  let dumps = 0;
  return async () => {
    dumps++;
    const { status, stderr } = spawnSync("callgrind_control", [vgdbPrefix(dir), "--dump", String(pid)], { encoding: "utf8", timeout: 30_000 });
    if (status !== 0) throw new Error(`callgrind_control failed: ${stderr}`);
    const file = `${dir}/${OUTPUT}.${dumps}`;
    const counts = await read(file);
    rmSync(file);
    return counts;
  };
}

async function read(file: string): Promise<Counts> {
  for (let tries = 0; tries < 200; tries++) {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    // The last line.
    if (/^totals: \d+$/m.test(text)) return countsOf(text);
    await sleep(50);
  }
  throw new Error(`callgrind wrote no ${file}`);
}

/**
 * Reads callgrind's format: `fn=(id) name` begins the costs of a function, one line `position cost` each; the line after
 * `calls=count …` is the cost of what is called, which is counted there.
 */
export function countsOf(text: string): Counts {
  const names = new Map<string, string>();
  const objects = new Map<string, string>();
  const own = new Map<string, number>();
  const calls = new Map<string, number>();
  const named = (known: Map<string, string>, reference: string): string => {
    const [, id = "", name = ""] = /^\((\d+)\)(?: (.*))?$/.exec(reference) ?? [];
    if (name !== "") known.set(id, name);
    return known.get(id) ?? reference;
  };
  const whole = (object: string, name: string): string => (name.startsWith("0x") ? object.replace(/.*\//, "") || name : name);
  const add = (to: Map<string, number>, key: string, more: number): void => void to.set(key, (to.get(key) ?? 0) + more);
  let at = "";
  let callee = "";
  let object = "";
  let calledObject = "";
  let called = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("ob=")) object = calledObject = named(objects, line.slice(3));
    else if (line.startsWith("cob=")) calledObject = named(objects, line.slice(4));
    else if (line.startsWith("fn=")) at = whole(object, named(names, line.slice(3)));
    else if (line.startsWith("cfn=")) callee = whole(calledObject, named(names, line.slice(4)));
    else if (line.startsWith("calls=")) {
      add(calls, callee, Number(/\d+/.exec(line)?.[0]));
      called = true;
      calledObject = object;
    } else if (/^[+\-*\d]/.test(line)) {
      if (!called) add(own, at, Number(line.split(" ")[1] ?? 0));
      called = false;
    }
  }
  return { instructions: Number(/^totals: (\d+)$/m.exec(text)?.[1]), own, calls };
}
