import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readContainerdConfig } from "./containerd-config.ts";

const rows: readonly (readonly [string, string, string | undefined, readonly string[], number | undefined])[] = [
  [
    "Debian 12, containerd 1.6",
    `version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
`,
    "/etc/cni/net.d",
    ["/usr/lib/cni"],
    7,
  ],
  [
    "k3s with its own flannel",
    `[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/var/lib/rancher/k3s/data/4f5a/bin"
  conf_dir = "/var/lib/rancher/k3s/agent/etc/cni/net.d"
`,
    "/var/lib/rancher/k3s/agent/etc/cni/net.d",
    ["/var/lib/rancher/k3s/data/4f5a/bin"],
    3,
  ],
  [
    "containerd 2, several folders over several lines",
    `version = 3
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = [
  '/opt/cni/bin', # first
  "/usr/libexec/cni"
]
conf_dir = '/etc/cni/net.d'`,
    "/etc/cni/net.d",
    ["/opt/cni/bin", "/usr/libexec/cni"],
    7,
  ],
  [
    "containerd 2, empty bin_dir beside bin_dirs",
    `[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dir = ''\nbin_dirs = ['/a']\n`,
    undefined,
    ["/a"],
    undefined,
  ],
  ["version 1", `[plugins.cri.cni]\nbin_dir="/x"\nconf_dir="/y"\n`, "/y", ["/x"], 3],
  ["dotted keys", `plugins."io.containerd.grpc.v1.cri".cni.conf_dir = "/y"`, "/y", [], 1],
  ["dotted keys under a table", `[plugins."io.containerd.grpc.v1.cri"]\n  cni.conf_dir = "/y"`, "/y", [], 2],
  ["an inline table", `[plugins.cri]\ncni = { bin_dir = "/x", conf_dir = "/y" }`, "/y", ["/x"], 2],
  ["Windows line ends", `[plugins.cri.cni]\r\nconf_dir = "/y"\r\n`, "/y", [], 2],
  ["comments", `[plugins.cri.cni] # here\n# conf_dir = "/no"\nconf_dir = "/y#z" # not /no`, "/y#z", [], 3],
  [
    "another plugin's keys",
    `[plugins.other.cni]\nconf_dir = "/no"\n[plugins.cri.cni.x]\nconf_dir = "/no"`,
    undefined,
    [],
    undefined,
  ],
  ["keys after another table", `[plugins.cri.cni]\n[proxy]\nconf_dir = "/no"`, undefined, [], undefined],
  ["relative paths", `[plugins.cri.cni]\nconf_dir = "net.d"`, undefined, [], undefined],
  ["nothing", "", undefined, [], undefined],
];

describe("readContainerdConfig()", () => {
  test.each(rows)("%s", (_, text, confDir, binDirs, line) => {
    const read = readContainerdConfig(text);
    expect(read.confDir?.value).toBe(confDir as string);
    expect(read.confDir?.line).toBe(line as number);
    expect(read.binDirs.map(({ value }) => value)).toEqual([...binDirs]);
  });

  test("sees Docker's containerd, which serves no Kubernetes", () => {
    expect(readContainerdConfig(`disabled_plugins = ["cri"]`).isCriDisabled).toBe(true);
    expect(readContainerdConfig(`disabled_plugins = ["io.containerd.internal.v1.opt"]`).isCriDisabled).toBe(false);
  });

  test("names the files it imports", () => {
    const text = `version = 2\nimports = ["/etc/containerd/conf.d/*.toml", "extra.toml"]\n[plugins]\nimports = ["no"]`;
    expect(readContainerdConfig(text).imports).toEqual(["/etc/containerd/conf.d/*.toml", "extra.toml"]);
  });

  test("takes anything, quickly", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."[]{}=\"'#.\n a/cniplugs_"), maxLength: 400 }), (text) => {
        expect(readContainerdConfig(text).binDirs.length).toBeGreaterThanOrEqual(0);
      }),
    );
    expect(readContainerdConfig(`${'a."'.repeat(50_000)}=1`).confDir).toBeUndefined();
    expect(readContainerdConfig(`x = [${'"'.repeat(200_001)}`).confDir).toBeUndefined();
  });
});
