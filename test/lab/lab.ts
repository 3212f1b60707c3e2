// The lab tailnet: for machines without the real programs, and for faults the real ones cannot be made to show. It plays LocalAPI, what
// tailscaled does to the kernel, and the control server's election; nothing of encryption, NAT traversal, relays or throughput.

import { realClock } from "../../src/sys/clock.ts";
import type { Node } from "../harness/node.ts";
import { createLabControl, type LabControl } from "./control.ts";
import { createLabHeadscaleRest, type LabHeadscaleRest } from "./headscale-rest.ts";
import { createHub, type Passage } from "./hub.ts";
import { type LocalApiServer, serveLocalApi } from "./local-api.ts";
import { LabTailscaled } from "./tailscaled.ts";

export interface LabTailnet extends AsyncDisposable {
  readonly control: LabControl;
  readonly rest: LabHeadscaleRest;
  /** Starts a tailscaled in the node, again after it ended. */
  start(node: Node): Promise<LabTailscaled>;
  end(lab: LabTailscaled, how: "stop" | "kill"): Promise<void>;
  /** Plays the pods' gateways of peers that are only in the control server's word. */
  answerFor(range: string): Promise<void>;
}

export async function createLabTailnet(version = "1.102.3-lab"): Promise<LabTailnet> {
  const hub = await createHub();
  const control = createLabControl("http://192.0.2.1:8080");
  const rest = createLabHeadscaleRest(control);
  const servers = new Map<LabTailscaled, LocalApiServer>();
  const known = new Map<Node, LabTailscaled>();

  let work: Promise<void> = Promise.resolve();
  const failures: unknown[] = [];
  const followOnce = async (): Promise<void> => {
    await Promise.all([...servers.keys()].map((lab) => lab.sync()));
    await passOn();
  };
  // One that fails must not hold up those after it; the end of the lab tells of it.
  const follow = (): void => {
    work = work.then(followOnce).catch((error: unknown) => {
      failures.push(error);
    });
  };
  const passOn = async (): Promise<void> => {
    const running = [...servers.keys()].filter((lab) => lab.isRunning);
    const routes = new Map<string, number>();
    for (const { self } of running) {
      if (self === undefined) continue;
      for (const to of [...self.addresses, ...control.primaryRoutes(self.id)]) routes.set(to, self.id);
    }
    await hub.set(
      routes,
      running.flatMap((from) => running.flatMap((to) => passage(from, to))),
    );
  };
  const passage = (from: LabTailscaled, to: LabTailscaled): Passage[] => {
    if (from === to || from.self === undefined || to.self === undefined) return [];
    const served = to.prefs.RouteAll === true ? control.primaryRoutes(from.self.id) : [];
    return [{ from: from.self.id, to: to.self.id, sources: [...from.self.addresses, ...served] }];
  };

  const stopListening = control.onChange(follow);
  const over = new AbortController();
  const mending = mendForever();
  async function mendForever(): Promise<void> {
    while (!over.signal.aborted) {
      await realClock.sleep(300, over.signal);
      if (!over.signal.aborted) await Promise.all([...servers.keys()].map((lab) => lab.mend()));
    }
  }

  const end = async (lab: LabTailscaled, how: "stop" | "kill"): Promise<void> => {
    await servers.get(lab)?.stop();
    servers.delete(lab);
    await lab.end(how);
    follow();
    await work;
  };
  return {
    control,
    rest,
    start: async (node) => {
      const lab = known.get(node) ?? new LabTailscaled({ node, control, hub, version });
      known.set(node, lab);
      await lab.start();
      servers.set(lab, serveLocalApi(lab));
      follow();
      return lab;
    },
    end,
    answerFor: hub.answerFor,
    [Symbol.asyncDispose]: async () => {
      stopListening();
      over.abort();
      const failed = [...failures];
      await mending;
      for (const lab of [...servers.keys()]) await end(lab, "stop");
      await hub[Symbol.asyncDispose]();
      await rest[Symbol.asyncDispose]();
      if (failed.length > 0) throw new AggregateError(failed, "The lab could not follow a change");
    },
  };
}
