import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isNodeName } from "../spec/node-name-rule.ts";
import { ConfigError } from "../sys/errors.ts";
import { anyText } from "../sys/fs/testing.ts";
import { runs } from "../sys/testing.ts";
import { chooseNodeName } from "./node-name.ts";
import { disputeSentence, doubtSentence, placeWords } from "./node-name-answer.ts";
import { nodeNamePlaces } from "./places.ts";
import type { NodeReadings } from "./readings.ts";
import { certificates, type NodeParts, readingsOf } from "./testing.ts";

const later = Date.UTC(2027, 0, 1);
const pki = "/var/lib/kubelet/pki/kubelet-client-current.pem";
const k3sPem = "/var/lib/rancher/k3s/agent/client-kubelet.crt";
const rke2Pem = "/var/lib/rancher/rke2/agent/client-kubelet.crt";
const conf = "/etc/kubernetes/kubelet.conf";
const kubeadm = "/etc/kubernetes/kubeadm-config.yaml";
const of = (name: string, notAfterMs = later) => ({ commonName: `system:node:${name}`, notAfterMs });

function kubeconfig(user: string, auth = "token: t"): string {
  return `apiVersion: v1
kind: Config
current-context: a
contexts:
- name: b
  context: {cluster: c, user: admin}
- name: a
  context: {cluster: c, user: ${user}}
users:
- name: admin
  user: {token: t}
- name: ${user}
  user:
    ${auth}
`;
}

const choose = (parts: NodeParts) => chooseNodeName(readingsOf(parts));
const chosen = (parts: NodeParts): string => {
  const { name, from } = choose(parts);
  return `${name} of ${placeWords(from)}`;
};

describe("chooseNodeName()", () => {
  test.each<[string, NodeParts, string]>([
    ["nothing but the kernel's name", {}, "kernel of the kernel's host name"],
    [
      "the kernel before /etc/hostname, as the kubelet does",
      { texts: { "/etc/hostname": "file\n" } },
      "kernel of the kernel's host name",
    ],
    [
      "/etc/hostname before the kernel of another machine",
      { isThisMachine: false, texts: { "/etc/hostname": "# ours\n\nfile.example\n" } },
      "file.example of /etc/hostname",
    ],
    ["that kernel where there is no file", { isThisMachine: false }, "kernel of the kernel's host name"],
    ["capitals and spaces", { kernelName: () => " Worker-1.Example \n" }, "worker-1.example of the kernel's host name"],
    ["the flag before all", { flag: "a", env: "b", config: { value: "c" } }, "a of --node-name"],
    ["the environment before the configuration", { env: "b", config: { value: "c" } }, "b of environment NODE_NAME"],
    [
      "the configuration, with its line",
      { flag: "", env: " ", config: { value: "c", file: "/c.yaml", line: 3 } },
      "c of nodeName of the configuration (/c.yaml:3)",
    ],
    ["k3s' certificate", { certificates: { [k3sPem]: of("x") } }, `x of certificate of the kubelet of k3s (${k3sPem})`],
    [
      "k3s' certificate where its data is",
      { settings: { "k3s data-dir": "/data" }, certificates: { "/data/agent/client-kubelet.crt": of("x") } },
      "x of certificate of the kubelet of k3s (/data/agent/client-kubelet.crt)",
    ],
    [
      "RKE2's certificate",
      { certificates: { [rke2Pem]: of("x") } },
      `x of certificate of the kubelet of RKE2 (${rke2Pem})`,
    ],
    ["the kubelet's certificate", { certificates: { [pki]: of("x") } }, `x of certificate of the kubelet (${pki})`],
    [
      "the kubelet's certificate in --cert-dir",
      { settings: { "kubelet cert-dir": "/pki" }, certificates: { "/pki/kubelet-client-current.pem": of("x") } },
      "x of certificate of the kubelet (/pki/kubelet-client-current.pem)",
    ],
    ["no certificate that is over", { certificates: { [pki]: of("old", 0) } }, "kernel of the kernel's host name"],
    [
      "no certificate of a person",
      { certificates: { [pki]: { commonName: "admin", notAfterMs: later } } },
      "kernel of the kernel's host name",
    ],
    [
      "the kubeconfig's user",
      { texts: { [conf]: kubeconfig("system:node:x") } },
      `x of kubeconfig of the kubelet (${conf}:12)`,
    ],
    [
      "the kubeconfig of --kubeconfig",
      { settings: { "kubelet kubeconfig": "/k.conf" }, texts: { "/k.conf": kubeconfig("system:node:x") } },
      "x of kubeconfig of the kubelet (/k.conf:12)",
    ],
    [
      "its certificate before its user",
      {
        texts: { [conf]: kubeconfig("system:node:x", `client-certificate-data: ${btoa(certificates["worker-8"])}`) },
      },
      `worker-8 of kubeconfig of the kubelet (${conf}:12)`,
    ],
    [
      "its certificate's file, beside it",
      {
        texts: { [conf]: kubeconfig("default-auth", "client-certificate: pki/c.pem") },
        certificates: { "/etc/kubernetes/pki/c.pem": of("y") },
      },
      "y of kubeconfig of the kubelet (/etc/kubernetes/pki/c.pem)",
    ],
    [
      "no user of a bootstrap token",
      { texts: { [conf]: kubeconfig("tls-bootstrap-token-user") } },
      "kernel of the kernel's host name",
    ],
    [
      "no other kubeconfig",
      { texts: { [conf]: "current-context: a\nusers: []\n" } },
      "kernel of the kernel's host name",
    ],
    ["node-name of k3s", { settings: { "k3s node-name": "X" } }, "x of node-name of k3s (/settings/k3s/node-name:1)"],
    [
      "node-name of RKE2 before the kubelet's flag",
      { settings: { "rke2 node-name": "x", "kubelet hostname-override": "y" } },
      "x of node-name of RKE2 (/settings/rke2/node-name:1)",
    ],
    [
      "kubelet-arg of k3s before its node-name",
      { settings: { "k3s node-name": "x", "k3s kubelet-arg hostname-override": "y" } },
      "y of kubelet-arg of k3s (/settings/k3s/kubelet-arg/hostname-override:1)",
    ],
    [
      "node-name with the node's id",
      {
        settings: { "k3s node-name": "x", "k3s with-node-id": "true" },
        texts: { "/etc/rancher/node/id": "1a2b3c4d\n" },
      },
      "x-1a2b3c4d of node-name of k3s (/settings/k3s/node-name:1)",
    ],
    [
      "the host's name with the node's id",
      { settings: { "rke2 with-node-id": "true" }, texts: { "/etc/rancher/node/id": "1a2b3c4d\n" } },
      "kernel-1a2b3c4d of node-name of RKE2 (/settings/rke2/with-node-id:1)",
    ],
    [
      "no id where with-node-id is false",
      {
        settings: { "k3s node-name": "x", "k3s with-node-id": "false" },
        texts: { "/etc/rancher/node/id": "1a2b3c4d\n" },
      },
      "x of node-name of k3s (/settings/k3s/node-name:1)",
    ],
    [
      "the kubelet's flag",
      { settings: { "kubelet hostname-override": { value: "Worker-7", file: "/etc/default/kubelet", line: 2 } } },
      "worker-7 of --hostname-override of the kubelet (/etc/default/kubelet:2)",
    ],
    [
      "the kubelet's flag beside a cloud that has its own controller",
      { settings: { "kubelet hostname-override": "x", "kubelet cloud-provider": "external" } },
      "x of --hostname-override of the kubelet (/settings/kubelet/hostname-override:1)",
    ],
    [
      "kubeadm's file",
      {
        texts: {
          [kubeadm]: "kind: ClusterConfiguration\n---\nkind: JoinConfiguration\nnodeRegistration:\n  name: x\n",
        },
      },
      `x of nodeRegistration.name of kubeadm (${kubeadm}:5)`,
    ],
    [
      "no name of another kind of document",
      { texts: { [kubeadm]: "kind: ClusterConfiguration\nnodeRegistration: {name: x}\n" } },
      "kernel of the kernel's host name",
    ],
    [
      "no name that Kubernetes refuses",
      { settings: { "kubelet hostname-override": "worker_7" } },
      "kernel of the kernel's host name",
    ],
  ])("takes %s", (_, parts, expected) => {
    expect(chosen(parts)).toBe(expected);
  });

  test.each<[string, string, string]>([
    [
      "no node but by the kubelet's certificate",
      `client-certificate: ${pki}`,
      "names no node but by the kubelet's certificate",
    ],
    ["no node", "token: t", "its user is not named after a node"],
    ["a certificate that is not there", "client-certificate: /none.pem", "its user is not named after a node"],
  ])("says that a kubeconfig names %s", (_, auth, reason) => {
    const { trace } = choose({ texts: { [conf]: kubeconfig("default-auth", auth) } });
    expect(trace.find(({ source }) => source === "kubeconfig of the kubelet")).toMatchObject({
      outcome: "absent",
      reason,
    });
  });

  test("asks every place, and says of each what came of it", () => {
    const { trace } = choose({
      env: "x",
      settings: { "k3s node-name": "x", "kubelet hostname-override": "y", "rke2 node-name": "a_b" },
      certificates: { [rke2Pem]: of("x", 0) },
    });
    expect(
      trace.map(({ source, outcome, name, reason }) => [source, outcome, name ?? reason ?? ""].join(" | ")),
    ).toEqual([
      "--node-name | absent | is not set",
      "environment NODE_NAME | used | x",
      "nodeName of the configuration | absent | is not set",
      "certificate of the kubelet of k3s | absent | does not exist",
      'certificate of the kubelet of RKE2 | skipped | says "x", and expired on 1970-01-01',
      "certificate of the kubelet | absent | does not exist",
      "kubeconfig of the kubelet | absent | does not exist",
      "kubelet-arg of k3s | absent | sets no hostname-override",
      "node-name of k3s | same | x",
      "kubelet-arg of RKE2 | absent | sets no hostname-override",
      "node-name of RKE2 | invalid | a_b",
      "cloud provider of the kubelet | absent | is not set",
      "--hostname-override of the kubelet | other | y",
      "nodeRegistration.name of kubeadm | absent | does not exist",
      "the kernel's host name | other | kernel",
      "/etc/hostname | absent | does not exist",
    ]);
  });
});

describe("a name that places dispute", () => {
  const flag = { value: "y", file: "/etc/default/kubelet", line: 2 };

  test.each<[string, NodeParts, string | undefined]>([
    [
      "agreeing places",
      { flag: "x", certificates: { [pki]: of("x") }, settings: { "kubelet hostname-override": "X" } },
      undefined,
    ],
    ["an override beside another host name alone", { flag: "x" }, undefined],
    ["an override beside what it overrides", { flag: "x", env: "y" }, undefined],
    ["a name of the cluster's beside another host name", { certificates: { [pki]: of("x") } }, undefined],
    [
      "an override beside the cluster's name",
      { flag: "x", settings: { "kubelet hostname-override": flag } },
      `"x" of --node-name is taken as this node's name, but --hostname-override of the kubelet (/etc/default/kubelet:2) says "y". ` +
        "Write the name that kubectl get nodes shows for this node, or take it out: the cluster's own is found without it",
    ],
    [
      "two of the cluster's",
      {
        certificates: { [pki]: of("x") },
        settings: { "kubelet hostname-override": flag },
        texts: { [kubeadm]: "kind: InitConfiguration\nnodeRegistration: {name: z}\n" },
      },
      `"x" of certificate of the kubelet (${pki}) is taken as this node's name, but --hostname-override of the kubelet ` +
        `(/etc/default/kubelet:2) says "y", nodeRegistration.name of kubeadm (${kubeadm}:2) says "z". ` +
        "Correct or remove the one that is not what kubectl get nodes shows, or set nodeName to that",
    ],
    [
      "the kernel and /etc/hostname",
      { texts: { "/etc/hostname": "file\n" } },
      '"kernel" of the kernel\'s host name is taken as this node\'s name, but /etc/hostname says "file", and after the next boot that ' +
        "one counts. Set both alike with hostnamectl set-hostname, or set nodeName",
    ],
    ["the host name of another machine", { isThisMachine: false, texts: { "/etc/hostname": "file\n" } }, undefined],
  ])("is said of %s", (_, parts, expected) => {
    expect(disputeSentence({ ...choose(parts), files: [] })).toBe(expected);
  });
});

describe("a name that is not certain", () => {
  test.each<[string, NodeParts, string | undefined]>([
    [
      "a flag that Kubernetes refuses",
      { settings: { "kubelet hostname-override": { value: "a_b", file: "/u", line: 4 } } },
      '--hostname-override of the kubelet (/u:4) says "a_b", which is not a Kubernetes node name. ' +
        '"kernel" of the kernel\'s host name is taken instead. Set nodeName to the name that kubectl get nodes shows',
    ],
    [
      "a cloud of its own",
      { settings: { "kubelet cloud-provider": { value: "aws", file: "/u", line: 4 } } },
      "cloud provider of the kubelet (/u:4) is aws, which names the node in a way that no file says. " +
        '"kernel" of the kernel\'s host name is taken instead. Set nodeName to the name that kubectl get nodes shows',
    ],
    [
      "a name that a shell puts in",
      { settings: { "kubelet hostname-override": { value: "$(hostname -f)", file: "/u", line: 4 } } },
      "--hostname-override of the kubelet (/u:4) is $(hostname -f), which cannot be read here: a shell or systemd puts something in. " +
        '"kernel" of the kernel\'s host name is taken instead. Set nodeName to the name that kubectl get nodes shows',
    ],
    [
      "a name that systemd puts in, with an id behind it",
      {
        settings: { "k3s node-name": { value: "%m", file: "/u", line: 4 }, "k3s with-node-id": "true" },
        texts: { "/etc/rancher/node/id": "1" },
      },
      "node-name of k3s (/u:4) is %m, which cannot be read here: a shell or systemd puts something in. " +
        '"kernel" of the kernel\'s host name is taken instead. Set nodeName to the name that kubectl get nodes shows',
    ],
    [
      "an id that is not there yet",
      { settings: { "k3s with-node-id": { value: "true", file: "/c", line: 1 } } },
      "node-name of k3s (/c:1) has with-node-id set, and /etc/rancher/node/id is made at its first start. " +
        '"kernel" of the kernel\'s host name is taken instead. Set nodeName to the name that kubectl get nodes shows',
    ],
    [
      "a cloud beside a certificate",
      { certificates: { [pki]: of("x") }, settings: { "kubelet cloud-provider": "aws" } },
      undefined,
    ],
    [
      "anything beside what the operator wrote",
      { flag: "x", settings: { "kubelet hostname-override": "a_b" } },
      undefined,
    ],
    ["a certificate that is over", { certificates: { [pki]: of("old", 0) } }, undefined],
  ])("is said of %s", (_, parts, expected) => {
    expect(doubtSentence({ ...choose(parts), files: [] })).toBe(expected);
  });
});

describe("no name", () => {
  test.each(["my_host", "-a", "a-", "a..b", ".", "../x", "a/b", "é", "x".repeat(254)])(
    "is made of the flag %p",
    (flag) => {
      expect(() => choose({ flag })).toThrow(ConfigError);
      expect(() => choose({ flag, env: "x" })).toThrow("from --node-name is not a Kubernetes node name");
    },
  );

  test("names file, line and value of each that says none", () => {
    const kernelName = () => "my_host";
    expect(() =>
      choose({ kernelName, settings: { "k3s node-name": { value: "a_b", file: "/c.yaml", line: 2 } } }),
    ).toThrow(
      'Cannot tell this node\'s name: "a_b" from node-name of k3s (/c.yaml:2) is not a Kubernetes node name, and "my_host" from the ' +
        "kernel's host name is not a Kubernetes node name",
    );
    expect(() => choose({ kernelName: () => undefined })).toThrow(
      "Cannot tell this node's name: no name is set anywhere",
    );
  });
});

test("whatever the places say, the name is valid, or the error names place, value and remedy", () => {
  const text = fc.oneof(
    fc.constantFrom("a", "b-1", "a_b", "", " ", "A.example", "system:node:x", "%H", "x".repeat(300)),
    fc.string({ maxLength: 20 }),
    anyText({ maxLength: 20 }),
  );
  const maybe = fc.option(text, { nil: undefined });
  const paths = [conf, kubeadm, "/etc/hostname", "/etc/rancher/node/id"];
  const keys = [
    "k3s node-name",
    "k3s with-node-id",
    "rke2 node-name",
    "rke2 kubelet-arg hostname-override",
    "kubelet hostname-override",
    "kubelet cloud-provider",
    "kubelet kubeconfig",
    "k3s data-dir",
  ];
  const file = fc.oneof(
    text,
    text.map((name) => kubeconfig(name)),
    text.map((name) => `kind: InitConfiguration\nnodeRegistration: {name: ${name}}\n`),
  );
  const parts: fc.Arbitrary<NodeParts> = fc.record({
    flag: maybe,
    env: maybe,
    kernelName: maybe.map((name) => () => name),
    isThisMachine: fc.boolean(),
    settings: fc.dictionary(fc.constantFrom(...keys), text),
    texts: fc.dictionary(fc.constantFrom(...paths), file),
    certificates: fc.dictionary(
      fc.constantFrom(pki, k3sPem, rke2Pem),
      text.map((name) => of(name)),
    ),
  });
  fc.assert(
    fc.property(parts, (given) => {
      const node: NodeReadings = readingsOf(given);
      try {
        const { name, from, trace } = chooseNodeName(node);
        expect(isNodeName(name)).toBe(true);
        expect(trace.filter(({ outcome }) => outcome === "used")).toEqual([from]);
        expect(trace.length).toBe(nodeNamePlaces(true).length);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.code).toBe("HC_NODE_NAME");
        expect(error.message).toMatch(/no name is set anywhere|from .+ is not a Kubernetes node name/s);
        expect(error.hint).toContain("kubectl get nodes");
      }
    }),
    { numRuns: runs(100) },
  );
});
