// Why a program that is looked up is not there: nothing has the name, or a link that leads nowhere has it. The file system says
// "does not exist" of both. For the plugin's path, too: no libraries.

import type { Files } from "../sys/fs/files.ts";
import { dirname, join } from "../sys/fs/path.ts";

/** As many as the kernel follows. */
const maxLinks = 40;

/**
 * The end of a sentence that begins with `path`, at which nothing was found: `does not exist`, or `is a link to /usr/lib/cni/bridge,
 * which does not exist`. Of a link to a link the last is named.
 */
export function whyAbsent(files: Pick<Files, "lstat" | "readLink">, path: string): string {
  const end = linkedTo(files, path);
  return end === undefined ? "does not exist" : `is a link to ${end}, which does not exist`;
}

/** Where the links at `path` end, on the node; undefined where there is none. */
export function linkedTo(files: Pick<Files, "lstat" | "readLink">, path: string): string | undefined {
  let at = path;
  for (let links = 0; links < maxLinks && files.lstat(at)?.kind === "symlink"; links++) {
    const target = files.readLink(at);
    at = target.startsWith("/") ? target : join(dirname(at), target);
  }
  return at === path ? undefined : at;
}
