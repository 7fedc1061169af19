/**
 * The walk-through: requests for the examples, and their answers. `sluice demo` prints them, a test sends them.
 *
 * It names hosts and Services of `examples/`: change both together.
 */
export interface Case {
  readonly title: string;
  /** Absent: a name that no Ingress declares. */
  readonly host?: string;
  readonly path: string;
  readonly tls?: boolean;
  /** The port of a Service to ask in place of Sluice's http or https port. */
  readonly direct?: Direct;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect: Expectation;
}

export interface Direct {
  /** Absent: the node's address. */
  readonly address?: string;
  readonly port: number;
  readonly udp?: true;
}

export type Expectation =
  /** This status, from this Service; `service` is "" when Sluice itself answers. */
  | { readonly status: number; readonly service: string }
  /** About `percent` of 100 requests reach `service`, the others reach `other`. */
  | { readonly percent: number; readonly service: string; readonly other: string };

export interface Section {
  readonly title: string;
  /** Path relative to the folder of examples. */
  readonly file: string;
  readonly cases: readonly Case[];
}

const STABLE = "hello-service";
const CANARY = "canary-hello-service";

const stable = { status: 200, service: STABLE } as const;
const canary = { status: 200, service: CANARY } as const;

const TOMCAT = "tomcat.lucky.com";
const HELLO = "canary-service.abc.com";
const NEWS = "news.abc.com";

function ask(title: string, host: string, expect: Expectation, headers?: Record<string, string>): Case {
  return { title, host, path: "/", expect, ...(headers ? { headers } : {}) };
}

function below(title: string, direct: Direct, service: string): Case {
  return { title, path: "/", direct, expect: { status: 200, service } };
}

export const WALKTHROUGH: readonly Section[] = [
  {
    title: "Requests that no Ingress wants",
    file: "default-backend.yaml",
    cases: [
      { title: "the default backend answers", path: "/", expect: { status: 404, service: "default-http-backend" } },
      { title: "except for the health check", path: "/healthz", expect: { status: 200, service: "" } },
    ],
  },
  {
    title: "One host, two endpoints, HTTP and HTTPS",
    file: "tomcat.yaml",
    cases: [
      ask("over HTTP, endpoints in turn", TOMCAT, { status: 200, service: "tomcat" }),
      { ...ask("over HTTPS, with the certificate of its Secret", TOMCAT, { status: 200, service: "tomcat" }), tls: true },
    ],
  },
  {
    title: "Below HTTP: the ports of a Service",
    file: "tomcat.yaml",
    cases: [
      below("the port of the node", { port: 30080 }, "tomcat"),
      below("the Service's own address and port", { address: "127.0.1.10", port: 8080 }, "tomcat"),
    ],
  },
  {
    title: "Below HTTP: UDP",
    file: "udp.yaml",
    cases: [below("a datagram and its answer", { port: 30007, udp: true }, "echo")],
  },
  {
    title: "A canary by header, cookie and weight",
    file: "canary/weight-header-cookie.yaml",
    cases: [
      ask("neither header nor cookie: by weight", HELLO, { percent: 30, service: CANARY, other: STABLE }),
      ask('header "always"', HELLO, canary, { test: "always" }),
      ask('header "never"', HELLO, stable, { test: "never" }),
      ask("another value of the header: the next rule decides, here the weight", HELLO,
        { percent: 30, service: CANARY, other: STABLE }, { test: "abc" }),
      ask('cookie "always"', HELLO, canary, { Cookie: "like_music=always" }),
      ask('cookie "never"', HELLO, stable, { Cookie: "like_music=never" }),
      ask("a header goes before a cookie", HELLO, stable, { test: "never", Cookie: "like_music=always" }),
    ],
  },
  {
    title: "A canary by the exact value of a header",
    file: "canary/header-value.yaml",
    cases: [
      ask("the value", "by-header-value.abc.com", canary, { test: "v2" }),
      ask("any other value", "by-header-value.abc.com", stable, { test: "always" }),
    ],
  },
  {
    title: "A canary by a pattern over a header",
    file: "canary/header-pattern.yaml",
    cases: [
      ask("readers of Chinese", "by-header-pattern.abc.com", canary, { "Accept-Language": "zh-CN,zh;q=0.9" }),
      ask("readers of English", "by-header-pattern.abc.com", stable, { "Accept-Language": "en" }),
    ],
  },
  {
    title: "Weights at their ends, and finer ones",
    file: "canary/weight-total.yaml",
    cases: [
      ask("weight 0", "weight-0.abc.com", stable),
      ask("weight 100", "weight-100.abc.com", canary),
      ask("500 of 1000", "weight-total.abc.com", { percent: 50, service: CANARY, other: STABLE }),
    ],
  },
  {
    title: "A group of servers for each language",
    file: "languages.yaml",
    cases: [
      ask("readers of Chinese", NEWS, { status: 200, service: "news-chinese" }, { "Accept-Language": "zh-CN,zh;q=0.9" }),
      ask("readers of English", NEWS, { status: 200, service: "news" }, { "Accept-Language": "en,zh;q=0.5" }),
      { ...ask("Chinese for everybody who asks for it", NEWS, { status: 200, service: "news-chinese" }), path: "/?lang=zh" },
    ],
  },
];

/** Where a running Sluice is asked. */
export interface Reach {
  readonly address: string;
  readonly http: number;
  readonly https: number;
  /** File of the certificate that clients trust in cases with `tls`; absent: they trust any. */
  readonly certificate?: string;
}

/** A command for a shell that sends the request. Words that a shell could misread are quoted. */
export function curlLine({ host, path, tls, direct, headers, expect }: Case, reach: Reach): string {
  if (direct) return directLine(direct, reach);
  const given = { ...(host && !tls ? { Host: host } : {}), ...headers };
  const where = reach.address.includes(":") ? `[${reach.address}]` : reach.address;
  const url = tls ? `https://${host ?? ""}:${reach.https}${path}` : `http://${where}:${reach.http}${path}`;
  const trust = reach.certificate === undefined ? ["-k"] : ["--cacert", quote(reach.certificate)];
  const words = [
    ...(tls ? [...trust, "--resolve", `${host ?? ""}:${reach.https}:${where}`] : []),
    ...Object.entries(given).flatMap(([name, value]) => ["-H", quote(`${name}: ${value}`)]),
    quote(url),
  ].join(" ");
  if ("percent" in expect) return `for i in $(seq 100); do curl -s ${words}; done | cut -d' ' -f1 | sort | uniq -c`;
  return `curl ${expect.service === "" || expect.status !== 200 ? "-i " : ""}${words}`;
}

function directLine({ address, port, udp }: Direct, reach: Reach): string {
  const where = address ?? reach.address;
  if (udp) return `bash -c 'exec 3<>/dev/udp/${where}/${port}; echo hello >&3; head -n 1 <&3'`;
  return `curl http://${where.includes(":") ? `[${where}]` : where}:${port}/`;
}

export function expectation({ expect, direct }: Case): string {
  if (direct && "service" in expect) return `from ${expect.service}`;
  if ("percent" in expect) return `about ${expect.percent} from ${expect.service}, the others from ${expect.other}`;
  return expect.service === "" ? `${expect.status}` : `${expect.status} from ${expect.service}`;
}

function quote(word: string): string {
  return /^[\w./:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
