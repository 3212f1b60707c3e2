// Reads every file of level 3 once, by the readers its row in the table names. Whatever lies there, it never fails: a file that
// cannot be read is an outcome like the others.

import { originalName } from "../node-state/aside-name.ts";
import { readNetworkConfig } from "../spec/config-file.ts";
import { describeError, errnoOf, HeadcniError } from "../sys/errors.ts";
import { basename, join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { maxSourceBytes, type Reading, readText } from "./read-text.ts";
import { cniConfig } from "./readers/cni-config.ts";
import type { Reader } from "./readers/reader.ts";
import { mentionsRange } from "./readers/vocabulary.ts";
import { foreignConflists, type SourceFile } from "./sources.ts";
import { Statements } from "./statements.ts";
import { decodeText } from "./text/decode.ts";

type Unread = { readonly kind: "absent" } | { readonly kind: "skipped"; readonly reason: string };

export type Source = { readonly file: string } & (Unread | { readonly kind: "read"; readonly reading: Reading });

/** Every source, directories taken apart into their files, in the order they are asked. */
export function readSources(system: System, paths: readonly SourceFile[], nodeName: string): readonly Source[] {
  const seen = new Set<string>();
  return paths.flatMap((source): readonly Source[] => {
    const listed = listFiles(system, source);
    if (listed.kind !== "listed") return [{ file: source.path, ...listed }];
    const unseen = listed.files.filter((file) => !seen.has(file));
    for (const file of unseen) seen.add(file);
    return unseen.map((file) => readSource(system, file, { readers: source.readers, nodeName }));
  });
}

interface Listed {
  readonly kind: "listed";
  readonly files: readonly string[];
}

function listFiles(system: System, { path, kind }: SourceFile): Unread | Listed {
  if (kind === "file") return { kind: "listed", files: [path] };
  try {
    if (kind === "kubelet-dir") return listKubeletDir(system, path);
    const names = system.files.list(path);
    if (names === undefined) return { kind: "absent" };
    const wanted = kind === "conflist-dir" ? foreignConflists(names) : names.filter((name) => /\.ya?ml$/.test(name));
    return { kind: "listed", files: wanted.map((name) => join(path, name)) };
  } catch (error) {
    return { kind: "skipped", reason: whyUnreadable(error) };
  }
}

/** The kubelet puts each file over those before it, so the last one that says something counts. */
function listKubeletDir(system: System, path: string): Unread | Listed {
  const walk = (dir: string, depth: number): readonly string[] =>
    (system.files.list(dir) ?? []).toSorted().flatMap((name) => {
      const inner = join(dir, name);
      if (system.files.lstat(inner)?.kind === "directory") return depth < maxKubeletDepth ? walk(inner, depth + 1) : [];
      return name.endsWith(".conf") ? [inner] : [];
    });
  if (system.files.stat(path) === undefined) return { kind: "absent" };
  return { kind: "listed", files: walk(path, 0).toReversed() };
}

/** Deeper than anybody nests them. */
const maxKubeletDepth = 8;

interface ReadSourceOptions {
  readonly readers: readonly Reader[];
  readonly nodeName: string;
}

function readSource(system: System, file: string, options: ReadSourceOptions): Source {
  try {
    const bytes = system.files.readIfPresent(file, maxSourceBytes);
    if (bytes === undefined) return { file, kind: "absent" };
    const decoded = decodeText(bytes);
    const mayMatter = decoded.isBinary || mentionsRange(decoded.text);
    const refusal = mayMatter && options.readers.includes(cniConfig) ? whyNotLoaded(file, bytes) : undefined;
    if (refusal !== undefined) return { file, kind: "skipped", reason: refusal };
    const reading = mayMatter ? readText(decoded, options) : unread();
    return { file, kind: "read", reading };
  } catch (error) {
    return { file, kind: "skipped", reason: whyUnreadable(error) };
  }
}

function unread(): Reading {
  return { kind: "unknown", statements: new Statements(), otherNodes: [] };
}

/** Why no runtime has ever loaded a CNI configuration, so that no pod has an address of its range; undefined when one can. */
function whyNotLoaded(file: string, bytes: Uint8Array): string | undefined {
  const name = basename(file);
  const { problem } = readNetworkConfig(originalName(name)?.name ?? name, bytes);
  return problem === undefined ? undefined : `${problem}: no runtime loads it, so it is not taken`;
}

/** The kernel's reason in words; what the error's message says beyond it is the path, which the reader has. */
function whyUnreadable(error: unknown): string {
  if (!(error instanceof HeadcniError)) return "cannot be read";
  if (error.cause !== undefined && errnoOf(error.cause) !== undefined) return describeError(error.cause);
  return error.message.replace(/^.*?: /, "");
}
