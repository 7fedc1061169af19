/** As much of Kubernetes' objects as the stand-in looks at. */

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { readonly kind: string; readonly uid: string; readonly controller?: boolean }[];
}

export interface Standing {
  readonly metadata: Meta;
}

export interface EnvironmentEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly EnvironmentEntry[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface VolumeItem {
  readonly key: string;
  readonly path: string;
}

export interface PodVolume {
  readonly name: string;
  readonly secret?: { readonly secretName: string; readonly items?: readonly VolumeItem[] };
  readonly configMap?: { readonly name: string; readonly items?: readonly VolumeItem[] };
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly containers: readonly PodContainer[];
  readonly volumes?: readonly PodVolume[];
}

export interface Pod extends Standing {
  readonly spec: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface Deployment extends Standing {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }; readonly spec: PodSpec };
  };
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number; readonly observedGeneration?: number };
}

export interface ClusterService extends Standing {
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly publishNotReadyAddresses?: boolean;
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly targetPort?: number | string; readonly protocol?: string; readonly appProtocol?: string }[];
  };
}

export interface Slice extends Standing {
  readonly endpoints?: readonly unknown[] | null;
  readonly ports?: readonly unknown[] | null;
}

/** A Secret, whose data is base64, or a ConfigMap. */
export interface Filed extends Standing {
  readonly data?: Readonly<Record<string, string>>;
}

export interface ClusterNamespace extends Standing {
  readonly spec?: { readonly finalizers?: readonly string[] };
}

export function isReady({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && (status?.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True");
}

/** `namespace/name`. */
export function keyOf({ metadata: { namespace = "", name } }: Standing): string {
  return `${namespace}/${name}`;
}

export function isControlledBy({ metadata }: Standing, kind: string, uid: string): boolean {
  return (metadata.ownerReferences ?? []).some((owner) => owner.kind === kind && owner.uid === uid && owner.controller === true);
}
