// Finds out whether the installed plugin starts on this host, before any pod depends on it: the runtime starts it in the
// host's own file system, which may lack the dynamic loader or forbid execution where the daemon's does not.

import { pluginName } from "../node-state/names.ts";
import { askVersions } from "../spec/ask-versions.ts";
import { type StartFailure, startFailure, tryByHand, withoutInterpreter } from "../spec/start-failure.ts";
import { join } from "../sys/fs/path.ts";
import { elfHeadBytes, interpreterOf } from "../sys/process/elf.ts";
import type { System } from "../sys/system.ts";

export type PluginProof =
  | { readonly kind: "starts"; readonly cniVersions: readonly string[] }
  /** `why` ends the sentence "The CNI plugin PATH …"; `remedy` is a sentence of its own. */
  | { readonly kind: "cannot-start"; readonly why: string; readonly remedy: string };

/** Runs the plugin of `binDir` with CNI_COMMAND=VERSION as the host would, and says what stands in the way if it fails. */
export async function provePlugin(system: System, binDir: string): Promise<PluginProof> {
  const path = join(binDir, pluginName);
  const loader = interpreterOf(system.files.readHead(path, elfHeadBytes));
  // In a container the host's root is a directory and our own loader would serve: the host's is what counts. A directory that
  // only plays a node for tests has no libraries at all, and is run by those of this machine.
  const isWholeSystem = system.files.root === "/" || system.files.stat("/usr/lib")?.kind === "directory";
  if (loader !== undefined && isWholeSystem && system.files.stat(loader) === undefined) {
    return cannotStart(withoutInterpreter(system, path));
  }
  try {
    const answer = await askVersions(system, path);
    if (answer.kind === "ok") return { kind: "starts", cniVersions: answer.value };
    return { kind: "cannot-start", why: answer.why, remedy: tryByHand(path) };
  } catch (error) {
    return cannotStart(startFailure(system, path, error));
  }
}

/** Without our own plugin the conflist can still call bridge. */
function cannotStart({ why, remedy, lacksInterpreter }: StartFailure): PluginProof {
  const other = "set cni.type to bridge";
  return {
    kind: "cannot-start",
    why,
    remedy: lacksInterpreter ? `the host has no glibc: ${other}` : (remedy ?? other),
  };
}
