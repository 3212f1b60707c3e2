// The plugin's parameters, which come in environment variables. Checked by one table, in the order and with the rules of libcni's
// skel, so that a runtime meets the same answers as from every other plugin.

import type { Attachment } from "../attachments/attachment.ts";
import type { Env } from "../sys/machine.ts";
import { CniError, cniCodes } from "./cni-error.ts";

const commands = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"] as const;
export type Command = (typeof commands)[number];

/** A call; what its command does not need may be empty. */
export interface Call extends Attachment {
  readonly command: Command;
  /** Path of the container's network namespace; may be empty for DEL. */
  readonly netns: string;
  /** Whether the plugin's own namespace may be the container's (CNI_NETNS_OVERRIDE of libcni's skel). */
  readonly mayBeOwnNetns: boolean;
  /** Directories to look for programs in, joined with colons. */
  readonly path: string;
}

interface Variable {
  readonly name: string;
  readonly requiredFor: readonly Command[];
  readonly problem?: (value: string) => readonly [message: string, details: string] | undefined;
}

const variables = [
  { name: "CNI_CONTAINERID", requiredFor: ["ADD", "CHECK", "DEL"], problem: containerIdProblem },
  { name: "CNI_NETNS", requiredFor: ["ADD", "CHECK"] },
  { name: "CNI_IFNAME", requiredFor: ["ADD", "CHECK", "DEL"], problem: ifnameProblem },
  { name: "CNI_PATH", requiredFor: ["ADD", "CHECK", "DEL", "GC", "STATUS"] },
] as const satisfies readonly Variable[];

/** @throws CniError code 4, naming every variable that is missing or the one that is wrong. */
export function readEnvironment(env: Env): Call {
  const text = env.CNI_COMMAND ?? "";
  if (text === "") throw missing(["CNI_COMMAND"]);
  const command = commands.find((known) => known === text);
  if (command === undefined) {
    throw new CniError(cniCodes.badEnvironment, `unknown CNI_COMMAND: ${text}`, `known are ${commands.join(", ")}`);
  }
  const absent: string[] = [];
  for (const variable of variables as readonly Variable[]) {
    if (!variable.requiredFor.includes(command)) continue;
    const value = env[variable.name] ?? "";
    if (value === "") {
      absent.push(variable.name);
      continue;
    }
    const problem = variable.problem?.(value);
    if (problem !== undefined) throw new CniError(cniCodes.badEnvironment, ...problem);
  }
  if (absent.length > 0) throw missing(absent);
  return {
    command,
    containerId: env.CNI_CONTAINERID ?? "",
    netns: env.CNI_NETNS ?? "",
    mayBeOwnNetns: /^(?:true|1)$/i.test(env.CNI_NETNS_OVERRIDE ?? ""),
    ifname: env.CNI_IFNAME ?? "",
    path: env.CNI_PATH ?? "",
  };
}

function missing(names: readonly string[]): CniError {
  return new CniError(cniCodes.badEnvironment, `required env variables [${names.join(",")}] missing`);
}

/** What libcni takes for a container ID and a network name. */
export const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

function containerIdProblem(id: string): readonly [string, string] | undefined {
  return namePattern.test(id) ? undefined : ["invalid characters in containerID", id];
}

/**
 * The kernel's IFNAMSIZ is 16 bytes with the closing zero; dev_valid_name() refuses the rest. White space is what Go's
 * unicode.IsSpace says it is: U+0085 is, U+FEFF is not.
 */
function ifnameProblem(name: string): readonly [string, string] | undefined {
  if (new TextEncoder().encode(name).length > 15) return ["interface name is too long", `${name}: at most 15 bytes`];
  if (name === "." || name === "..") return ["interface name is . or ..", name];
  if (/[/:\u0085]|(?!\ufeff)\s/.test(name)) return ["interface name contains / or : or whitespace characters", name];
  return undefined;
}
