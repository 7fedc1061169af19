/**
 * What several replicas do for one release: each tells the leader once a second what its workers counted, and takes from its answer what canaries get.
 *
 * Guarantees: only who can read the leader's Lease can tell it anything, or be taken for it: both messages are signed with the key that is noted there, new
 * with each term (HMAC-SHA-256), and a message counts once. What cannot be told goes on without it, and is said. No right is needed beside those of the election.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { networkInterfaces } from "node:os";
import { armsRow } from "../engine/hearing.ts";
import type { ArmsRow } from "../../edge/src/arms.ts";
import { addRows, rowsOfCounted } from "./counted.ts";
import type { LeaderNote } from "./lease-notes.ts";
import { ROLLOUT_ACTIONS, type RolloutAction } from "./release.ts";
import type { RolloutStatus } from "./status.ts";

/** On the leader's health port. */
export const REPLICAS_PATH = "/rollouts/tallies";
export const SIGNATURE_HEADER = "x-sluice-signature";
/** Hexadecimal digits. */
export const SIGNATURE_LENGTH = 64;
/** Bytes of a message that is read before anything is known of who sent it. */
export const LONGEST_MESSAGE = 2 ** 20;

const PATIENCE_MS = 900;
/** A replica that has said nothing for so long is left out, and forgotten after so much more. */
const SILENT_MS = 5000;
const FORGOTTEN_MS = 60_000;
const MOST_REPLICAS = 1000;

/** An action that a person asked another replica for. */
export interface AskedAction {
  readonly key: string;
  readonly action: RolloutAction;
}

interface FromReplica {
  /** Name of the replica. */
  readonly replica: string;
  /** Grows with each message of the replica. */
  readonly sequence: number;
  readonly rows: readonly ArmsRow[];
  readonly asked?: AskedAction;
  /** The replica ends. */
  readonly leaves?: boolean;
}

export interface FromLeader {
  /** The state of all releases (store.ts). */
  readonly kept: string;
  readonly statuses: readonly RolloutStatus[];
  /** What became of the action; a text: why it cannot be done; null: there is no such rollout. */
  readonly done?: RolloutStatus | string | null;
}

export function newKey(): string {
  return randomBytes(32).toString("hex");
}

function sign(key: string, ...texts: readonly string[]): string {
  return createHmac("sha256", Buffer.from(key, "hex")).update(texts.join("\n")).digest("hex");
}

function isSigned(signature: string, expected: string): boolean {
  return signature.length === expected.length && timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
}

/** The address that other pods reach this one's health port at. Undefined: there is none. @param host --healthz-host @param env with POD_IP, where the manifests say it */
export function ownUrl(host: string, port: number, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const outside = (): string | undefined => Object.values(networkInterfaces()).flat().find((one) => one && !one.internal && !one.address.startsWith("fe80:"))?.address;
  const address = host === "" || host === "0.0.0.0" || host === "::" ? (env["POD_IP"] || outside()) : host;
  return address === undefined ? undefined : `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

export interface LeaderSide {
  /** Answers a message. Undefined: it is none that can be believed. */
  hear(body: string, signature: string, key: string): Promise<{ readonly body: string; readonly signature: string } | undefined>;
  /** Replicas that told something before, and have been silent for some seconds. */
  silent(): readonly string[];
}

export interface LeaderSideOptions {
  readonly count: (rows: readonly ArmsRow[]) => void;
  readonly act: (key: string, action: RolloutAction) => Promise<RolloutStatus | string | undefined>;
  readonly state: () => Omit<FromLeader, "done">;
  /** Milliseconds of a clock that is never set back. */
  readonly now?: () => number;
}

export function createLeaderSide({ count, act, state, now = () => performance.now() }: LeaderSideOptions): LeaderSide {
  /** By replica: the number of its last message, which is kept when it is gone, so that none counts again; and when it came. */
  const heard = new Map<string, { sequence: number; at: number }>();
  const isGone = ({ at }: { readonly at: number }): boolean => now() - at > SILENT_MS + FORGOTTEN_MS;
  /** True: there is room for one more. */
  const makeRoom = (): boolean => {
    if (heard.size < MOST_REPLICAS) return true;
    const [gone] = [...heard].filter(([, one]) => isGone(one)).map(([replica]) => replica);
    return gone !== undefined && heard.delete(gone);
  };
  return {
    async hear(body, signature, key) {
      if (!isSigned(signature, sign(key, "replica", body))) return undefined;
      const message = readMessage(body);
      const before = message && heard.get(message.replica);
      if (!message || message.sequence <= (before?.sequence ?? 0)) return undefined;
      if (!before && !makeRoom()) return undefined;
      heard.set(message.replica, { sequence: message.sequence, at: message.leaves ? -Infinity : now() });
      count(message.rows);
      const { asked } = message;
      const done = asked && ((await act(asked.key, asked.action)) ?? null);
      const answer = JSON.stringify({ ...state(), ...(done === undefined ? {} : { done }) });
      return { body: answer, signature: sign(key, "leader", String(message.sequence), answer) };
    },
    silent: () => [...heard].flatMap(([replica, one]) => (now() - one.at > SILENT_MS && !isGone(one) ? [replica] : [])).sort(),
  };
}

function readMessage(text: string): FromReplica | undefined {
  const { replica, sequence, rows, asked, leaves } = JSON.parse(text) as Partial<Record<keyof FromReplica, unknown>>;
  const checked = Array.isArray(rows) ? rows.map(armsRow) : [undefined];
  if (typeof replica !== "string" || replica === "" || !Number.isSafeInteger(sequence) || !checked.every((row) => row !== undefined)) return undefined;
  const { key, action } = (asked ?? {}) as Partial<Record<keyof AskedAction, unknown>>;
  const known = ROLLOUT_ACTIONS.find((one) => one === action);
  return { replica, sequence: sequence as number, rows: checked, ...(typeof key === "string" && known ? { asked: { key, action: known } } : {}), ...(leaves === true ? { leaves } : {}) };
}

export interface FollowerSide {
  /** Tells the leader, and gives its answer. Rejects with why it cannot be had: then nothing was counted, or it is not known whether it was. */
  tell(leader: LeaderNote, rows: readonly ArmsRow[], asked?: AskedAction): Promise<FromLeader>;
  /** Tells the leader that this replica ends; never rejects. */
  leave(leader: LeaderNote): Promise<void>;
}

/** Rows in parts that leave room for the rest of a message. */
export function inMessages(rows: readonly ArmsRow[]): (readonly ArmsRow[])[] {
  const parts: ArmsRow[][] = [];
  let left = 0;
  for (const row of rows) {
    const size = JSON.stringify(row).length + 1;
    if (size > left) {
      parts.push([]);
      left = LONGEST_MESSAGE / 2;
    }
    parts.at(-1)?.push(row);
    left -= size;
  }
  return parts;
}

/** @param replica its name, which no other has */
export function createFollowerSide(replica: string): FollowerSide {
  let sequence = Date.now();
  const send = async ({ url, key }: LeaderNote, more: Omit<FromReplica, "replica" | "sequence">): Promise<FromLeader> => {
    sequence = Math.max(sequence + 1, Date.now());
    const body = JSON.stringify({ replica, sequence, ...more } satisfies FromReplica);
    const asked = String(sequence);
    const response = await fetch(`${url}${REPLICAS_PATH}`, {
      method: "POST", body, redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS), headers: { "content-type": "application/json", [SIGNATURE_HEADER]: sign(key, "replica", body) },
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`HTTP status ${response.status}`);
    if (!isSigned(response.headers.get(SIGNATURE_HEADER) ?? "", sign(key, "leader", asked, text))) throw new Error("who answers there is not the leader");
    return JSON.parse(text) as FromLeader;
  };
  return {
    async tell(leader, rows, asked) {
      const [last = [], ...others] = inMessages(rowsOfCounted(addRows(new Map(), rows))).reverse();
      for (const part of others.reverse()) await send(leader, { rows: part });
      return await send(leader, { rows: last, ...(asked ? { asked } : {}) });
    },
    leave: async (leader) => void (await send(leader, { rows: [], leaves: true }).catch(() => {})),
  };
}
