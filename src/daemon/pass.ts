// One pass: read the node, plan, carry the plan out, say what holds. Everything the daemon does to a node happens here, and
// `--once` is exactly one of these.

import type { Config } from "../config/config.ts";
import { createConfigLoader } from "../config/load.ts";
import { conflistFileName } from "../node-state/names.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { applyConflist, type ConflistMemory, firstConflistMemory } from "./apply-conflist.ts";
import { applyBridge, applyMasquerading, rememberNode } from "./apply-node.ts";
import { applyPlugin, firstPluginMemory, type PluginMemory } from "./apply-plugin.ts";
import type { ConditionStore } from "./condition-store.ts";
import { condition } from "./conditions.ts";
import { type DaemonFlags, type Inputs, readInputs } from "./inputs.ts";
import { logConfig, logPodCIDR, sayingOnce, type Told } from "./narrate.ts";
import { observeHeld, observePods } from "./observe.ts";
import { type Plan, planNode } from "./plan.ts";
import type { MasqueradeState, PassReport } from "./report.ts";
import type { HeldPodCIDR } from "./settle.ts";

export interface Passes {
  /**
   * Makes one pass. Failures of single steps are conditions, not exceptions.
   * @param reasons what made it necessary, for log and status
   * @throws ConfigError when the first pass finds a configuration it cannot use; PassStopped when the daemon ends on the way
   */
  run(reasons: readonly string[]): Promise<PassReport>;
}

/** The daemon ends in the middle of a pass: what it asked was killed, so nothing may be concluded from the answers. */
export class PassStopped extends Error {
  override readonly name = "PassStopped";
}

export interface PassOptions extends DaemonFlags {
  /** Called with the configuration of each pass before anything is done by it. */
  readonly onConfig: (config: Config) => Promise<void>;
  /** Host path of the executable that is installed as the CNI plugin when the configuration wants one. */
  readonly executable: string | undefined;
  /** Aborts when the daemon ends. */
  readonly stop?: AbortSignal | undefined;
}

/** What one pass leaves for the next. */
interface Memory {
  readonly inputs: Inputs;
  readonly told: Told;
  readonly held: HeldPodCIDR;
  readonly plugin: PluginMemory;
  readonly conflist: ConflistMemory;
  readonly masquerade: MasqueradeState;
}

export function createPasses(system: System, conditions: ConditionStore, options: PassOptions): Passes {
  let memory: Memory | undefined;
  const load = createConfigLoader();
  const observer: System = { ...system, log: sayingOnce(system.log) };
  return {
    run: async (reasons) => {
      const startedAtMs = system.clock.now();
      const startedMs = system.clock.monotonicMs();
      const [inputs, observed] = await Promise.all([
        readInputs(observer, { ...options, load }, memory?.inputs),
        observePods(observer),
      ]);
      goOn(options.stop);
      await options.onConfig(inputs.loaded.config);
      logConfig(system.log, inputs.loaded, memory?.inputs.loaded);
      const { config } = inputs.loaded;
      const held = memory?.held ?? observeHeld(observer, join(config.cni.confDir, conflistFileName), observed.bridge);
      const plan = planNode({ config, answer: inputs.answer, held, ...observed });
      const told = { answer: inputs.answer, inForce: plan.settled.inForce };
      logPodCIDR(system.log, told, memory?.told);
      const work = { inputs, plan, held, memory, options };
      const done = await carryOut(system, conditions, work);
      memory = { ...done, inputs, told, held: done.inForce, conflist: done.conflist.memory };
      return {
        reasons,
        startedAtMs,
        durationMs: system.clock.monotonicMs() - startedMs,
        config: inputs.loaded,
        answer: inputs.answer,
        inForce: done.inForce,
        ...observed,
        conflist: done.conflist.result,
        masquerade: done.masquerade,
      };
    },
  };
}

interface Work {
  readonly inputs: Inputs;
  readonly plan: Plan;
  readonly held: HeldPodCIDR | undefined;
  readonly memory: Memory | undefined;
  readonly options: PassOptions;
}

function goOn(stop: AbortSignal | undefined): void {
  if (stop?.aborted === true) throw new PassStopped("The daemon ends");
}

async function carryOut(system: System, conditions: ConditionStore, work: Work) {
  const { inputs, plan, held, memory } = work;
  const { executable, stop } = work.options;
  const { config } = inputs.loaded;
  const remember = (inForce: HeldPodCIDR): void => {
    const node = { config, nodeName: inputs.answer.nodeName, inForce };
    const write = () => conditions.set("memory", rememberNode(system, { ...node, conditions: conditions.list() }));
    // Whether it could be written is a part of what is written.
    if (write()) write();
  };
  // A conflist of type headcni sends pods to a plugin that reads the node's state: it must be there first.
  if (held === undefined && config.cni.type === "headcni") remember(plan.settled.inForce);
  const plugin = await applyPlugin(system, config, { source: executable, memory: memory?.plugin ?? firstPluginMemory });
  goOn(stop);
  const spec = plugin.fault === undefined ? plan.conflist : { ...plan.conflist, type: "bridge" as const };
  const [conflist, masquerade] = await Promise.all([
    applyConflist(system, { spec, config }, memory?.conflist ?? firstConflistMemory),
    applyMasquerading(system, plan, { config, before: memory?.masquerade }),
  ]);
  // After the conflist: a pod that comes in between fails and is tried again, instead of bringing the old bridge back. And only
  // with it: under the old conflist the old bridge is the right one.
  const bridge = conflist.result.isInForce ? await applyBridge(system, plan) : { isDone: false, conditions: [] };
  const inForce = bridge.isDone || held === undefined ? plan.settled.inForce : held;
  if (stop?.aborted !== true) {
    const { fault } = plugin;
    const { isInForce: isReplaced } = conflist.result;
    const unusable = fault === undefined ? [] : [condition("PluginUnusable", { ...fault, isReplaced })];
    const steps = [inputs, plan, conflist, masquerade, bridge];
    conditions.set("node", [...unusable, ...steps.flatMap((step) => step.conditions)]);
  }
  // Also at the end of a daemon: the conflist may say another PodCIDR by now.
  remember(inForce);
  goOn(stop);
  return { plugin: plugin.memory, conflist, masquerade: masquerade.state, inForce };
}
