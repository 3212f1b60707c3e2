// The two tailnets that scenarios run on, behind one face: the lab, and the real programs where this machine has them.

import { basename } from "../../src/sys/fs/path.ts";
import { createNode, type Node } from "../harness/node.ts";
import { type Relay, startHeadscale } from "../harness/tailnet/headscale.ts";
import { joinTailnet } from "../harness/tailnet/join.ts";
import { findHeadscales, findTailnetPrograms, type TailnetPrograms } from "../harness/tailnet/programs.ts";
import { startTailscaled } from "../harness/tailnet/tailscaled.ts";
import { createWan } from "../harness/tailnet/wan.ts";
import { createLabTailnet } from "../lab/lab.ts";
import { type HeadscaleAccess, labHeadscale, realHeadscale } from "./headscale-access.ts";

export interface Tailscaled {
  /** As systemd would stop it: it takes out what it put into the kernel. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** After it ended. */
  start(): Promise<void>;
}

export interface TestTailnet extends AsyncDisposable {
  readonly controlURL: string;
  readonly headscale: HeadscaleAccess;
  authKey(): Promise<string>;
  /**
   * Wires the node to the others and starts its tailscaled, which is logged in nowhere.
   * @param lan such as `192.168.7.0/24`: puts a NAT with this network between them, where the tailnet is the real one
   */
  join(node: Node, lan?: string): Promise<Tailscaled>;
  /** The same for a node without HeadCNI, logged in, whose routes are approved. */
  joinStranger(node: Node, routes: readonly string[]): Promise<Tailscaled>;
  /** Takes a node out at the control server. */
  remove(node: Node): Promise<void>;
  /** Stops and starts the control server. */
  setControl(is: "up" | "down"): Promise<void>;
  /** Ends one node's session with the control server, which knows that it ended, and keeps it from another one. */
  setSession(node: Node, is: "up" | "cut"): Promise<void>;
}

export interface TailnetOptions {
  /** What the policy approves of nodes' routes. @default 10.244.0.0/16 and fd00:244::/48 */
  readonly approves?: readonly string[];
  /** `unreachable`: the only relay, and with it the only STUN server, is where nothing is; the lab plays no relays. @default own */
  readonly relay?: Relay | undefined;
}

export interface TailnetKind {
  readonly name: "lab" | "real";
  /** The program beside it, where it is a real one. */
  readonly title: string;
  create(options?: TailnetOptions): Promise<TestTailnet>;
}

const programs = findTailnetPrograms();
if (typeof programs === "string") console.log(`    on the lab tailnet only: ${programs}`);

const labKind: TailnetKind = { name: "lab", title: "lab", create: createLab };
const realKinds =
  typeof programs === "string"
    ? []
    : findHeadscales().map((headscale): TailnetKind => {
        const real = { ...programs, headscale };
        const title = `real (${basename(headscale)})`;
        return { name: "real", title, create: (options) => createReal(real, options) };
      });

/** Those that this machine can play: the real one with each Headscale, whose generations do some things each in their way. */
export const tailnets: readonly TailnetKind[] = [labKind, ...realKinds];

const usuallyApproved = ["10.244.0.0/16", "fd00:244::/48"];

async function createLab({ approves = usuallyApproved }: TailnetOptions = {}): Promise<TestTailnet> {
  const tailnet = await createLabTailnet();
  const { control } = tailnet;
  control.setApproves(...approves);
  const idOf = (node: Node): number => control.nodes().find(({ name }) => name === node.name)?.id ?? 0;
  const join = async (node: Node) => {
    const lab = await tailnet.start(node);
    const tailscaled: Tailscaled = {
      stop: () => tailnet.end(lab, "stop"),
      kill: () => tailnet.end(lab, "kill"),
      start: async () => {
        await tailnet.start(node);
      },
    };
    return { lab, tailscaled };
  };
  return {
    controlURL: control.url,
    headscale: labHeadscale(tailnet),
    authKey: async () => control.key,
    join: async (node) => (await join(node)).tailscaled,
    joinStranger: async (node, routes) => {
      const { lab, tailscaled } = await join(node);
      const prefs = { ...lab.prefs, ControlURL: control.url, WantRunning: true, AdvertiseRoutes: routes };
      await lab.startWith(control.key, prefs);
      await lab.logInInteractive();
      return tailscaled;
    },
    remove: async (node) => control.remove(idOf(node)),
    setControl: async (is) => control.setUp(is === "up"),
    setSession: async (node, is) => control.setOnline(idOf(node), is === "up"),
    [Symbol.asyncDispose]: () => tailnet[Symbol.asyncDispose](),
  };
}

/** Headscale in a node of its own, and wires from each node to it. */
export async function createReal(
  { headscale, tailscaled }: TailnetPrograms,
  { approves = usuallyApproved, relay }: TailnetOptions = {},
): Promise<TestTailnet> {
  const center = await createNode({ name: "control" });
  const wan = await createWan(center);
  const control = await startHeadscale(center, headscale, { address: wan.address, approves, relay });
  const routers: Node[] = [];
  const addRouter = async (name: string): Promise<Node> => {
    const router = await createNode({ name });
    routers.push(router);
    await wan.attach(router);
    return router;
  };
  const join = async (node: Node, lan?: string): Promise<Tailscaled> => {
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
  };
  return {
    controlURL: control.url,
    headscale: realHeadscale(control),
    authKey: () => control.authKey(),
    join,
    joinStranger: async (node, routes) => {
      const joined = await join(node);
      await joinTailnet(node, { headscale: control, advertiseRoutes: routes });
      return joined;
    },
    remove: async (node) => {
      const nodes: { id: number | string; name: string }[] = JSON.parse(
        await control.cli("nodes", "list", "-o", "json"),
      );
      const id = nodes.find(({ name }) => name === node.name)?.id;
      await control.cli("nodes", "delete", "--identifier", String(id), "--force");
    },
    setControl: async (is) => {
      if (is === "up") return control.restart();
      await control.process.stop();
    },
    setSession: async (node, is) => {
      if (is === "up") {
        await node.must(["nft", "delete", "table", "ip", "cut"]);
        return;
      }
      await node.must(["nft", "-f", "-"], { stdin: cutRules(wan.address) });
      // What the server sends next is refused, which ends the session for it: it sends when a node comes or goes.
      const guest = await createNode({ name: "guest" });
      routers.push(guest);
      await wan.attach(guest);
      await startTailscaled(guest, tailscaled);
      await joinTailnet(guest, { headscale: control });
    },
    [Symbol.asyncDispose]: async () => {
      for (const node of [...routers, center]) await node[Symbol.asyncDispose]();
    },
  };
}

/** Refused, and not dropped: the server must hear of it, which it does not of a silent loss for minutes. */
function cutRules(server: string): string {
  const chain = "type filter hook input priority -10;";
  return `table ip cut { chain input { ${chain} ip saddr ${server} tcp sport 8080 reject with tcp reset; }\n}\n`;
}
