// Reads every file of level 3 once, into claims. Whatever lies there, it never fails: a file that cannot be read is an
// outcome like the others.

import { describeError, errnoOf, HeadcniError } from "../sys/errors.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { maxSourceBytes, readBytes } from "./inspect/inspect.ts";
import type { Reading } from "./inspect/read-text.ts";
import { Claims } from "./inspect/statements.ts";
import { mentionsRange } from "./readers/vocabulary.ts";
import { foreignConflists, type SourceFile } from "./sources.ts";
import { decodeText } from "./text/decode.ts";

export type SourceState =
  | { readonly state: "absent" }
  | { readonly state: "unreadable"; readonly reason: string }
  | { readonly state: "read"; readonly reading: Reading };

export type Source = SourceState & { readonly file: string };

/** Every source, folders taken apart into their files, in the order they are asked. */
export function readSources(system: System, files: readonly SourceFile[], nodeName: string): readonly Source[] {
  const seen = new Set<string>();
  return files.flatMap((source): readonly Source[] => {
    const listed = listFiles(system, source);
    if (listed.state !== "listed") return [{ file: source.path, ...listed }];
    const unseen = listed.files.filter((file) => !seen.has(file));
    for (const file of unseen) seen.add(file);
    return unseen.map((file) => ({ file, ...readSource(system, file, nodeName) }));
  });
}

type Listed =
  | { readonly state: "listed"; readonly files: readonly string[] }
  | Exclude<SourceState, { readonly state: "read" }>;

function listFiles(system: System, { path, kind }: SourceFile): Listed {
  if (kind === "file") return { state: "listed", files: [path] };
  try {
    const names = system.files.list(path);
    if (names === undefined) return { state: "absent" };
    const wanted = kind === "conflist-folder" ? foreignConflists(names) : names.filter((name) => /\.ya?ml$/.test(name));
    return { state: "listed", files: wanted.map((name) => join(path, name)) };
  } catch (error) {
    return { state: "unreadable", reason: whyUnreadable(error) };
  }
}

function readSource(system: System, file: string, nodeName: string): SourceState {
  try {
    const bytes = system.files.readIfPresent(file, maxSourceBytes);
    if (bytes === undefined) return { state: "absent" };
    const { text, isBinary } = decodeText(bytes);
    if (!isBinary && !mentionsRange(text)) return { state: "read", reading: { kind: "unknown", claims: new Claims() } };
    return { state: "read", reading: readBytes(bytes, nodeName) };
  } catch (error) {
    return { state: "unreadable", reason: whyUnreadable(error) };
  }
}

/** The kernel's reason in words; what the error's message says beyond it is the path, which the reader has. */
function whyUnreadable(error: unknown): string {
  if (!(error instanceof HeadcniError)) return "cannot be read";
  if (error.cause !== undefined && errnoOf(error.cause) !== undefined) return describeError(error.cause);
  return error.message.replace(/^.*?: /, "");
}
