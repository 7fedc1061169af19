import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS, helpFor, parseSettings, type Command, type CommandLine } from "../src/settings.ts";
import { ALL_OF_INGRESS_NGINX, INGRESS_NGINX_FLAGS, withoutEffect } from "../src/settings/ingress-nginx-flags.ts";
import { FLAGS, GROUPS } from "../src/settings/table.ts";
import type { FlagRow } from "../src/settings/table.ts";

const ENV = { XDG_RUNTIME_DIR: "/run/user/7" };

test("without flags there are ingress-nginx's defaults", () => {
  assert.deepEqual(parseSettings([], "run", ENV), {
    manifests: [],
    endpoint: [],
    standIns: false,
    kubeconfig: "",
    context: "",
    apiserverHost: "",
    certificateAuthority: "",
    watchNamespace: "",
    watchNamespaceSelector: "",
    secrets: "all",
    serviceAccount: "",
    ingressClass: "nginx",
    controllerClass: "k8s.io/ingress-nginx",
    ingressClassByName: false,
    watchIngressWithoutClass: false,
    disableCatchAll: false,
    disableSvcExternalName: false,
    enableTopologyAwareRouting: false,
    gatewayApi: false,
    gatewayController: "sluice.ingress/gateway",
    gatewayAddresses: [],
    annotationsPrefix: "nginx.ingress.kubernetes.io",
    deepInspect: true,
    configmap: "",
    defaultBackendService: "",
    defaultSslCertificate: "",
    tcpServicesConfigmap: "",
    udpServicesConfigmap: "",
    enableSslPassthrough: false,
    bindAddress: [],
    httpPort: 80,
    httpsPort: 443,
    healthzPort: 10254,
    healthzHost: "",
    healthCheckPath: "/healthz",
    dashboard: false,
    dashboardTokenFile: "",
    dashboardTokenReview: false,
    enableMetrics: false,
    metricsPerHost: true,
    metricsPerPath: true,
    metricsMaxSeries: 100_000,
    reportStatusClasses: false,
    timeBuckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    lengthBuckets: [10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
    sizeBuckets: [10, 100, 1000, 10_000, 100_000, 1e6, 1e7],
    excludeSocketMetrics: [],
    validatingWebhook: "",
    validatingWebhookCertificate: "",
    validatingWebhookKey: "",
    validatingWebhookClientCa: "",
    updateStatus: true,
    publishService: "",
    publishStatusAddress: [],
    reportNodeInternalIpAddress: false,
    statusUpdateInterval: 60,
    updateStatusOnShutdown: true,
    disableLeaderElection: false,
    electionId: "ingress-controller-leader",
    electionTtl: 30,
    disableSyncEvents: false,
    for: "programmed",
    timeout: 60,
    runtimeDir: "/run/user/7/sluice",
    stateDir: "",
    externalAgent: false,
    tempDir: "",
    resolver: "",
    allowLocalTargets: false,
    reloadInterval: 10,
    profilesPerNamespace: 128,
    shutdownTimeout: 10,
    shutdownGracePeriod: 0,
    postShutdownGracePeriod: 0,
    logLevel: "info",
    output: "text",
    report: "text",
    failOn: "error",
    partial: false,
    fix: false,
    dryRun: false,
    ignore: [],
    baseline: "",
    writeBaseline: false,
    objectNamespace: "",
    differences: "text",
    listing: "text",
    namespace: "",
    watch: false,
    askedHeaders: [],
    askedMethod: "GET",
    askedCookies: [],
    askedUser: "",
    askedClient: "",
    askedGateway: "",
    askedLine: "",
    verbose: false,
    live: false,
    all: false,
    deployment: "",
    pod: "",
    migrationReport: "text",
    everyObject: false,
    valuesOnly: false,
    oldController: "",
    follow: false,
    ofHost: [],
    ofIngress: [],
    ofStatus: [],
    ofReason: [],
    sort: "requests",
    interval: 2,
    lines: 0,
    once: false,
    certFile: "",
    keyFile: "",
    users: [],
    secretNamespace: "",
    manifestForm: "yaml",
    logFile: "",
    logFormat: "",
    logFormatEscape: "default",
    against: "",
    and: "",
    againstHttps: "",
    andHttps: "",
    verifyCertificates: false,
    sentHost: "",
    sentMethods: ["GET", "HEAD"],
    sentHeaders: [],
    allLines: false,
    rate: 50,
    limit: 0,
    ignoreHeader: [],
    ignoreBody: false,
    upstreamHeader: "",
    help: false,
    version: false,
    arguments: [],
    ignored: [],
    given: new Set(),
  });
  assert.equal(parseSettings([], "run", {}).runtimeDir, "/run/sluice");
});

test("values come after = or as the next word, lists add up, the last of others counts", () => {
  const settings = parseSettings(
    ["--manifests=a", "--manifests", "b", "--http-port", "3", "--https-port=1", "--https-port=2", "--bind-address=127.0.0.1,::1",
      "--ingress-class-by-name", "--disable-catch-all=false", "--resolver=10.96.0.10", "--configmap=ns/a.b", "--log-level=debug"],
    "run",
    ENV,
  );
  assert.deepEqual(
    [settings.manifests, settings.httpPort, settings.httpsPort, settings.bindAddress, settings.ingressClassByName, settings.disableCatchAll, settings.resolver, settings.configmap, settings.logLevel],
    [["a", "b"], 3, 2, ["127.0.0.1", "::1"], true, false, "10.96.0.10:53", "ns/a.b", "debug"],
  );
});

test("flags that exclude or need each other, and values that are none, are told in a sentence", () => {
  const refused: readonly (readonly [string[], RegExp])[] = [
    [["--watch-namespace=a", "--watch-namespace-selector=team=shop"], /give one of them/],
    [["--validating-webhook=:8443", "--validating-webhook-key=k"], /needs --validating-webhook-certificate and --validating-webhook-key/],
    [["--validating-webhook=:443", "--validating-webhook-certificate=c", "--validating-webhook-key=k"], /--validating-webhook and --https-port are both 443/],
    [["--validating-webhook=8443"], /--validating-webhook must be an address with a port/],
    [["--validating-webhook=host:8443"], /must be an address with a port/],
    [["--watch-namespace-selector=team in shop"], /must be a label selector/],
    [["--apiserver-host=10.0.0.1:6443"], /must be an http or https URL/],
    [["--secrets=some"], /must be one of all, named/],
  ];
  for (const [argv, sentence] of refused) assert.throws(() => parseSettings(argv, "run", ENV), sentence);
  const webhook = ["--validating-webhook=[::1]:8443", "--validating-webhook-certificate=c", "--validating-webhook-key=k", "--apiserver-host=http://localhost:8001/"];
  const settings = parseSettings(webhook, "run", ENV);
  assert.deepEqual([settings.validatingWebhook, settings.apiserverHost], ["[::1]:8443", "http://localhost:8001"]);
});

test("short flags are those of the command; others are told as they were written", () => {
  assert.equal(parseSettings(["-f"], "logs", ENV).follow, true);
  assert.equal(parseSettings(["-n", "shop", "-ojson"], "logs", ENV).namespace, "shop");
  assert.deepEqual(["-o=yaml", "-oyaml"].map((word) => parseSettings([word], "get", ENV).listing), ["yaml", "yaml"]);
  for (const word of ["-f", "-w", "-n"]) assert.throws(() => parseSettings([word, "x"], "run", ENV), new RegExp(`"sluice run" has no flag ${word}:`));
});

test("words are for the commands that take them", () => {
  assert.deepEqual(parseSettings(["http://a/", "--manifests=m", "--", "--b"], "explain", ENV).arguments, ["http://a/", "--b"]);
  assert.equal(parseSettings(["-h"], "run", ENV).help, true);
});

test("flags of ingress-nginx that Sluice does not have are taken and told", () => {
  const argv = ["--sync-period=1m", "--stream-port", "1", "-v=3", "-v5", "--profiling=false", "--alsologtostderr", "--log_dir=/tmp", "--http-port=8080"];
  const settings = parseSettings(argv, "run", ENV);
  assert.deepEqual(settings.ignored, ["--sync-period", "--stream-port", "-v", "--profiling", "--alsologtostderr", "--log_dir"]);
  assert.equal(settings.httpPort, 8080);
});

test("every flag of ingress-nginx either sets something or has a reason why not, never both", () => {
  const own = Object.values(FLAGS).map(({ flag }) => flag);
  const foreign = INGRESS_NGINX_FLAGS.map(({ flag }) => flag);
  const declared = [...own, ...foreign, "version"];
  assert.deepEqual(ALL_OF_INGRESS_NGINX.filter((name) => declared.filter((one) => one === name).length !== 1), []);
  assert.deepEqual(foreign.filter((name) => !ALL_OF_INGRESS_NGINX.includes(name)), []);
  for (const row of Object.values(FLAGS)) if (row.differs) assert.ok(ALL_OF_INGRESS_NGINX.includes(row.flag), `${row.flag} differs from what?`);
});

test("what has no effect is said in one sentence for each reason", () => {
  assert.deepEqual(withoutEffect(["--logtostderr", "-v", "--sync-period"]), [
    "--logtostderr, -v have no effect: the log goes to standard error; --log-level and --output shape it",
    "--sync-period has no effect: watches resume where they were cut and list anew when they cannot, so nothing has to be read again now and then",
  ]);
  assert.deepEqual(withoutEffect([]), []);
});

test("durations are written as in Go; a Lease of no time has the default one", () => {
  const ttl = (text: string): number => parseSettings([`--election-ttl=${text}`], "run", ENV).electionTtl;
  assert.deepEqual(["30s", "1m30s", "1500ms", "2", "1.5s", "0s", "0", "-5s"].map(ttl), [30, 90, 1.5, 2, 1.5, 30, 30, 30]);
  assert.deepEqual(parseSettings(["--publish-status-address=192.0.2.1, lb.example", "--publish-status-address=2001:db8::1"], "run", ENV).publishStatusAddress,
    ["192.0.2.1", "lb.example", "2001:db8::1"]);
});

test("what ingress-nginx starts with starts Sluice: too short an interval, a measurement of former times", () => {
  const { statusUpdateInterval, excludeSocketMetrics } = parseSettings(
    ["--status-update-interval=1", "--exclude-socket-metrics=nginx_ingress_controller_ingress_upstream_latency_seconds,request_size"], "run", ENV,
  );
  assert.deepEqual([statusUpdateInterval, excludeSocketMetrics], [5, ["request_size"]]);
});

for (const [argv, sentence] of [
  [["--time-buckets=1,0.5"], '--time-buckets must be at most 50 ascending numbers above 0, separated by commas, not "1,0.5".'],
  [["--exclude-socket-metrics=nonsense"], "--exclude-socket-metrics must be names among requests, request_duration_seconds, connect_duration_seconds, header_duration_seconds, response_duration_seconds, response_size, bytes_sent, request_size, not \"nonsense\"."],
  [["--publish-service=a/b", "--publish-status-address=192.0.2.1"], "--publish-service and --publish-status-address both say which addresses Ingresses get: give one of them."],
  [["--publish-status-address=a b"], '--publish-status-address must be IP addresses and host names, separated by commas, not "a b".'],
  [["--election-ttl=500ms"], '--election-ttl must be a duration of at least 1s, such as 30s, not "500ms".'],
  [["--election-ttl=1d"], '--election-ttl must be a duration of at least 1s, such as 30s, not "1d".'],
  [["--status-update-interval=soon"], '--status-update-interval must be a whole number of seconds up to 86400, not "soon".'],
  [["--htpp-port=1"], '"sluice run" has no flag --htpp-port: did you mean --http-port?'],
  [["--frobnicate"], '"sluice run" has no flag --frobnicate: see "sluice run --help".'],
  [["-x"], '"sluice run" has no flag -x: see "sluice run --help".'],
  [["--http-port"], "--http-port needs a value: write --http-port=VALUE."],
  [["--http-port=65536"], '--http-port must be a port from 1 to 65535, not "65536".'],
  [["--http-port=9", "--https-port=9"], "--https-port and --http-port are both 9: give them different ports."],
  [["--configmap=settings"], '--configmap must be namespace/name, not "settings".'],
  [["--resolver=dns.example:53"], '--resolver must be the address of a DNS server such as 10.96.0.10:53 or [::1]:53, not "dns.example:53".'],
  [["--disable-catch-all=maybe"], '--disable-catch-all must be true or false, not "maybe".'],
  [["--disable-catch-all", "false"], 'Unexpected word "false": flags start with --, and a switch takes its value after "=" (--flag=false).'],
  [["--bind-address=localhost"], '--bind-address must be IP addresses, separated by commas, not "localhost".'],
  [["--runtime-dir=/tmp/a b"], '--runtime-dir must be a folder of letters, digits and / . _ - + @ : with at most 80 bytes, not "/tmp/a b".'],
] as const) {
  test(`${argv.join(" ")} is one sentence and exit code 2`, () => {
    assert.throws(() => parseSettings(argv, "run", ENV), { name: "UserError", message: sentence, exitCode: 2 });
  });
}

test("the help of every command names its flags and no others", () => {
  for (const command of COMMANDS) {
    const help = helpFor(command);
    for (const { flag } of Object.values(FLAGS)) {
      const rows: readonly FlagRow<unknown>[] = Object.values(FLAGS).filter((row) => row.flag === flag);
      const own = rows.filter(({ commands }) => commands?.includes(command) ?? true);
      assert.ok(own.length <= 1, `${command} has --${flag} once`);
      assert.equal(new RegExp(`^  (?:-[A-Za-z], )?--${flag}(?:=|$)`, "m").test(help), own.length === 1, `${command} ${flag}`);
    }
    assert.match(help, /^Usage: sluice [\s\S]*\nExamples:\n {2}sluice /);
    // Examples are lines to copy, and may be longer.
    const [text = ""] = help.split("\nExamples:\n");
    assert.deepEqual(text.split("\n").filter((line) => line.length > 80), []);
  }
});

test("a letter stands for a flag of the command's, with its value behind it or as the next word", () => {
  const parsed = (...words: string[]): CommandLine => parseSettings(words, "explain", {});
  for (const words of [["-X", "POST"], ["-XPOST"], ["-X=POST"], ["--request", "POST"], ["--request=POST"]]) assert.equal(parsed(...words).askedMethod, "POST", words.join(" "));
  assert.deepEqual(parsed("-Ha: b,c", "-H", " d: e ", "--header=f: -g").askedHeaders, ["a: b,c", "d: e", "f: -g"]);
  assert.deepEqual([parsed("-u", "ann:=x").askedUser, parsed("-uann:x").askedUser, parsed("-ba=b=c").askedCookies], ["ann:=x", "ann:x", ["a=b=c"]]);
  for (const words of [["-v"], ["-vv"], ["--verbose"]]) assert.equal(parsed(...words, "URL").verbose, true, words.join(" "));
  for (const words of [["-v5"], ["-v=5"], ["-v", "5"]]) assert.deepEqual([parsed(...words).verbose, parsed(...words).arguments, parsed(...words).ignored], [false, [], ["-v"]], words.join(" "));
  assert.equal(parseSettings(["-nshop"], "get", {}).namespace, "shop");
  assert.throws(() => parsed("-n", "shop"), /has no flag -n/);
  assert.throws(() => parsed("-X"), /-X needs a value: write -X=VALUE/);
  assert.throws(() => parseSettings(["-namespace=shop"], "get", {}), /did you mean --namespace\?/);
  assert.throws(() => parseSettings(["-wf"], "get", {}), /has no flag -wf/);
});

test("help has what is about the command first, then what sluice run has too", () => {
  const headings = (command: Command): readonly string[] => [...helpFor(command).matchAll(/^(\S.*):$/gm)].map(([, heading = ""]) => heading).filter((heading) => GROUPS.some((group) => group === heading));
  assert.deepEqual(headings("explain").slice(0, 3), ["The request", "What is told", "Where objects come from"]);
  assert.equal(headings("check")[0], "What is told");
  assert.equal(headings("wait")[0], "What is waited for");
  assert.equal(headings("run")[0], "Where objects come from");
  assert.match(helpFor("get"), /^ {2}-o, --output=text\|wide\|json\|yaml$/m);
  assert.doesNotMatch(helpFor("check"), /Default: false/);
});
