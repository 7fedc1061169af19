/**
 * nginx as a careful person writes it by hand: the same headers, maps, limits and keep-alive as Sluice's defaults. Each host
 * is a server of its own, as they differ in settings. Debian's nginx has no sticky cookies (from 1.29.6 on) and counts no
 * requests by host.
 */
import { crowdHost, LIMITS, NETWORKS, ORIGIN, PREFIX, USER, WEIGHT, CANARY_HEADER, CANARY_COOKIE, type SiteHost } from "../site/site.ts";
import { nginxWorkers } from "../processes.ts";
import { hostsFor, IDLE_CONNECTIONS, type Rival, type RivalSetup } from "./rival.ts";

const HEAD = (setup: RivalSetup): string => `user ${setup.account};
daemon off;
pid ${setup.dir}/nginx.pid;
error_log stderr warn;
worker_processes 1;
worker_rlimit_nofile 17000;
events {
    worker_connections 16384;
    multi_accept on;
    use epoll;
}
http {
    client_body_temp_path ${setup.dir}/client_body;
    proxy_temp_path ${setup.dir}/proxy;
    fastcgi_temp_path ${setup.dir}/fastcgi;
    uwsgi_temp_path ${setup.dir}/uwsgi;
    scgi_temp_path ${setup.dir}/scgi;

    log_format full '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [shop-web-80] [] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id';
    access_log ${setup.accessLog ? `${setup.dir}/access.log full` : "off"};
    tcp_nopush on;
    tcp_nodelay on;
    reset_timedout_connection on;
    server_tokens off;
    variables_hash_max_size 2048;
    server_names_hash_max_size ${Math.max(512, 2 * setup.site.crowd)};
    keepalive_timeout 75s;
    keepalive_requests 1000000000;
    http2_max_concurrent_streams 128;

    map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
    map $http_x_request_id $req_id { default $http_x_request_id; "" $request_id; }
    map $server_port $pass_port { default $server_port; ${setup.https} 443; }
    map $http_host $best_http_host { default $http_host; "" $host; }
    map $scheme $hsts { default ""; https "max-age=31536000; includeSubDomains"; }

    split_clients $request_id $by_weight { ${WEIGHT}% second; * first; }
    map $http_${CANARY_HEADER.name} $by_header { ${CANARY_HEADER.value} second; default first; }
    map $cookie_${CANARY_COOKIE.name} $by_cookie { ${CANARY_COOKIE.value} second; default first; }
    limit_req_zone $binary_remote_addr zone=requests:10m rate=${LIMITS.perSecond}r/s;
    limit_conn_zone $binary_remote_addr zone=connections:10m;

    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:SSL:10m;
    ssl_session_timeout 10m;
    ssl_session_tickets off;
    ssl_buffer_size 4k;

    client_max_body_size 1m;
    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_buffer_size 4k;
    proxy_buffers 4 4k;
    proxy_busy_buffers_size 8k;
    proxy_connect_timeout 5s;
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;
    proxy_redirect off;
    proxy_hide_header Strict-Transport-Security;
    add_header Strict-Transport-Security $hsts always;
${forwarded("proxy")}`;

/** The headers to backends; gRPC has directives of its own. */
function forwarded(module: "proxy" | "grpc"): string {
  const values = {
    "Host": "$best_http_host", "X-Request-ID": "$req_id", "X-Real-IP": "$remote_addr", "X-Forwarded-For": "$remote_addr",
    "X-Forwarded-Host": "$best_http_host", "X-Forwarded-Port": "$pass_port", "X-Forwarded-Proto": "$scheme", "X-Forwarded-Scheme": "$scheme", "X-Scheme": "$scheme",
    "X-Original-Forwarded-For": "$http_x_forwarded_for", "X-Original-Forwarded-Host": "$http_x_forwarded_host", "Proxy": '""',
    ...(module === "proxy" ? { "Upgrade": "$http_upgrade", "Connection": "$connection_upgrade" } : {}),
  };
  return Object.entries(values).map(([name, value]) => `    ${module}_set_header ${name} ${value};\n`).join("");
}

function upstreams({ pools, authentication }: RivalSetup["site"]): string {
  const named = { ...pools, authentication: [authentication] };
  return Object.entries(named).map(([name, ports]) => `
    upstream ${name} {
${ports.map((port) => `        server 127.0.0.1:${port};\n`).join("")}        keepalive ${IDLE_CONNECTIONS};
        keepalive_time 1h;
        keepalive_timeout 60s;
        keepalive_requests 10000;
    }`).join("");
}

/** A certificate costs each server that has one 40 KiB, so only those have it that listen with TLS. */
function secure({ https, dir }: RivalSetup, more = ""): string {
  return `        listen 127.0.0.1:${https} ssl http2${more};
        ssl_certificate ${dir}/chain.pem;
        ssl_certificate_key ${dir}/key.pem;
`;
}

function server(setup: RivalSetup, names: string, body: string, tls: boolean): string {
  return `
    server {
        listen 127.0.0.1:${setup.http};
${tls ? secure(setup) : ""}        server_name ${names};
${body}    }`;
}

/** A location with its statements, one a line. */
function location(match: string, ...statements: readonly string[]): string {
  return `        location ${match} {\n${statements.map((line) => `            ${line}\n`).join("")}        }\n`;
}

function bodyOf({ does, routes }: SiteHost, dir: string): string {
  const [{ pool }] = routes;
  const pass = `proxy_pass http://${pool};`;
  switch (does) {
    case "paths":
      return routes.map(({ path, pool: to }) => location(path === "/" ? "/" : `${path}/`, `proxy_pass http://${to};`)).join("")
        + routes.filter(({ path }) => path !== "/").map(({ path, pool: to }) => location(`= ${path}`, `proxy_pass http://${to};`)).join("");
    case "regex":
      return routes.map(({ path, pool: to }) => location(`~* "^${path}"`, `proxy_pass http://${to};`)).join("") + location("/", "return 404;");
    case "weight": case "header": case "cookie":
      return location("/", `proxy_pass http://$by_${does};`);
    case "limits":
      return location("/", `limit_req zone=requests burst=${LIMITS.perSecond * 5} nodelay;`, `limit_conn connections ${LIMITS.atATime};`, pass);
    case "networks":
      return location("/", ...NETWORKS.map((network) => `allow ${network};`), "deny all;", pass);
    case "basic":
      return location("/", 'auth_basic "Authentication Required";', `auth_basic_user_file ${dir}/users;`, pass);
    case "external":
      return location("/", "auth_request /authentication;", pass)
        + location("= /authentication", "internal;", "proxy_pass_request_body off;", 'proxy_set_header Content-Length "";', "proxy_set_header Host authentication;",
          "proxy_set_header X-Original-URL $scheme://$best_http_host$request_uri;", "proxy_set_header X-Original-Method $request_method;", 'proxy_set_header Connection "";',
          "proxy_pass http://authentication;");
    case "cors":
      return location("/", `if ($request_method = OPTIONS) {`, ...corsHeaders().map((line) => `    ${line}`), "    return 204;", "}", ...corsHeaders(), pass);
    case "rewrite":
      return location("/", `rewrite "(?i)^${PREFIX}/(.*)" /$1 break;`, pass);
    case "grpc":
      return forwarded("grpc").replaceAll(/^ {4}/gm, "        ") + location("/", `grpc_pass grpc://${pool};`);
    default:
      return location("/", pass);
  }
}

function corsHeaders(): string[] {
  const values = {
    "Access-Control-Allow-Origin": `'${ORIGIN}'`, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "'GET, PUT, POST, DELETE, PATCH, OPTIONS'",
    "Access-Control-Allow-Headers": "'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization'", "Access-Control-Max-Age": "1728000",
  };
  return Object.entries(values).map(([name, value]) => `add_header ${name} ${value} always;`);
}

export const rival: Rival = {
  title: "nginx",
  command: "nginx",
  version: ["-v"],
  can: new Set(["plain", "paths", "regex", "weight", "header", "cookie", "limits", "networks", "basic", "external", "cors", "rewrite", "websocket", "grpc", "https", "log"]),
  hosts: 100_000,
  files(setup) {
    const { site, dir } = setup;
    const crowd = Array.from({ length: site.crowd }, (_, i) => server(setup, crowdHost(i), location("/", "proxy_pass http://first;"), false));
    return {
      "users": `${USER.name}:${USER.hash}\n`,
      "nginx.conf": [
        HEAD(setup), upstreams(site),
        `\n    server {\n        listen 127.0.0.1:${setup.http} default_server;\n${secure(setup, " default_server")}        return 404;\n    }`,
        ...hostsFor(this, site).map((host) => server(setup, host.name, bodyOf(host, dir), host.https === true)),
        ...crowd, "\n}\n",
      ].join(""),
    };
  },
  args: ({ dir }) => ["-p", dir, "-c", `${dir}/nginx.conf`],
  workers: ({ dir }) => nginxWorkers(`${dir}/nginx.pid`, 1),
};
