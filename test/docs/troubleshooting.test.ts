// docs/troubleshooting.md quotes what the daemon says: each quotation is brought about in a node and must come out as it stands there.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { FaultCode } from "../../src/doctor/faults.ts";
import { configFile, flannelFile, subnetEnv } from "../daemon/daemon.ts";
import { addPod } from "../daemon/pods.ts";
import { doctorOf } from "../doctor/doctor.ts";
import { headcniDaemon } from "../harness/headcni.ts";
import { checkout, createNode, type Node } from "../harness/node.ts";

interface Fault {
  /** How the quotation begins. */
  readonly quote: string;
  readonly files?: Readonly<Record<string, string>>;
  /** What goes wrong on a node with these files. */
  readonly happens?: (node: Node) => Promise<unknown>;
  readonly env?: Readonly<Record<string, string>>;
  /** What `headcni doctor` calls it, with its remedy, once no daemon runs. */
  readonly doctor?: readonly [code: FaultCode, remedy: string];
}

const flannel = { [subnetEnv]: flannelFile("10.42.3.1/24") };
const shell = (script: string) => (node: Node) => node.must(["sh", "-ec", script]);
/** On the PATH of a daemon whose machine lacks the rest. */
const onlyIp = { PATH: "/srv/bin" };

const faults: readonly Fault[] = [
  { quote: "10.244.0.0/24 comes from the built-in default" },
  { quote: "/run/flannel/subnet.env: line 2", files: { [subnetEnv]: flannelFile("10.42.3.0/33") } },
  {
    quote: "/var/lib/kubelet/config.yaml:3",
    files: { "/var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\n\npodCIDR: 10.244.0.0/16\n" },
  },
  { quote: "Cannot use environment NODE_POD_CIDR", env: { NODE_POD_CIDR: "10.244.1.0" } },
  {
    quote: '/etc/headcni/config.yaml:3: network.podCIDR.nodeLocal: "10.244.1.7/24"',
    files: { [configFile]: "network:\n  podCIDR:\n    nodeLocal: 10.244.1.7/24\n" },
  },
  {
    quote: "/etc/headcni/config.yaml:3: network.podCIDR.nodeLocal: 10.244.0.0/16",
    files: { [configFile]: "network:\n  podCIDR:\n    nodeLocal: 10.244.0.0/16\n" },
    happens: shell("ip link add eth0 type veth peer name far && ip address add 10.244.1.7/24 dev eth0"),
  },
  {
    quote: "/etc/headcni/config.yaml:3: network.podCIDR.base",
    files: { [configFile]: "network:\n  podCIDR:\n    base: 10.0.0.0/28\n" },
  },
  {
    quote: "10.42.3.0/24 is kept",
    files: flannel,
    happens: async (node) => {
      await runOnce(node);
      await node.must(["rm", subnetEnv]);
    },
  },
  {
    quote: "10.42.3.0/24 stays in force",
    files: flannel,
    happens: async (node) => {
      await runOnce(node);
      await addPod(node, "pod");
      node.write(subnetEnv, flannelFile("10.42.4.1/24"));
    },
  },
  { quote: "No pod can be made", files: flannel, happens: shell("rm /opt/cni/bin/host-local") },
  {
    quote: "… /opt/cni/bin/bridge does not support CNI 1.1.0",
    files: {
      ...flannel,
      [configFile]: "cni:\n  cniVersion: 1.1.0\n",
      "/srv/bridge": `#!/bin/sh\necho '{"cniVersion": "1.0.0", "supportedVersions": ["0.3.0", "0.3.1", "0.4.0", "1.0.0"]}'\n`,
    },
    happens: shell("chmod +x /srv/bridge && ln -sf /srv/bridge /opt/cni/bin/bridge"),
    doctor: ["PluginsUnusable", "set cni.cniVersion to one of these, or install a newer bridge"],
  },
  {
    quote: "/etc/cni/net.d/10-headcni.conflist is not in place",
    files: flannel,
    happens: shell("mkdir -p /etc/cni/net.d && mount -t tmpfs -o ro none /etc/cni/net.d"),
    doctor: ["ConflistNotWritten", "findmnt -T /etc/cni/net.d"],
  },
  ...["/var/lib/headcni: the file system is read-only", "/etc/cni/net.d/10-headcni.conflist is in force, but not"].map(
    (quote) => ({
      quote,
      files: flannel,
      happens: shell("mkdir -p /var/lib/headcni && mount -t tmpfs -o ro none /var/lib/headcni"),
    }),
  ),
  {
    quote: "10.244.1.0/24 holds this node's own address",
    files: { [configFile]: "network:\n  podCIDR:\n    nodeLocal:\n      node-1: 10.244.1.0/24\n" },
    happens: async (node) => {
      await runOnce(node);
      await shell("ip link add eth1 type veth peer name far && ip address add 10.244.1.7/24 dev eth1")(node);
    },
  },
  {
    quote: "… /opt/cni/bin/bridge is a link to",
    files: flannel,
    happens: shell("mount -t tmpfs none /usr/lib/cni"),
  },
  {
    quote: "/etc/cni/net.d: it is a mount of a folder that was removed",
    files: flannel,
    happens: shell("mkdir -p /srv/net.d /etc/cni/net.d && mount --bind /srv/net.d /etc/cni/net.d && rmdir /srv/net.d"),
  },
  {
    quote: "05-cilium.conflist in /etc/cni/net.d",
    files: {
      ...flannel,
      [configFile]: "cni:\n  otherConfigs: keep\n",
      "/etc/cni/net.d/05-cilium.conflist":
        '{"cniVersion": "0.3.1", "name": "cilium", "plugins": [{"type": "cilium-cni"}]}\n',
    },
  },
  {
    quote: "/etc/cni/net.d/10-flannel.conflist.headcni-aside called portmap",
    files: {
      ...flannel,
      "/etc/cni/net.d/10-flannel.conflist":
        '{"cniVersion": "0.3.1", "name": "cbr0", "plugins": [{"type": "flannel"}, {"type": "portmap", "capabilities": {"portMappings": true}}]}',
    },
  },
  {
    quote: "headcni0 has 10.2.0.1/24",
    files: flannel,
    happens: async (node) => {
      await runOnce(node);
      await addPod(node, "pod");
      await shell("ip address flush dev headcni0 && ip address add 10.2.0.1/24 dev headcni0")(node);
    },
  },
  {
    quote: "Cannot run nft",
    files: { ...flannel, [configFile]: "network:\n  masquerade: daemon\n" },
    happens: shell('mkdir -p /srv/bin && ln -s "$(command -v ip)" /srv/bin/'),
    env: onlyIp,
  },
  { quote: "Whether pods hang on headcni0 is unknown", files: flannel, env: onlyIp },
];

/** Quotations that take longer to bring about, and where they are. */
const elsewhere = ["/etc/cni/net.d/10-headcni.conflist was put right 21 times"];

const quotes = [...readFileSync(`${checkout}/docs/troubleshooting.md`, "utf8").matchAll(/(?:^ *> .*\n)+/gm)].map(
  ([lines]) => lines.replace(/^ *> /gm, "").trim().replaceAll("\n", " "),
);

test("every quotation is brought about", () => {
  const known = [...faults.map(({ quote }) => quote), ...elsewhere];
  const unknown = quotes.filter((quote) => known.filter((begin) => quote.startsWith(begin)).length !== 1);
  expect(unknown).toEqual([]);
});

test.each(faults)("$quote", async ({ quote, files, happens, env, doctor }) => {
  await using node = await createNode({ files });
  await happens?.(node);
  const said = await runOnce(node, env);
  for (const part of quotes.find((each) => each.startsWith(quote))?.split("…") ?? [])
    expect(said).toContain(part.trim());
  if (doctor === undefined) return;
  const [code, remedy] = doctor;
  const found = (await doctorOf(node)).checks.flatMap(({ faults }) => faults).find((fault) => fault.code === code);
  expect(found?.remedy).toContain(remedy);
});

/** What the daemon says in one step, whatever its end. */
async function runOnce(node: Node, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stderr } = await node.run([
    "/usr/bin/env",
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    headcniDaemon,
    "--once",
    "--log-format",
    "json",
  ]);
  return stderr
    .split("\n")
    .map((line) => (line.startsWith("{") ? JSON.parse(line).msg : line))
    .join("\n");
}
