// Whether our file is the one the runtime takes, and only we can change it: what no look into the file itself tells.

import type { OtherConfigs } from "../config/config.ts";
import { conflistFileName } from "../node-state/names.ts";
import type { ConflistProblem } from "../spec/problem.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { otherConfigs } from "./foreign-configs.ts";
import { isOwnedBy } from "./install/install-diff.ts";
import { conflistMode } from "./ledger/perform.ts";

export interface InForce {
  /** The file the runtime takes: ours, or the first one it prefers. */
  readonly path: string;
  /** What keeps the node's pods from ours, or could. None where `otherConfigs` is "keep" and the other one can be used. */
  readonly problems: readonly ConflistProblem[];
}

/** @param confDir a directory that holds our file */
export function lookInForce(
  system: System,
  { confDir, otherConfigs: setting }: { readonly confDir: string; readonly otherConfigs: OtherConfigs },
): InForce {
  const ours = join(confDir, conflistFileName);
  const [first] = otherConfigs(system, confDir).filter(({ isPreferred }) => isPreferred);
  const access = accessProblems(system, ours);
  if (first === undefined) return { path: ours, problems: access };
  const path = join(confDir, first.name);
  const isKept = setting === "keep";
  if (isKept && first.problem === undefined) return { path, problems: access };
  const broken = first.problem === undefined ? "" : `, and that one ${first.problem}`;
  const message = `is not in force: the runtime takes ${path} before it${broken}`;
  const hint = isKept
    ? `correct or remove ${first.name}, or set cni.otherConfigs to moveAside`
    : "headcni conflist install moves it aside";
  return { path, problems: [{ path: "", message, hint }, ...access] };
}

function* accessOf(system: System, path: string): Generator<string> {
  const info = system.files.lstat(path);
  if (info === undefined || info.kind !== "file") return;
  const { owner } = system.files;
  if (!isOwnedBy(info, owner)) yield `belongs to ${info.uid}:${info.gid}, not to ${owner.uid}:${owner.gid}`;
  if (info.mode !== conflistMode) yield `has mode ${octal(info.mode)}, not ${octal(conflistMode)}`;
}

function accessProblems(system: System, path: string): readonly ConflistProblem[] {
  return [...accessOf(system, path)].map((message) => ({
    path: "",
    message,
    hint: "headcni conflist install writes it anew",
  }));
}

/** Permission bits as `ls` and `chmod` write them. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
