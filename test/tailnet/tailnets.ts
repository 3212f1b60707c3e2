// The two tailnets that scenarios run on, behind one face: the lab, and the real programs where this machine has them.

import { createNode, type Node } from "../harness/node.ts";
import { startHeadscale } from "../harness/tailnet/headscale.ts";
import { findTailnetPrograms, type TailnetPrograms } from "../harness/tailnet/programs.ts";
import { startTailscaled } from "../harness/tailnet/tailscaled.ts";
import { createWan } from "../harness/tailnet/wan.ts";
import { createLabTailnet } from "../lab/lab.ts";

export interface Tailscaled {
  /** As systemd would stop it: it takes out what it put into the kernel. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** After it ended. */
  start(): Promise<void>;
}

export interface TestTailnet extends AsyncDisposable {
  readonly controlURL: string;
  authKey(): Promise<string>;
  /**
   * Wires the node to the others and starts its tailscaled, which is logged in nowhere.
   * @param lan such as `192.168.7.0/24`: puts a NAT with this network between them, where the tailnet is the real one
   */
  join(node: Node, lan?: string): Promise<Tailscaled>;
  /** Stops and starts the control server. */
  setControl(is: "up" | "down"): Promise<void>;
}

export interface TailnetKind {
  readonly name: "lab" | "real";
  create(): Promise<TestTailnet>;
}

const programs = findTailnetPrograms();
if (typeof programs === "string") console.log(`    on the lab tailnet only: ${programs}`);

/** Those that this machine can play. */
export const tailnets: readonly TailnetKind[] = [
  { name: "lab", create: createLab },
  ...(typeof programs === "string" ? [] : [{ name: "real" as const, create: () => createReal(programs) }]),
];

async function createLab(): Promise<TestTailnet> {
  const tailnet = await createLabTailnet();
  const { control } = tailnet;
  return {
    controlURL: control.url,
    authKey: async () => control.key,
    join: async (node) => {
      const lab = await tailnet.start(node);
      return {
        stop: () => tailnet.end(lab, "stop"),
        kill: () => tailnet.end(lab, "kill"),
        start: async () => {
          await tailnet.start(node);
        },
      };
    },
    setControl: async (is) => control.setUp(is === "up"),
    [Symbol.asyncDispose]: () => tailnet[Symbol.asyncDispose](),
  };
}

/** Headscale in a node of its own, and wires from each node to it. */
export async function createReal({ headscale, tailscaled }: TailnetPrograms): Promise<TestTailnet> {
  const center = await createNode({ name: "control" });
  const wan = await createWan(center);
  const control = await startHeadscale(center, headscale, { address: wan.address });
  const routers: Node[] = [];
  const addRouter = async (name: string): Promise<Node> => {
    const router = await createNode({ name });
    routers.push(router);
    await wan.attach(router);
    return router;
  };
  return {
    controlURL: control.url,
    authKey: () => control.authKey(),
    join: async (node, lan) => {
      if (lan === undefined) await wan.attach(node);
      else await wan.attachBehind(node, await addRouter(`router-${routers.length + 1}`), lan);
      let process = await startTailscaled(node, tailscaled);
      return {
        stop: async () => {
          await process.stop(15_000);
        },
        kill: async () => {
          process.kill("SIGKILL");
          await process.exited;
        },
        start: async () => {
          process = await startTailscaled(node, tailscaled);
        },
      };
    },
    setControl: async (is) => {
      if (is === "up") return control.restart();
      await control.process.stop();
    },
    [Symbol.asyncDispose]: async () => {
      for (const node of [...routers, center]) await node[Symbol.asyncDispose]();
    },
  };
}
