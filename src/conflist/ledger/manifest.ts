// What HeadCNI remembers of a configuration directory, as it stands on the disk: one JSON file with what was moved aside and how it
// looked, which bytes at our name were HeadCNI's own, and which earlier versions are kept. Pure.

import { conflistFileName } from "../../node-state/names.ts";
import { isJsonObject, type JsonObject, type JsonValue, printJson } from "../../sys/json.ts";
import { fault, ok, type Result } from "../../sys/result.ts";

/** What a file was: enough to put it back, and to tell whether it has changed since. */
export type FileRecord = {
  readonly name: string;
  readonly kind: "file" | "symlink" | "other";
  /** Permission bits, octal. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch: as text, because a JSON number cannot hold them. */
  readonly mtimeNs: string;
  /** Of a regular file's content; undefined when it is too large to be a configuration. */
  readonly sha256?: string | undefined;
  /** Where a symbolic link points. */
  readonly target?: string | undefined;
  /** Name of a copy of the content among the backups. */
  readonly copy?: string | undefined;
  /** When it was recorded, ISO 8601. */
  readonly at: string;
};

/**
 * What a file that lies aside is to the installation in force:
 * - `original`: what had its name before; a restore gives it back
 * - `later`: came to the name while HeadCNI's file was in force
 * - `leftover`: of an installation that is over, or of unknown origin; it stays where and as it is
 */
export const asideRoles = ["original", "later", "leftover"] as const;

/**
 * `planned` is written before the move, so that a crash between the two is understood. `left` is what a restore that is over
 * could not bring back: another restore tries again, the next installation has nothing to do with it.
 */
export const asideStates = ["planned", "aside", "left"] as const;

/** A file that lies, or is about to lie, under a name no runtime reads. */
export type AsideRecord = FileRecord & {
  readonly aside: string;
  readonly role: (typeof asideRoles)[number];
  readonly state: (typeof asideStates)[number];
};

/** Content that was replaced, or that an operator asked to keep. */
export type VersionRecord = FileRecord & { readonly writtenBy: "headcni" | "other" };

/** All that is remembered of one directory. */
export type DirRecord = {
  /** SHA-256 of what HeadCNI wrote, or was about to write, at our name; newest last. Empty: not installed here. */
  readonly written: readonly string[];
  readonly aside: readonly AsideRecord[];
  readonly versions: readonly VersionRecord[];
};

/** Directory path → what is remembered of it. */
export type Manifest = ReadonlyMap<string, DirRecord>;

export const emptyRecord: DirRecord = { written: [], aside: [], versions: [] };

export function isSameRecord(a: DirRecord, b: DirRecord): boolean {
  return a === b || printJson(a) === printJson(b);
}

/** Whether the entry is what was at HeadCNI's own name before it. */
export function isOurOriginal({ name, role }: AsideRecord): boolean {
  return name === conflistFileName && role === "original";
}

/** Whether two files of a name are the same to a runtime: content and permission bits, or, links, where they point. */
export function isSameContent(a: FileRecord, b: FileRecord): boolean {
  if (a.kind === "symlink" || b.kind === "symlink") return a.kind === b.kind && a.target === b.target;
  return a.sha256 !== undefined && a.sha256 === b.sha256 && a.mode === b.mode;
}

/** Whether the record alone could bring the file back: by its copy, or, a link, by its target. */
export function isCopied({ copy, target }: FileRecord): boolean {
  return copy !== undefined || target !== undefined;
}

/** How many of our own hashes are remembered, to tell our file from an edited one. */
const keptHashes = 20;
/** How many versions of a name are kept of those HeadCNI wrote, and as many of those that others did. */
const keptVersions = 5;

/** The record that knows this content as HeadCNI's own. */
export function withHash(record: DirRecord, sha256: string): DirRecord {
  const written = [...record.written.filter((other) => other !== sha256), sha256];
  return { ...record, written: written.slice(-keptHashes) };
}

/** The record with other entries, or none, in the place of one. */
export function withInstead(record: DirRecord, entry: AsideRecord, ...instead: readonly AsideRecord[]): DirRecord {
  return { ...record, aside: record.aside.flatMap((other) => (other === entry ? instead : [other])) };
}

/** The record once HeadCNI is out of the directory: what still lies aside could not be brought back. */
export function endOfInstallation(record: DirRecord): DirRecord {
  const aside = record.aside.map((entry) => (entry.role === "leftover" ? entry : { ...entry, state: "left" as const }));
  return { ...record, written: [], aside };
}

/**
 * Adds a version to the earlier ones, newest last; the same content is kept once. Of a file without a copy nothing is kept. Bounded,
 * because another agent that rewrites a file for ever must not fill the disk.
 */
export function addVersion(record: DirRecord, file: FileRecord): DirRecord {
  if (!isCopied(file)) return record;
  const { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at } = file;
  const isOurs = name === conflistFileName && sha256 !== undefined && record.written.includes(sha256);
  const writtenBy = isOurs ? "headcni" : "other";
  const version = { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at, writtenBy } as const;
  const others = record.versions.filter((other) => other.name !== name || !isSameContent(other, file));
  const ofSameKind = others.filter((other) => other.name === name && other.writtenBy === writtenBy);
  const tooOld = new Set(ofSameKind.slice(0, -(keptVersions - 1)));
  return { ...record, versions: [...others.filter((other) => !tooOld.has(other)), version] };
}

const formatVersion = 1;

export function encodeManifest(manifest: Manifest): JsonObject {
  return { version: formatVersion, folders: Object.fromEntries(manifest) };
}

/** The manifest in a file's text, or the end of a sentence that says why it is none. */
export function decodeManifest(text: string): Result<Manifest> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fault("is not JSON");
  }
  if (!isJsonObject(json) || !isJsonObject(json.folders)) return fault("is not a manifest of HeadCNI");
  if (json.version !== formatVersion)
    return fault(`has version ${JSON.stringify(json.version)}, this HeadCNI reads ${formatVersion}`);
  const manifest = new Map<string, DirRecord>();
  for (const [dir, value] of Object.entries(json.folders)) {
    if (!isJsonObject(value)) return fault(`says nothing usable of ${dir}`);
    // Half a manifest would restore half a directory and call it whole.
    if (!isDirRecord(value)) return fault(`has an entry of ${dir} that cannot be read`);
    manifest.set(dir, value);
  }
  return ok(manifest);
}

/** What the fields of an entry hold, as JSON text; further fields are passed over. A file name leads nowhere else. */
const fileFields: Readonly<Record<keyof FileRecord, RegExp>> = {
  name: /^"(?!\.{0,2}"$)[^/]*"$/,
  kind: /^"(file|symlink|other)"$/,
  mode: /^"[0-7]{1,5}"$/,
  uid: /^-?\d/,
  gid: /^-?\d/,
  mtimeNs: /^"-?\d{1,20}"$/,
  sha256: /^(undefined$|")/,
  target: /^(undefined$|")/,
  copy: /^(undefined|"(?!\.{0,2}"$)[^/]*")$/,
  at: /^"/,
};
const asideFields = {
  ...fileFields,
  aside: fileFields.name,
  role: new RegExp(`^"(${asideRoles.join("|")})"$`),
  state: new RegExp(`^"(${asideStates.join("|")})"$`),
};
const versionFields = { ...fileFields, writtenBy: /^"(headcni|other)"$/ };

function isDirRecord(value: JsonObject): value is DirRecord {
  const isListOf = (fields: Readonly<Record<string, RegExp>>, list: JsonValue | undefined): boolean =>
    Array.isArray(list) && list.every((entry) => isJsonObject(entry) && holds(fields, entry));
  const { written, aside, versions } = value;
  const areHashes = Array.isArray(written) && written.every((hash) => typeof hash === "string");
  return areHashes && isListOf(asideFields, aside) && isListOf(versionFields, versions);
}

function holds(fields: Readonly<Record<string, RegExp>>, entry: JsonObject): boolean {
  return Object.entries(fields).every(([field, form]) => form.test(String(JSON.stringify(entry[field]))));
}
