import { describe, expect, test } from "bun:test";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { type PodmanDirs, readPodmanDirs } from "./podman-config.ts";

const usr = "/usr/share/containers/containers.conf";
const etc = "/etc/containers/containers.conf";
const dropIns = "/etc/containers/containers.conf.d";
const podman = { "/usr/bin/podman": "" };
const cni = `network_backend = "cni"`;
const network = (...lines: readonly string[]): string => ["[network]", ...lines, ""].join("\n");
const defaults = ["/usr/local/libexec/cni", "/usr/libexec/cni", "/usr/local/lib/cni", "/usr/lib/cni", "/opt/cni/bin"];

/** Files of the node; what reads or does not read CNI. */
const rows: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ["nothing without podman", {}, ["absent"]],
  [
    "nothing where only its files are, which CRI-O brings too",
    { [usr]: "[network]\n", [etc]: "[engine]\n" },
    ["absent"],
  ],
  ["its defaults where there is no netavark", podman, ["/etc/cni/net.d", ...defaults]],
  [
    "netavark where it is installed",
    { ...podman, "/usr/lib/podman/netavark": "" },
    ["netavark /usr/lib/podman/netavark"],
  ],
  [
    "what it chose when it first ran",
    {
      ...podman,
      "/usr/lib/podman/netavark": "",
      "/var/lib/containers/storage/defaultNetworkBackend": "cni",
      [usr]: "#[network]\n",
    },
    [`/etc/cni/net.d ${usr}`, ...defaults.map((path) => `${path} ${usr}`)],
  ],
  [
    "what is written of the backend, the last file first",
    {
      [usr]: network(cni),
      [etc]: network(`network_backend = "netavark"`, `network_config_dir = "/n"`),
      [`${dropIns}/1.conf`]: network(`network_backend = ""`),
    },
    [`netavark ${etc}:2`],
  ],
  [
    "the directories of the last file that names them",
    {
      [usr]: network(cni, `network_config_dir = "/usr/"`, `cni_plugin_dirs = ["/u"]`),
      [etc]: network(`cni_plugin_dirs = ["/e", "/f"]`),
      [`${dropIns}/2.conf`]: network(`network_config_dir = "/two"`),
      [`${dropIns}/1.conf`]: network(`network_config_dir = "/one"`),
      [`${dropIns}/3.conf.bak`]: network(`network_config_dir = "/no"`),
    },
    [`/two ${dropIns}/2.conf:2`, `/e ${etc}:2`, `/f ${etc}:2`],
  ],
  [
    "lists that add to those before",
    {
      [etc]: network(cni, `cni_plugin_dirs = ["/e"]`),
      [`${dropIns}/1.conf`]: network(`cni_plugin_dirs = ["/a", {append=true}]`),
      [`${dropIns}/2.conf`]: network(`cni_plugin_dirs = ["/b"]`),
    },
    [`/etc/cni/net.d ${dropIns}/2.conf`, `/e ${etc}:3`, `/a ${dropIns}/1.conf:2`, `/b ${dropIns}/2.conf:2`],
  ],
];

function inWords(podmanDirs: PodmanDirs): readonly string[] {
  if (podmanDirs.kind === "absent") return ["absent"];
  if (podmanDirs.kind === "netavark") return [`netavark ${podmanDirs.by}`];
  const { confDir, binDirs } = podmanDirs.dirs;
  return [confDir, ...binDirs].map(({ path, file, line }) =>
    [path, file === undefined ? "" : ` ${file}`, line === undefined ? "" : `:${line}`].join(""),
  );
}

describe("readPodmanDirs()", () => {
  test.each(rows)("finds %s", (_, files, expected) => {
    using root = tempRoot();
    for (const [path, text] of Object.entries(files)) root.write(path, text);
    expect(inWords(readPodmanDirs(testSystem(root)))).toEqual(expected);
  });
});
