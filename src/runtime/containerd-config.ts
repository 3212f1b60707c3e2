// The few keys of containerd's config.toml that say where its CNI folders are. A line reader, not a TOML parser: it takes
// what containerd, kubeadm, k3s and RKE2 write, knows the line of what it found, and passes over the rest. Pure.

/** A value and the line it stands in, from 1. */
export interface Found {
  readonly value: string;
  readonly line: number;
}

export interface ContainerdCni {
  readonly confDir: Found | undefined;
  /** `bin_dirs` (containerd 2.1), else the one `bin_dir`; empty when neither is written. */
  readonly binDirs: readonly Found[];
  /** Other files whose keys go before those of this one; may hold a `*`. */
  readonly imports: readonly string[];
  /** Whether this containerd serves no Kubernetes at all, as Docker's does not. */
  readonly isCriDisabled: boolean;
}

/** Ids of the CRI plugin: config version 3, 2 and 1. */
const criPlugins: readonly string[] = ["io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "cri"];

/** A key with its whole path (`plugins`, `io.containerd.grpc.v1.cri`, `cni`, `bin_dir`) and the strings of its value. */
interface Assignment {
  readonly path: readonly string[];
  readonly values: readonly Found[];
}

export function readContainerdConfig(text: string): ContainerdCni {
  const assignments = [...readAssignments(text)];
  const cni = (key: string): readonly Found[] => assignments.find(({ path }) => isCniKey(path, key))?.values ?? [];
  const top = (key: string): readonly string[] =>
    assignments.find(({ path }) => path.length === 1 && path[0] === key)?.values.map(({ value }) => value) ?? [];
  const binDirs = cni("bin_dirs").filter(isAbsolute);
  return {
    confDir: cni("conf_dir").find(isAbsolute),
    binDirs: binDirs.length > 0 ? binDirs : cni("bin_dir").filter(isAbsolute),
    imports: top("imports"),
    isCriDisabled: top("disabled_plugins").some((plugin) => criPlugins.includes(plugin)),
  };
}

function isCniKey(path: readonly string[], key: string): boolean {
  const [plugins, plugin, cni, last] = path;
  return (
    path.length === 4 && plugins === "plugins" && criPlugins.includes(plugin ?? "") && cni === "cni" && last === key
  );
}

function isAbsolute({ value }: Found): boolean {
  return value.startsWith("/");
}

function* readAssignments(text: string): Generator<Assignment> {
  const lines = text.split(/\r?\n/).map(withoutComment);
  let table: readonly string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const header = /^\s*\[([^[\]]+)\]\s*$/.exec(line);
    if (header !== null) table = keyParts(header[1] ?? "");
    const assignment = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=\s*(.*)$/.exec(line);
    if (assignment === null) continue;
    const path = [...table, ...keyParts(assignment[1] ?? "")];
    const value = assignment[2] ?? "";
    if (value.startsWith("{")) {
      yield* inlineTable(path, value, at + 1);
      continue;
    }
    const values = [...strings(value, at + 1)];
    // A list may go on over the lines that follow.
    for (let isOpen = value.startsWith("[") && !value.includes("]"); isOpen && at + 1 < lines.length; ) {
      at++;
      values.push(...strings(lines[at] ?? "", at + 1));
      isOpen = !(lines[at] ?? "").includes("]");
    }
    yield { path, values };
  }
}

function* inlineTable(path: readonly string[], value: string, line: number): Generator<Assignment> {
  for (const [, key, text] of value.matchAll(/([\w-]+)\s*=\s*("[^"]*"|'[^']*'|\[[^\]]*\])/g)) {
    yield { path: [...path, key ?? ""], values: [...strings(text ?? "", line)] };
  }
}

function* strings(text: string, line: number): Generator<Found> {
  for (const [, basic, literal] of text.matchAll(/"([^"]*)"|'([^']*)'/g)) yield { value: basic ?? literal ?? "", line };
}

/** `plugins."io.containerd.grpc.v1.cri".cni` → its three parts. */
function keyParts(key: string): readonly string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g)].map(
    ([, basic, literal, bare]) => basic ?? literal ?? bare ?? "",
  );
}

function withoutComment(line: string): string {
  return /^((?:[^#"']|"[^"]*"|'[^']*')*)/.exec(line)?.[1] ?? line;
}
