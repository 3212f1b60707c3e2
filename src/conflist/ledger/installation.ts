// What putting ours in force takes: the file at our name is kept, ours is written, then what the runtime would prefer to it goes
// aside. Pure.

import { asideName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import { isCopied, isSameContent, withCopy } from "./kept-versions.ts";
import type { AsideRecord, AsideRole, DirRecord, FileRecord } from "./manifest.ts";
import type { Seen } from "./seen.ts";
import { type Action, journalOf, type Step, transitionAll } from "./step.ts";

/** How many of our own hashes are remembered, to tell our file from an edited one. */
const keptHashes = 20;
/** How many files that came to one name after its original stay aside. */
export const keptLater = 5;

export interface Wanted {
  /** What our file shall hold; undefined when it is as it should be. */
  readonly content: Uint8Array | undefined;
  /** Others' files, in the runtime's order. */
  readonly toMoveAside: readonly string[];
}

/** @param before a record that a recovery has brought up to date */
export function install(before: DirRecord, seen: Seen, { content, toMoveAside }: Wanted): Step {
  let { record } = transitionAll(before, seen, { intent: "install" });
  const plan = (actions: readonly Action[]): readonly Action[] => {
    record = journalOf({ record, actions });
    return actions;
  };
  const ours = content === undefined ? [] : plan(replaceOurs(record, seen, content));
  if (content !== undefined) record = withHash(record, sha256Hex(content));
  const moves = toMoveAside.flatMap((name) => plan(moveAside(record, seen, name)));
  // The last goes first: the one the runtime takes now stays in force until ours takes over from it, and none that stood
  // behind it (a broken one, a CNI long gone) ever comes to the front.
  return { record, actions: [...ours, ...moves.toReversed(), ...surplusOf(record)] };
}

/** The record that knows this content as HeadCNI's own. */
export function withHash(record: DirRecord, sha256: string): DirRecord {
  const written = [...record.written.filter((other) => other !== sha256), sha256];
  return { ...record, written: written.slice(-keptHashes) };
}

function moveAside(record: DirRecord, seen: Seen, name: string): readonly Action[] {
  const file = seen.files.get(name)?.record;
  if (file === undefined) return [];
  const role = hasOriginal(record, name) ? "later" : "original";
  return [{ kind: "set-aside", name, entry: plannedAside(record, seen, { ...withCopy(file), role }) }];
}

/** What was there before HeadCNI, and what cannot be copied, lies aside from now on; of anything else a copy is enough. */
function replaceOurs(record: DirRecord, seen: Seen, content: Uint8Array): readonly Action[] {
  const name = conflistFileName;
  const present = seen.files.get(name)?.record;
  if (present === undefined) return [{ kind: "write-ours", name, content }];
  const file = withCopy(present);
  const isFirst = record.written.length === 0 && !hasOriginal(record, name);
  if (!isFirst && isCopied(file)) return [{ kind: "write-ours", name, content, keeps: [file] }];
  const entry = plannedAside(record, seen, { ...file, role: isFirst ? "original" : "later" });
  return [
    { kind: "second-name", name, entry },
    { kind: "write-ours", name, content },
  ];
}

/**
 * An entry for a file that is to go aside, under a name no file has in the directory or the manifest. One that came back with
 * nothing new takes the place of the later one with the same content; an original is never replaced.
 */
export function plannedAside(
  record: DirRecord,
  seen: Seen,
  file: FileRecord & { readonly role: AsideRole },
): AsideRecord {
  const isRepeat = (entry: AsideRecord): boolean =>
    file.role === "later" && entry.role === "later" && entry.name === file.name && isSameContent(entry, file);
  const taken = new Set([...seen.names, ...record.aside.map(({ aside }) => aside)]);
  const aside = record.aside.find(isRepeat)?.aside ?? asideName(file.name, (candidate) => taken.has(candidate));
  return { ...file, aside, state: "planned" };
}

function hasOriginal({ aside }: DirRecord, name: string): boolean {
  return aside.some((entry) => entry.name === name && entry.role === "original");
}

/** A CNI which rewrites its file for ever must not fill the directory: of the later ones of a name, all but the last few. */
function surplusOf({ aside }: DirRecord): readonly Action[] {
  const byName = Map.groupBy(
    aside.filter(({ role }) => role === "later"),
    ({ name }) => name,
  );
  const surplus = [...byName.values()].flatMap((entries) => entries.slice(0, -keptLater));
  return surplus.map((entry) => ({ kind: "drop", name: entry.name, entry }));
}
