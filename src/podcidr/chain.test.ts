import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { defaultConfig } from "../config/defaults.ts";
import { ConfigError } from "../sys/errors.ts";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import type { PodCIDRAnswer } from "./answer.ts";
import { encodeAnswer } from "./answer.ts";
import { choosePodCIDR } from "./chain.ts";
import { withinCpuTime } from "./testing.ts";

type PodCIDRConfig = Config["network"]["podCIDR"];

interface Given {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly podCIDR?: Partial<PodCIDRConfig>;
  readonly serviceCIDR?: string;
  readonly nodeName?: string;
}

function loaded({ podCIDR, serviceCIDR }: Given): LoadedConfig {
  const { network } = defaultConfig;
  const services = serviceCIDR === undefined ? [] : [parsePrefix(serviceCIDR)];
  const config = {
    ...defaultConfig,
    network: { ...network, podCIDR: { ...network.podCIDR, ...podCIDR }, serviceCIDR: services },
  };
  const file = "/etc/headcni/config.yaml";
  const origins = new Map([
    ["network.podCIDR.nodeLocal", { source: "file", file, line: 4 }],
    ["network.podCIDR.base", { source: "file", file, line: 7 }],
  ] as const);
  return { config, file, hostFile: file, origins, warnings: [] };
}

function choose(given: Given, prepare: (root: TempRoot) => void = () => {}): PodCIDRAnswer {
  using root = tempRoot();
  for (const [path, content] of Object.entries(given.files ?? {})) root.write(path, content);
  prepare(root);
  const system = testSystem(root, { env: given.env ?? {} });
  return choosePodCIDR(system, { nodeName: given.nodeName ?? "worker-1", config: loaded(given) });
}

const short = ({ podCIDRs, source, file, line }: PodCIDRAnswer): string =>
  [podCIDRs.list.join(","), source, file ?? "-", line ?? "-"].join(" ");

const kubelet = (podCIDR: string): string =>
  `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\npodCIDR: ${podCIDR}\n`;
const kubeadm = (podSubnet: string, serviceSubnet = "10.96.0.0/12"): string =>
  `apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nnetworking:\n  podSubnet: ${podSubnet}\n  serviceSubnet: ${serviceSubnet}\n`;
const node = (name: string, podCIDR: string): string =>
  `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\nspec:\n  podCIDR: ${podCIDR}\n`;
const any = (text: string): Partial<PodCIDRConfig> => ({
  nodeLocal: { kind: "any", podCIDRs: parsePodCIDRs(text) },
});

const kubeletFile = "/var/lib/kubelet/config.yaml";
const kubeadmFile = "/etc/kubernetes/kubeadm-config.yaml";
const managerFile = "/etc/kubernetes/manifests/kube-controller-manager.yaml";

describe("choosePodCIDR() takes the first source that answers", () => {
  const everything: Given = {
    podCIDR: any("10.1.0.0/24"),
    env: { NODE_POD_CIDR: "10.2.0.0/24" },
    files: { [kubeletFile]: kubelet("10.3.0.0/24"), [kubeadmFile]: kubeadm("10.0.0.0/12") },
  };
  test.each<[string, Given, string]>([
    ["the configuration", everything, "10.1.0.0/24 config /etc/headcni/config.yaml 4"],
    ["the environment", { ...everything, podCIDR: {} }, "10.2.0.0/24 env - -"],
    ["a file", { ...everything, podCIDR: {}, env: {} }, `10.3.0.0/24 file ${kubeletFile} 3`],
    [
      "the hash, by the cluster's range of a file",
      { files: { [kubeadmFile]: kubeadm("10.244.0.0/16") } },
      `10.244.237.0/24 hash ${kubeadmFile} 4`,
    ],
    ["the default", {}, "10.244.0.0/24 default - -"],
  ])("%s", (_, given, expected) => {
    expect(short(choose(given))).toBe(expected);
  });

  test("and only hash and default are not authoritative", () => {
    expect(choose(everything).authoritative).toBe(true);
    expect(choose({ ...everything, podCIDR: {} }).authoritative).toBe(true);
    expect(choose({ files: { [kubeletFile]: kubelet("10.3.0.0/24") } }).authoritative).toBe(true);
    expect(choose({ files: { [kubeadmFile]: kubeadm("10.244.0.0/16") } }).authoritative).toBe(false);
    expect(choose({}).authoritative).toBe(false);
  });

  test("and of nodeLocal by node only this node's entry", () => {
    const podCIDRs = new Map([["worker-2", parsePodCIDRs("10.1.2.0/24")]]);
    const podCIDR: Partial<PodCIDRConfig> = { nodeLocal: { kind: "byNode", podCIDRs } };
    expect(short(choose({ podCIDR, nodeName: "worker-2" }))).toStartWith("10.1.2.0/24 config");
    const other = choose({ podCIDR, nodeName: "worker-3" });
    expect(other.source).toBe("default");
    expect(other.trace[0]).toEqual({
      source: "config",
      outcome: "absent",
      reason: 'network.podCIDR.nodeLocal has no entry for node "worker-3"',
    });
  });
});

describe("choosePodCIDR() asks files in the documented order", () => {
  const inOrder: readonly (readonly [string, string])[] = [
    ["/var/lib/rancher/k3s/agent/etc/node-worker-1.yaml", node("worker-1", "10.5.1.0/24")],
    ["/var/lib/rancher/k3s/agent/etc/kubelet.config", kubelet("10.5.2.0/24")],
    [kubeletFile, kubelet("10.5.3.0/24")],
    [kubeadmFile, kubelet("10.5.4.0/24")],
    [managerFile, kubelet("10.5.5.0/24")],
    ["/etc/kubernetes/manifests/kube-apiserver.yaml", kubelet("10.5.6.0/24")],
    ["/etc/rancher/k3s/config.yaml.d/a.yaml", "kubelet-arg: [pod-cidr=10.5.8.0/24]\n"],
    ["/etc/rancher/k3s/config.yaml", "kubelet-arg: [pod-cidr=10.5.7.0/24]\n"],
    ["/etc/rancher/rke2/config.yaml.d/b.yml", "kubelet-arg: [pod-cidr=10.5.10.0/24]\n"],
    ["/etc/rancher/rke2/config.yaml", "kubelet-arg: [pod-cidr=10.5.9.0/24]\n"],
    ["/run/flannel/subnet.env", "FLANNEL_SUBNET=10.5.11.1/24\n"],
    ["/etc/cni/net.d/10-containerd-net.conflist", cniList("10.5.12.0/24")],
    ["/etc/cni/net.d/05-bridge.conf", cni("10.5.13.0/24")],
  ];
  test("whatever else there is", () => {
    for (let first = 0; first < inOrder.length; first++) {
      const files = Object.fromEntries(inOrder.slice(first));
      expect(choose({ files }).file).toBe(inOrder[first]?.[0]);
    }
  });

  test("and never a kubeconfig's or our own conflist's content", () => {
    const kubeconfig = "apiVersion: v1\nkind: Config\nusers: []\npodCIDR: 10.5.1.0/24\n";
    const files = {
      "/etc/rancher/k3s/k3s.yaml": kubeconfig,
      "/etc/kubernetes/admin.conf": kubeconfig,
      "/etc/cni/net.d/10-headcni.conflist": cni("10.5.2.0/24"),
      "/etc/cni/net.d/notes.txt": cni("10.5.3.0/24"),
    };
    expect(choose({ files }).source).not.toBe("file");
  });

  test("and a conflist that was moved aside, in its old place", () => {
    const files = {
      "/etc/cni/net.d/20-other.conf": cni("10.5.2.0/24"),
      "/etc/cni/net.d/10-bridge.conf.headcni-aside": cni("10.5.1.0/24"),
    };
    expect(choose({ files }).file).toBe("/etc/cni/net.d/10-bridge.conf.headcni-aside");
  });
});

function cni(subnet: string): string {
  return JSON.stringify({ cniVersion: "0.4.0", name: "n", type: "bridge", ipam: { type: "host-local", subnet } });
}

function cniList(subnet: string): string {
  const plugins = [{ type: "bridge", ipam: { type: "host-local", subnet } }];
  return JSON.stringify({ cniVersion: "0.4.0", name: "n", plugins });
}

describe("choosePodCIDR() with a copy of the Node object", () => {
  const file = "/var/lib/headcni/node-object.json";
  const copy = (annotations: Readonly<Record<string, string>>): string =>
    JSON.stringify({
      kind: "Node",
      apiVersion: "v1",
      metadata: { name: "worker-1", annotations },
      spec: { podCIDRs: ["10.9.1.0/24"] },
    });
  const fetched = { "headcni/fetched-from": "https://10.96.0.1:443", "headcni/fetched-at": "2026-01-01T00:00:00.000Z" };

  test("asks it after all others, and tells where and when it was fetched", () => {
    const alone = choose({ files: { [file]: copy(fetched) } });
    expect(short(alone)).toBe(`10.9.1.0/24 file ${file} 1`);
    expect(alone.trace.at(-1)?.reason).toBe(
      "the Node object, fetched from https://10.96.0.1:443 at 2026-01-01T00:00:00.000Z",
    );
    const conflist =
      '{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"bridge","isGateway":true,"ipam":{"type":"host-local","subnet":"10.9.7.0/24"}}]}';
    const after = choose({ files: { [file]: copy(fetched), "/etc/cni/net.d/90-other.conflist": conflist } });
    expect(short(after)).toBe("10.9.7.0/24 file /etc/cni/net.d/90-other.conflist 1");
    expect(String(after.nodeObject)).toBe("10.9.1.0/24");
  });

  test("shows no text of it that has another form than it is written in", () => {
    const odd = choose({ files: { [file]: copy({ ...fetched, "headcni/fetched-from": "https://user:key@host" }) } });
    expect([short(odd), odd.trace.at(-1)?.reason]).toEqual([`10.9.1.0/24 file ${file} 1`, undefined]);
  });
});

describe("choosePodCIDR() takes nothing from a CNI configuration behind another CNI's", () => {
  const calico =
    '{"name":"k8s-pod-network","plugins":[{"type":"calico","ipam":{"type":"calico-ipam"}},{"type":"portmap"}]}';
  const dir = "/etc/cni/net.d";
  const asked = (files: Readonly<Record<string, string>>): string =>
    short(choose({ files: Object.fromEntries(Object.entries(files).map(([name, text]) => [`${dir}/${name}`, text])) }));
  const left = cni("10.1.2.0/24");

  test.each([
    ["one that was left", "10-calico.conflist", "20-bridge.conf"],
    ["both moved aside", "10-calico.conflist.headcni-aside", "20-bridge.conf.headcni-aside"],
  ])("%s", (_, first, second) => {
    const answer = choose({ files: { [`${dir}/${first}`]: calico, [`${dir}/${second}`]: left } });
    const reason = `a runtime takes ${first} before it, so no pod has an address of its range: it is not taken`;
    expect(answer.source).toBe("default");
    expect(answer.trace.find(({ file }) => file === `${dir}/${second}`)).toMatchObject({ outcome: "skipped", reason });
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ["before it", { "05-bridge.conf": left, "10-calico.conflist": calico }],
    ["behind one that no runtime loads", { "10-calico.conflist": `# by hand\n${calico}`, "20-bridge.conf": left }],
    [
      "behind Multus, which calls it",
      { "00-multus.conf": '{"name":"m","type":"multus","clusterNetwork":"n"}', "20-bridge.conf": left },
    ],
    ["behind loopback", { "00-lo.conf": '{"name":"lo","type":"loopback"}', "20-bridge.conf": left }],
  ])("but from one %s", (_, files) => {
    expect(asked(files)).toStartWith("10.1.2.0/24 file ");
  });
});

describe("choosePodCIDR() takes nothing from a CNI configuration that libcni refuses", () => {
  const good = cni("10.1.2.0/24");
  const list = cniList("10.1.2.0/24");
  test.each([
    ["a comment before it", "05-x.conflist", `# by a playbook\n${list}`, "is not JSON"],
    ["a comment in it", "05-x.conf", good.replace("{", "{ // by a playbook\n"), "is not JSON"],
    ["a trailing comma", "05-x.conflist", list.replace("]}", ",]}"), "is not JSON"],
    ["two documents", "05-x.conf", `${good}\n${good}`, "is not JSON"],
    ["YAML", "05-x.conf", "name: n\ntype: bridge\nipam: {type: host-local, subnet: 10.1.2.0/24}\n", "is not JSON"],
    ["a byte order mark", "05-x.conf", `\uFEFF${good}`, "is not JSON"],
    ["no name", "05-x.conflist", list.replace('"name":"n",', ""), "has no name"],
    ["no name", "05-x.conf", good.replace('"name":"n",', ""), "has no name"],
    ["a plugin without a type", "05-x.conflist", list.replace('"type":"bridge",', ""), "has a plugin without a type"],
    ["no type", "05-x.conf", good.replace('"type":"bridge",', ""), "has a plugin without a type"],
    ["a single plugin in a list's file", "05-x.conflist", good, "lists no plugins"],
    ["a list in a single plugin's file", "05-x.conf", list, "has a plugin without a type"],
    ["a version that is a number", "05-x.conflist", list.replace('"0.4.0"', "0.4"), "has a cniVersion that is no text"],
    ["a comment, moved aside", "05-x.conflist.headcni-aside", `# a\n${list}`, "is not JSON"],
  ])("for %s, %s", (_, name, content, problem) => {
    const file = `/etc/cni/net.d/${name}`;
    const answer = choose({ files: { [file]: content } });
    expect(answer.source).toBe("default");
    const reason = `${problem}: no runtime loads it, so it is not taken`;
    expect(answer.trace.find((entry) => entry.file === file)).toMatchObject({ outcome: "skipped", reason });
    expect(answer.warnings).toContain(`${file}: ${reason}`);
  });
});

describe("choosePodCIDR() refuses what an operator wrote wrong", () => {
  const thrown = (given: Given): ConfigError => {
    try {
      choose(given);
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
    throw new Error("nothing was thrown");
  };

  test.each([
    ["host bits", "10.1.2.3/24", "10.1.2.3/24 has host bits set: the network is 10.1.2.0/24"],
    ["no room for a pod", "10.1.2.0/31", "10.1.2.0/31 is a /31, which leaves no address for a pod"],
    ["Tailscale's own range", "100.100.1.0/24", "lies in 100.64.0.0/10"],
    ["loopback", "127.0.1.0/24", "lies in the loopback range"],
    ["multicast", "ff02::/64", "lies in the multicast range"],
    ["link-local", "fe80::/64", "lies in the link-local range"],
    ["the service range of a file", "10.96.1.0/24", "overlaps the service CIDR 10.96.0.0/12"],
  ])("in the configuration: %s", (_, value, reason) => {
    const error = thrown({ podCIDR: any(value), files: { [kubeadmFile]: kubeadm("10.244.0.0/16") } });
    expect(error.code).toBe("HC_PODCIDR_CONFIG");
    expect(error.issues[0]).toMatchObject({
      path: "network.podCIDR.nodeLocal",
      file: "/etc/headcni/config.yaml",
      line: 4,
    });
    expect(error.issues[0]?.message).toContain(reason);
    expect(error.hint).toBeDefined();
  });

  test.each([
    ["no CIDR", "10.1.2.0", "has no prefix length"],
    ["a template", "{{ pod_cidr }}", "has no prefix length"],
    ["two of a family", "10.1.1.0/24,10.1.2.0/24", "more than one CIDR of a family"],
    ["one bad of two", "10.1.2.0/24,fd00::1/64", "fd00::1/64 has host bits set: the network is fd00::/64"],
    ["the service range of the configuration", "10.43.1.0/24", "overlaps the service CIDR 10.43.0.0/16"],
  ])("in the environment: %s", (_, value, reason) => {
    const error = thrown({ env: { NODE_POD_CIDR: value }, serviceCIDR: "10.43.0.0/16" });
    expect(error.code).toBe("HC_PODCIDR_ENV");
    expect(error.message).toContain(`NODE_POD_CIDR="${value}"`);
    expect(error.message).toContain(reason);
  });

  test("a base without room for one block", () => {
    const base = parsePodCIDRs("10.1.0.0/26");
    const error = thrown({ podCIDR: { base } });
    expect(error.issues[0]).toMatchObject({
      path: "network.podCIDR.base",
      message:
        "10.1.0.0/26 has no room for a node's block of /24; write a larger range, for example 10.244.0.0/16, or set network.podCIDR.perNode to a length over /26",
      line: 7,
    });
    expect(choose({ podCIDR: { base, perNode: { ipv4: 28 } } }).source).toBe("hash");
  });

  test("a base that leaves no block beside the service range", () => {
    const base = parsePodCIDRs("10.96.0.0/11");
    const error = thrown({ podCIDR: { base, perNode: { ipv4: 11 } }, serviceCIDR: "10.96.0.0/12" });
    expect(error.issues[0]?.message).toStartWith(
      "10.96.0.0/11 has no block that is free of the service CIDR; write another range",
    );
  });

  test.each(["0.0.0.0/0", "::/0", "128.0.0.0/1"])(
    "the range %s, which is nobody's, as node's or as base",
    (everything) => {
      expect(thrown({ podCIDR: any(everything) }).issues[0]?.message).toMatch(/every address|larger than any private/);
      expect(thrown({ env: { NODE_POD_CIDR: everything } }).message).toMatch(/every address|larger than any private/);
      const base = thrown({ podCIDR: { base: parsePodCIDRs(everything) } });
      expect(base.issues[0]).toMatchObject({ path: "network.podCIDR.base", line: 7 });
      expect(base.issues[0]?.message).toMatch(/every address|larger than any private/);
    },
  );

  test("but takes empty for unset", () => {
    expect(choose({ env: { NODE_POD_CIDR: " " } }).source).toBe("default");
  });
});

describe("choosePodCIDR() passes over a file it cannot use", () => {
  test("and says file, line and reason", () => {
    const answer = choose({
      files: { [kubeletFile]: kubelet("10.3.1.7/24"), "/run/flannel/subnet.env": "FLANNEL_SUBNET=10.4.1.1/24\n" },
    });
    expect(short(answer)).toBe("10.4.1.0/24 file /run/flannel/subnet.env 1");
    expect(answer.trace.find(({ file }) => file === kubeletFile)).toEqual({
      source: "file",
      file: kubeletFile,
      outcome: "invalid",
      reason: "line 3: 10.3.1.7/24: podCIDR has host bits set: the network is 10.3.1.0/24",
    });
    expect(answer.warnings).toContain(
      `${kubeletFile}:3: 10.3.1.7/24: podCIDR has host bits set: the network is 10.3.1.0/24`,
    );
  });

  test("that says the cluster's range where the node's should be, by what other files say", () => {
    const answer = choose({
      files: { [kubeletFile]: kubelet("10.244.0.0/20"), [kubeadmFile]: kubeadm("10.244.0.0/20") },
    });
    expect(answer.source).toBe("hash");
    expect(answer.clusterCIDRs.map(String)).toEqual(["10.244.0.0/20"]);
  });

  test("whose range lies in the service range of another file", () => {
    const answer = choose({
      files: { [kubeletFile]: kubelet("10.97.1.0/24"), [kubeadmFile]: kubeadm("10.244.0.0/16") },
    });
    expect(answer.source).toBe("hash");
    expect(answer.warnings.join()).toContain("overlaps the service CIDR 10.96.0.0/12");
  });

  test.each<[string, string | Uint8Array, string]>([
    [
      "broken YAML",
      "podSubnet: 10.1.0.0/16\n\tx: [\n",
      "line 1: is not valid YAML at line 2: only what stands on lines of its own was read",
    ],
    ["a program", new TextEncoder().encode(`cidr${"\x01\x02".repeat(99)}`), "is not text"],
  ])("that is %s", (_, content, reason) => {
    const answer = choose({ files: { [kubeadmFile]: content } });
    expect(answer.trace.find(({ file }) => file === kubeadmFile)).toMatchObject({ outcome: "invalid", reason });
  });

  test.each([
    ["10.88.0.0/16", {}, "ipam.subnet is as large as a whole cluster's (/16 or larger)"],
    [
      "10.88.0.0/16",
      { [kubeadmFile]: kubeadm("10.0.0.0/8") },
      "ipam.subnet is as large as a whole cluster's (/16 or larger)",
    ],
    ["10.88.0.0/20", { [kubeadmFile]: kubeadm("10.88.0.0/20") }, "ipam.subnet is the cluster CIDR"],
    ["10.88.0.0/20", { [kubeadmFile]: kubeadm("10.88.0.0/22") }, "ipam.subnet contains the cluster CIDR 10.88.0.0/22"],
  ])("that is another CNI's with %s, and never the hash's base", (subnet, files, why) => {
    const path = "/etc/cni/net.d/11-crio.conf";
    const answer = choose({ files: { ...files, [path]: cni(subnet) } });
    expect(answer.source).toBe(Object.keys(files).length === 0 ? "default" : "hash");
    if (answer.source === "default") expect(answer.clusterCIDRs).toEqual([]);
    const entry = answer.trace.find(({ file }) => file === path);
    expect(entry).toMatchObject({ outcome: "skipped" });
    expect(entry?.reason).toContain(`${why}: every node of such a setup has the same, so it is not taken`);
  });

  test("that is podman's own, whatever its size", () => {
    const path = "/etc/cni/net.d/87-podman-bridge.conflist";
    const content = cniList("10.88.4.0/24").replace('"name":"n"', '"name":"podman"');
    const answer = choose({ files: { [path]: content } });
    expect(answer.source).toBe("default");
    expect(answer.trace.find(({ file }) => file === path)).toMatchObject({
      outcome: "skipped",
      reason: expect.stringContaining("private network of podman"),
    });
  });

  test("whose range is the LAN's", () => {
    const path = "/etc/cni/net.d/20-lan.conf";
    const answer = choose({ files: { [path]: cni("192.168.1.0/24").replace("bridge", "macvlan") } });
    expect(answer.source).toBe("default");
    expect(answer.trace.find(({ file }) => file === path)).toMatchObject({
      outcome: "skipped",
      reason:
        "line 1: 192.168.1.0/24: ipam.subnet is of the network that macvlan attaches pods to, not this node's own, so it is not taken",
    });
  });

  test("that says two of a family", () => {
    const two = JSON.stringify({
      cniVersion: "0.4.0",
      name: "n",
      plugins: [
        {
          type: "bridge",
          ipam: { type: "host-local", ranges: [[{ subnet: "10.1.1.0/24" }, { subnet: "10.1.2.0/24" }]] },
        },
      ],
    });
    const answer = choose({ files: { "/etc/cni/net.d/10-two.conflist": two } });
    expect(answer.source).toBe("default");
    expect(answer.trace.find(({ file }) => file === "/etc/cni/net.d/10-two.conflist")).toMatchObject({
      outcome: "invalid",
      reason: "says several IPv4 PodCIDRs: 10.1.1.0/24, 10.1.2.0/24",
    });
  });

  test.each<[string, (path: string) => void, string]>([
    ["a folder", (path) => fs.mkdirSync(path), "it is a folder"],
    [
      "a link to itself",
      (path) => fs.symlinkSync(path.slice(path.lastIndexOf("/") + 1), path),
      "too many symbolic links",
    ],
    ["a FIFO", (path) => void Bun.spawnSync(["mkfifo", path]), "it is not a regular file"],
  ])("that cannot be read: %s", (_, make, reason) => {
    const answer = choose({}, (root) => {
      fs.mkdirSync(`${root.path}/var/lib/kubelet`, { recursive: true });
      make(`${root.path}${kubeletFile}`);
    });
    expect(answer.source).toBe("default");
    expect(answer.trace.find(({ file }) => file === kubeletFile)).toEqual({
      source: "file",
      file: kubeletFile,
      outcome: "skipped",
      reason,
    });
    expect(answer.warnings).toEqual([`${kubeletFile}: ${reason}`]);
  });
});

describe("choosePodCIDR() reads every name its readers know", () => {
  const apiServer = (flag: string): string =>
    `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n    - ${flag}\n`;
  test.each([
    ["--portal-net", { "/etc/kubernetes/manifests/kube-apiserver.yaml": apiServer("--portal-net=10.96.0.0/12") }],
    ["--portal_net", { "/etc/kubernetes/manifests/kube-apiserver.yaml": apiServer("--portal_net=10.96.0.0/12") }],
    ["kube_service_addresses", { [kubeadmFile]: "kube_service_addresses: 10.96.0.0/12\n" }],
    ["a name behind escapes", { [kubeadmFile]: '"service\\x43IDR": 10.96.0.0/12\n' }],
  ])("%s", (_, files) => {
    expect(choose({ files }).serviceCIDRs.map(String)).toEqual(["10.96.0.0/12"]);
    expect(() => choose({ files, env: { NODE_POD_CIDR: "10.96.3.0/24" } })).toThrow("overlaps the service CIDR");
  });
});

describe("choosePodCIDR() by hash", () => {
  test("takes range, mask and service range from wherever they are said", () => {
    const manager = `apiVersion: v1
kind: Pod
spec:
  containers:
  - command: [kube-controller-manager, --cluster-cidr=10.244.0.0/16, --node-cidr-mask-size=26]
`;
    const answer = choose({ files: { [managerFile]: manager } });
    expect(answer.podCIDRs.list[0]?.bits).toBe(26);
    expect(parsePrefix("10.244.0.0/16").contains(answer.podCIDRs.list[0] ?? parsePrefix("::/0"))).toBe(true);
  });

  test("prefers the configuration's base and block to the files'", () => {
    const podCIDR = { base: parsePodCIDRs("10.9.0.0/16"), perNode: { ipv4: 25 } };
    const answer = choose({ podCIDR, files: { [kubeadmFile]: kubeadm("10.244.0.0/16") } });
    expect(answer.podCIDRs.list[0]?.toString()).toMatch(/^10\.9\.\d+\.(0|128)\/25$/);
    expect(answer.clusterCIDRs.map(String)).toEqual(["10.9.0.0/16"]);
    expect(answer).toMatchObject({ file: "/etc/headcni/config.yaml", line: 7 });
  });

  test("takes the same block number in both families", () => {
    const answer = choose({ files: { [kubeadmFile]: kubeadm("10.244.0.0/16,fd00:244::/56") } });
    expect(answer.podCIDRs.toJSON()).toEqual(["10.244.237.0/24", "fd00:244:0:ed::/64"]);
  });

  test("divides an IPv6 range that a /64 would not divide", () => {
    const answer = choose({ files: { [kubeadmFile]: kubeadm("10.244.0.0/16,fd00:244::/64") } });
    expect(answer.podCIDRs.toJSON()).toEqual(["10.244.237.0/24", "fd00:244:0:0:ed00::/72"]);
  });

  test("goes on to the next block where one meets the service range", () => {
    const answer = choose({ files: { [kubeadmFile]: kubeadm("10.244.0.0/16", "10.244.224.0/20") } });
    expect(answer.podCIDRs.toJSON()).toEqual(["10.244.240.0/24"]);
  });

  test("gives up on a range that is the service range, or Tailscale's", () => {
    for (const range of ["10.96.0.0/16", "100.96.0.0/11"]) {
      const answer = choose({ files: { [kubeadmFile]: kubeadm(range) } });
      expect(answer.source).toBe("default");
      expect(answer.trace.find(({ source }) => source === "hash")?.outcome).toBe("skipped");
    }
  });

  test("says when files disagree and when there is room for one node only", () => {
    const files = {
      [kubeadmFile]: kubeadm("10.244.7.0/24"),
      "/etc/rancher/k3s/config.yaml": "cluster-cidr: 10.42.0.0/16\n",
    };
    const answer = choose({ files });
    expect(answer.podCIDRs.toJSON()).toEqual(["10.244.7.0/24"]);
    expect(answer.warnings.join("\n")).toContain("10.42.0.0/16");
    expect(answer.warnings.join("\n")).toContain("has room for one node only");
  });
});

test.each([
  ["holds no word of a range", (at: number) => (at * 7919) & 255],
  ["holds one by chance", (at: number) => "\0podCIDR\u0001\u0002\u0003: \u0004".charCodeAt(at % 15)],
])("choosePodCIDR() takes a file of bytes for invalid, and warns, whether it %s", (_case, byteAt) => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => byteAt(at));
  const { trace, warnings } = choose({ files: { [kubeletFile]: bytes } });
  const entry = trace.find(({ file }) => file === kubeletFile);
  expect(entry).toEqual({ source: "file", file: kubeletFile, outcome: "invalid", reason: "is not text" });
  expect(warnings).toEqual([`${kubeletFile}: is not text`]);
});

test.each([
  ["a kubelet's podCIDR", { [kubeletFile]: kubelet("0.0.0.0/0") }],
  ["a cluster's range", { [kubeadmFile]: kubeadm("0.0.0.0/0", "0.0.0.0/0") }],
  ["flannel's", { "/run/flannel/subnet.env": "FLANNEL_NETWORK=0.0.0.0/0\nFLANNEL_SUBNET=0.0.0.0/0\n" }],
])("choosePodCIDR() hashes into no public address: %s is every address", (_, files) => {
  const answer = choose({ files });
  expect(short(answer)).toBe("10.244.0.0/24 default - -");
  expect(answer.clusterCIDRs).toEqual([]);
  expect(answer.serviceCIDRs).toEqual([]);
});

describe("choosePodCIDR() questions a range that an operator gave to one node", () => {
  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ["10.0.0.0/8", {}, "is larger than a /16, for one node"],
    ["10.0.0.0/15", {}, "is larger than a /16, for one node"],
    ["fd00:1::/32", {}, "is larger than a /48, for one node"],
    ["10.244.0.0/16", { [kubeadmFile]: kubeadm("10.244.0.0/16") }, "holds the whole cluster CIDR 10.244.0.0/16"],
    ["172.17.0.0/24", {}, "overlaps 172.17.0.0/16, where Docker puts its own bridge"],
    ["10.244.0.0/16", {}, undefined],
    ["10.244.1.0/24", { [kubeadmFile]: kubeadm("10.244.0.0/16") }, undefined],
    ["fd00:1::/64", {}, undefined],
  ])("%s beside %p, and takes it", (text, files, doubt) => {
    for (const given of [{ podCIDR: any(text) }, { env: { NODE_POD_CIDR: text } }]) {
      const answer = choose({ ...given, files });
      expect(answer.podCIDRs.toJSON()).toEqual([text]);
      expect(answer.doubts?.join()).toEqual(doubt === undefined ? "" : expect.stringContaining(doubt));
      expect(answer.warnings).toEqual(answer.doubts ?? []);
    }
  });
});

describe("choosePodCIDR() where nodeLocal names other nodes", () => {
  const byNode = (entries: Readonly<Record<string, string>>): Partial<PodCIDRConfig> => ({
    nodeLocal: {
      kind: "byNode",
      podCIDRs: new Map(Object.entries(entries).map(([name, text]) => [name, parsePodCIDRs(text)])),
    },
  });
  const base = parsePodCIDRs("10.244.0.0/16");

  test("passes over their blocks by hash, and says so", () => {
    const podCIDR = { base, ...byNode({ a: "10.244.237.0/24", b: "10.244.238.0/23" }) };
    const answer = choose({ podCIDR });
    expect(answer.podCIDRs.toJSON()).toEqual(["10.244.240.0/24"]);
    expect(answer.trace.at(-1)?.reason).toContain(
      "10.244.237.0/24 was passed over: it overlaps 10.244.237.0/24, which is node a's by network.podCIDR.nodeLocal",
    );
    expect(choose({ podCIDR: { base, ...byNode({ a: "10.244.0.0/24" }) } }).podCIDRs.toJSON()).toEqual([
      "10.244.237.0/24",
    ]);
  });

  test("passes over them in both families alike", () => {
    const both = parsePodCIDRs("10.244.0.0/16,fd00:244::/56");
    const answer = choose({ podCIDR: { base: both, ...byNode({ a: "fd00:244:0:ed::/64" }) } });
    expect(answer.podCIDRs.toJSON()).toEqual(["10.244.238.0/24", "fd00:244:0:ee::/64"]);
  });

  test("passes over them in what files say of the cluster, and in the default", () => {
    const podCIDR = byNode({ w2: "10.244.0.0/24", w3: "10.244.1.0/24" });
    const answer = choose({ podCIDR });
    expect(short(answer)).toBe("10.244.2.0/24 default - -");
    expect(answer.trace.at(-1)?.reason).toBe(
      "10.244.0.0/24 was passed over: it overlaps 10.244.0.0/24, which is node w2's by network.podCIDR.nodeLocal",
    );
    const files = { [kubeadmFile]: kubeadm("10.244.0.0/16") };
    expect(choose({ podCIDR: byNode({ a: "10.244.237.0/24" }), files }).podCIDRs.toJSON()).toEqual(["10.244.238.0/24"]);
  });

  test("ends where they have everything", () => {
    const podCIDR = byNode({ a: "10.244.0.0/17", b: "10.244.128.0/17" });
    expect(() => choose({ podCIDR: { base, ...podCIDR } })).toThrow("network.podCIDR.base");
    expect(() => choose({ podCIDR })).toThrow("Cannot find a PodCIDR for this node");
  });

  test("takes no longer for five thousand of them", () => {
    const many = Array.from({ length: 5000 }, (_, at) => [`n${at}`, `10.${at >> 8}.${at & 255}.0/24`] as const);
    const podCIDR = { base: parsePodCIDRs("10.0.0.0/8"), ...byNode(Object.fromEntries(many)) };
    expect(withinCpuTime(1500, () => choose({ podCIDR })).source).toBe("hash");
  });

  test.each([
    ["w1", ["w1.example.com", "w10", "x"], "w1.example.com"],
    ["w1.example.com", ["w2.example.com", "w1", "x"], "w1"],
    ["worker-1", ["other", "worker1", "worker-2"], "worker-2"],
  ])("says of %s which of %p are nearest", (nodeName, names, nearest) => {
    const entries = Object.fromEntries(names.map((name, at) => [name, `10.9.${at}.0/24`]));
    const answer = choose({ podCIDR: byNode(entries), nodeName });
    expect(answer.namedInstead?.[0]).toBe(nearest);
    expect(answer.warnings.join()).toContain(
      `has no entry for this node, "${nodeName}"; the nearest in it: "${nearest}"`,
    );
    expect(
      choose({ podCIDR: byNode({ ...entries, [nodeName]: "10.8.0.0/24" }), nodeName }).namedInstead,
    ).toBeUndefined();
  });
});

describe("choosePodCIDR() on k3s", () => {
  const config = "/etc/rancher/k3s/config.yaml";
  test("takes k3s' own range when its files say none", () => {
    const answer = choose({ files: { [config]: "disable: [traefik]\n" } });
    expect(answer).toMatchObject({ source: "hash" });
    expect(answer.clusterCIDRs.map(String)).toEqual(["10.42.0.0/16"]);
    expect(answer.serviceCIDRs.map(String)).toEqual(["10.43.0.0/16"]);
  });
  test("but not beside kubeadm's files, nor where a range is said and refused", () => {
    const manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
    expect(choose({ files: { [config]: "{}\n", [manifest]: "kind: Pod\n" } }).source).toBe("default");
    expect(choose({ files: { [config]: "cluster-cidr: 10.42.0.0\n" } }).source).toBe("default");
  });
});

describe("encodeAnswer()", () => {
  test("has exactly the documented keys", () => {
    const json = encodeAnswer(choose({ files: { [kubeletFile]: kubelet("10.3.0.0/24") } }));
    expect(Object.keys(json)).toEqual([
      "nodeName",
      "podCIDRs",
      "source",
      "file",
      "line",
      "authoritative",
      "clusterCIDRs",
      "trace",
    ]);
    expect(JSON.parse(JSON.stringify(json))).toMatchObject({
      nodeName: "worker-1",
      podCIDRs: ["10.3.0.0/24"],
      source: "file",
      file: kubeletFile,
      line: 3,
      authoritative: true,
      clusterCIDRs: [],
    });
  });
});
