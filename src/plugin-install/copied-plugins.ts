// The record of executables that HeadCNI put into plugin directories: our own and the CNI project's. It is written before the copy, so
// that each can be taken away again, also out of a directory that the configuration names no more.

import { stateDir } from "../node-state/names.ts";
import { fileSha256Hex } from "../sys/fs/executable.ts";
import type { Files } from "../sys/fs/files.ts";
import { isJsonObject, printJson, tryParseJsonObject } from "../sys/json.ts";

/** One that HeadCNI put on the node. */
export interface CopiedPlugin {
  /** On the node. */
  readonly path: string;
  /** Of the CNI project's release: `1.10.0`; undefined for our own. */
  readonly version: string | undefined;
  readonly sha256: string;
}

const recordFile = `${stateDir}/copied-plugins.json`;
/** As it was called when it had those of the CNI project alone. */
const formerRecordFile = `${stateDir}/reference-plugins.json`;
const maxRecordBytes = 1 << 20;

/** Those on record, also ones that are gone or have been replaced since. */
export function readCopiedPlugins(files: Files): readonly CopiedPlugin[] {
  return listedIn(files, recordFile) ?? listedIn(files, formerRecordFile) ?? [];
}

/** Notes one in place of what was on record for its path. @throws HeadcniError HC_FILE_WRITE, HC_FILE_READ */
export function noteCopiedPlugin(files: Files, plugin: CopiedPlugin): void {
  const others = readCopiedPlugins(files).filter(({ path }) => path !== plugin.path);
  const sorted = [...others, plugin].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const rows = sorted.map(({ path, version, sha256 }) => ({ path, ...(version !== undefined && { version }), sha256 }));
  files.makeDir(stateDir);
  files.writeAtomic(recordFile, printJson({ plugins: rows }), { mode: 0o600 });
  files.remove(formerRecordFile);
}

/** Whether what lies at the path is still what was put there. @throws HeadcniError HC_FILE_READ */
export function isUnchanged(files: Files, { path, sha256 }: CopiedPlugin): boolean {
  return files.lstat(path)?.kind === "file" && fileSha256Hex(files.hostPath(path)) === sha256;
}

/** Undefined without such a file. */
function listedIn(files: Files, path: string): readonly CopiedPlugin[] | undefined {
  const bytes = files.readIfPresent(path, maxRecordBytes);
  if (bytes === undefined) return undefined;
  const record = tryParseJsonObject(new TextDecoder().decode(bytes));
  const listed = Array.isArray(record?.plugins) ? record.plugins : [];
  return listed.flatMap((plugin): CopiedPlugin[] => {
    if (!isJsonObject(plugin)) return [];
    const { path, version, sha256 } = plugin;
    if (typeof path !== "string" || typeof sha256 !== "string") return [];
    return [{ path, version: typeof version === "string" ? version : undefined, sha256 }];
  });
}
