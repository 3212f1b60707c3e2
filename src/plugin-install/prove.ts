// Finds out whether the installed plugin starts on this host, before any pod depends on it: the runtime starts it in the
// host's own file system, which may lack the dynamic loader or forbid execution where the daemon's does not.

import { askVersions } from "../conflist/programs.ts";
import { describeError, errnoOf, HeadcniError } from "../sys/errors.ts";
import { join } from "../sys/path.ts";
import type { System } from "../sys/system.ts";
import { elfHeadBytes, interpreterOf } from "./elf.ts";
import { pluginName } from "./install.ts";

export type PluginProof =
  | { readonly kind: "starts"; readonly cniVersions: readonly string[] }
  /** `why` ends the sentence "The CNI plugin PATH …"; `remedy` is a sentence of its own. */
  | { readonly kind: "cannot-start"; readonly why: string; readonly remedy: string };

/** Runs the plugin of `binDir` with CNI_COMMAND=VERSION as the host would, and says what stands in the way if it fails. */
export async function provePlugin(system: System, binDir: string): Promise<PluginProof> {
  const path = join(binDir, pluginName);
  const loader = interpreterOf(system.files.readHead(path, elfHeadBytes));
  // In a container the host's root is a folder and our own loader would serve: the host's is what counts. A folder that
  // only plays a node for tests has no libraries at all, and is run by those of this machine.
  const isWholeSystem = system.files.root === "/" || system.files.stat("/usr/lib")?.kind === "folder";
  if (loader !== undefined && isWholeSystem && system.files.stat(loader) === undefined) return withoutLoader(loader);
  try {
    const answer = await askVersions(system, path);
    if (typeof answer !== "string") return { kind: "starts", cniVersions: answer };
    return cannotStart(answer, `run it by hand to see more: CNI_COMMAND=VERSION ${path} < /dev/null`);
  } catch (error) {
    const cause = error instanceof HeadcniError ? (error.cause ?? error) : error;
    switch (errnoOf(cause)) {
      case "ENOENT":
        return withoutLoader(loader ?? "it needs");
      case "EACCES":
      case "EPERM":
        return cannotStart(
          "may not be executed: the file system it lies on is mounted noexec, or a security policy forbids it",
          `remount it with exec, or name another folder as cni.binDir (findmnt -T ${binDir} shows the mount)`,
        );
      case "ENOEXEC":
        return cannotStart("is built for another processor", "install the build for this node's architecture");
      default:
        return cannotStart(`cannot be started: ${describeError(cause)}`, "set cni.type to bridge");
    }
  }
}

function withoutLoader(loader: string): PluginProof {
  return cannotStart(
    `cannot start on this host: its dynamic loader ${loader} does not exist`,
    "the host has no glibc: set cni.type to bridge",
  );
}

function cannotStart(why: string, remedy: string): PluginProof {
  return { kind: "cannot-start", why, remedy };
}
