// What the node's programs were told, through the chain: which place counts, and what the trace says of the others.

import { describe, expect, test } from "bun:test";
import { defaultConfig } from "../../config/defaults.ts";
import { tempRoot, testSystem } from "../../sys/testing.ts";
import type { PodCIDRAnswer } from "../answer.ts";
import { choosePodCIDR } from "../chain.ts";

type Nodes = Readonly<Record<string, string>>;

function choose(files: Nodes): PodCIDRAnswer {
  using root = tempRoot();
  for (const [path, content] of Object.entries(files)) root.write(path, content);
  const config = { config: defaultConfig, file: "", hostFile: "", origins: new Map(), warnings: [] };
  return choosePodCIDR(testSystem(root), { nodeName: "w1", config });
}

const config = "/etc/rancher/k3s/config.yaml";
const unit = "/etc/systemd/system/k3s.service";
const k3s = (flags: string): string => `[Service]\nExecStart=/usr/local/bin/k3s server ${flags}\n`;
const kubelet = "/etc/systemd/system/kubelet.service";
const piece = (podCIDR: string): string =>
  `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\npodCIDR: ${podCIDR}\n`;
const process = (...argv: readonly string[]): string => argv.map((word) => `${word}\0`).join("");
const pieces = "/etc/kubernetes/kubelet.conf.d";

describe("choosePodCIDR() says of a command line without a range", () => {
  test.each<[string, Nodes, string, string]>([
    ["that nothing starts the program", {}, unit, "does not exist"],
    ["that k3s' unit says none", { [unit]: k3s("") }, unit, "says no PodCIDR"],
    [
      "that the unit of an agent says none",
      { "/etc/systemd/system/k3s-agent.service": "[Service]\nExecStart=/usr/local/bin/k3s agent\n" },
      "/etc/systemd/system/k3s-agent.service",
      "says no PodCIDR",
    ],
    [
      "that OpenRC's script says none",
      { "/etc/init.d/k3s": '#!/sbin/openrc-run\ncommand="/usr/local/bin/k3s"\ncommand_args="server"\n' },
      "/etc/init.d/k3s",
      "says no PodCIDR",
    ],
    [
      "that a package's unit of the kubelet says none",
      { "/usr/lib/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n" },
      "/usr/lib/systemd/system/kubelet.service",
      "says no PodCIDR",
    ],
  ])("%s", (_what, files, file, reason) => {
    expect(choose(files).trace).toContainEqual({ source: "file", file, outcome: "absent", reason });
  });
});

describe("choosePodCIDR() knows the cluster's range", () => {
  test.each<[string, Nodes, string]>([
    ["by k3s' unit", { [unit]: k3s("\\\n  '--cluster-cidr=10.77.0.0/16' \\\n\n") }, `10.77.0.0/16 ${unit}:3`],
    [
      "by its unit before its file",
      { [config]: "cluster-cidr: 10.42.0.0/16\n", [unit]: k3s("--cluster-cidr 10.77.0.0/16") },
      `10.77.0.0/16 ${unit}:2`,
    ],
    [
      "by the last of its files",
      {
        [config]: "cluster-cidr: 10.1.0.0/16\n",
        [`${config}.d/10.yaml`]: "cluster-cidr: 10.2.0.0/16\n",
        [`${config}.d/20.YML`]: "cluster-cidr: 10.3.0.0/16\n",
      },
      `10.3.0.0/16 ${config}.d/20.YML:1`,
    ],
    [
      "by the file its unit names",
      {
        [config]: "cluster-cidr: 10.1.0.0/16\n",
        [unit]: k3s("--config=/etc/k.yaml"),
        "/etc/k.yaml": "cluster-cidr: 10.2.0.0/16\n",
      },
      "10.2.0.0/16 /etc/k.yaml:1",
    ],
    [
      "by RKE2's unit",
      {
        "/usr/local/lib/systemd/system/rke2-server.service":
          "[Service]\nExecStart=/usr/local/bin/rke2 server --cluster-cidr=10.77.0.0/16\n",
      },
      "10.77.0.0/16 /usr/local/lib/systemd/system/rke2-server.service:2",
    ],
    [
      "by RKE2's static pod",
      {
        "/srv/agent/pod-manifests/kube-controller-manager.yaml":
          "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - args:\n    - --cluster-cidr=10.77.0.0/16\n",
        "/etc/rancher/rke2/config.yaml": "data-dir: /srv\n",
      },
      "10.77.0.0/16 /srv/agent/pod-manifests/kube-controller-manager.yaml:6",
    ],
    [
      "by the kube-proxy of an agent of RKE2",
      {
        "/usr/local/lib/systemd/system/rke2-agent.service": "[Service]\nExecStart=/usr/local/bin/rke2 agent\n",
        "/var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml":
          "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - args:\n    - --cluster-cidr=10.77.0.0/16\n    - --hostname-override=worker-1\n    command:\n    - kube-proxy\n    image: index.docker.io/rancher/hardened-kubernetes:v1.30.1-rke2r1-build20240515\n    name: kube-proxy\n",
      },
      "10.77.0.0/16 /var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml:6",
    ],
    [
      "by a controller manager that runs",
      { "/proc/33/cmdline": process("kube-controller-manager", "--cluster-cidr=10.77.0.0/16") },
      "10.77.0.0/16 /proc/33/cmdline:1",
    ],
    [
      "by a k3s that still shows it",
      { "/proc/33/cmdline": process("/usr/local/bin/k3s", "server", "--cluster-cidr=10.77.0.0/16") },
      "10.77.0.0/16 /proc/33/cmdline:1",
    ],
    [
      "by a controller manager's unit",
      {
        "/etc/systemd/system/kube-controller-manager.service":
          "[Service]\nExecStart=/usr/bin/kube-controller-manager --cluster-cidr=10.77.0.0/16\n",
      },
      "10.77.0.0/16 /etc/systemd/system/kube-controller-manager.service:2",
    ],
    [
      "by OpenRC's script",
      { "/etc/init.d/k3s": `command="/usr/local/bin/k3s"\ncommand_args="server --cluster-cidr=10.77.0.0/16 >>/x"\n` },
      "10.77.0.0/16 /etc/init.d/k3s:2",
    ],
  ])("%s", (_, files, expected) => {
    const { clusterCIDRs, source, file, line } = choose(files);
    expect([source, `${clusterCIDRs.join()} ${file}:${line}`]).toEqual(["hash", expected]);
  });

  test("of both families from two places", () => {
    const { clusterCIDRs } = choose({
      [config]: "cluster-cidr: [10.42.0.0/16, 'fd00:42::/56']\n",
      [unit]: k3s("--cluster-cidr=10.77.0.0/16"),
    });
    expect(clusterCIDRs.map(String)).toEqual(["10.77.0.0/16", "fd00:42::/56"]);
  });

  test.each(["kube-controller-manager-arg", "kube-controller-arg"])(
    "with its services' and its nodes' sizes: %s",
    (arg) => {
      const answer = choose({
        [unit]: k3s(`--cluster-cidr=10.77.0.0/16 --service-cidr=10.78.0.0/16 --${arg}=node-cidr-mask-size=25`),
      });
      expect([answer.serviceCIDRs.join(), answer.podCIDRs.list[0]?.bits]).toEqual(["10.78.0.0/16", 25]);
    },
  );
});

test.each([
  ["cluster-cidr: 10.1.0.0/16\n---\ncluster-cidr: 10.2.0.0/16\n", "10.1.0.0/16"],
  ["# k3s\n---\ncluster-cidr: 10.1.0.0/16\n---\n{}\n", "10.1.0.0/16"],
  ["---\n---\ncluster-cidr: 10.2.0.0/16\n", "10.42.0.0/16"],
  ['{"cluster-cidr": "10.1.0.0/16"}\n---\ncluster-cidr: 10.2.0.0/16\n', "10.1.0.0/16"],
])("of the documents of a configuration the first counts, as for k3s: %p", (text, range) => {
  for (const path of [config, `${config}.d/10.yaml`]) {
    const { clusterCIDRs, warnings } = choose({ [path]: text });
    expect(clusterCIDRs.map(String)).toEqual([range]);
    expect(warnings.join("\n")).toStartWith(`${path}:`);
    expect(warnings.join("\n")).toEndWith(
      " begins another document, which does not count: its program reads the first alone",
    );
  }
});

describe("choosePodCIDR() knows this node's range", () => {
  test.each<[string, Nodes, string]>([
    [
      "by the flag of the kubelet's unit before its pieces and its file",
      {
        [kubelet]: "[Service]\nExecStart=/usr/bin/kubelet --pod-cidr=10.1.1.0/24 --config-dir=/etc/k.d\n",
        "/etc/k.d/1.conf": piece("10.1.2.0/24"),
        "/var/lib/kubelet/config.yaml": piece("10.1.3.0/24"),
      },
      `10.1.1.0/24 ${kubelet}:2`,
    ],
    [
      "by kubeadm's flags",
      { "/var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--v=2 --pod-cidr=10.1.1.0/24"\n' },
      "10.1.1.0/24 /var/lib/kubelet/kubeadm-flags.env:1",
    ],
    [
      "by the kubelet that runs",
      { "/proc/9/cmdline": process("/usr/bin/kubelet", "--pod-cidr", "10.1.4.0/24") },
      "10.1.4.0/24 /proc/9/cmdline:1",
    ],
    [
      "by its last piece",
      { [`${pieces}/10.conf`]: piece("10.1.2.0/24"), [`${pieces}/20.conf`]: piece("10.1.3.0/24") },
      `10.1.3.0/24 ${pieces}/20.conf:3`,
    ],
    [
      "by a flag that k3s hands on, before k3s' pieces",
      {
        [unit]: k3s("--kubelet-arg=pod-cidr=10.1.1.0/24"),
        "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/10.conf": piece("10.1.2.0/24"),
      },
      `10.1.1.0/24 ${unit}:2`,
    ],
    [
      "by one in k3s' file, likewise",
      {
        [config]: "kubelet-arg:\n- pod-cidr=10.1.1.0/24\n",
        "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/10.conf": piece("10.1.2.0/24"),
      },
      `10.1.1.0/24 ${config}:2`,
    ],
    [
      "where k3s keeps its state",
      { [config]: "data-dir: /srv/k3s\n", "/srv/k3s/agent/etc/kubelet.conf.d/10.conf": piece("10.1.2.0/24") },
      "10.1.2.0/24 /srv/k3s/agent/etc/kubelet.conf.d/10.conf:3",
    ],
    [
      "by what `key+` adds",
      { [config]: "kubelet-arg: [v=2]\n", [`${config}.d/1.yaml`]: "kubelet-arg+: [pod-cidr=10.1.1.0/24]\n" },
      `10.1.1.0/24 ${config}.d/1.yaml:1`,
    ],
  ])("%s", (_, files, expected) => {
    const { podCIDRs, source, file, line } = choose(files);
    expect([source, `${podCIDRs} ${file}:${line}`]).toEqual(["file", expected]);
  });

  test("not by what is overridden, also where what counts cannot be used", () => {
    const answer = choose({
      [`${pieces}/10.conf`]: piece("10.1.2.0/24"),
      [`${pieces}/20.conf`]: piece("10.1.3.9/24"),
      [config]: "kubelet-arg: [pod-cidr=10.1.4.0/24]\n",
      [`${config}.d/1.yaml`]: "kubelet-arg: [v=2]\n",
    });
    expect(answer.trace.filter(({ outcome }) => outcome === "used")).toMatchObject([{ source: "hash" }]);
    const reasons = Object.fromEntries(answer.trace.map(({ file, reason }) => [file, reason]));
    expect(reasons).toMatchObject({
      [`${pieces}/20.conf`]: "line 3: 10.1.3.9/24: podCIDR has host bits set: the network is 10.1.3.0/24",
      [`${pieces}/10.conf`]: `line 3: 10.1.2.0/24: podCIDR does not count: ${pieces}/20.conf:3 takes its place`,
      [config]: `line 1: 10.1.4.0/24: kubelet-arg pod-cidr does not count: ${config}.d/1.yaml:1 takes its place`,
    });
  });
});

describe("the trace", () => {
  test("names the place that counts, and what it took the place of", () => {
    const hashed = choose({ [config]: "cluster-cidr: 10.42.0.0/16\n", [unit]: k3s("--cluster-cidr=10.77.0.0/16") });
    expect(hashed.trace.at(-1)?.reason).toBe(
      `one of 256 blocks of 10.77.0.0/16 in /24, by --cluster-cidr (in place of ${config}:1)`,
    );
    expect(hashed.trace.find(({ file }) => file === unit)?.reason).toBe(
      "says the cluster's CIDR only: 10.77.0.0/16 in line 2",
    );
    const said = choose({ [`${pieces}/10.conf`]: piece("10.1.2.0/24"), [`${pieces}/20.conf`]: piece("10.1.3.0/24") });
    expect(said.trace.at(-1)).toMatchObject({ outcome: "used", line: 3, reason: `in place of ${pieces}/10.conf:3` });
  });

  test("says where k3s was looked for in vain", () => {
    expect(choose({}).trace).toContainEqual({
      source: "file",
      file: unit,
      outcome: "absent",
      reason: "does not exist",
    });
  });

  test("holds nothing else of a command line", () => {
    const answer = choose({
      [config]: "token: s3cret\ncluster-cidr: s3cret\n",
      [unit]: k3s("--token s3cret --cluster-cidr=10.77.0.0/16 --kubelet-arg=pod-cidr=s3cret --service-cidr=s3cret"),
      "/proc/9/cmdline": process("kubelet", "--token=s3cret", "--pod-cidr=s3cret"),
    });
    expect(JSON.stringify([answer.trace, answer.warnings])).not.toContain("s3cret");
  });
});

describe("k3s' default", () => {
  const agent = "[Service]\nExecStart=/usr/local/bin/k3s agent\n";
  test.each<[string, Nodes, string | undefined]>([
    [
      "is taken where its unit and files say no range",
      { [unit]: k3s("--flannel-backend=none") },
      `the default of k3s: ${unit} and ${config} say no other`,
    ],
    [
      "is taken without a unit",
      { "/var/lib/rancher/k3s/agent/.keep": "" },
      `the default of k3s: no service of it, and ${config} say no other`,
    ],
    [
      "is called the server's on an agent",
      { "/etc/systemd/system/k3s-agent.service": agent },
      "the default of k3s, whose server may have been told another: an agent's files do not say",
    ],
    [
      "is called the server's on an agent of RKE2 without a kube-proxy",
      { "/etc/systemd/system/rke2-agent.service": "[Service]\nExecStart=/usr/local/bin/rke2 agent\n" },
      "the default of RKE2, whose server may have been told another: /var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml does not say",
    ],
    [
      "is taken of RKE2 likewise",
      { "/etc/rancher/rke2/config.yaml": "{}\n" },
      "the default of RKE2: no service of it, and /etc/rancher/rke2/config.yaml say no other",
    ],
    ["is not taken where a script starts it", { [unit]: "[Service]\nExecStart=/opt/start-k3s\n" }, undefined],
    [
      "is taken where only a later document of its file says one",
      { [config]: "node-name: a\n---\ncluster-cidr: 10.50.0.0/16\n" },
      `the default of k3s: no service of it, and ${config} say no other`,
    ],
    [
      "is not taken where its file is a directory",
      { [`${config}/.keep`]: "", "/var/lib/rancher/k3s/agent/.keep": "" },
      undefined,
    ],
    ["is not taken where its file is no YAML", { [config]: "a: [\n" }, undefined],
    ["is not taken where its file is at a URL", { [unit]: k3s("--config=https://x/y.yaml") }, undefined],
  ])("%s", (_, files, by) => {
    const { clusterCIDRs, trace, warnings } = choose(files);
    expect(clusterCIDRs.map(String)).toEqual(by === undefined ? [] : ["10.42.0.0/16"]);
    const reason = trace.find(({ source }) => source === "hash")?.reason;
    expect(reason).toBe(
      by === undefined ? "nothing says the cluster CIDR" : `one of 256 blocks of 10.42.0.0/16 in /24, by ${by}`,
    );
    if (by === undefined) expect(warnings.join("\n")).toContain("its cluster CIDR is not known");
  });

  test("of a node whose first address is IPv6", () => {
    const { clusterCIDRs, serviceCIDRs } = choose({ [unit]: k3s("--node-ip=fd00::7,10.0.0.7") });
    expect([clusterCIDRs.join(), serviceCIDRs.join()]).toEqual(["fd00:42::/56", "fd00:43::/112"]);
  });
});
