// The backups on the disk: the manifest and the copies it refers to, in one folder under HeadCNI's state. Copies are named
// by content, so the same bytes are kept once. Everything is durable before the call returns.

import { shortName } from "../../node-state/aside-name.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { temporaryTarget } from "../../sys/fs/atomic-file.ts";
import { sha256Hex } from "../../sys/fs/hash.ts";
import { join } from "../../sys/fs/path.ts";
import { printJson } from "../../sys/json.ts";
import type { System } from "../../sys/system.ts";
import {
  decodeManifest,
  emptyRecord,
  encodeManifest,
  type FileRecord,
  type FolderRecord,
  isEmptyRecord,
  type Manifest,
} from "./manifest.ts";

/** Larger files are moved by their name only; a configuration is a few KiB. */
export const maxCopyBytes = 1 << 20;

/** The backups of one configuration folder. */
export interface Store {
  /** Where manifest and copies lie. */
  readonly folder: string;
  /** What is remembered of the configuration folder; empty when nothing is. */
  read(): FolderRecord;
  /** Puts the record in force, then removes copies nothing refers to any more. */
  write(record: FolderRecord): void;
  /** A file of the configuration folder as it is now; undefined when nothing, or a folder, is there. */
  describe(name: string): FileRecord | undefined;
  /** As `describe`, and takes a copy of a regular file's content. */
  keep(name: string): FileRecord | undefined;
  /** The content of a record's copy; undefined when it has none, or the copy is gone or not what it was. */
  copyOf(record: FileRecord): Uint8Array | undefined;
  /** Configuration folders the manifest knows. */
  knownFolders(): readonly string[];
  /** Names of what a crash left half written. */
  temporaries(): readonly string[];
  removeTemporaries(): void;
}

/** Opens the backups of `confDir`. Nothing is read or made until it is needed. */
export function openStore(system: System, stateDir: string, confDir: string): Store {
  const { files } = system;
  const folder = join(stateDir, "backups");
  const manifestPath = join(folder, "manifest.json");

  const readManifest = (): Manifest => {
    const bytes = files.readIfPresent(manifestPath);
    if (bytes === undefined) return new Map();
    const manifest = decodeManifest(new TextDecoder().decode(bytes));
    if (typeof manifest !== "string") return manifest;
    throw new HeadcniError(
      "HC_CONFLIST_BACKUP",
      `Cannot use the manifest of the backups: ${manifestPath} ${manifest}`,
      {
        hint: `move it away: what lies in ${confDir} under names that end in .headcni-aside is found without it`,
        details: { path: manifestPath },
      },
    );
  };
  const writeManifest = (manifest: Manifest): void => {
    files.makeFolder(folder, 0o700);
    files.writeAtomic(manifestPath, printJson(encodeManifest(manifest)));
  };
  const removeManifest = (): void => {
    files.remove(manifestPath);
    files.removeEmptyFolder(folder);
  };
  const keepContent = (name: string, bytes: Uint8Array, sha256: string): string => {
    const copy = copyName(name, sha256);
    const path = join(folder, copy);
    if (readSame(files.readIfPresent(path, maxCopyBytes), sha256) === undefined) {
      files.makeFolder(folder, 0o700);
      files.writeAtomic(path, bytes);
    }
    return copy;
  };
  const look = (name: string): { readonly record: FileRecord; readonly bytes?: Uint8Array } | undefined => {
    const path = join(confDir, name);
    const info = files.lstat(path);
    if (info === undefined || info.kind === "folder") return undefined;
    const { kind, mode, uid, gid, mtimeNs } = info;
    const at = new Date(system.clock.now()).toISOString();
    const target = kind === "symlink" ? files.readLink(path) : undefined;
    const record = { name, kind, mode, uid, gid, mtimeNs, sha256: undefined, target, copy: undefined, at };
    if (kind !== "file" || info.sizeBytes > maxCopyBytes) return { record };
    const bytes = files.read(path, maxCopyBytes);
    return { record: { ...record, sha256: sha256Hex(bytes) }, bytes };
  };
  const temporaries = () => (files.list(folder) ?? []).filter((name) => temporaryTarget(name) !== undefined);

  return {
    folder,
    read: () => readManifest().get(confDir) ?? emptyRecord,
    write: (record) => {
      const before = readManifest();
      const after = new Map(before);
      if (isEmptyRecord(record)) after.delete(confDir);
      else after.set(confDir, record);
      const inUse = copiesIn(after);
      const dropped = [...copiesIn(before)].filter((copy) => !inUse.has(copy));
      if (after.size > 0) writeManifest(after);
      // The last copies go before the manifest that names them: a crash in between leaves nothing unknown behind.
      for (const copy of dropped) files.remove(join(folder, copy));
      if (after.size === 0) removeManifest();
    },
    describe: (name) => look(name)?.record,
    keep: (name) => {
      const found = look(name);
      if (found?.bytes === undefined || found.record.sha256 === undefined) return found?.record;
      return { ...found.record, copy: keepContent(name, found.bytes, found.record.sha256) };
    },
    copyOf: ({ copy, sha256 }) =>
      copy === undefined ? undefined : readSame(files.readIfPresent(join(folder, copy), maxCopyBytes), sha256),
    knownFolders: () => [...readManifest().keys()],
    temporaries,
    removeTemporaries: () => {
      for (const name of temporaries()) files.remove(join(folder, name));
    },
  };
}

function readSame(bytes: Uint8Array | undefined, sha256: string | undefined): Uint8Array | undefined {
  return bytes !== undefined && sha256Hex(bytes) === sha256 ? bytes : undefined;
}

/** `10-calico.conflist.1f2e3d4c5b6a`: the name for people, the content's hash for us. */
function copyName(name: string, sha256: string): string {
  return `${shortName(name)}.${sha256.slice(0, 12)}`;
}

function copiesIn(manifest: Manifest): ReadonlySet<string> {
  const records = [...manifest.values()].flatMap(({ aside, versions }) => [...aside, ...versions]);
  return new Set(records.flatMap(({ copy }) => copy ?? []));
}
