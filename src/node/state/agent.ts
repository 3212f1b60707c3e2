// The agent that keeps node.json: what the node remembers across restarts and reboots, and what the CNI plugin reads.

import { type Agent, agentStatus, plainAgent } from "../../agent/agent.ts";
import type { ConditionStore } from "../../agent/condition-store.ts";
import { type Condition, failureOf } from "../../agent/conditions.ts";
import { firstValue, type Latest, type Watchable } from "../../agent/latest.ts";
import { createReconciler } from "../../agent/reconciler.ts";
import type { LoadedConfig } from "../../config/config.ts";
import type { NodeState } from "../../node-state/node-state.ts";
import { readNodeState, writeNodeState } from "../../node-state/node-state-file.ts";
import type { System } from "../../sys/system.ts";
import type { NodeAssignment } from "../adoption.ts";
import { condition, nodeStateConditions } from "./conditions.ts";
import { exposedDirs } from "./exposed-dirs.ts";
import { unwritableDirs } from "./unwritable-dirs.ts";

export interface NodeStateAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Watchable<NodeAssignment | undefined>;
  /** Set when a conflist that calls the plugin may be put in force. */
  readonly nodeStateReady: Latest<true | undefined>;
}

export function createNodeStateAgent(system: System, options: NodeStateAgentOptions): Agent {
  const { conditions, config, assignment, nodeStateReady } = options;
  const name = "node-state";
  const write = (): readonly Condition[] => {
    const state = nodeStateOf(options);
    return state === undefined ? [] : tryWrite(system, state);
  };
  const reconciler = createReconciler(system, {
    name,
    conditions,
    inputs: { config, assignment, conditions: conditions.shown },
    step: async () => {
      const dirs = dirConditions(system);
      const raised = [...write(), ...dirs];
      // Whether it could be written is a part of what is written.
      return conditions.set(name, raised) ? [...write(), ...dirs] : raised;
    },
  });
  const { once } = reconciler;
  /** What the node agent published last, in a step that was stopped perhaps: its conditions say nothing. */
  const rememberLast = (): void => {
    const known = readNodeState(system.files).found?.state.podCIDRs;
    const { current } = assignment.value ?? {};
    if (current !== undefined && known?.equals(current.podCIDRs) !== true) write();
  };
  return {
    // The node's pods outlive the daemon, and with them what is remembered: there is nothing to clean up.
    ...plainAgent,
    ...reconciler,
    conditions: nodeStateConditions,
    once: async (signal, earlier) => {
      const loaded = await firstValue(config, signal);
      await firstValue(assignment, signal);
      const isMissing = loaded?.config.cni.type === "headcni" && readNodeState(system.files).found === undefined;
      if (isMissing) await once(signal);
      nodeStateReady.set(true);
      await earlier;
      if (signal.aborted) rememberLast();
      else await once(signal);
    },
    run: async (signal, earlier) => {
      await reconciler.run(signal);
      await earlier;
      rememberLast();
    },
    // A mount of a directory that is gone stays so: only a new container, which liveness brings, gets the one that is there.
    stuck: () => reconciler.stuck() ?? removedDir(system),
    status: () => agentStatus({ lastReconcile: reconciler.last.value }),
  };
}

function removedDir(system: System): string | undefined {
  const gone = unwritableDirs(system).find(({ isRemoved }) => isRemoved);
  return gone === undefined ? undefined : `${gone.path}: ${gone.why}`;
}

function dirConditions(system: System): readonly Condition[] {
  const exposed = exposedDirs(system);
  const unwritable = unwritableDirs(system);
  return [
    ...(exposed.length === 0 ? [] : [condition("StateDirExposed", { dirs: exposed })]),
    ...(unwritable.length === 0 ? [] : [condition("StateDirNotWritable", { dirs: unwritable })]),
  ];
}

function tryWrite({ files }: System, state: NodeState): readonly Condition[] {
  try {
    writeNodeState(files, state);
    return [];
  } catch (error) {
    return [condition("NodeStateNotWritten", failureOf(error))];
  }
}

/** Undefined while no PodCIDR is in force. */
function nodeStateOf({ config, assignment, conditions }: NodeStateAgentOptions): NodeState | undefined {
  const { nodeName, current } = assignment.value ?? {};
  const bridge = config.value?.config.network.bridge;
  if (nodeName === undefined || current === undefined || bridge === undefined) return undefined;
  const { podCIDRs, source, file, line } = current;
  return {
    nodeName,
    podCIDRs,
    podCIDRSource: source === undefined ? undefined : { source, file, line },
    bridge,
    conditions: conditions.list(),
  };
}
