/** Events, against a real kube-apiserver: which Events are written, what their counts are, and what kubectl shows of them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ELECTION, eventually, HOME, ingressFor, ingressPath, startCluster, type Cluster, type Thing } from "../support/cluster.ts";
import { envtestMissing } from "../support/envtest.ts";
import { startSluice, type Sluice } from "../support/sluice.ts";

const run = promisify(execFile);
/** Whether kubectl is installed; some machines have none. */
const KUBECTL = await run("kubectl", ["version", "--client"]).then(() => true, () => false);
const PREFIX = "nginx.ingress.kubernetes.io";

if (envtestMissing) test(envtestMissing, { skip: true });
else describe("Events", { timeout: 280_000 }, () => {
  let cluster: Cluster;
  let kubeconfig: string;
  let sluice: Sluice;
  let serial = 0;
  const POD = "sluice-1";

  const start = (...args: string[]): Promise<Sluice> => startSluice({
    args: [`--kubeconfig=${kubeconfig}`, "--publish-status-address=192.0.2.1", "--election-ttl=4s", `--election-id=${ELECTION}`, `--configmap=${HOME}/settings`, `--udp-services-configmap=${HOME}/udp`, ...args],
    env: { POD_NAME: POD, POD_NAMESPACE: HOME },
  });
  before(async () => {
    cluster = await startCluster();
    kubeconfig = await cluster.account("sluice");
    await cluster.ask("POST", `/api/v1/namespaces/${HOME}/pods`, { metadata: { name: POD }, spec: { containers: [{ name: "sluice", image: "sluice" }] } });
    await cluster.ask("POST", `/api/v1/namespaces/${HOME}/configmaps`, { metadata: { name: "settings" }, data: {} });
    await cluster.ask("POST", `/api/v1/namespaces/${HOME}/configmaps`, { metadata: { name: "udp" }, data: {} });
    sluice = await start();
  });
  after(async () => {
    await sluice?.stop();
    await cluster?.stop();
  });

  const namespace = async (): Promise<string> => {
    const name = `events-${++serial}`;
    await cluster.ask("POST", "/api/v1/namespaces", { metadata: { name } });
    return name;
  };
  const eventsIn = async (where: string): Promise<readonly Thing[]> => (await cluster.ask("GET", `/api/v1/namespaces/${where}/events`)).items ?? [];
  const oneLine = ({ involvedObject, type, reason, count }: Thing): string => `${involvedObject?.kind} ${involvedObject?.name} ${type} ${reason} x${count}`;
  const untilEvents = (where: string, ...wanted: string[]): Promise<readonly Thing[]> =>
    eventually(`Events in ${where}`, () => eventsIn(where), (all) => wanted.every((line) => all.map(oneLine).includes(line)));

  test("both objects of a conflict get one, with the sentence of the finding and the object's uid", async () => {
    const where = await namespace();
    const elder = await cluster.ask("POST", ingressPath(where), ingressFor("elder", `${where}.example`));
    // The age of an object has whole seconds: the younger Ingress must be made in a later one.
    await eventually("the next second", () => cluster.ask("POST", `/api/v1/namespaces/${where}/configmaps`, { metadata: { generateName: "clock-" } }),
      (clock) => clock.metadata.creationTimestamp !== elder.metadata.creationTimestamp);
    await cluster.ask("POST", ingressPath(where), ingressFor("younger", `${where}.example`, { spec: { defaultBackend: { service: { name: "other", port: { number: 80 } } } } }));
    const all = await untilEvents(where, "Ingress elder Warning PathConflict x1", "Ingress younger Warning PathConflict x1", "Ingress elder Normal Sync x1");
    const [ofElder] = all.filter(({ reason, involvedObject }) => reason === "PathConflict" && involvedObject?.name === "elder");
    assert.equal(ofElder?.message, `The Ingress ${where}/younger declares ${where}.example/ (prefix) too, and comes later: requests go where this Ingress sends them`);
    assert.equal(ofElder.involvedObject?.uid, elder.metadata.uid);
    assert.equal(ofElder.source?.component, "nginx-ingress-controller");
    const [ofYounger] = all.filter(({ reason, involvedObject }) => reason === "PathConflict" && involvedObject?.name === "younger");
    assert.match(ofYounger?.message ?? "", /is declared by the Ingress events-\d+\/elder already, which comes first: .* Effect: requests go where/);
  });

  test("what is said again is counted up; a mended finding is told; writing a status is no sync", async () => {
    const where = await namespace();
    const bad = (value: string) => ({ metadata: { annotations: { [`${PREFIX}/proxy-read-timeout`]: value } } });
    await cluster.ask("POST", ingressPath(where), ingressFor("web", `${where}.example`));
    await untilEvents(where, "Ingress web Normal Sync x1");
    await cluster.ask("PATCH", ingressPath(where, "web"), bad("soon"));
    await untilEvents(where, "Ingress web Warning AnnotationInvalid x1", "Ingress web Normal Sync x2");
    await cluster.ask("PATCH", ingressPath(where, "web"), bad("5"));
    await untilEvents(where, "Ingress web Normal Mended x1", "Ingress web Normal Sync x3");
    await cluster.ask("PATCH", ingressPath(where, "web"), bad("soon"));
    const all = await untilEvents(where, "Ingress web Warning AnnotationInvalid x2", "Ingress web Normal Sync x4");
    assert.deepEqual(all.map(oneLine).filter((line) => !line.includes("ServiceMissing")).sort(),
      ["Ingress web Normal Mended x1", "Ingress web Normal Sync x4", "Ingress web Warning AnnotationInvalid x2"]);
  });

  test("both objects of a conflict are told when it is mended, whichever of them is changed", async () => {
    for (const changed of ["elder", "younger", "deleted"]) {
      const where = await namespace();
      const elder = await cluster.ask("POST", ingressPath(where), ingressFor("elder", `${where}.example`));
      await eventually("the next second", () => cluster.ask("POST", `/api/v1/namespaces/${where}/configmaps`, { metadata: { generateName: "clock-" } }),
        (clock) => clock.metadata.creationTimestamp !== elder.metadata.creationTimestamp);
      await cluster.ask("POST", ingressPath(where), ingressFor("younger", `${where}.example`));
      await untilEvents(where, "Ingress elder Warning PathConflict x1", "Ingress younger Warning PathConflict x1");
      if (changed === "deleted") await cluster.ask("DELETE", ingressPath(where, "younger"));
      else await cluster.ask("PATCH", ingressPath(where, changed), ingressFor(changed, `other.${where}.example`));
      const all = await untilEvents(where, "Ingress elder Normal Mended x1", ...(changed === "deleted" ? [] : ["Ingress younger Normal Mended x1"]));
      const ofElder = all.find(({ reason, involvedObject }) => reason === "Mended" && involvedObject?.name === "elder");
      assert.equal(ofElder?.message,
        `No longer the case: The Ingress ${where}/younger declares ${where}.example/ (prefix) too, and comes later: requests go where this Ingress sends them.`);
    }
  });

  test("what closes an Ingress has ingress-nginx's reason; one of another class has no Event at all", async () => {
    const where = await namespace();
    await cluster.ask("POST", ingressPath(where), ingressFor("foreign", "foreign.example", {
      annotations: { [`${PREFIX}/auth-type`]: "nonsense" }, spec: { ingressClassName: "other" },
    }));
    await cluster.ask("POST", ingressPath(where), ingressFor("closed", `${where}.example`, { annotations: { [`${PREFIX}/whitelist-source-range`]: "nonsense" } }));
    const all = await untilEvents(where, "Ingress closed Warning AnnotationParsingFailed x1");
    assert.match(all.find(({ reason }) => reason === "AnnotationParsingFailed")?.message ?? "", /^Error parsing annotations: "nonsense" is not valid for /);
    assert.deepEqual(all.filter(({ involvedObject }) => involvedObject?.name === "foreign"), []);
  });

  test("one object gets no more than twenty-five at once", async () => {
    const where = await namespace();
    const path = (n: number) => ({ path: `/${n}`, pathType: "Prefix", backend: { service: { name: `missing-${n}`, port: { number: 80 } } } });
    const rules = [{ host: `${where}.example`, http: { paths: Array.from({ length: 40 }, (_, n) => path(n)) } }];
    // An object gets at most twenty findings of one code, and one more that counts the rest; these eight have another code.
    const values = ["proxy-connect-timeout", "proxy-read-timeout", "proxy-send-timeout", "proxy-body-size", "proxy-buffer-size", "proxy-buffers-number", "proxy-buffering", "proxy-request-buffering"];
    const annotations = Object.fromEntries(values.map((name) => [`${PREFIX}/${name}`, "nonsense"]));
    await cluster.ask("POST", ingressPath(where), ingressFor("noisy", `${where}.example`, { annotations, spec: { rules } }));
    await untilEvents(where, "Ingress noisy Warning ServiceMissing x1");
    const other = await namespace();
    await cluster.ask("POST", ingressPath(other), ingressFor("quiet", `${other}.example`));
    await untilEvents(other, "Ingress quiet Warning ServiceMissing x1");
    assert.equal((await eventsIn(where)).length, 25);
  });

  test("a namespace that is going takes no Events; that is no missing right, and the others get theirs", async () => {
    const [going, stays] = [await namespace(), await namespace()];
    await cluster.ask("POST", ingressPath(going), ingressFor("web", `${going}.example`));
    await untilEvents(going, "Ingress web Warning ServiceMissing x1");
    // The namespace stays "Terminating": no controller of namespaces runs here to finish its deletion.
    await cluster.ask("DELETE", `/api/v1/namespaces/${going}`);
    await cluster.ask("PATCH", ingressPath(going, "web"), { metadata: { annotations: { [`${PREFIX}/proxy-read-timeout`]: "soon" } } });
    await eventually("the refused Event", async () => (await sluice.ask("/metrics")).text, (text) => /^sluice_events_total\{what="failed"\} [1-9]/m.test(text));
    await cluster.ask("POST", ingressPath(stays), ingressFor("web", `${stays}.example`));
    await untilEvents(stays, "Ingress web Warning ServiceMissing x1");
    assert.doesNotMatch((await sluice.ask("/api/v1/findings")).text, /right-missing/);
  });

  test("reloads are told on the Pod, changes of the flags' ConfigMaps on those", async () => {
    await untilEvents(HOME, "ConfigMap settings Normal CREATE x1", "ConfigMap udp Normal CREATE x1");
    await cluster.ask("PATCH", `/api/v1/namespaces/${HOME}/configmaps/udp`, { metadata: { annotations: { changed: "yes" } } });
    await untilEvents(HOME, "ConfigMap udp Normal UPDATE x1");
    const before = (await eventsIn(HOME)).map(oneLine).filter((line) => line.includes("RELOAD"));
    await cluster.ask("PATCH", `/api/v1/namespaces/${HOME}/configmaps/settings`, { data: { "keep-alive": "77" } });
    await untilEvents(HOME, "ConfigMap settings Normal UPDATE x1");
    await eventually("an Event about the reload", () => eventsIn(HOME), (all) => all.map(oneLine).filter((line) => line.includes("RELOAD")).join() !== before.join());
    assert.match((await eventsIn(HOME)).map(oneLine).join("\n"), /^Pod sluice-1 Normal RELOAD x\d+$/m);
  });

  test("kubectl describe shows the address and the Events", { skip: KUBECTL ? false : "SKIPPED: no kubectl here" }, async () => {
    const { stdout } = await run("kubectl", [`--kubeconfig=${cluster.envtest.kubeconfig}`, "describe", "ingresses.networking.k8s.io", "-n", "events-1", "elder"]);
    assert.match(stdout, /^Address: +192\.0\.2\.1$/m);
    assert.match(stdout, /^ +Warning +PathConflict .*nginx-ingress-controller +The Ingress events-1\/younger declares /m);
  });

  test("a restart says nothing again; --disable-sync-events says nothing at all", async () => {
    const lines = async (): Promise<string> => (await Promise.all(["events-1", "events-2"].map(eventsIn))).flat().map(oneLine).sort().join("\n");
    const told = await lines();
    await sluice.stop();
    sluice = await start();
    // At the start Warnings are written before Sync: when this Ingress has its Sync, all other Events have been written.
    const where = await namespace();
    await cluster.ask("POST", ingressPath(where), ingressFor("fresh", `${where}.example`));
    await untilEvents(where, "Ingress fresh Normal Sync x1", "Ingress fresh Warning ServiceMissing x1");
    assert.equal(await lines(), told);
    await sluice.stop();
    sluice = await start("--disable-sync-events", "--publish-status-address=192.0.2.2");
    const silent = await namespace();
    await cluster.ask("POST", ingressPath(silent), ingressFor("web", `${silent}.example`));
    await eventually("its status", () => cluster.ask("GET", ingressPath(silent, "web")), (one) => one.status?.loadBalancer?.ingress !== undefined);
    assert.deepEqual(await eventsIn(silent), []);
  });
});
