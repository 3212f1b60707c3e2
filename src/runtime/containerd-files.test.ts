import { describe, expect, test } from "bun:test";
import { memoryLog, tempRoot, testSystem } from "../sys/testing.ts";
import { type ContainerdDirs, readContainerdDirs } from "./containerd-files.ts";

const main = "/etc/containerd/config.toml";
const cni = (...lines: readonly string[]): string => ["[plugins.cri.cni]", ...lines, ""].join("\n");

function dirsOf(files: Readonly<Record<string, string>>): readonly string[] {
  using root = tempRoot();
  for (const [path, text] of Object.entries(files)) root.write(path, text);
  return placesOf(readContainerdDirs(testSystem(root), main));
}

function placesOf(dirs: ContainerdDirs | undefined): readonly string[] {
  const all = [dirs?.confDir ?? [], dirs?.binDirs ?? []].flat();
  return all.map(({ value, file, line }) => `${value} ${file}:${line}`);
}

const rows: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ["nothing without the main file", { "/etc/containerd/conf.d/a.toml": cni(`conf_dir = "/a"`) }, []],
  [
    "the last import's value, in the order of the list and then of names",
    {
      [main]: `imports = ["/x/b*.toml", "a.toml"]\n${cni(`conf_dir = "/main"`, `bin_dir = "/bin"`)}`,
      "/x/b2.toml": cni(`conf_dir = "/b2"`, `bin_dir = "/b2"`),
      "/x/b1.toml": cni(`conf_dir = "/b1"`, `bin_dir = "/b1"`),
      "/etc/containerd/a.toml": cni(`conf_dir = "/a"`),
    },
    ["/a /etc/containerd/a.toml:2", "/b2 /x/b2.toml:3"],
  ],
  [
    "what an import imports, after all that the main file does",
    {
      [main]: `imports = ["one.toml", "two.toml"]\n`,
      "/etc/containerd/one.toml": `imports = ["deep/three.toml"]\n${cni(`conf_dir = "/one"`)}`,
      "/etc/containerd/two.toml": cni(`conf_dir = "/two"`),
      "/etc/containerd/deep/three.toml": cni(`conf_dir = "/three"`),
    },
    ["/three /etc/containerd/deep/three.toml:2"],
  ],
  [
    "each file once, although files import each other",
    { [main]: `imports = ["a.toml"]\n`, "/etc/containerd/a.toml": `imports = ["*.toml"]\n${cni(`conf_dir = "/a"`)}` },
    ["/a /etc/containerd/a.toml:3"],
  ],
  [
    "the last list, which takes the place of an earlier one",
    {
      [main]: `imports = ["a.toml"]\n${cni(`bin_dirs = ["/1", "/2"]`)}`,
      "/etc/containerd/a.toml": cni(`bin_dirs = ["/2", "/3"]`, `bin_dir = "/old"`),
    },
    ["/2 /etc/containerd/a.toml:2", "/3 /etc/containerd/a.toml:2"],
  ],
  [
    "sets of characters in patterns, which have a `*`",
    {
      [main]: `imports = ["/x/[0-9]*.toml", "/y/[^a]*.toml", "/z/\\\\[a]*.toml", "/z/[z-a]*"]\n`,
      "/x/1.toml": cni(`conf_dir = "/1"`),
      "/x/a.toml": cni(`conf_dir = "/no"`),
      "/y/b.toml": cni(`bin_dir = "/b"`),
      "/y/a.toml": cni(`bin_dir = "/no"`),
      "/z/[a]1.toml": cni(`conf_dir = "/z"`),
    },
    ["/z /z/[a]1.toml:2", "/b /y/b.toml:2"],
  ],
  [
    "patterns in any part of a path, and no other",
    {
      [main]: `imports = ["/x/*/a?.toml*", "/y/[ab].toml"]\n`,
      "/x/1/a1.toml": cni(`conf_dir = "/1"`),
      "/x/2/a22.toml": cni(`conf_dir = "/no"`),
      "/y/[ab].toml": cni(`bin_dir = "/b"`),
    },
    ["/1 /x/1/a1.toml:2", "/b /y/[ab].toml:2"],
  ],
];

describe("readContainerdDirs()", () => {
  test.each(rows)("finds %s", (_name, files, expected) => {
    expect(dirsOf(files)).toEqual([...expected]);
  });

  test("passes over a broken import with a warning", () => {
    using root = tempRoot();
    const log = memoryLog();
    root.write(main, `imports = ["a.toml"]\n${cni(`conf_dir = "/main"`)}`);
    root.write("/etc/containerd/a.toml", "x = ");
    expect(placesOf(readContainerdDirs(testSystem(root, { log }), main))).toEqual([`/main ${main}:3`]);
    expect(log.entries.map(({ message }) => message)).toEqual([
      "Passed over a containerd configuration: /etc/containerd/a.toml is not TOML in line 1: Missing value after '='",
    ]);
  });
});
