import { describe, expect, test } from "bun:test";
import { memoryLog, tempRoot, testSystem } from "../sys/testing.ts";
import type { ConfigOrigin, LoadedConfig } from "./config.ts";
import { defaultConfig } from "./defaults.ts";
import { describeDirSource, describeDisagreement, detectRuntimeDirs, withRuntimeDirs } from "./runtime-dirs.ts";

const k3sConfig = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml";
const containerdConfig = "/etc/containerd/config.toml";
const byDefault = "default (no runtime's configuration found)";
const cni = (confDir: string, binDir: string): string =>
  `[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "${binDir}"\nconf_dir = "${confDir}"\n`;

function loaded(written: Readonly<Record<string, string>> = {}): LoadedConfig {
  const origins = new Map<string, ConfigOrigin>(
    Object.keys(written).map((key) => [`cni.${key}`, { source: "file", file: "/etc/headcni/config.yaml", line: 3 }]),
  );
  const config = { ...defaultConfig, cni: { ...defaultConfig.cni, ...written } };
  return { config, file: undefined, hostFile: "", origins, warnings: [] };
}

/** Files of the node, what the operator wrote; conflist folder, plugin folder and who named each. */
type Row = readonly [
  string,
  Readonly<Record<string, string>>,
  Readonly<Record<string, string>>,
  readonly [string, string],
  readonly [string, string],
];
const rows: readonly Row[] = [
  ["an empty node", {}, {}, ["/etc/cni/net.d", "/opt/cni/bin"], [byDefault, byDefault]],
  [
    "what the operator wrote, whatever containerd says",
    { [containerdConfig]: cni("/x", "/y") },
    { confDir: "/mine", binDir: "/bins" },
    ["/mine", "/bins"],
    ["the configuration", "the configuration"],
  ],
  [
    "one key by the operator, one by containerd",
    { [containerdConfig]: cni("/x", "/y") },
    { confDir: "/mine" },
    ["/mine", "/y"],
    ["the configuration", `${containerdConfig}:2`],
  ],
  [
    "containerd's configuration",
    { [containerdConfig]: cni("/etc/cni/net.d", "/usr/lib/cni"), "/opt/cni/bin/bridge": "" },
    {},
    ["/etc/cni/net.d", "/usr/lib/cni"],
    [`${containerdConfig}:3`, `${containerdConfig}:2`],
  ],
  [
    "a containerd that says nothing has its own defaults, even where a plugin lies elsewhere",
    { [containerdConfig]: "version = 2\n", "/usr/lib/cni/bridge": "" },
    {},
    ["/etc/cni/net.d", "/opt/cni/bin"],
    [`containerd's default (${containerdConfig} names none)`, `containerd's default (${containerdConfig} names none)`],
  ],
  [
    "k3s with its own flannel, beside another containerd",
    { [k3sConfig]: cni("/var/lib/rancher/k3s/agent/etc/cni/net.d", "/k3s/bin"), [containerdConfig]: cni("/x", "/y") },
    {},
    ["/var/lib/rancher/k3s/agent/etc/cni/net.d", "/k3s/bin"],
    [`${k3sConfig}:3`, `${k3sConfig}:2`],
  ],
  [
    "RKE2",
    { "/var/lib/rancher/rke2/agent/etc/containerd/config.toml": cni("/r", "/b") },
    {},
    ["/r", "/b"],
    [
      "/var/lib/rancher/rke2/agent/etc/containerd/config.toml:3",
      "/var/lib/rancher/rke2/agent/etc/containerd/config.toml:2",
    ],
  ],
  [
    "Docker's containerd is not asked",
    { [containerdConfig]: `disabled_plugins = ["cri"]\n${cni("/x", "/y")}`, "/usr/lib/cni/bridge": "" },
    {},
    ["/etc/cni/net.d", "/usr/lib/cni"],
    [byDefault, "found on this node"],
  ],
  [
    "an import goes before the file that names it",
    {
      [containerdConfig]: `imports = ["conf.d/*.toml"]\n${cni("/x", "/y")}`,
      "/etc/containerd/conf.d/50-cni.toml": `[plugins.cri.cni]\nconf_dir = "/imported"\n`,
      "/etc/containerd/conf.d/README": `[plugins.cri.cni]\nconf_dir = "/no"\n`,
    },
    {},
    ["/imported", "/y"],
    ["/etc/containerd/conf.d/50-cni.toml:2", `${containerdConfig}:3`],
  ],
  [
    "of several plugin folders, the one that holds bridge",
    {
      [containerdConfig]: `[plugins."io.containerd.cri.v1.runtime".cni]\nbin_dirs = ["/a", "/b"]\n`,
      "/b/bridge": "",
    },
    {},
    ["/etc/cni/net.d", "/b"],
    [`containerd's default (${containerdConfig} names none)`, `${containerdConfig}:2`],
  ],
  [
    "of several that hold no bridge, the first",
    { [containerdConfig]: `[plugins."io.containerd.cri.v1.runtime".cni]\nbin_dirs = ["/a", "/b"]\n` },
    {},
    ["/etc/cni/net.d", "/a"],
    [`containerd's default (${containerdConfig} names none)`, `${containerdConfig}:2`],
  ],
  [
    "k3s's folders where its containerd has not started yet",
    { "/var/lib/rancher/k3s/agent/etc/cni/net.d/10-flannel.conflist": "", "/var/lib/rancher/k3s/data/cni/bridge": "" },
    {},
    ["/var/lib/rancher/k3s/agent/etc/cni/net.d", "/var/lib/rancher/k3s/data/cni"],
    ["found on this node", "found on this node"],
  ],
  [
    "no containerd: where the plugins lie",
    { "/usr/libexec/cni/bridge": "" },
    {},
    ["/etc/cni/net.d", "/usr/libexec/cni"],
    [byDefault, "found on this node"],
  ],
];

describe("detectRuntimeDirs()", () => {
  test.each(rows)("%s", (_, files, written, [confDir, binDir], [confDirFrom, binDirFrom]) => {
    using root = tempRoot();
    for (const [path, content] of Object.entries(files)) root.write(path, content);
    const dirs = detectRuntimeDirs(testSystem(root), loaded(written));
    expect([dirs.confDir, dirs.binDir]).toEqual([confDir, binDir]);
    expect([describeDirSource(dirs.confDirFrom), describeDirSource(dirs.binDirFrom)]).toEqual([
      confDirFrom,
      binDirFrom,
    ]);
  });

  test("says which runtime counts, and what else there is", () => {
    using root = tempRoot();
    root.write("/etc/crio/crio.conf.d/10.conf", '[crio.network]\nplugin_dirs = ["/a", "/b"]\n');
    root.write(containerdConfig, cni("/x", "/y"));
    expect(detectRuntimeDirs(testSystem(root), loaded()).notes).toEqual([
      "CRI-O makes this node's pods: it is configured",
      "CRI-O looks for plugins in /b too; cni.binDir is one directory",
      `the configuration of containerd (${containerdConfig}) does not count`,
    ]);
  });

  test("passes over a containerd configuration that cannot be read, and says so", () => {
    using root = tempRoot();
    root.write(`${containerdConfig}/folder`, "");
    const log = memoryLog();
    expect(detectRuntimeDirs(testSystem(root, { log }), loaded()).confDir).toBe("/etc/cni/net.d");
    expect(log.entries.map(({ message }) => message)).toEqual([
      `Passed over a containerd configuration: Cannot read ${containerdConfig}: it is a folder`,
    ]);
  });
});

describe("detectRuntimeDirs() tells where the operator and containerd disagree", () => {
  const told = (files: Readonly<Record<string, string>>, written: Readonly<Record<string, string>>): string[] => {
    using root = tempRoot();
    for (const [path, text] of Object.entries(files)) root.write(path, text);
    return detectRuntimeDirs(testSystem(root), loaded(written)).disagreements.map(describeDisagreement);
  };

  test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>, string[]]>([
    [
      "on what it names",
      { [containerdConfig]: cni("/x", "/y") },
      { confDir: "/x", binDir: "/usr/lib/cni" },
      [`cni.binDir is /usr/lib/cni, and containerd's is /y (${containerdConfig}:2)`],
    ],
    [
      "on its default",
      { [containerdConfig]: "version = 2\n" },
      { binDir: "/usr/lib/cni" },
      [
        `cni.binDir is /usr/lib/cni, and containerd's is /opt/cni/bin (containerd's default (${containerdConfig} names none))`,
      ],
    ],
    [
      "but not on one of several it names, nor where nothing is known of it",
      { [containerdConfig]: '[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dirs = ["/a", "/b"]\n' },
      { binDir: "/b" },
      [],
    ],
    [
      "on what CRI-O names, but not on a slash at the end",
      { "/etc/crio/crio.conf": '[crio.network]\nnetwork_dir = "/x/"\nplugin_dirs = ["/a", "/b/"]\n' },
      { confDir: "/x", binDir: "/c" },
      ["cni.binDir is /c, and CRI-O's is /a (/etc/crio/crio.conf:3)"],
    ],
    ["nor without containerd", { "/opt/cni/bin/bridge": "" }, { binDir: "/usr/lib/cni" }, []],
  ])("%s", (_, files, written, expected) => {
    expect(told(files, written)).toEqual(expected);
  });
});

describe("withRuntimeDirs()", () => {
  test("changes the two folders and nothing else", () => {
    using root = tempRoot();
    root.write(containerdConfig, cni("/x", "/y"));
    const before = loaded();
    const after = withRuntimeDirs(before, detectRuntimeDirs(testSystem(root), before));
    expect(after).toEqual({
      ...before,
      config: { ...before.config, cni: { ...before.config.cni, confDir: "/x", binDir: "/y" } },
    });
  });
});
