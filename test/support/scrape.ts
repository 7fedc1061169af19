/** What /metrics says, parsed. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sluice } from "./sluice.ts";

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples; throws for a line that is neither a comment nor a sample. */
export function parseScrape(text: string): Sample[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    assert.ok(name, `no sample: ${line}`);
    return {
      name,
      labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label = "", text = ""]) => [label, unescaped(text)])),
      value: Number(value?.replace("Inf", "Infinity")),
    };
  });
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
}

export async function scrape(sluice: Sluice): Promise<Sample[]> {
  const { status, text } = await sluice.ask("/metrics");
  assert.equal(status, 200);
  return parseScrape(text);
}

/** Sum of the samples of a name that have these labels. */
export function total(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return matching(samples, name, labels).reduce((sum, { value }) => sum + value, 0);
}

export function matching(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): Sample[] {
  return samples.filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value));
}

/** Scrapes until `done` is true, and gives the last scrape. Workers hand over their counts about once a second. */
export async function scrapeUntil(sluice: Sluice, done: (samples: readonly Sample[]) => boolean): Promise<Sample[]> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const samples = await scrape(sluice);
    if (done(samples)) return samples;
    assert.ok(Date.now() < deadline, `/metrics does not come to say what is waited for:\n${(await sluice.ask("/metrics")).text.split("\n").filter((line) => !line.startsWith("#") && /^(nginx_ing|sluice)/.test(line)).slice(0, 60).join("\n")}`);
    await sleep(50);
  }
}
