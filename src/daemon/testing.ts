// What the daemon's tests share: answers of the chain, and a node that is a folder with a fake kernel.

import { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import { type FakeKernel, fakeKernel } from "../dataplane/testing.ts";
import type { PodCIDRAnswer, PodCIDRSource } from "../podcidr/answer.ts";
import type { System } from "../sys/system.ts";
import { type FakeClock, fakeClock, memoryLog, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { type ConditionStore, createConditionStore } from "./condition-store.ts";
import { createPasses, type Passes } from "./pass.ts";

/** An answer of the chain, authoritative as its source is. */
export function answerOf(
  source: PodCIDRSource,
  podCIDRs: readonly string[],
  parts: Partial<PodCIDRAnswer> = {},
): PodCIDRAnswer {
  return {
    nodeName: "node-1",
    podCIDRs: new PodCIDRs(podCIDRs.map(parsePrefix)),
    source,
    file: undefined,
    line: undefined,
    authoritative: source !== "hash" && source !== "default",
    clusterCIDRs: [],
    serviceCIDRs: [],
    warnings: [],
    trace: [],
    ...parts,
  };
}

export interface FakeNode extends Disposable {
  readonly root: TempRoot;
  readonly kernel: FakeKernel;
  readonly clock: FakeClock;
  readonly log: ReturnType<typeof memoryLog>;
  readonly system: System;
  readonly conditions: ConditionStore;
  /** A daemon's passes on this node; call again for a restarted daemon. */
  start(): Passes;
  codes(): readonly string[];
}

export const conflistPath = "/etc/cni/net.d/10-headcni.conflist";

/** A node with the two plugins and nothing that says a PodCIDR. */
export function fakeNode(): FakeNode {
  const root = tempRoot();
  for (const plugin of ["bridge", "host-local"]) root.write(`/opt/cni/bin/${plugin}`, "", 0o755);
  root.write("/headcni-daemon", "the executable", 0o755);
  root.write("/etc/hostname", "node-1\n");
  const kernel = fakeKernel();
  const clock = fakeClock();
  const log = memoryLog();
  const system = testSystem(root, { exec: kernel.exec, clock, log });
  let conditions = createConditionStore(system);
  return {
    root,
    kernel,
    clock,
    log,
    system,
    get conditions() {
      return conditions;
    },
    start: () => {
      conditions = createConditionStore(system);
      return createPasses(system, conditions, {
        onConfig: async () => undefined,
        executable: `${root.path}/headcni-daemon`,
      });
    },
    codes: () => conditions.list().map(({ code }) => code),
    [Symbol.dispose]: () => root[Symbol.dispose](),
  };
}
