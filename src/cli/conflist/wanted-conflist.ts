// The conflist this node wants, found exactly as the daemon finds it: configuration, the runtime's folders, PodCIDR chain,
// and what live pods already hold on to.

import type { LoadedConfig } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { detectRuntimeDirs, withRuntimeDirs } from "../../config/runtime-dirs.ts";
import { renderConflist } from "../../conflist/render.ts";
import { sourceWords } from "../../node/adoption.ts";
import { observeAssignment, observePods } from "../../node/observe.ts";
import { type Plan, planNode } from "../../node/plan.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { choosePodCIDR } from "../../podcidr/chain.ts";
import { resolveNodeName } from "../../podcidr/node-name.ts";
import { join } from "../../sys/fs/path.ts";
import { printable } from "../../sys/log/printable.ts";
import type { System } from "../../sys/system.ts";
import type { CliContext } from "../context.ts";
import { issueLine } from "../exit.ts";
import type { NodeFlags } from "./conflist-command.ts";

/** A node's configuration with the folders of its runtime. */
export interface NodeFolders {
  readonly system: System;
  readonly loaded: LoadedConfig;
  /** Our file. */
  readonly path: string;
}

export interface WantedConflist extends NodeFolders {
  readonly text: string;
  readonly plan: Plan;
  /** The PodCIDRs and who says so, for a person. */
  readonly podCIDRs: string;
}

/** Reads the configuration; its warnings go to standard error. @throws ConfigError */
export async function readFolders(context: CliContext, flags: NodeFlags): Promise<NodeFolders> {
  const system = context.system(flags.root);
  const written = await loadConfig(system, { path: flags.config, flags: { nodeName: flags.nodeName } });
  for (const warning of written.warnings) context.warn(`warning: ${issueLine(warning)}\n`);
  const loaded = withRuntimeDirs(written, detectRuntimeDirs(system, written));
  return { system, loaded, path: join(loaded.config.cni.confDir, conflistFileName) };
}

/** What the daemon would write here; whatever stands against it goes to standard error. @throws ConfigError */
export async function findWanted(context: CliContext, flags: NodeFlags): Promise<WantedConflist> {
  const folders = await readFolders(context, flags);
  const { system, loaded, path } = folders;
  const { config } = loaded;
  const nodeName = resolveNodeName(system, { flag: flags.nodeName, config: config.nodeName });
  const answer = choosePodCIDR(system, { nodeName, config: loaded });
  for (const warning of answer.warnings) context.warn(`warning: ${printable(warning)}\n`);
  const observed = await observePods(system);
  const current = observeAssignment(system, path, observed.bridge);
  const plan = planNode({ config, answer, current, ...observed });
  for (const { text } of plan.adoption.conditions) context.warn(`warning: ${printable(text)}\n`);
  const { effective } = plan.adoption;
  const podCIDRs = printable(`${effective.podCIDRs} from ${sourceWords(effective)}`);
  return { ...folders, text: renderConflist(plan.conflist), plan, podCIDRs };
}
