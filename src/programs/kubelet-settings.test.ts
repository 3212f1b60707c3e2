import { describe, expect, test } from "bun:test";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { kubeletSettings } from "./kubelet-settings.ts";
import { describePlace } from "./word.ts";

const unit = "/usr/lib/systemd/system/kubelet.service";
const dropIn = `${unit}.d/10-kubeadm.conf`;
const kubeadm = {
  [unit]: "[Service]\nExecStart=/usr/bin/kubelet\n",
  [dropIn]:
    '[Service]\nEnvironment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"\nEnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\nEnvironmentFile=-/etc/default/kubelet\nExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS\n',
};
const flags = "/var/lib/kubelet/kubeadm-flags.env";
const endpoint = "container-runtime-endpoint";

type Row = readonly [what: string, files: Readonly<Record<string, string>>, name: string, expected: string];

const rows: readonly Row[] = [
  ["nothing", {}, "hostname-override", "-"],
  [
    "a flag of its unit",
    { [unit]: "[Service]\nExecStart=/usr/bin/kubelet --hostname-override=a\n" },
    "hostname-override",
    `a ${unit}:2`,
  ],
  [
    "kubeadm's flags, and the operator's over them",
    {
      ...kubeadm,
      [flags]: 'KUBELET_KUBEADM_ARGS="--hostname-override=a --pod-cidr=x"\n',
      "/etc/default/kubelet": "KUBELET_EXTRA_ARGS=--hostname-override=b\n",
    },
    "hostname-override",
    "b /etc/default/kubelet:1",
  ],
  [
    "those alone, without a unit",
    { [flags]: 'KUBELET_KUBEADM_ARGS="--hostname-override=a"\n' },
    "hostname-override",
    `a ${flags}:1`,
  ],
  [
    "none of them with a unit that does not read them",
    { [unit]: "[Service]\nExecStart=/usr/bin/kubelet --v=2\n", [flags]: "A=--hostname-override=a\n" },
    "hostname-override",
    "-",
  ],
  [
    "the running process where nothing else tells",
    { "/proc/7/cmdline": "/usr/bin/kubelet\0--hostname-override=b\0" },
    "hostname-override",
    "b /proc/7/cmdline",
  ],
  [
    "a key of its file",
    { "/var/lib/kubelet/config.yaml": "kind: X\ncontainerRuntimeEndpoint: /a\n" },
    endpoint,
    "/a /var/lib/kubelet/config.yaml:2",
  ],
  [
    "its pieces over its file, the last by name, in directories too, of .conf only",
    {
      "/var/lib/kubelet/config.yaml": "containerRuntimeEndpoint: /a\n",
      "/etc/kubernetes/kubelet.conf.d/10.conf": "containerRuntimeEndpoint: /b\n",
      "/etc/kubernetes/kubelet.conf.d/20/x.conf": "containerRuntimeEndpoint: /c\n",
      "/etc/kubernetes/kubelet.conf.d/30.CONF": "containerRuntimeEndpoint: /d\n",
      "/etc/kubernetes/kubelet.conf.d/40.yaml": "containerRuntimeEndpoint: /e\n",
    },
    endpoint,
    "/c /etc/kubernetes/kubelet.conf.d/20/x.conf:1",
  ],
  [
    "a flag over both",
    {
      "/var/lib/kubelet/config.yaml": "containerRuntimeEndpoint: /a\n",
      [flags]: "A=--container-runtime-endpoint=/b\n",
    },
    endpoint,
    `/b ${flags}:1`,
  ],
];

describe("kubeletSettings()", () => {
  test.each(rows)("takes %s", (_, files, name, expected) => {
    using root = tempRoot();
    for (const [path, text] of Object.entries(files)) root.write(path, text);
    const found = kubeletSettings(testSystem(root)).settings.one(name);
    expect(found === undefined ? "-" : `${found.value} ${describePlace(found)}`).toBe(expected);
  });

  test.each([
    ["", "/var/lib/kubelet/config.yaml", "/etc/kubernetes/kubelet.conf.d"],
    ["--v=2", "/var/lib/kubelet/config.yaml", undefined],
    ["--config /a --config-dir=/b/", "/a", "/b"],
    ["--config=$X --config-dir=relative", "/var/lib/kubelet/config.yaml", undefined],
  ])("knows its files by %p", (words, config, configDir) => {
    using root = tempRoot();
    if (words !== "") root.write(unit, `[Service]\nExecStart=/usr/bin/kubelet ${words}\n`);
    expect(kubeletSettings(testSystem(root))).toMatchObject({ config, configDir });
  });
});
