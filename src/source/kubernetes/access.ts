/**
 * Where an API server is and with which credentials: the common shape of a kubeconfig and of a pod's account.
 */

/** What one TLS connection and one request need. Replaced as a whole, never changed. */
export interface ApiCredentials {
  readonly tls: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  /** `authorization` and impersonation headers. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ApiAccess {
  /** URL without a trailing slash; it may have a path. */
  readonly server: string;
  /** For humans: "https://10.0.0.1:6443 (context dev)". */
  readonly description: string;
  /** Namespace of the pod that we run in, or of the kubeconfig's context; empty: none is given. */
  readonly namespace: string;
  /** HTTP proxy to go through. */
  readonly proxy?: string;
  /** The credentials as they are now. May answer from a cache of its own while what it holds has not expired. */
  read(): Promise<ApiCredentials>;
  /** Reads the credentials without any cache, because the server has just refused what `read` gave. */
  reread(): Promise<ApiCredentials>;
}
