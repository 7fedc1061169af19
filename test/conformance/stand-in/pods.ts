/** In place of the scheduler and the kubelet: each pod gets the one node, a network namespace, its programs, and a status that says so. */
import { spawn, type ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { unlessOutdated } from "../inside/api.ts";
import { NODE_ADDRESS } from "../shapes.ts";
import { NODE } from "./node.ts";
import { keyOf, type Pod } from "./objects.ts";
import { podLog, type PodLog } from "./pod-log.ts";
import { makePodNetwork, podAddress, podNamespace, removePodNetwork } from "./pod-network.ts";
import { commandFor, environmentOf, writeVolumes } from "./programs.ts";
import type { ClusterState } from "./state.ts";

const FIRST_NUMBER = 10;

interface RunningPod {
  readonly key: string;
  readonly number: number;
  readonly folder: string;
  readonly programs: ChildProcess[];
  /** By container. */
  readonly logs: Map<string, PodLog>;
}

export interface PodRunner {
  run(state: ClusterState): Promise<void>;
  log(namespace: string, pod: string, container: string): PodLog | undefined;
}

export interface PodRunnerOptions {
  /** For the files of volumes. */
  readonly folder: string;
  /** The echo server. */
  readonly echo: string;
  /** Is told of what is unusual. */
  readonly say: (line: string) => void;
}

export function podRunner(options: PodRunnerOptions): PodRunner {
  /** By uid. */
  const running = new Map<string, RunningPod>();
  let next = FIRST_NUMBER;

  const treat = async (pod: Pod, state: ClusterState): Promise<void> => {
    const { metadata: { namespace, name, uid, deletionTimestamp }, spec, status } = pod;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    if (deletionTimestamp !== undefined) {
      await end(uid, running);
      await unlessOutdated(state.api.ask("DELETE", path, { gracePeriodSeconds: 0, preconditions: { uid } }));
    } else if (spec.nodeName === undefined) {
      await unlessOutdated(state.api.ask("POST", `${path}/binding`, { apiVersion: "v1", kind: "Binding", metadata: { name }, target: { apiVersion: "v1", kind: "Node", name: NODE } }));
    } else if ((status?.phase ?? "Pending") === "Pending" && !running.has(uid)) {
      const volumes = writeVolumes(pod, state, join(options.folder, "volumes", uid));
      if (volumes) await begin(pod, volumes, next++, state, options, running);
    }
  };

  return {
    async run(state) {
      const pods = [...state.pods.values()];
      const here = new Set(pods.map(({ metadata }) => metadata.uid));
      await Promise.all([
        ...pods.map((pod) => treat(pod, state)),
        ...[...running.keys()].filter((uid) => !here.has(uid)).map((uid) => end(uid, running)),
      ]);
    },
    log: (namespace, pod, container) => [...running.values()].find(({ key }) => key === `${namespace}/${pod}`)?.logs.get(container),
  };
}

async function begin(
  pod: Pod, volumes: ReadonlyMap<string, string>, number: number, { api }: ClusterState, { folder, echo, say }: PodRunnerOptions, running: Map<string, RunningPod>,
): Promise<void> {
  const { metadata: { namespace, name, uid }, spec: { containers } } = pod;
  const one: RunningPod = { key: keyOf(pod), number, folder: join(folder, "volumes", uid), programs: [], logs: new Map() };
  running.set(uid, one);
  const tell = (status: object): Promise<unknown> => unlessOutdated(api.ask("PATCH", `/api/v1/namespaces/${namespace}/pods/${name}/status`, { status }));
  await makePodNetwork(number);
  const strange = containers.find(({ image }) => commandFor(image, echo) === undefined);
  if (strange) {
    say(`${one.key}: no program stands for the image ${strange.image}`);
    return void await tell(statusOf(pod, number, { waiting: { reason: "ErrImagePull", message: `no program stands for ${strange.image}` } }));
  }
  for (const container of containers) {
    const child = spawn("ip", ["netns", "exec", podNamespace(number), ...(commandFor(container.image, echo) ?? [])], {
      env: { PATH: process.env["PATH"], ...environmentOf(container, pod, volumes, podAddress(number)) }, stdio: ["ignore", "pipe", "pipe"],
    });
    const log = podLog();
    log.take(child.stdout);
    log.take(child.stderr);
    one.logs.set(container.name, log);
    one.programs.push(child);
    child.once("exit", (code, signal) => {
      if (!running.has(uid)) return;
      say(`${one.key}: ${container.name} ended (${code ?? signal}): ${log.read(new URLSearchParams({ tailLines: "3" }))}`);
      tell(statusOf(pod, number, { terminated: { exitCode: code ?? 137 } })).catch((error: unknown) => say(`${one.key}: ${String(error)}`));
    });
  }
  await tell(statusOf(pod, number, { running: { startedAt: new Date().toISOString() } }));
}

/** @param state of all its containers; a pod is ready when they run */
function statusOf({ spec: { containers } }: Pod, number: number, state: Readonly<Record<string, object>>): object {
  const runs = "running" in state;
  const podIP = podAddress(number);
  const lastTransitionTime = new Date().toISOString();
  const condition = (type: string, is: boolean): object => ({ type, status: is ? "True" : "False", lastTransitionTime });
  return {
    phase: runs ? "Running" : "terminated" in state ? "Failed" : "Pending",
    hostIP: NODE_ADDRESS, podIP, podIPs: [{ ip: podIP }], startTime: lastTransitionTime,
    conditions: [condition("PodScheduled", true), condition("Initialized", true), condition("ContainersReady", runs), condition("Ready", runs)],
    containerStatuses: containers.map(({ name, image }) => ({ name, image, imageID: "test-ground", ready: runs, started: runs, restartCount: 0, state })),
  };
}

/** Resolves when nothing of it is left. */
async function end(uid: string, running: Map<string, RunningPod>): Promise<void> {
  const one = running.get(uid);
  if (!one) return;
  running.delete(uid);
  await Promise.all(one.programs.map((child) => new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve()).kill("SIGKILL");
  })));
  await removePodNetwork(one.number).catch(() => {});
  await rm(one.folder, { recursive: true, force: true });
}
