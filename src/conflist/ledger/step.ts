// One step of the ledger: what is done to the directory, and how the manifest reads before and after. Pure.

import { asideName } from "../../node-state/aside-name.ts";
import {
  type AsideRecord,
  type AsideRole,
  addVersion,
  type DirRecord,
  type FileRecord,
  isSameContent,
} from "./manifest.ts";
import type { Seen } from "./seen.ts";
import { type TransitionAllOptions, transitionOf } from "./transitions.ts";

/**
 * What is done to one name:
 * - `set-aside`, `put-back`: the file goes to its aside name, or returns from there
 * - `second-name`: the file gets its aside name beside the one it has
 * - `drop`: the aside name is removed
 * - `keep-copy`: likewise, and a copy stays among the backups
 * - `leave`: nothing; the file cannot return, and the directory is not as it was
 * - `write-ours`, `remove-ours`: HeadCNI's own file
 * - `keep-ours`: nothing; no record says that the file is HeadCNI's
 */
export type Action = {
  readonly name: string;
  /** Continues a sentence that begins with the name. */
  readonly why?: string | undefined;
  /** What is kept as a version before the name changes. */
  readonly keeps?: readonly FileRecord[];
} & (
  | { readonly kind: "set-aside" | "put-back" | "second-name" | "drop" | "keep-copy"; readonly entry: AsideRecord }
  | { readonly kind: "leave"; readonly entry?: AsideRecord }
  | { readonly kind: "write-ours"; readonly content: Uint8Array; readonly entry?: undefined }
  | { readonly kind: "remove-ours" | "keep-ours"; readonly entry?: undefined }
);

export interface Step {
  /** What is known now, whatever is done. */
  readonly record: DirRecord;
  /** In the order they are done. */
  readonly actions: readonly Action[];
  /** Whether HeadCNI is out of the directory after them. @default false */
  readonly endsInstallation?: boolean;
}

/** How the manifest reads before the actions: enough to understand a cut at any point. */
export function journalOf({ record, actions }: Step): DirRecord {
  return actions.reduce((before, { entry, keeps = [] }) => {
    const kept = keeps.reduce(addVersion, before);
    if (entry === undefined || kept.aside.includes(entry)) return kept;
    return { ...kept, aside: [...kept.aside.filter(({ aside }) => aside !== entry.aside), entry] };
  }, record);
}

/** How it reads after them. @param done those actions that found what they were for */
export function recordAfter(step: Step, done: readonly Action[] = step.actions): DirRecord {
  const journal = journalOf(step);
  const aside = journal.aside.flatMap((entry) => {
    const action = step.actions.find((candidate) => candidate.entry === entry);
    if (action === undefined || action.kind === "leave") return [entry];
    const liesAside = (action.kind === "set-aside" || action.kind === "second-name") && done.includes(action);
    return liesAside ? [noted(entry)] : [];
  });
  const after = { ...journal, aside };
  return step.endsInstallation === true ? endOfInstallation(after) : after;
}

/** The record once HeadCNI is out of the directory: what still lies aside could not be brought back. */
export function endOfInstallation(record: DirRecord): DirRecord {
  const aside = record.aside.map((entry) => (entry.role === "leftover" ? entry : { ...entry, state: "left" as const }));
  return { ...record, written: [], aside };
}

/** What becomes of every entry, by the table. */
export function transitionAll(before: DirRecord, seen: Seen, options: TransitionAllOptions): Step {
  const actions: Action[] = [];
  const aside = before.aside.flatMap((entry): readonly AsideRecord[] => {
    const { transition, why } = transitionOf(seen, entry, options);
    if (transition === "forget") return [];
    if (transition === "note") return [noted(entry)];
    if (transition === "retire") return [{ ...entry, role: "leftover", state: "aside" }];
    const keeps = transition === "swap" || transition === "keep-copy" ? [entry] : [];
    actions.push({ kind: transition === "swap" ? "put-back" : transition, name: entry.name, entry, why, keeps });
    return [entry];
  });
  return { record: { ...before, aside }, actions };
}

/** How many files that came to one name after its original stay aside. */
export const keptLater = 5;

/**
 * An entry for a file that is to go aside, under a name no file has in the directory or the manifest. One that came back with
 * nothing new takes the place of the later one with the same content; an original is never replaced.
 */
export function plannedAside(
  record: DirRecord,
  seen: Seen,
  { role, ...file }: FileRecord & { readonly role: AsideRole },
): AsideRecord {
  const isRepeat = (entry: AsideRecord): boolean =>
    role === "later" && entry.role === "later" && entry.name === file.name && isSameContent(entry, file);
  const taken = new Set([...seen.names, ...record.aside.map(({ aside }) => aside)]);
  const aside = record.aside.find(isRepeat)?.aside ?? asideName(file.name, (candidate) => taken.has(candidate));
  return { ...file, aside, role, state: "planned" };
}

export function hasOriginal({ aside }: DirRecord, name: string): boolean {
  return aside.some((entry) => entry.name === name && entry.role === "original");
}

function noted(entry: AsideRecord): AsideRecord {
  return entry.state === "planned" ? { ...entry, state: "aside" } : entry;
}
