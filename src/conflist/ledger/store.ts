// The backups on the disk: the manifest and the copies it refers to, in one directory under HeadCNI's state. Copies are named
// by content, so the same bytes are kept once. Everything is durable before the call returns.

import { stateDir as defaultStateDir } from "../../node-state/names.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { temporaryTarget } from "../../sys/fs/atomic-file.ts";
import { join } from "../../sys/fs/path.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import { printJson } from "../../sys/json.ts";
import type { System } from "../../sys/system.ts";
import {
  type DirRecord,
  decodeManifest,
  emptyRecord,
  encodeManifest,
  type FileRecord,
  isSameRecord,
  type Manifest,
} from "./manifest.ts";

/** Larger files are moved by their name only; a configuration is a few KiB. */
export const maxCopyBytes = 1 << 20;

/** The backups of one configuration directory. */
export interface Store {
  /** Where manifest and copies lie. */
  readonly dir: string;
  readonly confDir: string;
  /** What is remembered of the configuration directory; empty when nothing is. */
  read(): DirRecord;
  /** Puts a changed record in force, then removes copies that nothing refers to any more. */
  write(record: DirRecord): void;
  /** Keeps the content of a record that names its copy. */
  keep(file: FileRecord, content: Uint8Array): void;
  /** The content of a record's copy; undefined when it has none, or the copy is gone or not what it was. */
  copyOf(file: FileRecord): Uint8Array | undefined;
  /** Configuration directories the manifest knows. */
  knownDirs(): readonly string[];
  /** Names of what a crash left half written. */
  temporaries(): readonly string[];
  removeTemporaries(): void;
}

/** Opens the backups of `confDir`. Nothing is read or made until it is needed. @param stateDir or /var/lib/headcni */
export function openStore({ files }: System, stateDir: string | undefined, confDir: string): Store {
  const dir = join(stateDir ?? defaultStateDir, "backups");
  const manifestPath = join(dir, "manifest.json");

  const readManifest = (): Manifest => {
    const bytes = files.readIfPresent(manifestPath);
    if (bytes === undefined) return new Map();
    const manifest = decodeManifest(new TextDecoder().decode(bytes));
    if (manifest.kind === "ok") return manifest.value;
    throw new HeadcniError(
      "HC_CONFLIST_BACKUP",
      `Cannot use the manifest of the backups: ${manifestPath} ${manifest.why}`,
      {
        hint: `move it away: what lies in ${confDir} under names that end in .headcni-aside is found without it`,
        details: { path: manifestPath },
      },
    );
  };
  const writeFile = (name: string, content: string | Uint8Array): void => {
    files.makeDir(dir, 0o700);
    files.writeAtomic(join(dir, name), content);
  };
  const copyOf = ({ copy, sha256 }: FileRecord): Uint8Array | undefined => {
    const bytes = copy === undefined ? undefined : files.readIfPresent(join(dir, copy), maxCopyBytes);
    return bytes !== undefined && sha256Hex(bytes) === sha256 ? bytes : undefined;
  };
  const temporaries = () => (files.list(dir) ?? []).filter((name) => temporaryTarget(name) !== undefined);

  return {
    dir,
    confDir,
    read: () => readManifest().get(confDir) ?? emptyRecord,
    write: (record) => {
      const before = readManifest();
      if (isSameRecord(before.get(confDir) ?? emptyRecord, record)) return;
      const after = new Map(before);
      if (isSameRecord(record, emptyRecord)) after.delete(confDir);
      else after.set(confDir, record);
      const inUse = copiesIn(after);
      if (after.size > 0) writeFile("manifest.json", printJson(encodeManifest(after)));
      // The last copies go before the manifest that names them: a crash in between leaves nothing unknown behind.
      for (const copy of copiesIn(before)) if (!inUse.has(copy)) files.remove(join(dir, copy));
      if (after.size > 0) return;
      files.remove(manifestPath);
      files.removeEmptyDir(dir);
    },
    keep: (file, content) => {
      if (file.copy !== undefined && copyOf(file) === undefined) writeFile(file.copy, content);
    },
    copyOf,
    knownDirs: () => [...readManifest().keys()],
    temporaries,
    removeTemporaries: () => {
      for (const name of temporaries()) files.remove(join(dir, name));
    },
  };
}

function copiesIn(manifest: Manifest): ReadonlySet<string> {
  const records = [...manifest.values()].flatMap(({ aside, versions }) => [...aside, ...versions]);
  return new Set(records.flatMap(({ copy }) => copy ?? []));
}
