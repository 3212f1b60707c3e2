// One step of the ledger: what is done to the directory, and how the manifest reads before and after. Pure.

import { asideName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import {
  type AsideRecord,
  addVersion,
  type DirRecord,
  endOfInstallation,
  type FileRecord,
  isSameContent,
  withInstead,
} from "./manifest.ts";
import type { Seen } from "./seen.ts";
import { type TransitionOptions, transitionOf } from "./transitions.ts";

/**
 * What is done to one name:
 * - `set-aside`, `put-back`: the file goes to its aside name, or returns from there
 * - `second-name`: the file gets its aside name beside the one it has
 * - `drop`, `keep-copy`: the aside name is removed; of the latter a copy stays among the backups
 * - `leave`: nothing; the file cannot return, and the directory is not as it was
 * - `write-ours`, `remove-ours`: HeadCNI's own file
 * - `keep-ours`: nothing; no record says that the file is HeadCNI's
 */
export type Action = {
  readonly name: string;
  /** Continues a sentence that begins with the name. */
  readonly why?: string | undefined;
} & (
  | { readonly kind: "set-aside" | "put-back" | "second-name" | "drop" | "keep-copy"; readonly entry: AsideRecord }
  | { readonly kind: "leave"; readonly entry?: AsideRecord }
  | { readonly kind: "write-ours"; readonly content: Uint8Array; readonly entry?: undefined }
  | { readonly kind: "remove-ours" | "keep-ours"; readonly entry?: undefined }
);

export interface Step {
  /** How the manifest reads before the actions: enough to understand a cut at any point. */
  readonly record: DirRecord;
  /** In the order they are done. */
  readonly actions: readonly Action[];
  /** Whether HeadCNI is out of the directory after them. @default false */
  readonly endsInstallation?: boolean;
}

/** How the manifest reads after the actions. @param done those that found what they were for */
export function recordAfter(step: Step, done: readonly Action[] = step.actions): DirRecord {
  const after = step.actions.reduce((record, action) => {
    const { kind, entry } = action;
    if (entry === undefined || kind === "leave") return record;
    const liesAside = (kind === "set-aside" || kind === "second-name") && done.includes(action);
    return withInstead(record, entry, ...(liesAside ? [noted(entry)] : []));
  }, step.record);
  return step.endsInstallation === true ? endOfInstallation(after) : after;
}

function noted(entry: AsideRecord): AsideRecord {
  return entry.state === "planned" ? { ...entry, state: "aside" } : entry;
}

/** What becomes of every entry, by the table. */
export function transitionAll(before: DirRecord, seen: Seen, options: TransitionOptions): Step {
  let record = before;
  const actions: Action[] = [];
  for (const entry of before.aside) {
    const { transition, why } = transitionOf(seen, entry, options);
    if (transition === "forget") record = withInstead(record, entry);
    else if (transition === "note") record = withInstead(record, entry, noted(entry));
    else if (transition === "retire")
      record = withInstead(record, entry, { ...entry, role: "leftover", state: "aside" });
    else {
      if (transition === "swap" || transition === "keep-copy") record = addVersion(record, entry);
      actions.push({ kind: transition === "swap" ? "put-back" : transition, name: entry.name, entry, why });
    }
  }
  return { record, actions };
}

/** How many files that came to one name after its original stay aside. */
export const keptLater = 5;

/** Whether what has the name was there before HeadCNI. */
export function isFirst({ aside, written }: DirRecord, name: string): boolean {
  const hasOriginal = aside.some((entry) => entry.name === name && entry.role === "original");
  return !hasOriginal && (name !== conflistFileName || written.length === 0);
}

export interface SetAsideOptions {
  readonly file: FileRecord;
  readonly kind: "set-aside" | "second-name";
  /** `{aside}` is its aside name. */
  readonly why?: string;
}

/**
 * The step with one more file that goes aside, under a name no file has in the directory or the manifest. One that came back with
 * nothing new takes the place of the later one with the same content; an original is never replaced.
 */
export function withSetAside({ record, actions }: Step, seen: Seen, { file, kind, why }: SetAsideOptions): Step {
  const { name } = file;
  const role = isFirst(record, name) ? "original" : "later";
  const repeated = record.aside.find(
    (entry) => role === "later" && entry.role === "later" && entry.name === name && isSameContent(entry, file),
  );
  const taken = new Set([...seen.names, ...record.aside.map(({ aside }) => aside)]);
  const aside = repeated?.aside ?? asideName(name, (candidate) => taken.has(candidate));
  const entry: AsideRecord = { ...file, aside, role, state: "planned" };
  const others = record.aside.filter((other) => other !== repeated);
  const action: Action = { kind, name, entry, why: why?.replace("{aside}", () => aside) };
  return { record: { ...record, aside: [...others, entry] }, actions: [...actions, action] };
}
