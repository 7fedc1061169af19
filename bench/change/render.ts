/**
 * nginx.conf for a set of Ingresses, Services, EndpointSlices and Secrets, as a controller writes it that has one `server` for a host,
 * one `location` for a path and one `upstream` for a Service port. Only what the scenarios use.
 */
import type { ApiObject } from "../cluster.ts";

export interface RenderInput {
  readonly dir: string;
  readonly http: number;
  readonly https: number;
  readonly user: string;
  readonly ingresses: Iterable<ApiObject>;
  readonly services: Iterable<ApiObject>;
  readonly slices: Iterable<ApiObject>;
  /** Secret name → where its chain and key lie. */
  readonly certificates: ReadonlyMap<string, { readonly chain: string; readonly key: string }>;
}

interface IngressSpec {
  readonly tls?: readonly { readonly secretName: string }[];
  readonly rules: readonly { readonly host: string; readonly http: { readonly paths: readonly Path[] } }[];
}
interface Path {
  readonly path: string;
  readonly backend: { readonly service: { readonly name: string; readonly port: { readonly number: number } } };
}
interface ServiceSpec {
  readonly ports: readonly { readonly name: string; readonly port: number }[];
}
interface Slice {
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly endpoints: readonly { readonly addresses: readonly string[] }[];
}

const PREFIX = "nginx.ingress.kubernetes.io";

export function renderNginxConf(input: RenderInput): string {
  const upstreams = upstreamsOf(input);
  const servers = [...input.ingresses].map((one) => serverOf(one, input, upstreams));
  return `${head(input)}${[...upstreams].map(([name, addresses]) => upstream(name, addresses)).join("")}${servers.join("")}}\n`;
}

function head({ dir, http, https, user }: RenderInput): string {
  return `user ${user};
daemon off;
pid ${dir}/nginx.pid;
error_log stderr warn;
worker_processes 2;
worker_rlimit_nofile 17000;
worker_shutdown_timeout 240s;
events { worker_connections 16384; multi_accept on; use epoll; }
http {
  client_body_temp_path ${dir}/client_body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi; uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  access_log off; server_tokens off; keepalive_timeout 75s; keepalive_requests 1000;
  server_names_hash_max_size 32768; server_names_hash_bucket_size 128;
  ssl_session_cache shared:SSL:10m; ssl_protocols TLSv1.2 TLSv1.3;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  proxy_http_version 1.1; proxy_buffering off; proxy_connect_timeout 5s; proxy_next_upstream error timeout; proxy_next_upstream_tries 3;
  server { listen 127.0.0.1:${http} default_server; listen 127.0.0.1:${https} ssl default_server; server_name _; ssl_certificate ${dir}/default.crt; ssl_certificate_key ${dir}/default.key; return 404; }
`;
}

/** `service_port` → `address:port`, of Services that have endpoints. */
function upstreamsOf({ services, slices }: RenderInput): Map<string, string[]> {
  const bySlice = new Map<string, Slice[]>();
  for (const slice of slices) {
    const name = (slice.metadata["labels"] as Record<string, string>)["kubernetes.io/service-name"] ?? "";
    bySlice.set(name, [...(bySlice.get(name) ?? []), slice as unknown as Slice]);
  }
  const upstreams = new Map<string, string[]>();
  for (const service of services) {
    const { name } = service.metadata;
    for (const port of (service["spec"] as ServiceSpec).ports) {
      const addresses = (bySlice.get(name) ?? []).flatMap(({ ports, endpoints }) =>
        ports.filter((one) => one.name === port.name).flatMap((one) => endpoints.flatMap(({ addresses: of }) => of.map((address) => `${address}:${one.port}`))));
      if (addresses.length > 0) upstreams.set(`${plain(name)}_${port.port}`, addresses);
    }
  }
  return upstreams;
}

function upstream(name: string, addresses: readonly string[]): string {
  return `  upstream ${name} { ${addresses.map((address) => `server ${plain(address)};`).join(" ")} keepalive 320; }\n`;
}

function serverOf(ingress: ApiObject, { http, https, certificates }: RenderInput, upstreams: ReadonlyMap<string, unknown>): string {
  const spec = ingress["spec"] as IngressSpec;
  const annotations = (ingress.metadata["annotations"] ?? {}) as Record<string, string>;
  const certificate = certificates.get(spec.tls?.[0]?.secretName ?? "");
  const listens = `listen 127.0.0.1:${http};${certificate ? ` listen 127.0.0.1:${https} ssl; ssl_certificate ${certificate.chain}; ssl_certificate_key ${certificate.key};` : ""}`;
  const host = annotations[`${PREFIX}/upstream-vhost`];
  const headers = `proxy_set_header Host ${host === undefined ? "$http_host" : plain(host)}; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;`;
  const retries = annotations[`${PREFIX}/proxy-next-upstream`];
  return spec.rules.map((rule) => {
    const locations = rule.http.paths.map(({ path, backend: { service } }) => {
      const name = `${plain(service.name)}_${service.port.number}`;
      const does = upstreams.has(name) ? `${retries === undefined ? "" : `proxy_next_upstream ${plain(retries)}; `}proxy_pass http://${name};` : "return 503;";
      return `    location ${plain(path)} { ${does} }\n`;
    });
    return `  server {\n    ${listens} server_name ${plain(rule.host)}; ${headers}\n${locations.join("")}  }\n`;
  }).join("");
}

/** The scenarios name everything in these characters; nothing else becomes configuration. */
function plain(text: string): string {
  if (!/^[a-z0-9._:/-]+$/i.test(text)) throw new Error(`${JSON.stringify(text)} is no name of these scenarios`);
  return text;
}
