import { describe, expect, test } from "bun:test";
import type { System } from "../sys/system.ts";
import { memoryLog, tempRoot, testSystem } from "../sys/testing.ts";
import type { CniDir, CniDirs } from "./cni-dirs.ts";
import { readCrioDirs } from "./crio-config.ts";

const main = "/etc/crio/crio.conf";
const dropIns = "/etc/crio/crio.conf.d";
const unit = "/usr/lib/systemd/system/crio.service";
const network = (...lines: readonly string[]): string => ["[crio.network]", ...lines, ""].join("\n");
const service = (line: string, ...more: readonly string[]): string =>
  ["[Service]", `ExecStart=${line}`, ...more].join("\n");

/** Files of the node, the directory of configurations and those of plugins with their places; undefined for no CRI-O. */
const rows: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[] | undefined])[] = [
  ["nothing on a node without CRI-O", {}, undefined],
  ["its defaults where it names none", { [main]: "[crio]\n" }, [`/etc/cni/net.d ${main}`, `/opt/cni/bin ${main}`]],
  [
    "what crio.conf names, whatever the slashes at the end",
    { [main]: network(`network_dir = "/n/"`, "plugin_dirs = [", `  "/p/",`, `  "/q",`, "]") },
    [`/n ${main}:2`, `/p ${main}:4`, `/q ${main}:5`],
  ],
  [
    "the drop-ins by name, a later list in place of an earlier one",
    {
      [main]: network(`network_dir = "/main"`, `plugin_dirs = ["/main"]`),
      [`${dropIns}/20-b.conf`]: network(`plugin_dirs = ["/b"]`),
      [`${dropIns}/10-a.conf`]: network(`network_dir = "/a"`, `plugin_dirs = ["/a", "/c"]`),
    },
    [`/a ${dropIns}/10-a.conf:2`, `/b ${dropIns}/20-b.conf:2`],
  ],
  [
    "drop-ins of any extension and in deeper directories, as CRI-O walks them",
    {
      [`${dropIns}/10-a.conf`]: network(`network_dir = "/a"`),
      [`${dropIns}/20.d/1`]: network(`network_dir = "/deep"`),
      [`${dropIns}/20.d/0`]: network(`plugin_dirs = ["/p"]`),
      [`${dropIns}/10-a.conf.rpmsave`]: network(`network_dir = "/saved"`),
    },
    [`/deep ${dropIns}/20.d/1:2`, `/p ${dropIns}/20.d/0:2`],
  ],
  [
    "the old plugin_dir after the list or the default",
    { [main]: network(`plugin_dir = "/old"`) },
    [`/etc/cni/net.d ${main}`, `/opt/cni/bin ${main}`, `/old ${main}:2`],
  ],
  [
    "the defaults in place of what is set and empty",
    {
      [main]: network(`network_dir = "/n"`, `plugin_dirs = ["/p"]`),
      [`${dropIns}/1`]: network(`network_dir = ""`, "plugin_dirs = []"),
    },
    [`/etc/cni/net.d ${main}`, `/opt/cni/bin ${main}`],
  ],
  [
    "keys of other tables never",
    { [main]: `network_dir = "/no"\n[crio]\nnetwork_dir = "/no"\n[crio.runtime]\nplugin_dirs = ["/no"]\n` },
    [`/etc/cni/net.d ${main}`, `/opt/cni/bin ${main}`],
  ],
  [
    "the files its service names",
    {
      [unit]: service("/usr/bin/crio --config=/x/c.conf -d /x/d"),
      [main]: network(`network_dir = "/no"`),
      "/x/c.conf": network(`network_dir = "/c"`),
      "/x/d/1.conf": network(`plugin_dirs = ["/d"]`),
    },
    ["/c /x/c.conf:2", "/d /x/d/1.conf:2"],
  ],
  [
    "the directories its service names before any file",
    {
      [unit]: service("/usr/bin/crio $CRIO_NETWORK_OPTIONS", "EnvironmentFile=-/etc/sysconfig/crio"),
      "/etc/sysconfig/crio": `CRIO_NETWORK_OPTIONS="--cni-config-dir=/f --cni-plugin-dir /p,/q"\n`,
      [main]: network(`network_dir = "/no"`, `plugin_dirs = ["/no"]`),
    },
    ["/f /etc/sysconfig/crio:1", "/p /etc/sysconfig/crio:1", "/q /etc/sysconfig/crio:1"],
  ],
  [
    "the environment of its service",
    { [unit]: service("/usr/bin/crio", "Environment=CONTAINER_CONFIG_DIR=/e"), "/e/1": network(`network_dir = "/n"`) },
    ["/n /e/1:2", "/opt/cni/bin /e/1"],
  ],
  [
    "its options file where the unit is out of sight",
    { "/etc/default/crio": "CRIO_NETWORK_OPTIONS=--cni-config-dir=/f\n" },
    ["/f /etc/default/crio:1", "/opt/cni/bin -"],
  ],
];

const place = ({ path, file = "-", line }: CniDir): string => `${path} ${file}${line === undefined ? "" : `:${line}`}`;

const read = (system: System): CniDirs | undefined => readCrioDirs(system);

describe("readCrioDirs()", () => {
  test.each(rows)("finds %s", (_, files, expected) => {
    using root = tempRoot();
    for (const [path, text] of Object.entries(files)) root.write(path, text);
    const dirs = read(testSystem(root));
    expect(dirs && [dirs.confDir, ...dirs.binDirs].map(place)).toEqual(expected && [...expected]);
  });

  test("passes over a broken file with a warning that names file and line", () => {
    using root = tempRoot();
    const log = memoryLog();
    root.write(main, network(`network_dir = "/n"`));
    root.write(`${dropIns}/1.conf`, network("a = 1", "a = 2"));
    expect(read(testSystem(root, { log }))?.confDir.path).toBe("/n");
    expect(log.entries.map(({ message }) => message)).toEqual([
      `Passed over a CRI-O configuration: ${dropIns}/1.conf is not TOML in line 3: Cannot redefine key`,
    ]);
  });
});
