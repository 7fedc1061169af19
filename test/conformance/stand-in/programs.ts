/** What runs in place of a container: a program for each image that the suite uses, its environment, its volumes as folders. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Filed, Pod, PodContainer, PodVolume } from "./objects.ts";
import type { ClusterState } from "./state.ts";

/** The command for an image; undefined: there is none. */
export function commandFor(image: string, echo: string): readonly string[] | undefined {
  if (image.includes("/echo-basic:")) return [echo];
  if (image.includes("/coredns:")) return [process.execPath, join(import.meta.dirname, "dns.ts")];
  return undefined;
}

/** Volumes of a pod by name, and the folders in which their files are; undefined: a Secret or ConfigMap is not there yet, and the pod waits as it would for a kubelet. */
export function writeVolumes(pod: Pod, { secrets, configMaps }: ClusterState, folder: string): ReadonlyMap<string, string> | undefined {
  const all = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) {
    const files = filesOf(volume, pod.metadata.namespace ?? "", { secrets, configMaps });
    if (!files) return undefined;
    const at = join(folder, volume.name);
    mkdirSync(at, { recursive: true });
    for (const [path, content] of files) writeFileSync(join(at, path), content, { mode: 0o600 });
    all.set(volume.name, at);
  }
  return all;
}

function filesOf({ secret, configMap }: PodVolume, namespace: string, { secrets, configMaps }: Pick<ClusterState, "secrets" | "configMaps">): readonly (readonly [string, Buffer])[] | undefined {
  if (secret) return select(secrets.get(`${namespace}/${secret.secretName}`), secret.items, "base64");
  if (configMap) return select(configMaps.get(`${namespace}/${configMap.name}`), configMap.items, "utf8");
  return [];
}

function select(object: Filed | undefined, items: NonNullable<PodVolume["secret"]>["items"], encoding: "base64" | "utf8"): readonly (readonly [string, Buffer])[] | undefined {
  if (!object) return undefined;
  const data = object.data ?? {};
  return (items ?? Object.keys(data).map((key) => ({ key, path: key }))).map(({ key, path }) => [path, Buffer.from(data[key] ?? "", encoding)]);
}

/** The container's variables. One that begins with the path of a volume names the volume's folder instead: the program sees the machine's files. */
export function environmentOf({ env = [], volumeMounts = [] }: PodContainer, { metadata, status }: Pod, volumes: ReadonlyMap<string, string>, address: string): Readonly<Record<string, string>> {
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": metadata.name, "metadata.namespace": metadata.namespace, "metadata.uid": metadata.uid, "status.podIP": status?.podIP ?? address,
  };
  return Object.fromEntries(env.map(({ name, value, valueFrom }) => {
    const text = value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ""] ?? "";
    const mount = volumeMounts.find(({ mountPath }) => text === mountPath || text.startsWith(`${mountPath}/`));
    const folder = mount && volumes.get(mount.name);
    return [name, mount && folder ? folder + text.slice(mount.mountPath.length) : text];
  }));
}
