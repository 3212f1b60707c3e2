// What breaks, or is broken, beneath pods that talk: rules, chains and routes flushed, programs stopped and killed, the control server
// out of reach. All of it heals by itself, and nothing leaves in clear meanwhile.

import { expect } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon } from "../daemon/daemon.ts";
import type { Node } from "../harness/node.ts";
import { nodeAsks } from "../harness/tailnet/who.ts";
import { allPairs, type Member, patienceMs } from "./cluster.ts";
import { both, type Scenario } from "./scenario.ts";

const toggleFile = "/var/lib/headcni/tailscale-toggle.json";

function shell(node: Node, ...lines: readonly string[]): Promise<string> {
  return node.must(["sh", "-c", lines.join("\n")]);
}

async function has(node: Node, command: string, text: string): Promise<boolean> {
  return (await node.run(["sh", "-c", command])).stdout.includes(text);
}

function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  return waitUntil(what, condition, patienceMs);
}

/** Everything tailscaled has in the kernel is back, and no half change is left. */
async function tailscaledIsWhole({ node }: Member, peer: Member): Promise<void> {
  await until("tailscaled's chains are back", () => has(node, "iptables -S FORWARD", "-j ts-forward"));
  await until("the peer's route is back", () => has(node, "ip route show table 52", peer.podCIDR));
  await until("the peer's own address is reached", async () => (await nodeAsks(node, peer.pod)).startsWith("100.64."));
  await until("nothing is left to finish", async () => !node.exists(toggleFile));
}

export const faultScenarios: readonly Scenario[] = [
  {
    name: "rules and table are flushed",
    on: both,
    play: async ({ members: [one, two], outage }) => {
      const numbers = [5200, 5210, 5230, 5250, 5270, 5280, 5281];
      await outage("routing rules deleted, all of them", async () => {
        await shell(one.node, ...numbers.map((number) => `ip rule del pref ${number}`), "true");
        await allPairs([one, two]);
      });
      await outage("table inet headcni deleted", async () => {
        await one.node.must(["nft", "delete", "table", "inet", "headcni"]);
        await allPairs([one, two]);
      });
    },
  },
  {
    name: "iptables are flushed while FORWARD drops",
    on: both,
    play: async ({ members, outage }) => {
      const [one, two] = members;
      await shell(one.node, "iptables -P FORWARD DROP", "ip6tables -P FORWARD DROP");
      await until("pods are let through", () => has(one.node, "iptables -S FORWARD", "--comment headcni"));
      await allPairs(members);
      await outage("iptables -F, FORWARD DROP", async () => {
        await shell(one.node, "iptables -F", "iptables -t nat -F");
        await until("tailscaled's chains are back", () => has(one.node, "iptables -S FORWARD", "-j ts-forward"));
      });
      await allPairs(members);
      await shell(one.node, "iptables -P FORWARD ACCEPT", "ip6tables -P FORWARD ACCEPT");
      await until(
        "the rules for it go",
        async () => !(await has(one.node, "iptables -S FORWARD", "--comment headcni")),
      );
      await tailscaledIsWhole(one, two);
    },
  },
  {
    name: "table 52 is flushed",
    on: both,
    play: async ({ members, outage }) => {
      const [one, two] = members;
      await outage("table 52 flushed", async () => {
        await one.node.must(["ip", "route", "flush", "table", "52"]);
        await until("the peer's route is back", () => has(one.node, "ip route show table 52", two.podCIDR));
      });
      await tailscaledIsWhole(one, two);
      await allPairs(members);
    },
  },
  {
    name: "chains and routes are lost while no daemon runs",
    on: both,
    play: async ({ members }) => {
      const [one, two] = members;
      await one.daemon.stop();
      await shell(one.node, "iptables -F", `ip route del ${two.podCIDR} table 52`);
      expect(await one.pod.asks(two.pod)).toBe("");
      one.daemon = await bootDaemon(one.node);
      await tailscaledIsWhole(one, two);
      await allPairs(members);
    },
  },
  {
    name: "a node comes up again before its tailscaled",
    on: both,
    play: async ({ members, outage }) => {
      const [one, two, three] = members;
      const way = async (): Promise<string> => {
        const argv = ["ip", "route", "get", three.pod.address, "from", two.pod.address, "iif", "headcni0"];
        return (await two.node.run(argv)).stdout;
      };
      await outage("node up again with its tailscaled stopped, until that is started", async () => {
        await two.daemon.stop();
        await two.tailscaled.stop();
        // What a reboot leaves in the kernel.
        await shell(two.node, "nft delete table inet headcni", "for p in 5200 5280 5281; do ip rule del pref $p; done");
        await shell(two.node, "for p in 5200 5280 5281; do ip -6 rule del pref $p; done");
        await two.node.run(["ip", "route", "add", "default", "dev", "lo"]);
        expect(await way()).not.toBe("");
        two.daemon = await bootDaemon(two.node);
        expect(await way()).toBe("");
        expect(await has(two.node, "nft list table inet headcni", three.podCIDR)).toBe(true);
        await two.node.run(["ip", "route", "del", "default", "dev", "lo"]);
        await two.tailscaled.start();
        await allPairs(members);
      });
      expect(await nodeAsks(one.node, two.pod)).toMatch(/^100\.64\./);
    },
  },
  {
    name: "tailscaled is restarted and killed",
    on: both,
    play: async ({ members, outage }) => {
      const [, two] = members;
      await outage("tailscaled stopped and started", async () => {
        await two.tailscaled.stop();
        await two.tailscaled.start();
      });
      await allPairs(members);
      await outage("tailscaled killed and started", async () => {
        await two.tailscaled.kill();
        await two.tailscaled.start();
      });
      await allPairs(members);
    },
  },
  {
    name: "the daemon is stopped, killed and started",
    on: both,
    play: async ({ members, outage }) => {
      const [one] = members;
      await outage("daemon stopped and started", async () => {
        await one.daemon.stop();
        one.daemon = await bootDaemon(one.node);
      });
      await outage("daemon killed and started", async () => {
        one.daemon.kill("SIGKILL");
        await one.daemon.exited;
        one.daemon = await bootDaemon(one.node);
      });
      await allPairs(members);
    },
  },
  {
    name: "the control server is stopped and restarted",
    on: both,
    play: async ({ members, cluster: { tailnet }, outage }) => {
      await outage("control server stopped and started", async () => {
        await tailnet.setControl("down");
        await allPairs(members);
        await tailnet.setControl("up");
      });
      await allPairs(members);
    },
  },
  {
    name: "tailscaled is restarted while the control server is down",
    on: both,
    play: async ({ members, cluster: { tailnet }, outage }) => {
      const [one, two, three] = members;
      await outage("tailscaled restarted with the control server down, until both are back", async () => {
        await tailnet.setControl("down");
        await one.tailscaled.stop();
        await one.tailscaled.start();
        expect(await one.pod.asks(two.pod)).toBe("");
        await allPairs([two, three]);
        await tailnet.setControl("up");
        await allPairs(members);
      });
    },
  },
  {
    name: "a node's own session with the control server is cut",
    on: both,
    play: async ({ members, cluster: { tailnet }, outage }) => {
      const [one, two, three] = members;
      await outage("own session with the control server cut until pods are out of reach, and back", async () => {
        await tailnet.setSession(one.node, "cut");
        try {
          await until("its pod is out of reach", async () => (await two.pod.asks(one.pod)) === "");
          await allPairs([two, three]);
        } finally {
          await tailnet.setSession(one.node, "up");
        }
        await allPairs(members);
      });
    },
  },
];
