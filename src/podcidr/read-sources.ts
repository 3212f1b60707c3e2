// Reads every file of level 3 once, by the readers its row in the table names. Whatever lies there, it never fails: a file that
// cannot be read is an outcome like the others.

import { configDropIns } from "../programs/config-files.ts";
import { kubeletPieces } from "../programs/kubelet-settings.ts";
import { kindOf } from "../programs/look.ts";
import type { Place } from "../programs/word.ts";
import { describeError, errnoOf, HeadcniError } from "../sys/errors.ts";
import { basename, join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { findClusterConflist, loadConflist } from "./conflist-order.ts";
import { type CommandLine, statementsByFile } from "./program-flags/command-lines.ts";
import { type Removed, withoutNodeRange, withoutOverridden, withReplaced } from "./program-flags/overridden.ts";
import { maxSourceBytes, type Reading, readText } from "./read-text.ts";
import { cniConfig } from "./readers/cni-config.ts";
import type { Reader } from "./readers/reader.ts";
import { mentionsRange } from "./readers/vocabulary.ts";
import { foreignConflists, type SourceFile } from "./sources.ts";
import { Statements } from "./statements.ts";
import { decodeText } from "./text/decode.ts";

type Unread = { readonly kind: "absent" } | { readonly kind: "skipped"; readonly reason: string };

export type Source = { readonly file: string } & (Unread | ReadSource);

interface ReadSource {
  readonly kind: "read";
  readonly reading: Reading;
  /** What its program has from another place. */
  readonly overridden: readonly Removed[];
}

/** Every source, directories taken apart into their files, in the order they are asked. */
export function readSources(system: System, paths: readonly SourceFile[], nodeName: string): readonly Source[] {
  const seen = new Set<string>();
  /** Where each kubelet has this node's range from. */
  const rangeBy = new Map<string, Place>();
  const sources = paths.flatMap((source): readonly Source[] => {
    if (source.command !== undefined) return readCommand(system, { ...source, command: source.command }, rangeBy);
    const listed = listFiles(system, source);
    if (listed.kind !== "listed") return [{ file: source.path, ...listed }];
    const unseen = listed.files.filter((file) => !seen.has(file));
    for (const file of unseen) seen.add(file);
    const read = unseen.map((file) => readSource(system, file, { ...source, nodeName }));
    const own = source.kind === "conflist-dir" ? withoutLeftovers(system, read) : read;
    return own.map((each) => withoutReplaced(each, source, rangeBy));
  });
  return withPlacesReplaced(sources);
}

/** Without the ranges of configurations that no runtime takes, since another CNI's comes before. */
function withoutLeftovers(system: System, sources: readonly Source[]): readonly Source[] {
  const isNodes = (source: Source): boolean =>
    source.kind === "read" &&
    source.reading.statements.list.some(({ meaning, foreign }) => meaning === "node" && foreign === undefined);
  const last = sources.findLastIndex(isNodes);
  const before = sources.slice(0, Math.max(last, 0)).map(({ file }) => file);
  const taken = findClusterConflist(system, before);
  if (taken === undefined) return sources;
  const reason = `a runtime takes ${basename(taken)} before it, so no pod has an address of its range: it is not taken`;
  return sources.map(
    (source, at): Source =>
      at > before.indexOf(taken) && isNodes(source) ? { file: source.file, kind: "skipped", reason } : source,
  );
}

/** One source for each file the command line is put together from and that says something, else for the first of them that is there. */
function readCommand(
  system: System,
  source: SourceFile & { readonly command: CommandLine },
  rangeBy: Map<string, Place>,
): readonly Source[] {
  const { path, command } = source;
  const found = [...statementsByFile(command)];
  if (found.length === 0) {
    if (path === "/proc") return [];
    const silent = command.files.find((file) => kindOf(system, file) !== undefined);
    return [silent === undefined ? { file: path, kind: "absent" } : readAs(silent, new Statements())];
  }
  return found.map(([file, statements]) => withoutReplaced(readAs(file, statements), source, rangeBy));
}

function readAs(file: string, statements: Statements): Source {
  return { file, kind: "read", reading: { kind: "command", statements, otherNodes: [] }, overridden: [] };
}

/** The source without what its program has from another place. */
function withoutReplaced(
  source: Source,
  { overridden, kubelet, rangeBy }: SourceFile,
  known: Map<string, Place>,
): Source {
  if (source.kind !== "read") return source;
  const { file, reading } = source;
  const own = withoutOverridden(file, reading.statements, overridden ?? []);
  const by = rangeBy ?? (kubelet === undefined ? undefined : known.get(kubelet));
  const kept = by === undefined ? own : withoutNodeRange(file, own.statements, by);
  const line = kept.statements.list.find(({ meaning }) => meaning === "node")?.values[0]?.line;
  if (kubelet !== undefined && line !== undefined) known.set(kubelet, { file, line });
  const removed = kept === own ? own.removed : [...own.removed, ...kept.removed];
  return { ...source, reading: { ...reading, statements: kept.statements }, overridden: removed };
}

function withPlacesReplaced(sources: readonly Source[]): readonly Source[] {
  const removed = sources.flatMap((source) => (source.kind === "read" ? source.overridden : []));
  if (removed.length === 0) return sources;
  return sources.map((source) => {
    if (source.kind !== "read") return source;
    const statements = withReplaced(source.file, source.reading.statements, removed);
    return { ...source, reading: { ...source.reading, statements } };
  });
}

interface Listed {
  readonly kind: "listed";
  readonly files: readonly string[];
}

function listFiles(system: System, { path, kind }: SourceFile): Unread | Listed {
  if (kind === "file") return { kind: "listed", files: [path] };
  try {
    const names = system.files.list(path);
    if (names === undefined) return { kind: "absent" };
    // The kubelet puts each file over those before it, so the last one that says something counts.
    if (kind === "kubelet-dir") return { kind: "listed", files: kubeletPieces(system, path).toReversed() };
    if (kind === "yaml-dir") return { kind: "listed", files: configDropIns(system, path) };
    return { kind: "listed", files: foreignConflists(names).map((name) => join(path, name)) };
  } catch (error) {
    return { kind: "skipped", reason: whyUnreadable(error) };
  }
}

interface ReadSourceOptions {
  readonly readers: readonly Reader[];
  readonly nodeName: string;
  readonly isOneDocument?: boolean | undefined;
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
    return { file, kind: "read", reading, overridden: [] };
  } catch (error) {
    return { file, kind: "skipped", reason: whyUnreadable(error) };
  }
}

function unread(): Reading {
  return { kind: "unknown", statements: new Statements(), otherNodes: [] };
}

/** Why no runtime has ever loaded a CNI configuration, so that no pod has an address of its range; undefined when one can. */
function whyNotLoaded(file: string, bytes: Uint8Array): string | undefined {
  const { problem } = loadConflist(file, bytes);
  return problem === undefined ? undefined : `${problem}: no runtime loads it, so it is not taken`;
}

/** The kernel's reason in words; what the error's message says beyond it is the path, which the reader has. */
function whyUnreadable(error: unknown): string {
  if (!(error instanceof HeadcniError)) return "cannot be read";
  if (error.cause !== undefined && errnoOf(error.cause) !== undefined) return describeError(error.cause);
  return error.message.replace(/^.*?: /, "");
}
