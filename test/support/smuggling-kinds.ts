/**
 * The kinds of locations that Sluice serves a request in, each beside what a careful person writes by hand for the same: a
 * host of its own for each, `KIND.example`, in front of backends that note every byte.
 */
import { configMap, documents, site } from "./manifests.ts";

export interface Kind {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Directives of the location, beside what every location has. */
  readonly byHand: string;
  /** Request headers that let a request through. */
  readonly credentials?: string;
  /** The Host header, where it is not `KIND.example` alone. */
  readonly host?: string;
  /** What the location passes requests to; absent: http. */
  readonly protocol?: "grpc" | "fastcgi";
}

export interface KindPorts {
  readonly web: number;
  readonly mirror: number;
  readonly auth: number;
  readonly grpc: number;
  readonly fastcgi: number;
}

const HTPASSWD = "bob:{PLAIN}secret\n";
const BASIC = `Authorization: Basic ${Buffer.from("bob:secret").toString("base64")}\r\n`;

/** @param folder holds the files that the directives name. */
export function kindsOf({ mirror, auth, grpc, fastcgi }: KindPorts, folder: string): readonly Kind[] {
  return [
    { name: "plain", annotations: {}, byHand: "" },
    { name: "authority", annotations: {}, byHand: "", host: "authority.example:80" },
    { name: "filters", annotations: { "whitelist-source-range": "127.0.0.0/8", "enable-cors": "true" }, byHand: "allow 127.0.0.0/8; deny all;" },
    { name: "basic", annotations: { "auth-type": "basic", "auth-secret": "users" }, byHand: `auth_basic x; auth_basic_user_file ${folder}/users;`, credentials: BASIC },
    { name: "refused", annotations: { "auth-type": "basic", "auth-secret": "users" }, byHand: `auth_basic x; auth_basic_user_file ${folder}/users;` },
    { name: "asking", annotations: { "auth-url": `http://127.0.0.1:${auth}/check` }, byHand: "auth_request /asked;" },
    { name: "unbuffered", annotations: { "proxy-request-buffering": "off" }, byHand: "proxy_request_buffering off;" },
    { name: "streaming", annotations: { "proxy-request-buffering": "off", "auth-url": `http://127.0.0.1:${auth}/check`, "proxy-body-size": "1k" }, byHand: "proxy_request_buffering off; auth_request /asked; client_max_body_size 1k;" },
    // 8 MiB is a step (src/compile/body.ts): below a step a chunk that says too much is refused once it has come.
    { name: "buffered", annotations: { "proxy-buffering": "on", "proxy-body-size": "8m" }, byHand: "proxy_buffering on; client_max_body_size 8m;" },
    { name: "limited", annotations: { "whitelist-source-range": "127.0.0.0/8", "proxy-body-size": "8m", "client-body-buffer-size": "1m" }, byHand: "allow 127.0.0.0/8; deny all; client_max_body_size 8m; client_body_buffer_size 1m;" },
    { name: "large", annotations: { "proxy-body-size": "64m", "client-body-buffer-size": "128k" }, byHand: "client_max_body_size 64m; client_body_buffer_size 128k;" },
    { name: "old", annotations: { "proxy-http-version": "1.0" }, byHand: "proxy_http_version 1.0;" },
    { name: "snippet", annotations: { "configuration-snippet": "add_header X-Snippet a;" }, byHand: "add_header X-Snippet a;" },
    { name: "rewrite", annotations: { "rewrite-target": "/$1", "use-regex": "true" }, byHand: 'rewrite "(?i)/(.*)" /$1 break;' },
    { name: "errors", annotations: { "custom-http-errors": "404,503", "default-backend": "errors" }, byHand: "" },
    { name: "mirror", annotations: { "mirror-target": `http://127.0.0.1:${mirror}$request_uri` }, byHand: "mirror /mirrored;" },
    { name: "session", annotations: { affinity: "cookie", "limit-rps": "100000", "limit-connections": "1000" }, byHand: "" },
    { name: "grpc", annotations: { "backend-protocol": "GRPC" }, byHand: `grpc_pass grpc://127.0.0.1:${grpc};`, protocol: "grpc" },
    { name: "fastcgi", annotations: { "backend-protocol": "FCGI" }, byHand: `fastcgi_pass 127.0.0.1:${fastcgi}; fastcgi_param REQUEST_METHOD $request_method; fastcgi_param REQUEST_URI $request_uri; fastcgi_param CONTENT_LENGTH $content_length;`, protocol: "fastcgi" },
  ];
}

/** Sluice's manifests: each kind with its host, and what they name. @param timeout seconds that a client has for headers and bodies. */
export function manifestsOf(kinds: readonly Kind[], { web, grpc, fastcgi }: KindPorts, timeout: number): Readonly<Record<string, string>> {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "users", namespace: "shop" }, data: { auth: Buffer.from(HTPASSWD).toString("base64") } };
  const ports = { grpc, fastcgi } as const;
  const sites = kinds.map(({ name, annotations, protocol }) => {
    const path = name === "rewrite" ? { path: "/(.*)" } : {};
    const text = site({ name, host: `${name}.example`, endpoints: [`127.0.0.1:${protocol === undefined ? web : ports[protocol]}`], annotations: { "ssl-redirect": "false", ...annotations }, ...path });
    return [`${name}.yaml`, name === "rewrite" ? text.replace('"pathType":"Prefix"', '"pathType":"ImplementationSpecific"') : text] as const;
  });
  return {
    ...Object.fromEntries(sites),
    "users.yaml": documents(secret),
    "settings.yaml": configMap({
      "worker-processes": "2", "client-body-timeout": String(timeout), "client-header-timeout": String(timeout), "allow-snippet-annotations": "true", "annotations-risk-level": "Critical",
    }),
  };
}

/** nginx's configuration with the same, as a person writes it. @param timeout seconds that a client has for headers and bodies. */
export function confOf(kinds: readonly Kind[], { web, mirror, auth }: KindPorts, folder: string, { http, https, timeout }: { readonly http: number; readonly https: number; readonly timeout: number }): string {
  const pass = "proxy_pass http://backend;";
  const servers = kinds.map(({ name, byHand, protocol }) => `
    server {
      listen 127.0.0.1:${http}; listen 127.0.0.1:${https} ssl http2; server_name ${name}.example;
      location / { ${byHand} ${protocol === undefined ? pass : ""} }
      location = /asked { internal; proxy_pass http://127.0.0.1:${auth}/check; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_set_header Host $host; proxy_set_header Connection ""; }
      location = /mirrored { internal; proxy_pass http://127.0.0.1:${mirror}$request_uri; proxy_set_header Host $host; proxy_set_header Connection ""; }
    }`);
  return `
    daemon off; worker_processes 1; pid ${folder}/plain.pid; error_log ${folder}/plain.log;
    events { worker_connections 4096; }
    http {
      access_log off; client_body_timeout ${timeout}s; client_header_timeout ${timeout}s; client_header_buffer_size 1k; large_client_header_buffers 4 8k; server_tokens off; reset_timedout_connection on;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      map $http_upgrade $connection_upgrade { default upgrade; "" ""; ~*h2c ""; }
      map $http_upgrade $passed_upgrade { default $http_upgrade; ~*h2c ""; }
      upstream backend { server 127.0.0.1:${web}; keepalive 32; }
      ssl_certificate ${folder}/default.crt; ssl_certificate_key ${folder}/default.key;
      proxy_http_version 1.1; proxy_buffering off; proxy_set_header Host $http_host; proxy_set_header Upgrade $passed_upgrade; proxy_set_header Connection $connection_upgrade;
      server { listen 127.0.0.1:${http} default_server; listen 127.0.0.1:${https} ssl http2 default_server; location / { return 404; } }
      ${servers.join("")}
    }`;
}

/** The file of users that `auth_basic_user_file` names. */
export const USERS = HTPASSWD;
