// One who approves and goes on doing so: keeps the connection while configuration and key are the same, and makes of each failure a
// condition. The agents of the daemon and of the controller are made of it.

import { type Condition, failureOf } from "../../agent/conditions.ts";
import type { RecordMetric } from "../../agent/metrics.ts";
import { throwIfStopping } from "../../agent/reconciler.ts";
import type { Config } from "../../config/config.ts";
import { expected } from "../../sys/errors.ts";
import { HttpError } from "../../sys/net/http-error.ts";
import type { System } from "../../sys/system.ts";
import { condition, failedConditions, refusalConditions } from "../conditions.ts";
import { connectByConfig } from "../connect-by-config.ts";
import type { HeadscaleApi } from "../headscale-api.ts";
import type { HeadscaleNode } from "../headscale-node.ts";
import { headscaleMetrics } from "../metrics.ts";
import { HeadscaleError } from "../rest/headscale-error.ts";
import type { ApprovalRules } from "./approval-rules.ts";
import { type ApprovalOutcome, approveDue } from "./approve-due.ts";

export interface ApproverStep {
  readonly settings: Config["headscale"];
  readonly rules: ApprovalRules;
  /** Of which nodes. @default all */
  readonly isMeant?: (node: HeadscaleNode) => boolean;
  /** What else is to be done with the nodes as they are then. */
  readonly then?: (api: HeadscaleApi, outcome: ApprovalOutcome) => Promise<void>;
}

export interface ApproverResult {
  /** Undefined when Headscale could not be asked. */
  readonly outcome: ApprovalOutcome | undefined;
  readonly conditions: readonly Condition[];
}

export interface Approver extends Disposable {
  /** Finds out how Headscale is to be asked, before there is something to ask. That it cannot be done is told by the step. */
  prepare(settings: Config["headscale"], signal: AbortSignal): Promise<void>;
  step(options: ApproverStep, signal: AbortSignal): Promise<ApproverResult>;
}

export function createApprover(system: System, record: RecordMetric): Approver {
  let open: { readonly fingerprint: string; readonly api: HeadscaleApi } | undefined;
  const close = (): void => {
    open?.api[Symbol.dispose]();
    open = undefined;
  };
  const connect = async (settings: Config["headscale"]): Promise<HeadscaleApi> => {
    const fingerprint = fingerprintOf(system, settings);
    if (open?.fingerprint !== fingerprint) {
      close();
      open = { fingerprint, api: await connectByConfig(system, settings) };
    }
    return open.api;
  };
  const approve = async (options: ApproverStep, signal: AbortSignal): Promise<ApproverResult> => {
    const { settings, rules, isMeant, then } = options;
    const api = await connect(settings);
    record(headscaleMetrics.lists, 1);
    const nodes = await api.nodes(signal);
    const outcome = await approveDue(api, { rules, nodes, isMeant }, signal);
    if (outcome.nodes !== nodes) record(headscaleMetrics.lists, 1);
    record(headscaleMetrics.approvals, outcome.approved.length);
    for (const { node, route } of outcome.approved) {
      system.log.info("RouteApproved", `Approved ${route} of ${node.name}`, { id: node.id });
    }
    await then?.(api, outcome);
    const { failed, refusals } = outcome;
    return { outcome, conditions: [...failedConditions(failed), ...refusalConditions(refusals, rules)] };
  };
  return {
    prepare: async (settings, signal) => {
      try {
        await (await connect(settings)).generation(signal);
      } catch (error) {
        throwIfStopping(signal);
        expected(error);
        close();
        system.log.debug(`Headscale cannot be asked yet: ${error.message}`);
      }
    },
    step: async (options, signal) => {
      try {
        return await approve(options, signal);
      } catch (error) {
        throwIfStopping(signal);
        close();
        const raised = conditionOf(error);
        record(headscaleMetrics.failures, 1, { failure: raised.code === "HeadscaleUnreachable" ? "other" : "key" });
        return { outcome: undefined, conditions: [raised] };
      }
    },
    [Symbol.dispose]: close,
  };
}

function conditionOf(error: unknown): Condition {
  expected(error);
  const failure = failureOf(error);
  if (error instanceof HeadscaleError) {
    return condition(error.failure === "key" ? "HeadscaleKeyRefused" : "HeadscaleUnreachable", failure);
  }
  return condition(error instanceof HttpError ? "HeadscaleUnreachable" : "HeadscaleSettingsUnusable", failure);
}

/** Another one when the configuration, the key's file or the CA's has changed. */
function fingerprintOf({ files }: System, { url, apiKeyFile, caFile }: Config["headscale"]): string {
  const stats = [apiKeyFile, caFile].map((path) => {
    const { inode, mtimeNs, sizeBytes } = (path === undefined ? undefined : files.stat(path)) ?? {};
    return [path, inode, String(mtimeNs), sizeBytes];
  });
  return JSON.stringify([url, stats]);
}
