/**
 * What differs between two texts, in the form of `diff -u`, which patch and git take.
 *
 * For changes that are small and far apart, as those of a rewriting are: lines that stay are looked for nearby. The result
 * is right for any two texts, but for others than those it may say more than it must.
 */

/** Lines in front of and behind a change. */
const CONTEXT = 3;
/** Lines, of both texts together, after which nothing is expected to be alike again. */
const FARTHEST = 1000;

/** Lines from `at` to `end` of the one text, which stand for those of the other. */
interface Change {
  readonly old: readonly [at: number, end: number];
  readonly new: readonly [at: number, end: number];
}

/** Lines without a newline at their ends; none where the texts are the same. */
export function unifiedDiff(name: string, before: string, after: string): readonly string[] {
  if (before === after) return [];
  const [old, now] = [linesOf(before), linesOf(after)];
  return [`--- ${name}`, `+++ ${name}`, ...hunks(changesBetween(old, now)).flatMap((changes) => hunkLines(changes, old, now))];
}

/** Each line with its newline: the last may have none. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function changesBetween(old: readonly string[], now: readonly string[]): Change[] {
  const changes: Change[] = [];
  let [a, b] = [0, 0];
  while (a < old.length || b < now.length) {
    if (old[a] === now[b]) {
      a++;
      b++;
      continue;
    }
    const [gone, come] = nextAlike(old, now, a, b);
    changes.push({ old: [a, a + gone], new: [b, b + come] });
    a += gone;
    b += come;
  }
  return changes;
}

/** How many lines of each text are passed over before two are alike; the rest, where that is far away. */
function nextAlike(old: readonly string[], now: readonly string[], a: number, b: number): readonly [gone: number, come: number] {
  for (let sum = 1; sum <= FARTHEST; sum++) {
    for (let gone = 0; gone <= sum; gone++) {
      const [x, y] = [a + gone, b + sum - gone];
      if (x > old.length || y > now.length || old[x] !== now[y]) continue;
      // A line without words ("---", "}") is alike anywhere: then the next one has to be, too.
      if (/\w/.test(old[x] ?? "end") || old[x + 1] === now[y + 1]) return [gone, sum - gone];
    }
  }
  return [old.length - a, now.length - b];
}

/** Changes whose context would meet stand in one hunk. */
function hunks(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const last = groups.at(-1)?.at(-1);
    if (last && change.old[0] - last.old[1] <= 2 * CONTEXT) groups.at(-1)?.push(change);
    else groups.push([change]);
  }
  return groups;
}

function hunkLines(changes: readonly Change[], old: readonly string[], now: readonly string[]): string[] {
  const [first, last] = [changes[0], changes.at(-1)];
  if (!first || !last) return [];
  const lead = Math.min(CONTEXT, first.old[0]);
  const trail = Math.min(CONTEXT, old.length - last.old[1]);
  const range = ([from]: readonly [number, number], [, to]: readonly [number, number]): string => {
    const count = to + trail - (from - lead);
    // Of an empty range, the line before it is named.
    return `${from - lead + (count === 0 ? 0 : 1)}${count === 1 ? "" : `,${count}`}`;
  };
  const lines = [`@@ -${range(first.old, last.old)} +${range(first.new, last.new)} @@`];
  const put = (sign: string, of: readonly string[], from: number, to: number): void => {
    for (const line of of.slice(from, to)) lines.push(...(line.endsWith("\n") ? [`${sign}${line.slice(0, -1)}`] : [`${sign}${line}`, "\\ No newline at end of file"]));
  };
  let at = first.old[0] - lead;
  for (const change of changes) {
    put(" ", old, at, change.old[0]);
    put("-", old, ...change.old);
    put("+", now, ...change.new);
    at = change.old[1];
  }
  put(" ", old, at, at + trail);
  return lines;
}
