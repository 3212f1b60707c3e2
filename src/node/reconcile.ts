// One step of the node: read it, plan, carry the plan out, say what holds.

import type { Condition } from "../agent/conditions.ts";
import { firstValue, type Latest, type Watchable } from "../agent/latest.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { throwIfStopping } from "../agent/reconciler.ts";
import type { LoadedConfig } from "../config/config.ts";
import type { NodeObjectLookup } from "../kubernetes/node-lookup.ts";
import { conflistFileName } from "../node-state/names.ts";
import { type Assignment, isGuess, type PodCIDRAnswer } from "../podcidr/answer.ts";
import { type AskVersions, rememberVersions } from "../spec/remember-versions.ts";
import { join } from "../sys/fs/path.ts";
import { execUntil } from "../sys/process/exec.ts";
import type { System } from "../sys/system.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { NodeAssignment, PodCount } from "./adoption.ts";
import { type Announced, announcePodCIDR } from "./announce.ts";
import { applyBridge } from "./bridge-step.ts";
import { condition } from "./conditions.ts";
import { applyConflist, type ConflistMemory, type ConflistResult, firstConflistMemory } from "./conflist-step.ts";
import { awaitedClaim } from "./first-start/claim-gate.ts";
import { firstAnswer } from "./first-start/first-answer.ts";
import { nodeMetrics } from "./metrics.ts";
import { askChain, nodeFacts, observeKernel } from "./observe.ts";
import { type Plan, planNode } from "./plan.ts";
import { applyPlugin, firstPluginMemory, type PluginMemory } from "./plugin-step.ts";
import type { NodeStatus } from "./status.ts";

export interface ReconcileNodeOptions {
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Latest<NodeAssignment | undefined>;
  /** Known once the node state file has been written, where it must be there before the conflist. */
  readonly nodeStateReady: Watchable<true | undefined>;
  readonly status: Latest<NodeStatus | undefined>;
  readonly nodeObject: Watchable<NodeObjectLookup | undefined>;
  readonly claims: Watchable<ClaimsView | undefined>;
  /** How many pods hold on to the PodCIDRs in force; where they cannot be counted, one more than can be seen. */
  readonly pods: Latest<number | undefined>;
  readonly record: RecordMetric;
  /** `--node-name` */
  readonly nodeName?: string | undefined;
  /** Host path of the executable that is installed as the CNI plugin when the configuration wants one. */
  readonly executable: string | undefined;
}

/** What one step keeps for the next. */
interface Memory {
  readonly announced: Announced | undefined;
  readonly plugin: PluginMemory;
  readonly conflist: ConflistMemory;
}

/** The step; it keeps what it did last, and publishes assignment and status. */
export function createNodeStep(system: System, options: ReconcileNodeOptions) {
  const { clock, log } = system;
  const { config: configs, status, nodeName, nodeObject } = options;
  const askVersions = rememberVersions();
  let memory: Memory = { announced: undefined, plugin: firstPluginMemory, conflist: firstConflistMemory };
  return async (signal: AbortSignal): Promise<readonly Condition[]> => {
    const startedAtMs = clock.now();
    const exec = execUntil(system.exec, signal);
    const asking = firstValue(configs, signal).then((loaded) => {
      if (loaded === undefined) return undefined;
      return { loaded, decide: askChain(system, { loaded, nodeName, last: status.value }) };
    });
    const [observed, asked] = await Promise.all([observeKernel({ ...system, exec }), asking]);
    throwIfStopping(signal);
    if (asked === undefined) return [];
    const { loaded, decide } = asked;
    const { config } = loaded;
    const { networks } = observed;
    const last = status.value;
    const seen = last?.isAwaitingClaim === false ? last.current : undefined;
    const current = seen ?? nodeFacts(system, config.cni.confDir, observed).current;
    const claims = options.claims.value;
    const found = { networks, current, claims };
    const first = decide(found);
    const ask = () => askChain(system, { loaded, nodeName, last })(found);
    const isUnseen = current === undefined && last === undefined;
    const {
      nodeName: name,
      answer,
      conditions,
    } = isUnseen ? await firstAnswer(system, { loaded, nodeObject, first, ask }, signal) : first;
    throwIfStopping(signal);
    const plan = planNode({ config, answer, current, claim: claims?.claim, ...observed });
    options.pods.set(podsHolding(observed.pods));
    const announced = { nodeName: name, answer, effective: plan.adoption.effective };
    announcePodCIDR(log, announced, memory.announced);
    const work = { loaded, answer, current, plan, memory, options, askVersions, signal };
    const awaited = awaitedClaim(system.files, { config, current, effective: plan.adoption.effective, claims });
    const done = awaited === undefined ? await carryOut({ ...system, exec }, work) : holdBack(work, awaited);
    memory = { announced, plugin: done.plugin, conflist: done.conflist };
    count(options.record, done.result);
    const { writes, lastWrite } = writesAfter(status.value, done.result, startedAtMs);
    status.set({
      nodeName: name,
      answer,
      current: done.inForce,
      isAwaitingClaim: awaited !== undefined,
      ...observed,
      conflist: done.result,
      writes,
      lastWrite,
    });
    return [...conditions, ...done.conditions];
  };
}

interface CarryOutInput {
  readonly loaded: LoadedConfig;
  readonly answer: PodCIDRAnswer;
  readonly current: Assignment | undefined;
  readonly plan: Plan;
  readonly memory: Memory;
  readonly options: ReconcileNodeOptions;
  readonly askVersions: AskVersions;
  readonly signal: AbortSignal;
}

/** Writes nothing yet: says only which PodCIDRs are wanted, so that they can be claimed. */
function holdBack(input: CarryOutInput, awaited: Condition): Awaited<ReturnType<typeof carryOut>> {
  const { plan, memory, loaded } = input;
  publish(input, undefined);
  const path = join(loaded.config.cni.confDir, conflistFileName);
  const result = { path, isInForce: false, sha256: "", written: undefined, movedAside: [] };
  return { ...memory, result, inForce: plan.adoption.effective, conditions: [awaited, ...plan.conditions] };
}

/** One that cannot be counted may hold on, too. */
function podsHolding({ bridgePorts, leases }: PodCount): number {
  return bridgePorts === undefined ? leases + 1 : Math.max(bridgePorts, leases);
}

async function carryOut(system: System, input: CarryOutInput) {
  const { current, plan, memory, options, askVersions, signal } = input;
  const { config } = input.loaded;
  const { effective } = plan.adoption;
  if (current === undefined && config.cni.type === "headcni") {
    // A conflist of this type sends pods to a plugin that reads the node's state.
    publish(input, effective);
    await firstValue(options.nodeStateReady, signal);
  } else publish(input, current);
  const plugin = await applyPlugin(system, config, { source: options.executable, memory: memory.plugin });
  throwIfStopping(signal);
  const spec = plugin.fault === undefined ? plan.conflist : { ...plan.conflist, type: "bridge" as const };
  const conflist = await applyConflist(system, { spec, config, memory: memory.conflist, askVersions });
  const { result } = conflist;
  // After the conflist: a pod that comes in between fails and is tried again, instead of bringing the old bridge back. And only
  // with it: under the old conflist the old bridge is the right one.
  const bridge = result.isInForce ? await applyBridge(system, plan) : { isDone: false, conditions: [] };
  const inForce = bridge.isDone || current === undefined ? effective : current;
  // Also at the end of a daemon: the conflist may say another PodCIDR by now.
  publish(input, inForce);
  throwIfStopping(signal);
  const { fault } = plugin;
  const unusable = fault === undefined ? [] : [condition("PluginUnusable", { ...fault, isReplaced: result.isInForce })];
  const conditions = [...unusable, ...plan.conditions, ...conflist.conditions, ...bridge.conditions];
  return { plugin: plugin.memory, conflist: conflist.memory, result, inForce, conditions };
}

/** Publishes the adopted PodCIDRs and those in force, unless they are published already. */
function publish({ answer, plan, options: { assignment } }: CarryOutInput, current: Assignment | undefined): void {
  const { nodeName, clusterCIDRs } = answer;
  const { effective } = plan.adoption;
  const next: NodeAssignment = {
    ...effective,
    nodeName,
    isGuess: isGuess(effective.source),
    clusterCIDRs,
    current,
  };
  const asText = (value: NodeAssignment): string =>
    JSON.stringify({ ...value, clusterCIDRs: value.clusterCIDRs.map(String) });
  if (assignment.value === undefined || asText(assignment.value) !== asText(next)) assignment.set(next);
}

function count(record: RecordMetric, { written, movedAside }: ConflistResult): void {
  if (written !== undefined) record(nodeMetrics.conflistWrites, 1, { reason: written });
  record(nodeMetrics.movedAside, movedAside.length);
}

function writesAfter(
  before: NodeStatus | undefined,
  { written }: ConflistResult,
  atMs: number,
): Pick<NodeStatus, "writes" | "lastWrite"> {
  const { writes = 0, lastWrite } = before ?? {};
  return written === undefined ? { writes, lastWrite } : { writes: writes + 1, lastWrite: { atMs, reason: written } };
}
