// The demo's three machines and the tailnet between them: two behind NATs of their own where the real programs are here, all of them on
// one wire of the lab where they are not.

import { renderTable } from "../../src/cli/table.ts";
import { kubeadmFiles } from "../../test/harness/kubeadm.ts";
import { createNode, type Node } from "../../test/harness/node.ts";
import { type Tailscaled, type TestTailnet, tailnets } from "../../test/tailnet/tailnets.ts";

export interface Machine {
  readonly node: Node;
  readonly podCIDR: string;
  /** In words: where its PodCIDR is said. */
  readonly saidBy: string;
  /** Behind a NAT with this network, on the real tailnet. */
  readonly lan: string | undefined;
  tailscaled: Tailscaled | undefined;
}

export interface Machines extends AsyncDisposable {
  readonly list: readonly [Machine, Machine, Machine];
  readonly tailnet: TestTailnet;
  /** `real`: tailscaled and Headscale themselves; `lab`: their stand-in. */
  readonly kind: "lab" | "real";
}

const configFile = "/etc/headcni/config.yaml";

export async function createMachines(): Promise<Machines> {
  const kind = tailnets.at(-1);
  if (kind === undefined) throw new Error("There is no tailnet to be had, not even the lab's");
  const tailnet = await kind.create();
  const made: Node[] = [];
  const machine = async (name: string, files: Readonly<Record<string, string>>): Promise<Node> => {
    const node = await createNode({ name, files });
    made.push(node);
    return node;
  };
  const dispose = async (): Promise<void> => {
    for (const node of made) await node[Symbol.asyncDispose]();
    await tailnet[Symbol.asyncDispose]();
  };
  try {
    const list = [
      {
        node: await machine("cloud-1", kubeadmFiles({ podCIDR: "10.244.1.0/24" })),
        podCIDR: "10.244.1.0/24",
        saidBy: "its kubelet's configuration",
        lan: undefined,
        tailscaled: undefined,
      },
      {
        node: await machine("home-1", { "/run/flannel/subnet.env": flannel("10.244.2.1/24") }),
        podCIDR: "10.244.2.0/24",
        saidBy: "what flannel left",
        lan: "192.168.7.0/24",
        tailscaled: undefined,
      },
      {
        node: await machine("home-2", {}),
        podCIDR: "10.244.3.0/24",
        saidBy: "our own configuration",
        lan: "192.168.8.0/24",
        tailscaled: undefined,
      },
    ] as const;
    return { list, tailnet, kind: kind.name, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function flannel(gateway: string): string {
  return `FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=${gateway}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n`;
}

/** The one file each machine gets from us, and the key it names. */
export async function writeConfig({ node, podCIDR, saidBy }: Machine, tailnet: TestTailnet): Promise<void> {
  const isOurs = saidBy === "our own configuration";
  const network = isOurs ? `network:\n  podCIDR: { nodeLocal: ${podCIDR}, base: 10.244.0.0/16 }\n` : "";
  const login = `tailscale:\n  login: { server: "${tailnet.controlURL}", authKeyFile: /etc/headcni/tailscale.key }\n`;
  node.write("/etc/headcni/tailscale.key", await tailnet.authKey());
  await node.must(["chmod", "600", "/etc/headcni/tailscale.key"]);
  node.write(configFile, `${network}${login}`);
}

export function machineTable({ list, kind }: Machines): string {
  return renderTable(
    ["machine", "where", "who says its PodCIDR"],
    list.map(({ node, saidBy, lan }) => {
      if (kind === "lab") return [node.name, "on one wire with the others", saidBy];
      return [node.name, lan === undefined ? "in the open" : `behind a NAT of its own, ${lan}`, saidBy];
    }),
  );
}
