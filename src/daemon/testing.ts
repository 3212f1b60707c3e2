// What the daemon's tests share: a node that is a folder with a fake kernel, and a daemon on it whose agents make steps when they
// are told to.

import type { ConditionStore } from "../agent/condition-store.ts";
import { onceAll } from "../agent/supervisor.ts";
import { type FakeKernel, fakeKernel } from "../dataplane/testing.ts";
import { fakeMonitor } from "../kernel/testing.ts";
import type { System } from "../sys/system.ts";
import { type FakeClock, fakeClock, memoryLog, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { type Agents, createAgents } from "./agents.ts";
import { type AgentDocument, type StatusDocument, statusDocument } from "./status.ts";

export interface FakeDaemon extends Agents {
  /** One step of each agent. Aborting `stop` ends it in the middle. */
  reconcile(stop?: AbortSignal): Promise<void>;
  document(): StatusDocument;
  /** What an agent shows of its resource. */
  status(agent: string): AgentDocument["status"];
}

export interface FakeNode extends Disposable {
  readonly root: TempRoot;
  readonly kernel: FakeKernel;
  readonly clock: FakeClock;
  readonly log: ReturnType<typeof memoryLog>;
  readonly system: System;
  /** Those of the daemon that was started last. */
  readonly conditions: ConditionStore;
  /** A daemon on this node; call again for a restarted one. @param parts what this daemon's machine has instead */
  start(parts?: Partial<System>): FakeDaemon;
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
  const system = testSystem(root, { exec: kernel.exec, follow: fakeMonitor().follow, clock, log });
  const start = (parts: Partial<System> = {}): FakeDaemon => startDaemon({ ...system, ...parts }, root);
  let daemon = start();
  return {
    root,
    kernel,
    clock,
    log,
    system,
    get conditions() {
      return daemon.conditions;
    },
    start: (parts) => {
      daemon = start(parts);
      return daemon;
    },
    codes: () => daemon.conditions.list().map(({ code }) => code),
    [Symbol.dispose]: () => root[Symbol.dispose](),
  };
}

function startDaemon(system: System, root: TempRoot): FakeDaemon {
  const agents = createAgents(system, {
    flags: {},
    configureLog: async () => undefined,
    executable: `${root.path}/headcni-daemon`,
    process: { pid: 42, startedAtMs: system.clock.now() },
  });
  let hasStarted = false;
  const document = (): StatusDocument => statusDocument(agents.facts());
  return {
    ...agents,
    reconcile: async (signal = new AbortController().signal) => {
      if (!hasStarted) await onceAll(system, agents.list, { signal, stopMs: 1000 });
      else for (const agent of agents.list) await agent.once(signal, Promise.resolve());
      hasStarted = true;
    },
    document,
    status: (name) => document().agents[name]?.status ?? {},
  };
}
