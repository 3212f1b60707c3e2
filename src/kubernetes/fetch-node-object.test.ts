// One GET of a Node object from an API server over TLS: what each answer and each fault comes to, and as whom it is asked.

import { describe, expect, test } from "bun:test";
import type { JsonObject, JsonValue } from "../sys/json.ts";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { fetchNodeObject } from "./fetch-node-object.ts";
import type { NodeObjectLookup } from "./node-lookup.ts";
import { accountDir, type FakeApiServer, fakeApiServer } from "./testing.ts";

interface AskOptions {
  readonly kubeconfig?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

function ask(root: TempRoot, { kubeconfig, timeoutMs = 5000, env = {} }: AskOptions): Promise<NodeObjectLookup> {
  const options = { nodeName: "worker-1", kubeconfig, timeoutMs };
  return fetchNodeObject(testSystem(root, { env }), options, new AbortController().signal);
}

/** The kind, and the PodCIDRs or why there are none; `ORIGIN` stands for the server. */
function told(lookup: NodeObjectLookup, { origin }: { readonly origin: string }): readonly string[] {
  if (lookup.kind === "off") return ["off"];
  const text = lookup.kind === "assigned" ? String(lookup.podCIDRs) : lookup.why;
  return [lookup.kind, text.replaceAll(origin, "ORIGIN"), ...("hint" in lookup ? [lookup.hint ?? ""] : [])];
}

describe("by the service account of a pod", () => {
  const asked = async (server: FakeApiServer, options: AskOptions = {}): Promise<readonly string[]> => {
    using root = tempRoot();
    server.tokens.add("token-1");
    return told(await ask(root, { env: server.mount(root, "token-1\n"), ...options }), server);
  };

  test.each<[string, JsonObject, string]>([
    [
      "both families",
      { podCIDR: "10.244.1.0/24", podCIDRs: ["10.244.1.0/24", "fd00:1::/64"] },
      "10.244.1.0/24, fd00:1::/64",
    ],
    ["the old field alone", { podCIDR: "10.244.1.0/24" }, "10.244.1.0/24"],
  ])("takes %s", async (_, spec, podCIDRs) => {
    await using server = fakeApiServer();
    server.nodes.set("worker-1", spec);
    expect(await asked(server)).toEqual(["assigned", podCIDRs]);
    expect(server.requests).toEqual(["GET /api/v1/nodes/worker-1"]);
  });

  test.each<[string, JsonObject | undefined, string]>([
    ["a Node without a PodCIDR", { podCIDRs: [] }, "Node worker-1 has no spec.podCIDRs"],
    ["no Node of this name", undefined, "ORIGIN has no Node worker-1"],
  ])("tells of %s, which may still come", async (_, spec, why) => {
    await using server = fakeApiServer();
    if (spec !== undefined) server.nodes.set("worker-1", spec);
    expect(await asked(server)).toEqual(["unassigned", why]);
  });

  test.each<[string, number, JsonValue, string]>([
    [
      "a right that is missing",
      403,
      { kind: "Status", message: 'nodes "worker-1" is forbidden: User "system:serviceaccount:kube-system:x"' },
      'ORIGIN does not let the daemon read Node worker-1 (403: nodes "worker-1" is forbidden: User "system:serviceaccount:kube-system:x")',
    ],
    ["a token it does not take", 401, {}, `ORIGIN does not take the token in ${accountDir}/token (401)`],
    ["a server in trouble", 503, { message: "etcd is gone, token-1" }, "ORIGIN answered 503: etcd is gone, [redacted]"],
    ["another document", 200, { kind: "Pod" }, "ORIGIN answered with something else than a Node object"],
    [
      "a value that is none",
      200,
      { kind: "Node", spec: { podCIDRs: ["10.244.1.0/24", "10.244.2.0/24"] } },
      "spec.podCIDRs of Node worker-1 are no PodCIDRs of a node",
    ],
  ])("says %s in one sentence", async (_, status, body, why) => {
    await using server = fakeApiServer();
    server.answer = { status, body };
    const [kind, sentence, hint] = await asked(server);
    expect([kind, sentence]).toEqual(["failed", why]);
    expect(hint).not.toBe("");
  });

  test("gives a silent server its time, and no more", async () => {
    await using server = fakeApiServer();
    server.answer = "silent";
    const [kind, why] = await asked(server, { timeoutMs: 50 });
    expect([kind, why]).toEqual([
      "failed",
      "Cannot GET /api/v1/nodes/worker-1 of ORIGIN: its answer was not complete within 0.05 s",
    ]);
  });

  test("says that nothing listens, and that the certificate is another CA's", async () => {
    await using other = fakeApiServer();
    const gone = fakeApiServer();
    await gone[Symbol.asyncDispose]();
    expect((await asked(gone))[1]).toBe("Cannot GET /api/v1/nodes/worker-1 of ORIGIN: nothing listens there");
    using root = tempRoot();
    const env = other.mount(root, "token-1");
    root.write(`${accountDir}/ca.crt`, gone.caPem);
    expect(told(await ask(root, { env }), other)[1]).toEndWith(
      `its certificate is not from the CA in ${accountDir}/ca.crt`,
    );
  });

  test("reads the token anew each time: the kubelet renews it", async () => {
    await using server = fakeApiServer();
    server.nodes.set("worker-1", { podCIDRs: ["10.244.1.0/24"] });
    using root = tempRoot();
    server.tokens.add("new");
    const env = server.mount(root, "old");
    expect((await ask(root, { env })).kind).toBe("failed");
    root.write(`${accountDir}/token`, "new");
    expect((await ask(root, { env })).kind).toBe("assigned");
  });

  test("tells a daemon that is no pod, and one whose pod has no token", async () => {
    using root = tempRoot();
    const nowhere = { origin: "-" };
    expect(told(await ask(root, {}), nowhere)).toEqual([
      "failed",
      "KUBERNETES_SERVICE_HOST is not set, so the daemon is no pod with a service account",
      "name a kubeconfig in network.podCIDR.nodeObject.kubeconfig",
    ]);
    const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
    expect(told(await ask(root, { env }), nowhere)[1]).toBe(
      `${accountDir}/token does not exist, so the pod has no service account's token`,
    );
  });
});

describe("by a kubeconfig", () => {
  const path = "/etc/kubernetes/kubelet.conf";
  const kubeconfig = (cluster: JsonObject, user: JsonObject): string =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "here",
      contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user }],
    });
  const base64 = (text: string): string => Buffer.from(text).toString("base64");

  test.each<[string, (server: FakeApiServer, root: TempRoot) => JsonObject]>([
    ["a token", () => ({ token: "token-1" })],
    [
      "a token's file beside it",
      (_, root) => {
        root.write("/etc/kubernetes/token", "token-1\n", 0o600);
        return { tokenFile: "token" };
      },
    ],
  ])("asks with %s", async (_, userOf) => {
    await using server = fakeApiServer();
    server.tokens.add("token-1");
    server.nodes.set("worker-1", { podCIDRs: ["10.244.1.0/24"] });
    using root = tempRoot();
    const cluster = { server: `${server.origin}/`, "certificate-authority-data": base64(server.caPem) };
    root.write(path, kubeconfig(cluster, userOf(server, root)), 0o600);
    expect(told(await ask(root, { kubeconfig: path }), server)).toEqual(["assigned", "10.244.1.0/24"]);
  });

  test.each<[string, boolean]>([
    ["in it", true],
    ["in files, as the kubelet has it", false],
  ])("asks with a client certificate %s", async (_, isInline) => {
    await using server = fakeApiServer({ wantsCertificate: true });
    server.nodes.set("worker-1", { podCIDRs: ["10.244.1.0/24"] });
    using root = tempRoot();
    const { certPem, keyPem } = server.issue("system:node:worker-1");
    root.write("/var/lib/kubelet/pki/kubelet-client-current.pem", `${certPem}${keyPem}`, 0o600);
    root.write("/etc/kubernetes/pki/ca.crt", server.caPem);
    const pem = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    const user = isInline
      ? { "client-certificate-data": base64(certPem), "client-key-data": base64(keyPem) }
      : { "client-certificate": pem, "client-key": pem };
    root.write(path, kubeconfig({ server: server.origin, "certificate-authority": "pki/ca.crt" }, user), 0o600);
    expect(told(await ask(root, { kubeconfig: path }), server)).toEqual(["assigned", "10.244.1.0/24"]);
  });

  const cluster = { server: "https://127.0.0.1:1" };
  test.each<[string, string, number, RegExp]>([
    ["runs a program", kubeconfig(cluster, { exec: { command: "aws" } }), 0o600, /HeadCNI does not take exec$/],
    [
      "trusts any server",
      kubeconfig({ ...cluster, "insecure-skip-tls-verify": true }, { token: "t" }),
      0o600,
      /insecure-skip-tls-verify$/,
    ],
    [
      "is not asked over TLS",
      kubeconfig({ server: "http://127.0.0.1:1" }, { token: "t" }),
      0o600,
      /a server that is not https:\/\/$/,
    ],
    ["says nothing of who asks", kubeconfig(cluster, {}), 0o600, /neither a token nor a client certificate/],
    ["is none", "kind: Config\n", 0o600, /its current-context names no cluster and user of it$/],
    [
      "has a token for all to read",
      kubeconfig(cluster, { token: "t" }),
      0o644,
      /its mode is 0644, which is wider than 0600$/,
    ],
  ])("refuses one that %s", async (_, text, mode, why) => {
    using root = tempRoot();
    root.write(path, text, mode);
    expect(await ask(root, { kubeconfig: path })).toMatchObject({
      kind: "failed",
      isRefused: true,
      why: expect.stringMatching(why),
    });
  });

  test("tells of one that is not there", async () => {
    using root = tempRoot();
    expect(await ask(root, { kubeconfig: path })).toMatchObject({
      kind: "failed",
      why: "Cannot read /etc/kubernetes/kubelet.conf: does not exist",
    });
  });
});
