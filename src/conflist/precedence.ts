// Whether our file is the one the runtime takes, and only we can change it: what no look into the file itself tells.

import type { OtherConfigs } from "../config/config.ts";
import { conflistFileName } from "../node-state/names.ts";
import type { ConflistProblem } from "../spec/problem.ts";
import { octal } from "../sys/fs/octal.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { otherConfigs } from "./foreign-configs.ts";
import { isOwnedBy } from "./install/install-diff.ts";
import { conflistMode } from "./ledger/perform.ts";

export interface InForce {
  /** The file the runtime takes: ours, or the first one it prefers. */
  readonly path: string;
  /** Whether that is a meta-plugin's that says it calls ours. */
  readonly callsOurs: boolean;
  /** What keeps the node's pods from ours, or could. None where `otherConfigs` is "keep" and the other one can be used. */
  readonly problems: readonly ConflistProblem[];
}

/**
 * What a file that stays before ours means for the node's pods. `none`: there is none. `calls-ours`: a meta-plugin, put there on
 * purpose. `unknown`: a meta-plugin that does not say what it calls. `in-the-way`: pods do not get our network.
 */
export type Preferred =
  | { readonly kind: "none" }
  | { readonly kind: "calls-ours" | "unknown"; readonly name: string }
  | {
      readonly kind: "in-the-way";
      readonly names: readonly string[];
      /** The network that the first one, a meta-plugin, calls instead. */
      readonly delegate: string | undefined;
    };

/**
 * Judges by the first file, which is the one the runtime takes. A meta-plugin that says nothing takes the first of the directory
 * itself.
 * @throws HeadcniError HC_FILE_READ when the directory cannot be listed
 */
export function findPreferred(system: System, confDir: string): Preferred {
  const others = otherConfigs(system, confDir);
  const preferred = others.filter(({ isPreferred }) => isPreferred);
  const [first, ...rest] = preferred;
  if (first === undefined) return { kind: "none" };
  const { name, delegate } = first;
  const inTheWay = (called?: string): Preferred => ({
    kind: "in-the-way",
    names: preferred.map((other) => other.name),
    delegate: called,
  });
  if (first.problem !== undefined || delegate === undefined) return inTheWay();
  if (delegate.kind === "ours") return { kind: "calls-ours", name };
  if (delegate.kind === "other") return inTheWay(delegate.name);
  if (delegate.name === undefined) {
    const [next] = rest;
    return next === undefined ? { kind: "unknown", name } : inTheWay(next.network ?? next.name);
  }
  const isAnothers = others.some(({ network }) => network === delegate.name);
  return isAnothers ? inTheWay(delegate.name) : { kind: "unknown", name };
}

/** @param confDir a directory that holds our file */
export function lookInForce(
  system: System,
  { confDir, otherConfigs: setting }: { readonly confDir: string; readonly otherConfigs: OtherConfigs },
): InForce {
  const ours = join(confDir, conflistFileName);
  const [first] = otherConfigs(system, confDir).filter(({ isPreferred }) => isPreferred);
  const access = accessProblems(system, ours);
  if (first === undefined) return { path: ours, callsOurs: false, problems: access };
  const path = join(confDir, first.name);
  const isKept = setting === "keep";
  const callsOurs = first.problem === undefined && first.delegate?.kind === "ours";
  if (isKept && first.problem === undefined) return { path, callsOurs, problems: access };
  const broken = first.problem === undefined ? "" : `, and that one ${first.problem}`;
  const message = `is not in force: the runtime takes ${path} before it${broken}`;
  const hint = isKept
    ? `correct or remove ${first.name}, or set cni.otherConfigs to moveAside`
    : "headcni conflist install moves it aside";
  return { path, callsOurs, problems: [{ path: "", message, hint }, ...access] };
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
