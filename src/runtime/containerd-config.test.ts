import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ContainerdCni, readContainerdConfig } from "./containerd-config.ts";

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
  [
    "quoted keys and an inline table over several lines",
    `["plugins".'io.containerd.grpc.v1.cri']\n"cni" = {\n  "bin_dir" = "/x",\n  'conf_dir' = "\\u002fy",\n}`,
    "/y",
    ["/x"],
    4,
  ],
  [
    "text that only looks like the key",
    `[a]\ndoc = """\nconf_dir = "/no"\n"""\n[plugins.other.cni]\nconf_dir = "/no"\n[plugins.cri.cni]\nconf_dir = "/y"`,
    "/y",
    [],
    8,
  ],
  [
    "version 3 before version 2, where a migration left both",
    `[plugins."io.containerd.grpc.v1.cri".cni]\nconf_dir = "/old"\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nconf_dir = "/y"`,
    "/y",
    [],
    4,
  ],
  [
    "version 3 with what only version 2 reads",
    `version = 3\n[plugins."io.containerd.grpc.v1.cri".cni]\nconf_dir = "/old"\nbin_dir = "/old"\n`,
    undefined,
    [],
    undefined,
  ],
];

function read(text: string): ContainerdCni {
  const result = readContainerdConfig(text);
  if (result.kind === "fault") throw new Error(result.why);
  return result.value;
}

describe("readContainerdConfig()", () => {
  test.each(rows)("%s", (_, text, confDir, binDirs, line) => {
    const { confDir: found, binDir, binDirs: listed } = read(text);
    expect(found?.value).toBe(confDir as string);
    expect(found?.line).toBe(line as number);
    const all = listed.length > 0 ? listed : [binDir ?? []].flat();
    expect(all.map(({ value }) => value)).toEqual([...binDirs]);
  });

  test("sees Docker's containerd, which serves no Kubernetes", () => {
    expect(read(`disabled_plugins = ["cri"]`).isCriDisabled).toBe(true);
    expect(read(`disabled_plugins = ["io.containerd.internal.v1.opt"]`).isCriDisabled).toBe(false);
  });

  test("knows the line of each directory of a list", () => {
    const text = `[plugins.cri.cni]\nbin_dirs = [\n  # "/b" is below\n  '/a',\n  "/b",\n]\n`;
    expect(read(text).binDirs).toEqual([
      { value: "/a", line: 4 },
      { value: "/b", line: 5 },
    ]);
  });

  test("says what is wrong with a file that is no TOML", () => {
    expect(readContainerdConfig("a = 1\na = 2")).toEqual({
      kind: "fault",
      why: "is not TOML in line 2: Cannot redefine key",
    });
  });

  test("names the files it imports", () => {
    const text = `version = 2\nimports = ["/etc/containerd/conf.d/*.toml", "extra.toml"]\n[plugins]\nimports = ["no"]`;
    expect(read(text).imports).toEqual(["/etc/containerd/conf.d/*.toml", "extra.toml"]);
  });

  test("takes anything, quickly", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."[]{}=\"'#.\n a/cniplugs_"), maxLength: 400 }), (text) => {
        expect(readContainerdConfig(text).kind).toBeOneOf(["ok", "fault"]);
      }),
    );
    for (const text of [`${'a."'.repeat(50_000)}=1`, `x = [${'"'.repeat(200_001)}`, `x = ${"[".repeat(100_000)}`]) {
      expect(readContainerdConfig(text).kind).toBe("fault");
    }
  });
});
