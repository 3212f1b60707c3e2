// The backups on the disk: the manifest and the copies it refers to, in one directory under HeadCNI's state, and the lock on both.
// Copies are named by content, so the same bytes are kept once. Everything is durable before the call returns.

import { stateDir as defaultStateDir } from "../../node-state/names.ts";
import type { ErrorCode } from "../../sys/error-codes.ts";
import { describeError, errnoOf, HeadcniError } from "../../sys/errors.ts";
import { temporaryTarget } from "../../sys/fs/atomic-file.ts";
import { type FileLock, tryLockFile, waitForLock } from "../../sys/fs/flock.ts";
import { join } from "../../sys/fs/path.ts";
import { refusalHint } from "../../sys/fs/refusal.ts";
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

export interface ConflistDirs {
  /** Directory the runtime reads. */
  readonly confDir: string;
  /** Backups and the lock live under here. @default /var/lib/headcni */
  readonly stateDir?: string | undefined;
}

/** Larger files are moved by their name only; a configuration is a few KiB. */
export const maxCopyBytes = 1 << 20;

/** The backups of one configuration directory. */
export type Store = ReturnType<typeof openStore>;

/**
 * Opens the backups of `confDir`. Nothing is read or made until it is needed; what the disk refuses is HC_CONFLIST_BACKUP.
 * @param stateDir or /var/lib/headcni
 */
export function openStore({ files }: System, stateDir: string | undefined, confDir: string) {
  const dir = join(stateDir ?? defaultStateDir, "backups");
  const manifestPath = join(dir, "manifest.json");
  const guard = <T>(action: () => T): T =>
    attempt("HC_CONFLIST_BACKUP", `Cannot back up the configurations of ${confDir}`, action);

  const readManifest = (): Manifest => {
    const bytes = guard(() => files.readIfPresent(manifestPath));
    if (bytes === undefined) return new Map();
    const manifest = decodeManifest(new TextDecoder().decode(bytes));
    if (manifest.kind === "ok") return manifest.value;
    const what = `Cannot use the manifest of the backups: ${manifestPath} ${manifest.why}`;
    const hint = `move it away: what lies in ${confDir} under names that end in .headcni-aside is found without it`;
    throw new HeadcniError("HC_CONFLIST_BACKUP", what, { hint, details: { path: manifestPath } });
  };
  const writeFile = (name: string, content: string | Uint8Array): void => {
    files.makeDir(dir, 0o700);
    files.writeAtomic(join(dir, name), content);
  };
  /** The content of a record's copy; undefined when it has none, or the copy is gone or not what it was. */
  const copyOf = ({ copy, sha256 }: FileRecord): Uint8Array | undefined => {
    const bytes = copy === undefined ? undefined : files.readIfPresent(join(dir, copy), maxCopyBytes);
    return bytes !== undefined && sha256Hex(bytes) === sha256 ? bytes : undefined;
  };
  const replaceManifest = (before: Manifest, after: Manifest): void => {
    if (after.size > 0) writeFile("manifest.json", printJson(encodeManifest(after)));
    // The last copies go before the manifest that names them: a crash in between leaves nothing unknown behind.
    for (const copy of copiesIn(before).difference(copiesIn(after))) files.remove(join(dir, copy));
    if (after.size > 0) return;
    files.remove(manifestPath);
    files.removeEmptyDir(dir);
  };

  return {
    /** Where manifest and copies lie. */
    dir,
    confDir,
    copyOf,
    guard,
    /** What is remembered of the configuration directory; empty when nothing is. */
    read: (): DirRecord => readManifest().get(confDir) ?? emptyRecord,
    /** Puts a changed record in force, then removes copies that nothing refers to any more. @param contents of copies, by their names */
    write: (record: DirRecord, contents: ReadonlyMap<string, Uint8Array> = new Map()): void =>
      guard(() => {
        for (const file of [...record.aside, ...record.versions]) {
          const content = contents.get(file.copy ?? "");
          if (file.copy !== undefined && content !== undefined && copyOf(file) === undefined)
            writeFile(file.copy, content);
        }
        const before = readManifest();
        if (isSameRecord(before.get(confDir) ?? emptyRecord, record)) return;
        const after = new Map(before).set(confDir, record);
        if (isSameRecord(record, emptyRecord)) after.delete(confDir);
        replaceManifest(before, after);
      }),
    /** Configuration directories the manifest knows. */
    knownDirs: (): readonly string[] => [...readManifest().keys()],
    /** Paths of what a crash left half written. */
    temporaries: (): readonly string[] =>
      (files.list(dir) ?? []).filter((name) => temporaryTarget(name) !== undefined).map((name) => join(dir, name)),
  };
}

function copiesIn(manifest: Manifest): ReadonlySet<string> {
  const records = [...manifest.values()].flatMap(({ aside, versions }) => [...aside, ...versions]);
  return new Set(records.flatMap(({ copy }) => copy ?? []));
}

/**
 * Runs `action`; a failure of the file system comes out as `code` and says what could not be done, with the kernel's reason and
 * what the operator can do about it. Anything else passes through.
 */
export function attempt<T>(code: ErrorCode, what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof HeadcniError) || !error.code.startsWith("HC_FILE_")) throw error;
    const { cause, details } = error;
    const errno = errnoOf(cause);
    // Without an errno it is one of our own sentences (too large, not a regular file), which says more than the cause.
    const why = errno === undefined ? error.message : describeError(cause);
    const hint = refusalHint(errno);
    throw new HeadcniError(code, `${what}: ${why}`, { hint, cause, details: { ...details, errno } });
  }
}

/** Longer than one installation can take: its plugins have 5 s to answer. */
const lockTimeoutMs = 15_000;

/**
 * Waits for the lock that lets one process at a time work on configurations and backups: the daemon, a command-line tool, an
 * upgrade's second daemon. Dispose it to let the next one in. The kernel drops it when the process dies.
 * @throws HeadcniError HC_CONFLIST_BUSY when another process holds it for 15 s, HC_CONFLIST_BACKUP when `stateDir`
 *   cannot be written.
 */
export async function lockConflist(system: System, stateDir = defaultStateDir): Promise<FileLock> {
  const { files, clock } = system;
  const path = join(stateDir, "conflist.lock");
  const take = () =>
    attempt("HC_CONFLIST_BACKUP", `Cannot use the state folder ${stateDir}`, () => {
      if (files.stat(stateDir) === undefined) makeStateDir(system, stateDir);
      return tryLockFile(files.hostPath(path));
    });
  const lock = await waitForLock(take, { clock, timeoutMs: lockTimeoutMs, pollMs: 20 });
  if (lock !== undefined) return lock;
  const what = `Cannot lock ${path}: another process has held it for ${lockTimeoutMs / 1000} s`;
  throw new HeadcniError("HC_CONFLIST_BUSY", what, { hint: `fuser ${path} names the process` });
}

/** Of a link that leads nowhere the kernel says that it exists already. */
function makeStateDir({ files }: System, stateDir: string): void {
  if (files.root !== "/" || files.lstat(stateDir)?.kind !== "symlink") {
    files.makeDir(stateDir);
    return;
  }
  throw new HeadcniError("HC_FILE_WRITE", `it is a link to ${files.readLink(stateDir)}, which does not exist`, {
    hint: "make that folder, or remove the link",
  });
}
