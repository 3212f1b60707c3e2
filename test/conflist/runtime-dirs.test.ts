// Where the compiled program puts the conflist and looks for plugins, on folders that play nodes with different runtimes.

import { describe, expect, test } from "bun:test";
import { headcni } from "../harness/headcni.ts";
import { type FolderNode, folderNode } from "./folder-node.ts";

interface Row {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly confDir: string;
  readonly binDir: string;
  /** What `config explain` says of the two, and beside them. */
  readonly said: readonly string[];
}

const rows: readonly Row[] = [
  {
    name: "CRI-O with drop-ins over crio.conf",
    files: {
      "/etc/crio/crio.conf": '[crio.network]\nnetwork_dir = "/etc/cni/net.d/"\nplugin_dirs = ["/opt/cni/bin/"]\n',
      "/etc/crio/crio.conf.d/50-dirs.conf":
        '[crio.network]\nnetwork_dir = "/srv/net.d"\nplugin_dirs = [\n  "/srv/local",\n  "/srv/plugins",\n]\n',
    },
    confDir: "/srv/net.d",
    binDir: "/srv/plugins",
    said: [
      "/etc/crio/crio.conf.d/50-dirs.conf:2",
      "/etc/crio/crio.conf.d/50-dirs.conf:5",
      "note: CRI-O makes this node's pods: it is configured",
      "note: CRI-O looks for plugins in /srv/local too",
    ],
  },
  {
    name: "containerd 2 with an import, beside CRI-O that the kubelet does not use",
    files: {
      "/etc/containerd/config.toml": 'version = 3\nimports = ["conf.d/*.toml"]\n',
      "/etc/containerd/conf.d/cni.toml":
        "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nconf_dir = '/srv/net.d'\nbin_dirs = ['/srv/plugins']\n",
      "/etc/crio/crio.conf": '[crio.network]\nnetwork_dir = "/no"\n',
      "/var/lib/kubelet/kubeadm-flags.env":
        'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///var/run/containerd/containerd.sock"\n',
    },
    confDir: "/srv/net.d",
    binDir: "/srv/plugins",
    said: [
      "/etc/containerd/conf.d/cni.toml:3",
      "/etc/containerd/conf.d/cni.toml:4",
      "the kubelet is set to use it (/var/lib/kubelet/kubeadm-flags.env:1)",
      "the configuration of CRI-O (/etc/crio/crio.conf) does not count",
    ],
  },
  {
    name: "podman with its CNI backend",
    files: {
      "/etc/containers/containers.conf.d/cni.conf":
        '[network]\nnetwork_backend = "cni"\nnetwork_config_dir = "/srv/net.d"\ncni_plugin_dirs = ["/srv/plugins"]\n',
    },
    confDir: "/srv/net.d",
    binDir: "/srv/plugins",
    said: ["/etc/containers/containers.conf.d/cni.conf:3", "/etc/containers/containers.conf.d/cni.conf:4"],
  },
  {
    name: "podman that reads no CNI",
    files: { "/etc/containers/containers.conf": '[network]\nnetwork_backend = "netavark"\n' },
    confDir: "/etc/cni/net.d",
    binDir: "/opt/cni/bin",
    said: ["podman uses netavark (/etc/containers/containers.conf:2) and reads no CNI configuration"],
  },
  {
    name: "no runtime",
    files: {},
    confDir: "/etc/cni/net.d",
    binDir: "/opt/cni/bin",
    said: ["default (no runtime's configuration found)"],
  },
];

describe("on a node with", () => {
  test.each(rows)("$name, the conflist goes where the runtime reads", ({ files, confDir, binDir, said }) => {
    using node = folderNode();
    for (const [path, text] of Object.entries(files)) node.write(path, text);
    if (binDir !== "/opt/cni/bin") node.shell(`mkdir -p "$root${binDir}" && mv "$root"/opt/cni/bin/* "$root${binDir}"`);
    const installed = node.conflist(["install"]);
    expect(installed.stderr).toBe("");
    expect(installed.stdout).toContain(`Wrote ${confDir}/10-headcni.conflist`);
    const explained = explain(node);
    for (const part of said) expect(explained).toContain(part);
  });
});

test("the operator's directory counts, and a broken file of the runtime is named with its line", () => {
  using node = folderNode();
  node.write("/etc/crio/crio.conf.d/10.conf", '[crio.network]\nnetwork_dir = "/srv/net.d"\n');
  node.write("/etc/crio/crio.conf.d/20.conf", "[crio.network]\n\nnetwork_dir = /bare\n");
  node.write("/etc/headcni/config.yaml", "cni:\n  confDir: /etc/mine\n");
  const { stdout, stderr } = node.conflist(["install"]);
  expect(stdout).toContain("Wrote /etc/mine/10-headcni.conflist");
  expect(stderr).toContain("/etc/crio/crio.conf.d/20.conf is not TOML in line 3");
});

/** All that `headcni config explain` prints. */
function explain(node: FolderNode): string {
  const argv = [headcni, "config", "explain", "--root", node.path];
  const { stdout, stderr } = Bun.spawnSync(argv, { env: node.command([]).env, stdin: "ignore", timeout: 30_000 });
  return `${stdout}${stderr}`;
}
