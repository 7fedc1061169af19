/**
 * What the leader notes on the Lease by which it leads: how far releases are, and where the other replicas reach it.
 *
 * The Lease is written by its holder alone, again and again anyway, and only as long as nobody else has taken it: so the state of releases needs no object,
 * no right and no lock of its own, and a replica that leads no more cannot write it.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { AT_THE_START } from "./rollout.ts";
import type { KeptReleases, Release } from "./shapes.ts";
import { readKept, textOfKept, type Kept } from "./store.ts";

export const STATE_NOTE = "sluice.ingress/rollouts";
export const LEADER_NOTE = "sluice.ingress/leader";

export type LeaseNotes = Readonly<Record<string, string>>;

/** Characters; annotations may have 262,144 in all (apimachinery, ValidateAnnotationsSize). */
const MOST_CHARACTERS = 200_000;
/** A longer text does not get short enough: it is not tried. */
const LONGEST_TRIED = 20 * MOST_CHARACTERS;
/** Nobody makes a longer text of so few characters but to fill memory. */
const LONGEST_STATE = 32 * 2 ** 20;

/**
 * The state as an annotation, never longer than the API server takes: without it nobody could lead. Of very many releases the evidence is left out, and they go
 * on at their steps; then those are left out that have no room, of each namespace as many as of another, those last that were taken back.
 */
export function packKept(kept: Kept): string {
  const wholes = [kept, { ...kept, releases: mapReleases(kept.releases, withoutEvidence) }];
  for (const one of wholes) {
    const text = textOfKept(one);
    const packed = text.length <= LONGEST_TRIED ? pack(text) : undefined;
    if (packed !== undefined && packed.length <= MOST_CHARACTERS) return packed;
  }
  for (let room = MOST_CHARACTERS; ; room /= 2) {
    const packed = pack(textOfKept({ ...kept, releases: thoseWithRoom(kept.releases, room) }));
    if (packed.length <= MOST_CHARACTERS) return packed;
  }
}

/** As many as have room, each of them packed alone, which takes no less than together. */
function thoseWithRoom(releases: KeptReleases, room: number): KeptReleases {
  const all = Object.entries(releases).map(([key, release]): Packed => {
    const short = withoutEvidence(release);
    return { key, release: short, size: pack(JSON.stringify([key, short])).length, last: rankOf(release) };
  });
  const turns = [...Map.groupBy(all, ({ key }) => key.split("/")[0]).values()]
    .flatMap((ofOne) => ofOne.sort((a, b) => a.last - b.last || a.size - b.size).map((one, turn) => ({ one, turn })))
    .sort((a, b) => a.turn - b.turn);
  let left = room;
  const kept = turns.flatMap(({ one: { key, release, size } }): [string, Release][] => {
    if (size > left) return [];
    left -= size;
    return [[key, release]];
  });
  return Object.fromEntries(kept);
}

interface Packed {
  readonly key: string;
  readonly release: Release;
  readonly size: number;
  readonly last: number;
}

/** What was taken back must not begin anew; what was promoted gets nothing either way. */
function rankOf({ over, state }: Release): number {
  if (over === "promoted") return 2;
  return over === "aborted" || state.phase === "failed" ? 0 : 1;
}

/** Throws an Error for a text that is none of these. */
export function readPacked(text: string): Kept {
  return readKept(inflateRawSync(Buffer.from(text, "base64"), { maxOutputLength: LONGEST_STATE }).toString());
}

function pack(text: string): string {
  return deflateRawSync(text).toString("base64");
}

function mapReleases(releases: KeptReleases, map: (release: Release) => Release): KeptReleases {
  return Object.fromEntries(Object.entries(releases).map(([key, release]) => [key, map(release)]));
}

function withoutEvidence(release: Release): Release {
  const { phase, step, lasted, requests, failed, verdict } = release.state;
  return { ...release, last: release.last.slice(0, 200), state: { ...AT_THE_START, phase, step, lasted, requests, failed, ...(verdict === undefined ? {} : { verdict }) } };
}

/** Where the leader is reached, and what proves that somebody has read its Lease. */
export interface LeaderNote {
  /** `http://10.0.0.5:10254`. */
  readonly url: string;
  /** Hexadecimal. */
  readonly key: string;
}

/** Undefined: there is none, or it is none. */
export function readLeader(text: string | undefined): LeaderNote | undefined {
  try {
    const { url, key } = JSON.parse(text ?? "{}") as Partial<Record<keyof LeaderNote, unknown>>;
    return typeof url === "string" && /^http:\/\/(?:[0-9.]+|\[[0-9a-fA-F:]+\]):[0-9]+$/.test(url) && typeof key === "string" && /^[0-9a-f]{64}$/.test(key) ? { url, key } : undefined;
  } catch {
    return undefined;
  }
}
