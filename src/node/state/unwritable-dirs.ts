// The daemon's own directories that refuse to be written to: by their file system, by permission, or because they are gone.

import { expected } from "../../sys/errors.ts";
import { type Unwritable, whyUnwritable } from "../../sys/fs/unwritable.ts";
import type { System } from "../../sys/system.ts";
import { ownDirs } from "./own-dirs.ts";

export interface UnwritableDir extends Unwritable {
  readonly path: string;
}

/** What is refused in a directory above is not repeated for those in it. */
export function unwritableDirs({ files, log }: System): readonly UnwritableDir[] {
  const found = ownDirs.flatMap((path): readonly UnwritableDir[] => {
    try {
      const refused = whyUnwritable(files.hostPath(path));
      return refused === undefined ? [] : [{ path, ...refused }];
    } catch (error) {
      expected(error);
      log.debug(error.message);
      return [];
    }
  });
  return found.filter(
    ({ path, why }) => !found.some((other) => path.startsWith(`${other.path}/`) && other.why === why),
  );
}
