// What may be done while the backups cannot be written: the conflist is the node's network, so only what must be backed up first
// waits for them. Nothing is lost for it: a file that came to our name since is kept beside ours, under a name no runtime reads.

import { originalName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { expected } from "../../sys/errors.ts";
import type { System } from "../../sys/system.ts";
import { type DirRecord, emptyRecord, isSameContent } from "../ledger/manifest.ts";
import { isOursWritten, look } from "../ledger/seen.ts";
import { type Action, keptLater, withSetAside } from "../ledger/step.ts";
import type { Store } from "../ledger/store.ts";
import type { InstallDiff } from "./install-diff.ts";

/** Whether the manifest can be read and says that the content is HeadCNI's own. */
export function isRecorded(store: Store, sha256: string): boolean {
  return readOrEmpty(store).written.includes(sha256);
}

function readOrEmpty(store: Store): DirRecord {
  try {
    return store.read();
  } catch (error) {
    expected(error);
    return emptyRecord;
  }
}

/** What is done before ours is written; undefined when what would be replaced must be backed up first. */
export function planUnrecorded(system: System, store: Store, diff: InstallDiff): readonly Action[] | undefined {
  if (diff.reason === "absent" || diff.reason === "mode" || diff.reason === "owner") return [];
  // While another CNI's file waits to be moved, what is in force stays as it is.
  if (diff.toMoveAside.length > 0) return undefined;
  const record = readOrEmpty(store);
  const seen = look(system, store, record);
  const present = seen.files.get(conflistFileName)?.record;
  if (present === undefined || isOursWritten(record, seen)) return [];
  const beside = [...seen.files].filter(([name]) => originalName(name)?.name === conflistFileName);
  const kept = [...record.versions.filter(seen.isCopied), ...beside.flatMap(([, file]) => file.record ?? [])];
  if (kept.some((file) => isSameContent(file, present))) return [];
  // What was there before HeadCNI is given back by a restore, and only a record says that it was; and a program which writes
  // something else again and again must not fill the directory.
  if (record.written.length === 0 || beside.length > keptLater) return undefined;
  return withSetAside({ record, actions: [] }, seen, { file: present, kind: "second-name" }).actions;
}
