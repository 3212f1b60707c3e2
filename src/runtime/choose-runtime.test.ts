import { describe, expect, test } from "bun:test";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { chooseRuntime } from "./choose-runtime.ts";

const containerd = { "/etc/containerd/config.toml": `[plugins.cri.cni]\nconf_dir = "/containerd"\n` };
const crio = { "/etc/crio/crio.conf.d/10.conf": `[crio.network]\nnetwork_dir = "/crio"\n` };
const k3s = {
  "/var/lib/rancher/k3s/agent/etc/containerd/config.toml": `[plugins."io.containerd.grpc.v1.cri".cni]\nconf_dir = "/k3s"\n`,
};
const podman = {
  "/etc/containers/containers.conf": `[network]\nnetwork_backend = "cni"\nnetwork_config_dir = "/podman"\n`,
};
const containerdSocket = { "/run/containerd/containerd.sock": "" };
const crioSocket = { "/run/crio/crio.sock": "" };
const endpoint = (path: string): string => `--container-runtime-endpoint=unix://${path}`;
const kubelet = (path: string): Readonly<Record<string, string>> => ({
  "/var/lib/kubelet/kubeadm-flags.env": `KUBELET_KUBEADM_ARGS="--a=b ${endpoint(path)} --c=d"\n`,
});
const flags = "/var/lib/kubelet/kubeadm-flags.env:1";

/** Files of the node; the directory of configurations and why, or why none is known. */
const rows: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ["nothing", {}, "no runtime's configuration found"],
  ["a socket of a containerd without configuration", containerdSocket, "no runtime's configuration found"],
  [
    "k3s before all that is not named",
    { ...k3s, ...containerd, ...crio, ...crioSocket },
    "/k3s: k3s or RKE2 brings it",
  ],
  [
    "what k3s was given in place of its own",
    { ...k3s, ...crio, "/etc/rancher/k3s/config.yaml": `container-runtime-endpoint: "unix:///run/crio/crio.sock"\n` },
    "/crio: k3s or RKE2 is set to use it (/etc/rancher/k3s/config.yaml:1)",
  ],
  [
    "k3s where it keeps its state elsewhere",
    {
      ...containerd,
      "/etc/rancher/k3s/config.yaml.d/10.yaml": "data-dir: /srv/k3s\n",
      "/srv/k3s/agent/etc/containerd/config.toml": `[plugins.cri.cni]\nconf_dir = "/srv"\n`,
    },
    "/srv: k3s or RKE2 brings it",
  ],
  [
    "RKE2 where its service says the same",
    {
      ...containerd,
      "/usr/local/lib/systemd/system/rke2-agent.service":
        "[Service]\nEnvironmentFile=-/etc/default/%N\nExecStart=/usr/local/bin/rke2 agent\n",
      "/etc/default/rke2-agent": "RKE2_DATA_DIR=/srv/rke2\n",
      "/srv/rke2/agent/etc/containerd/config.toml": `[plugins.cri.cni]\nconf_dir = "/srv"\n`,
    },
    "/srv: k3s or RKE2 brings it",
  ],
  [
    "the flag of k3s' service",
    {
      ...k3s,
      ...containerd,
      "/etc/systemd/system/k3s-agent.service":
        "[Service]\nExecStart=/usr/local/bin/k3s \\\n    agent \\\n\t'--container-runtime-endpoint' \\\n\t'/run/containerd/containerd.sock' \\\n",
    },
    "/containerd: k3s or RKE2 is set to use it (/etc/systemd/system/k3s-agent.service:5)",
  ],
  [
    "k3s' own socket in the kubelet's files",
    { ...k3s, ...kubelet("/run/k3s/containerd/containerd.sock") },
    "/k3s: k3s or RKE2 brings it",
  ],
  [
    "the kubelet's flag before sockets",
    { ...containerd, ...crio, ...crioSocket, ...kubelet("/var/run/containerd/containerd.sock") },
    `/containerd: the kubelet is set to use it (${flags})`,
  ],
  [
    "the kubelet's flag where the runtime has no configuration",
    { ...containerd, ...kubelet("/run/crio/crio.sock") },
    `/etc/cni/net.d: the kubelet is set to use it (${flags})`,
  ],
  [
    "the kubelet's flag where the runtime's configuration turns CRI off",
    {
      ...kubelet("/run/containerd/containerd.sock"),
      "/etc/containerd/config.toml":
        'disabled_plugins = ["cri"]\n[plugins."io.containerd.grpc.v1.cri".cni]\nconf_dir = "/off"\n',
    },
    `/off: the kubelet is set to use it (${flags}), although /etc/containerd/config.toml turns CRI off (disabled_plugins)`,
  ],
  [
    "the operator's flag before kubeadm's",
    {
      ...crio,
      ...containerd,
      ...kubelet("/run/containerd/containerd.sock"),
      "/etc/default/kubelet": `KUBELET_EXTRA_ARGS=${endpoint("/run/crio/crio.sock")}\n`,
    },
    "/crio: the kubelet is set to use it (/etc/default/kubelet:1)",
  ],
  [
    "the flag in a drop-in of the kubelet's unit",
    {
      ...crio,
      ...containerd,
      ...kubelet("/run/containerd/containerd.sock"),
      "/usr/lib/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n",
      "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf":
        "[Service]\nEnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\nExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS\n",
      "/etc/systemd/system/kubelet.service.d/20-crio.conf": `[Service]\nEnvironment="KUBELET_EXTRA_ARGS=${endpoint("/var/run/crio/crio.sock")}"\n`,
    },
    "/crio: the kubelet is set to use it (/etc/systemd/system/kubelet.service.d/20-crio.conf:2)",
  ],
  [
    "the kubelet's file",
    {
      ...crio,
      ...containerd,
      "/var/lib/kubelet/config.yaml": "kind: X\ncontainerRuntimeEndpoint: unix:///run/crio/crio.sock # here\n",
    },
    "/crio: the kubelet is set to use it (/var/lib/kubelet/config.yaml:2)",
  ],
  [
    "that a runtime is not looked at",
    { ...containerd, ...kubelet("/run/cri-dockerd.sock") },
    `the kubelet is set to use cri-dockerd (${flags}), whose configuration is not looked at`,
  ],
  [
    "that an unknown socket's is not looked at",
    { ...containerd, ...kubelet("/run/mine.sock") },
    `the kubelet is set to use /run/mine.sock (${flags}), whose configuration is not looked at`,
  ],
  [
    "the one whose socket is there",
    { ...containerd, ...crio, ...containerdSocket },
    "/containerd: it is configured and its socket is there",
  ],
  [
    "CRI-O before a containerd that may be Docker's",
    { ...containerd, ...crio, ...containerdSocket, ...crioSocket },
    "/crio: it is configured and its socket is there",
  ],
  ["CRI-O also while neither runs", { ...containerd, ...crio }, "/crio: it is configured"],
  ["containerd", { ...containerd, ...podman }, "/containerd: it is configured"],
  [
    "the file containerd's service names",
    {
      "/usr/lib/systemd/system/containerd.service": "[Service]\nExecStart=/usr/bin/containerd --config /x.toml\n",
      "/x.toml": `[plugins.cri.cni]\nconf_dir = "/x"\n`,
      ...containerd,
    },
    "/x: it is configured",
  ],
  ["CRI-O by its socket alone", crioSocket, "/etc/cni/net.d: its socket is there"],
  ["podman last", podman, "/podman: no runtime of a kubelet is configured"],
  [
    "nothing in a podman that names no directory: it may be a tool beside a runtime to come",
    { "/usr/bin/podman": "", "/usr/share/containers/containers.conf": "[network]\n# cni_plugin_dirs = []\n" },
    "no runtime's configuration found",
  ],
  [
    "that podman reads no CNI",
    { "/etc/containers/containers.conf": `[network]\nnetwork_backend = "netavark"\n` },
    "podman uses netavark (/etc/containers/containers.conf:2) and reads no CNI configuration",
  ],
];

describe("chooseRuntime()", () => {
  test.each(rows)("finds %s", (_, files, expected) => {
    using root = tempRoot();
    for (const [path, text] of Object.entries(files)) root.write(path, text);
    const choice = chooseRuntime(testSystem(root));
    const said =
      choice.kind === "chosen"
        ? `${choice.dirs.confDir.path}: ${choice.because}`
        : choice.kind === "unknown"
          ? choice.why
          : "found";
    expect(said).toBe(expected);
  });
});
