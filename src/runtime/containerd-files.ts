// containerd's configuration as containerd itself puts it together: the main file, then its `imports` in their order, and theirs, each
// file once (containerd 2, cmd/containerd/server/config/config.go, LoadConfigWithPlugins and mergeConfig). Of a plugin's table a later
// file's value takes the place of an earlier one, lists too; lists at the top, such as `disabled_plugins`, add up. Before 2.0 an imported
// file replaced the whole table of a plugin; which containerd runs is unknown here, and drop-ins are written for either.

import { expected } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { dirname, join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { type ContainerdCni, readContainerdConfig } from "./containerd-config.ts";
import type { Found, FoundDir } from "./toml-dirs.ts";

const maxConfigBytes = 1 << 20;

export interface ContainerdDirs {
  readonly confDir: FoundDir | undefined;
  /** Directories of plugins in the order they are searched; empty when none is written. */
  readonly binDirs: readonly FoundDir[];
  readonly isCriDisabled: boolean;
}

/** The CNI directories of the containerd whose main file is `file`; undefined without such a file. */
export function readContainerdDirs(system: System, file: string): ContainerdDirs | undefined {
  const read: Read[] = [];
  const seen = new Set<string>();
  const pending = [file];
  for (let path = pending.shift(); path !== undefined; path = pending.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const cni = readFile(system, path);
    if (cni === undefined) continue;
    read.push({ file: path, cni });
    for (const pattern of cni.imports) pending.push(...expandImport(system.files, path, pattern));
  }
  return read.length === 0 ? undefined : merge(read);
}

/** What a file of the configuration says. */
interface Read {
  readonly file: string;
  readonly cni: ContainerdCni;
}

function merge(read: readonly Read[]): ContainerdDirs {
  const all = (of: (cni: ContainerdCni) => readonly (Found | undefined)[]): readonly FoundDir[] =>
    read.flatMap(({ file, cni }) => of(cni).flatMap((found) => (found === undefined ? [] : [{ ...found, file }])));
  const last = read.findLast(({ cni }) => cni.binDirs.length > 0);
  const binDirs = (last?.cni.binDirs ?? []).map((found) => ({ ...found, file: last?.file ?? "" }));
  return {
    confDir: all(({ confDir }) => [confDir]).at(-1),
    binDirs: binDirs.length > 0 ? binDirs : all(({ binDir }) => [binDir]).slice(-1),
    isCriDisabled: read.some(({ cni }) => cni.isCriDisabled),
  };
}

/** Undefined for a file that does not exist, and, with a warning in the log, for one that cannot be used. */
function readFile({ files, log }: System, path: string): ContainerdCni | undefined {
  const warn = (why: string): void =>
    log.warn("ProgramConfigSkipped", `Passed over a containerd configuration: ${why}`);
  try {
    const bytes = files.readIfPresent(path, maxConfigBytes);
    if (bytes === undefined) return undefined;
    const read = readContainerdConfig(new TextDecoder().decode(bytes));
    if (read.kind === "ok") return read.value;
    warn(`${path} ${read.why}`);
  } catch (error) {
    expected(error);
    warn(error.message);
  }
  return undefined;
}

/** The files an import names. Relative ones lie beside the file that names them; one with a `*` is a pattern, as Go's filepath.Glob has them. */
function expandImport(files: Files, parent: string, pattern: string): readonly string[] {
  const path = pattern.startsWith("/") ? pattern : join(dirname(parent), pattern);
  const isPattern = path.includes("*");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.reduce<readonly string[]>(
    (dirs, part) =>
      isPattern && /[*?[\\]/.test(part)
        ? dirs.flatMap((dir) => matching(files, dir, part))
        : dirs.map((dir) => join(dir, part)),
    ["/"],
  );
}

function matching(files: Files, dir: string, pattern: string): readonly string[] {
  const wanted = toExpression(pattern);
  if (wanted === undefined || files.stat(dir)?.kind !== "directory") return [];
  const names = (files.list(dir) ?? []).filter((name) => wanted.test(name));
  return names.toSorted().map((name) => join(dir, name));
}

/** `*` and `?` stand for characters of one name, `[a-c]` and `[^a]` for one of a set; undefined for a set that is none. */
function toExpression(pattern: string): RegExp | undefined {
  const pieces = pattern.match(/\[\^?(?:\\.|[^\]\\])+\]|\\.|./gs) ?? [];
  const source = pieces.map((piece) => {
    if (piece === "*") return ".*";
    if (piece === "?") return ".";
    const [, not, set] = /^\[(\^?)(.+)\]$/s.exec(piece) ?? [];
    if (set !== undefined) return `[${not}${set.replaceAll("[", "\\[")}]`;
    return RegExp.escape(piece.replace(/^\\(.)/s, "$1"));
  });
  try {
    return new RegExp(`^${source.join("")}$`, "s");
  } catch {
    // Its ends are in the wrong order: containerd would not start with it.
    return undefined;
  }
}
