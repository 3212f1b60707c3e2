// What the checks look at: each fact of the node is asked for once, when the first check needs it, by the code the daemon has it by.
// Nothing is changed. A fact that cannot be had rejects, and every check that needs it says so.

import type { LoadedConfig } from "../config/config.ts";
import { type ConfigFile, loadConfig, readConfigFile } from "../config/load.ts";
import { detectRuntimeDirs, type RuntimeDirs, withRuntimeDirs } from "../config/runtime-dirs.ts";
import type { StatusDocument } from "../daemon/status.ts";
import { nodeStatus } from "../daemon/status-client.ts";
import { connectByConfig } from "../headscale/connect-by-config.ts";
import type { HeadscaleNode } from "../headscale/headscale-node.ts";
import { nodeFacts, type Observation, observeKernel } from "../node/observe.ts";
import { planNode } from "../node/plan.ts";
import type { NodeNameAnswer } from "../node-name/node-name-answer.ts";
import { resolveNodeName } from "../node-name/resolve.ts";
import { conflistFileName } from "../node-state/names.ts";
import { readNodeState } from "../node-state/node-state-file.ts";
import { isGuess } from "../podcidr/answer.ts";
import { choosePodCIDR } from "../podcidr/chain.ts";
import { expected, HeadcniError } from "../sys/errors.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { examineDataplane, type KernelLook } from "./dataplane-look.ts";
import type { NodePlan } from "./node-plan.ts";
import { examineTailnet, type MeshLook, meshOf, type TailnetLook } from "./tailnet-look.ts";

export interface ExaminationFlags {
  readonly config?: string | undefined;
  readonly nodeName?: string | undefined;
}

/** Every method gives the same promise each time. */
export interface Examination {
  readonly system: System;
  readonly signal: AbortSignal;
  /** The file that counts, right or wrong. @throws ConfigError HC_CONFIG_FILE */
  configFile(): Promise<ConfigFile>;
  /** With the directories of the node's runtime. */
  config(): Promise<LoadedConfig>;
  dirs(): Promise<RuntimeDirs>;
  nodeName(): Promise<NodeNameAnswer>;
  kernel(): Promise<Observation>;
  /** @throws ConfigError when no PodCIDR can be said, HeadcniError HC_DOCTOR_SKIPPED when only root could say it */
  node(): Promise<NodePlan>;
  /** Our conflist: its path, and its text where there is one. */
  conflist(): Promise<{ readonly path: string; readonly text: string | undefined }>;
  tailnet(): Promise<TailnetLook>;
  mesh(): Promise<MeshLook>;
  dataplane(): Promise<KernelLook>;
  /** Headscale's nodes, by the key of the configuration. @throws HeadcniError */
  headscale(): Promise<readonly HeadscaleNode[]>;
  /** @throws HeadcniError HC_DAEMON_NOT_RUNNING */
  daemon(): Promise<StatusDocument>;
}

/** It is asked again and again while it does not answer; a doctor is waited for. */
const headscaleMs = 5000;

export function examine(system: System, flags: ExaminationFlags, signal: AbortSignal): Examination {
  const written = once(() =>
    loadConfig(system, { path: flags.config, flags: { nodeName: flags.nodeName }, toleratesConflicts: true }),
  );
  const configFile = once(async () => readConfigFile(system, flags.config));
  const dirs = once(async () => detectRuntimeDirs(system, await written()));
  const config = once(async () => withRuntimeDirs(await written(), await dirs()));
  const nodeName = once(async () => resolveNodeName(system, { flag: flags.nodeName, loaded: await config() }));
  const kernel = once(() => observeKernel(system));
  const node = once(async (): Promise<NodePlan> => {
    const [loaded, { name }, observed] = await Promise.all([config(), nodeName(), kernel()]);
    const facts = nodeFacts(system, loaded.config.cni.confDir, observed);
    const answer = choosePodCIDR(system, { nodeName: name, config: loaded }, facts);
    if (isGuess(answer.source)) refuseWithoutState(system);
    const { current } = facts;
    return { answer, current, plan: planNode({ config: loaded.config, answer, current, ...observed }) };
  });
  const conflist = once(async () => {
    const path = join((await config()).config.cni.confDir, conflistFileName);
    const bytes = system.files.readIfPresent(path, 1 << 20);
    return { path, text: bytes === undefined ? undefined : new TextDecoder().decode(bytes) };
  });
  const tailnet = once(async () => examineTailnet(system, (await config()).config.tailscale, signal));
  const mesh = once(async () => meshOf(await tailnet(), await node(), (await config()).config));
  const dataplane = once(async () =>
    examineDataplane(system, {
      config: (await config()).config,
      node: await node(),
      mesh: await mesh().catch((error: unknown) => {
        expected(error);
        return undefined;
      }),
    }),
  );
  const headscale = once(async () => {
    using api = await connectByConfig(system, (await config()).config.headscale);
    return await api.nodes(AbortSignal.any([signal, AbortSignal.timeout(headscaleMs)]));
  });
  const daemon = once(() => nodeStatus(system, { config: flags.config }));
  return {
    system,
    signal,
    configFile,
    config,
    dirs,
    nodeName,
    kernel,
    node,
    conflist,
    tailnet,
    mesh,
    dataplane,
    headscale,
    daemon,
  };
}

/** Which block a node without an assigned one has is in files of root's: without them it would seem another, and all that follows wrong. */
function refuseWithoutState({ files }: System): void {
  if (files.owner.uid === 0) return;
  const { found, unusable } = readNodeState(files);
  const hidden = unusable.find(({ isAbsent }) => !isAbsent);
  if (found !== undefined || hidden === undefined) return;
  throw new HeadcniError(
    "HC_DOCTOR_SKIPPED",
    `the PodCIDR in force is not known: ${hidden.path} ${hidden.why}; run it as root`,
  );
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}
