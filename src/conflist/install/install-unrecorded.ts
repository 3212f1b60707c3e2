// Puts ours in force while the backups cannot be written: the conflist is the node's network, so only what must be backed up first
// waits for them. Nothing is lost for it: a file that came to our name since is kept beside ours, under a name no runtime reads.

import type { OtherConfigs } from "../../config/config.ts";
import { originalName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { expected, type HeadcniError } from "../../sys/errors.ts";
import type { AtomicWriteStep } from "../../sys/fs/atomic-file.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { attempt } from "../ledger/failure.ts";
import { type DirRecord, emptyRecord, isSameContent } from "../ledger/manifest.ts";
import { giveSecondName, writeOurs } from "../ledger/perform.ts";
import { isOursWritten, look, type Seen, type SeenFile } from "../ledger/seen.ts";
import { keptLater, plannedAside } from "../ledger/step.ts";
import type { Store } from "../ledger/store.ts";
import { diffInstall, type InstallDiff } from "./install-diff.ts";

export interface InstallUnrecordedOptions {
  readonly content: Uint8Array;
  readonly otherConfigs: OtherConfigs;
  /** Asked before anything changes: what it throws ends the work. */
  readonly confirm: () => Promise<void>;
  readonly onWrite: (part: AtomicWriteStep) => void;
  /** Why the backups cannot be written. */
  readonly why: HeadcniError;
}

/** @throws HeadcniError `why` itself when something has to be backed up first: that is then as it was; or HC_CONFLIST_WRITE. */
export async function installUnrecorded(
  system: System,
  store: Store,
  options: InstallUnrecordedOptions,
): Promise<InstallDiff> {
  const { confDir } = store;
  const { content, otherConfigs, confirm, onWrite, why } = options;
  const path = join(confDir, conflistFileName);
  const diff = diffInstall(system, content, { confDir, otherConfigs });
  const failure = ["HC_CONFLIST_WRITE", `Cannot write the conflist ${path}`] as const;
  attempt(failure, () => {
    // What an interrupted write left may be what fills the disk.
    for (const name of diff.temporaries) system.files.remove(join(confDir, name));
  });
  if (diff.reason !== "same") {
    const makeRoom = planReplacement(system, store, diff);
    if (makeRoom === undefined) throw why;
    await confirm();
    attempt(failure, () => {
      makeRoom();
      writeOurs(system, store, { content, onWrite });
    });
  }
  if (diff.toMoveAside.length > 0) throw why;
  return diff;
}

/** Whether the manifest can be read and says that the content is HeadCNI's own. */
export function isRecorded(store: Store, sha256: string): boolean {
  return tryRead(store)?.written.includes(sha256) === true;
}

function tryRead(store: Store): DirRecord | undefined {
  try {
    return store.read();
  } catch (error) {
    expected(error);
    return undefined;
  }
}

/** What is to be done before ours is written; undefined when what would be replaced must be backed up first. */
function planReplacement(system: System, store: Store, diff: InstallDiff): (() => void) | undefined {
  const nothing = (): void => undefined;
  if (diff.reason === "absent" || diff.reason === "mode" || diff.reason === "owner") return nothing;
  // While another CNI's file waits to be moved, what is in force stays as it is.
  if (diff.toMoveAside.length > 0) return undefined;
  const record = tryRead(store);
  const seen = look(system, store, record ?? emptyRecord);
  const present = seen.files.get(conflistFileName)?.record;
  if (present === undefined) return nothing;
  if (record !== undefined && isOursWritten(record, seen)) return nothing;
  const beside = filesBeside(seen);
  const kept = [...(record?.versions ?? []).filter(seen.isCopied), ...beside.flatMap((file) => file.record ?? [])];
  if (kept.some((file) => isSameContent(file, present))) return nothing;
  // What was there before HeadCNI is given back by a restore, and only a record says that it was; and a program which writes
  // something else again and again must not fill the directory.
  if (record === undefined || record.written.length === 0 || beside.length > keptLater) return undefined;
  const entry = plannedAside(record, seen, { ...present, role: "later" });
  return () => giveSecondName(system, store, entry);
}

function filesBeside({ files }: Seen): readonly SeenFile[] {
  return [...files].flatMap(([name, file]) => (originalName(name)?.name === conflistFileName ? [file] : []));
}
