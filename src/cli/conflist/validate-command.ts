// `headcni conflist validate`.

import { refuseFileInTheWay } from "../../conflist/install/install-diff.ts";
import { lookInForce } from "../../conflist/precedence.ts";
import { validateConflist } from "../../conflist/validate/validate.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { createFiles, type Files } from "../../sys/fs/files.ts";
import { dirname } from "../../sys/fs/path.ts";
import { printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import { absolutePath } from "../../sys/machine.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import type { NodeFlags, OutputFlags } from "./conflist-flags.ts";
import { type NodeDirs, readNodeDirs } from "./node-dirs.ts";
import { encodeProblem, problemTable } from "./shared-output.ts";

/** A conflist has some thirty lines; anything of this size is none. */
const maxBytes = 1 << 20;

export async function validateCommand(
  context: CliContext,
  file: string | undefined,
  flags: NodeFlags & OutputFlags,
): Promise<void> {
  const node = await readNodeDirs(context, flags);
  const { system, loaded } = node;
  const { binDir } = loaded.config.cni;
  const { path, text } = readConflist(node, file);
  // Only our own file is expected to be in force; a file named on the command line need not be.
  const inForce = file === undefined ? lookInForce(system, loaded.config.cni) : undefined;
  const problems = [...(await validateConflist(system, text, { binDir })), ...(inForce?.problems ?? [])];
  if (problems.length > 0) context.exit(exitCodes.negative.code);
  if (flags.output === "json") {
    const valid = problems.length === 0;
    context.print(
      printJson({ file: path, valid, inForce: inForce?.path, binDir, problems: problems.map(encodeProblem) }),
    );
    return;
  }
  if (problems.length > 0) context.print(`${path} cannot be used:\n${problemTable(problems, context.terminal)}`);
  else context.print(`${path} is valid, and every plugin it calls is in ${binDir}\n`);
  if (inForce !== undefined && inForce.path !== path && problems.length === 0)
    context.print(
      `${printable(inForce.path)} is in force${inForce.callsOurs ? " and calls the network of this file" : ", not this file"} (cni.otherConfigs is keep)\n`,
    );
}

/** The file named, under the root first as `--config` is; without one, the file at our name. */
function readConflist(
  { system, path }: NodeDirs,
  file: string | undefined,
): { readonly path: string; readonly text: string } {
  const asked = file === undefined ? path : absolutePath(file);
  const places: readonly Files[] = file === undefined ? [system.files] : [system.files, createFiles("/")];
  for (const files of places) {
    const bytes = files.readIfPresent(asked, maxBytes);
    if (bytes !== undefined) return { path: asked, text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) };
  }
  if (file === undefined) refuseFileInTheWay(system, dirname(path));
  throw new HeadcniError("HC_FILE_READ", `Cannot validate ${asked}: it does not exist`, {
    hint: file === undefined ? "headcni conflist install writes it" : undefined,
  });
}
