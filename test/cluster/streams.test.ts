/**
 * Ports below http with an API server: Sluice follows the ConfigMaps that flags name like everything else, and leaves
 * node ports to kube-proxy. Runs on a real kube-apiserver, where one is at hand, and on the stand-in.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { probeEngine } from "../../src/engine/agent/probe.ts";
import { EDGE_DIR, NGINX_BINARY } from "../../src/engine/paths.ts";
import type { Finding } from "../../src/model/findings/findings.ts";
import { realApi, standInApi, type Api } from "../source/kubernetes/api.ts";
import { envtestMissing } from "../support/envtest.ts";
import { FIRST_NODE_PORT, freePorts, startSluice, type Sluice } from "../support/sluice.ts";
import { startTcp, whoAnswers, type TcpBackend } from "../support/stream-backends.ts";
import { withoutStream } from "../support/streams.ts";

const { facts } = probeEngine({ binary: NGINX_BINARY, runtimeDir: "/tmp", edgeDir: EDGE_DIR, accessLog: "" });

function cases(name: string, open: () => Promise<Api>, skip: string | false): void {
  describe(`ports below http from ${name}`, { skip }, () => {
    let api: Api;
    let sluice: Sluice;
    let backend: TcpBackend;
    let namespace: string;
    let first: number;
    let second: number;
    let nodePort: number;

    before(async () => {
      backend = await startTcp("echo");
      [first, second] = await freePorts(2);
      [nodePort] = await freePorts(1, FIRST_NODE_PORT);
      api = await open();
      namespace = await api.namespace();
      await api.create(namespace, {
        apiVersion: "v1", kind: "Service", metadata: { name: "echo" }, spec: { type: "NodePort", ports: [{ port: 7, protocol: "TCP", nodePort }] },
      });
      await api.create(namespace, {
        apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: "echo-1", labels: { "kubernetes.io/service-name": "echo" } },
        addressType: "IPv4", ports: [{ name: "", port: backend.port, protocol: "TCP" }], endpoints: [{ addresses: ["127.0.0.1"] }],
      });
      sluice = await startSluice({ args: [`--kubeconfig=${api.kubeconfig}`, `--tcp-services-configmap=${namespace}/tcp`] });
    });
    after(async () => {
      await sluice?.stop();
      await api?.stop();
      await backend?.close();
    });

    const findings = async (): Promise<readonly Finding[]> => JSON.parse((await sluice.ask("/api/v1/findings")).text) as Finding[];

    test("a ConfigMap that appears is served from, and followed", async () => {
      assert.ok((await findings()).some(({ code, object }) => code === "stream-configmap-missing" && object.name === "tcp"));
      await api.create(namespace, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "tcp" }, data: { [first]: `${namespace}/echo:7` } });
      await sluice.sync();
      assert.equal(await whoAnswers(first), "echo");
      await api.patch(namespace, "ConfigMap", "tcp", { data: { [second]: `${namespace}/echo:7` } });
      await sluice.sync();
      assert.equal(await whoAnswers(second), "echo");
      assert.deepEqual((await findings()).filter(({ code }) => code.startsWith("stream")), []);
    });

    test("a node port is kube-proxy's", async () => {
      await assert.rejects(whoAnswers(nodePort), /ECONNREFUSED/);
    });
  });
}

cases("the stand-in", standInApi, withoutStream(facts.stream));
cases("a kube-apiserver", realApi, withoutStream(facts.stream) || (envtestMissing ?? false));
