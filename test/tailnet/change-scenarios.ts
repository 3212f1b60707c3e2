// What changes around pods that talk: strangers on the tailnet, another PodCIDR, a node taken out at the control server, who masquerades,
// which iptables the host has.

import { expect } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { conditionCodes } from "../daemon/daemon.ts";
import { addPod, removePod } from "../daemon/pods.ts";
import { conflistPath } from "../harness/headcni.ts";
import { createNode, type Node } from "../harness/node.ts";
import { localApi, patchPrefs } from "../harness/tailnet/tailscaled.ts";
import { startWhoPod, stopWhoPod } from "../harness/tailnet/who.ts";
import { allPairs, type Member, patienceMs, podCIDRsOf, servers, writeConfig } from "./cluster.ts";
import { both, type Scenario, type Stage } from "./scenario.ts";

function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  return waitUntil(what, condition, patienceMs);
}

async function prefsOf({ node }: Member): Promise<{ readonly AdvertiseRoutes: readonly string[] | null }> {
  return JSON.parse((await localApi(node, "/localapi/v0/prefs")) || "{}");
}

/** What the control server calls it; "" for one that is logged in nowhere. */
async function idOf({ node }: Member): Promise<string> {
  const { Self } = JSON.parse((await localApi(node, "/localapi/v0/status")) || "{}");
  return Self?.ID ?? "";
}

async function shows(node: Node, command: string): Promise<string> {
  return (await node.run(["sh", "-c", command])).stdout;
}

/** Gives a node without pods another PodCIDR, and a pod out of that. */
async function renumber({ cluster, members }: Stage, member: Member, number: number): Promise<void> {
  const podCIDRs = podCIDRsOf(number);
  const before = subnetsIn(member);
  await stopWhoPod(member.pod);
  writeConfig(member.node, cluster.tailnet, { podCIDRs });
  await until("the conflist has the new PodCIDR", () => subnetsIn(member) !== before);
  await until("it alone is offered", async () => {
    const { AdvertiseRoutes } = await prefsOf(member);
    return String(AdvertiseRoutes?.toSorted()) === String(podCIDRs.toSorted());
  });
  // The bridge follows; a kubelet would try again meanwhile.
  await until("the bridge has the gateway", async () => {
    const addresses = await shows(member.node, "ip -o addr show dev headcni0");
    return addresses.includes(`10.244.${number}.1/24`) && addresses.includes(`fd00:244:0:${number}::1/64`);
  });
  member.pod = await startWhoPod(member.node, member.pod.name);
  await allPairs(members);
}

function subnetsIn({ node }: Member): string {
  return JSON.stringify(JSON.parse(node.read(conflistPath)).plugins[0].ipam);
}

export const changeScenarios: readonly Scenario[] = [
  {
    name: "a stranger advertises a node's PodCIDR, and a range around all of them",
    on: both,
    play: async ({ members, cluster: { tailnet } }) => {
      const [one, two, three] = members;
      await using node = await createNode({ name: "stranger" });
      const stranger = await tailnet.joinStranger(node, [three.podCIDR, "10.244.0.0/20"]);
      await until("the range around is seen", async () =>
        (await conditionCodes(one.node)).includes("PodCIDRSwallowed"),
      );
      await allPairs(members);
      // While its owner is away, the block is the stranger's, and stays so.
      await three.tailscaled.stop();
      await until("the block is the stranger's", async () =>
        (await servers(one.node, three.podCIDR)).includes("stranger"),
      );
      await three.tailscaled.start();
      await until("the other's claim is seen", async () =>
        (await conditionCodes(three.node)).includes("AssignedPodCIDRContested"),
      );
      expect(await three.pod.asks(three.pod)).toBe(three.pod.address);
      await allPairs([one, two]);
      await stranger.stop();
      await tailnet.remove(node);
      await allPairs(members);
    },
  },
  {
    name: "a node gets another PodCIDR, and its old one back",
    on: both,
    play: async (stage) => {
      const [one, , three] = stage.members;
      await renumber(stage, three, 33);
      const [table, sets] = [
        () => shows(one.node, "ip route show table 52; ip -6 route show table 52"),
        () => shows(one.node, "nft list table inet headcni"),
      ];
      await until("the old route is gone", async () => !(await table()).includes(three.podCIDR));
      for (const podCIDR of podCIDRsOf(33)) expect(await table()).toContain(`${podCIDR} dev tailscale0`);
      await until("the old one is not kept", async () => !(await sets()).includes("10.244.3.0/24"));
      expect(await sets()).toContain("10.244.33.0/24");
      const rules = await shows(three.node, "ip rule; ip -6 rule");
      for (const podCIDR of podCIDRsOf(33)) expect(rules).toContain(`5200:	from all to ${podCIDR} lookup main`);
      for (const podCIDR of three.podCIDRs) expect(rules).not.toContain(` ${podCIDR} `);
      await renumber(stage, three, 3);
    },
  },
  {
    name: "a node is taken out at the control server, and comes back by itself",
    on: both,
    play: async ({ members, cluster: { tailnet }, outage }) => {
      const [one, two] = members;
      // tailscaled forgets the key it logged in with: only then is the configured login needed.
      const forgetKey = async (): Promise<void> => {
        await two.tailscaled.stop();
        await two.tailscaled.start();
        await allPairs(members);
      };
      const removed = async (): Promise<void> => {
        const before = await idOf(two);
        await tailnet.remove(two.node);
        // Headscale tells it nothing up to 0.29: that no node answers is seen within a minute, and borne for half a one. The lab
        // tells it at once, so that it may be back before a pod can miss it.
        await waitUntil(
          "it is another node of the tailnet",
          async () => !["", before].includes(await idOf(two)),
          4 * patienceMs,
        );
        await until("it is back", async () => (await one.pod.asks(two.pod)) !== "");
        await allPairs(members);
      };
      await outage("node removed at the control server, until it has logged in again", removed, forgetKey);
    },
  },
  {
    name: "tailscaled's masquerading is off, and on again",
    on: both,
    play: async ({ members }) => {
      for (const NoSNAT of [true, false]) {
        for (const { node } of members) await patchPrefs(node, { NoSNAT });
        await allPairs(members);
      }
    },
  },
  {
    name: "nobody masquerades, the daemon does, and the bridge plugin again",
    on: both,
    play: async ({ members, cluster: { tailnet } }) => {
      for (const masquerade of ["none", "daemon", "bridge"] as const) {
        const isMasq = masquerade === "bridge";
        const pods = await Promise.all(
          members.map(async ({ node, podCIDRs, pod }) => {
            writeConfig(node, tailnet, { podCIDRs, masquerade });
            const ipMasq = (): boolean => JSON.parse(node.read(conflistPath)).plugins[0].ipMasq === true;
            const rules = () => shows(node, "nft list table inet headcni");
            await until(`${masquerade} masquerades`, async () => {
              return ipMasq() === isMasq && (await rules()).includes(" masquerade") === (masquerade === "daemon");
            });
            return startWhoPod(node, `${pod.name}-${masquerade}`);
          }),
        );
        await allPairs(members, ...pods);
        for (const pod of pods) await stopWhoPod(pod);
      }
    },
  },
  {
    name: "tailscaled has its rules in nftables, as iptables does not know them",
    on: both,
    play: async ({ members, cluster: { tailnet } }) => {
      const [one] = members;
      const { node, podCIDRs } = one;
      const has = async (code: string): Promise<boolean> => (await conditionCodes(node)).includes(code);
      const rewrite = (rule: (family: string) => string): Promise<string> => {
        const chain = (family: string) => `nft flush chain ${family} nat ts-postrouting`;
        return node.must(["sh", "-ec", ["ip", "ip6"].map((family) => `${chain(family)}\n${rule(family)}`).join("\n")]);
      };
      // As in its nftables mode.
      const mark = "meta mark and 0xff0000 == 0x40000";
      await rewrite((family) => `nft add rule ${family} nat ts-postrouting ${mark} counter masquerade`);
      await until("it says so", () => has("BridgeCannotMasquerade"));
      await expect(addPod(node, "pod-refused")).rejects.toThrow("is incompatible, use 'nft' tool");
      writeConfig(node, tailnet, { podCIDRs, masquerade: "daemon" });
      await until("all is well", async () => (await conditionCodes(node)).length === 0);
      await removePod(node, "pod-refused");
      const pod = await startWhoPod(node, "pod-nftables");
      await allPairs(members, pod);
      await stopWhoPod(pod);
      const masquerade = "-t nat -A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE";
      await rewrite((family) => `${family === "ip" ? "iptables" : "ip6tables"} ${masquerade}`);
      writeConfig(node, tailnet, { podCIDRs });
      await until("the plugin masquerades again", () => JSON.parse(node.read(conflistPath)).plugins[0].ipMasq === true);
      await until("all is well again", async () => (await conditionCodes(node)).length === 0);
    },
  },
  {
    name: "the host has iptables-legacy, and drops what it forwards",
    on: both,
    play: async ({ members }) => {
      const [one] = members;
      const use = async (backend: "legacy" | "nft"): Promise<void> => {
        await one.tailscaled.stop();
        const programs = ["iptables", "ip6tables"].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);
        const links = programs.map((name) => {
          return `ln -sf /usr/sbin/${name.replace("tables", `tables-${backend}`)} /etc/alternatives/${name}`;
        });
        const policy = backend === "legacy" ? "DROP" : "ACCEPT";
        const policies = ["iptables", "ip6tables"].map((name) => `${name}-legacy -P FORWARD ${policy}`);
        await one.node.must(["sh", "-ec", [...links, ...policies].join("\n")]);
        await one.tailscaled.start();
      };
      await use("legacy");
      await until("tailscaled has its chains there", async () =>
        (await shows(one.node, "iptables-legacy -S FORWARD")).includes("-j ts-forward"),
      );
      const pod = await startWhoPod(one.node, "pod-legacy");
      await allPairs(members, pod);
      await stopWhoPod(pod);
      await use("nft");
      await allPairs(members);
    },
  },
];
