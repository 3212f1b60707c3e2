import { describe, expect, test } from "bun:test";
import { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import { createSystem } from "../sys/system.ts";
import { holdsMasquerade, renderMasquerade } from "./masquerade.ts";
import { applyMasquerade, cleanUpMasquerade } from "./masquerade-rules.ts";
import { fakeKernel } from "./testing.ts";

const plan = (podCIDRs: string[], clusterCIDRs: string[] = []) => ({
  podCIDRs: new PodCIDRs(podCIDRs.map(parsePrefix)),
  clusterCIDRs: clusterCIDRs.map(parsePrefix),
});

/** The rules without mark, hook and braces. */
function bodies(script: string): string[] {
  return script.split("\n").flatMap((line) => / {4}(.*) comment ".*"$/.exec(line)?.[1] ?? []);
}

describe("renderMasquerade()", () => {
  test("keeps the pod's address within the cluster and towards multicast", () => {
    expect(bodies(renderMasquerade(plan(["10.1.2.0/24"], ["10.1.0.0/16"])).script)).toEqual([
      'ip saddr 10.1.2.0/24 oifname "headcni0" return',
      "ip saddr 10.1.2.0/24 ip daddr 10.1.0.0/16 return",
      "ip saddr 10.1.2.0/24 ip daddr 224.0.0.0/4 return",
      "ip saddr 10.1.2.0/24 masquerade",
    ]);
  });

  test("keeps at least the node's own PodCIDR when the cluster's is not known", () => {
    expect(bodies(renderMasquerade(plan(["10.1.2.0/24"])).script)).toContain(
      "ip saddr 10.1.2.0/24 ip daddr 10.1.2.0/24 return",
    );
  });

  test("treats each family by itself", () => {
    expect(bodies(renderMasquerade(plan(["10.1.2.0/24", "fd00:1::/64"], ["fd00::/48", "10.1.0.0/16"])).script)).toEqual(
      [
        'ip saddr 10.1.2.0/24 oifname "headcni0" return',
        "ip saddr 10.1.2.0/24 ip daddr 10.1.0.0/16 return",
        "ip saddr 10.1.2.0/24 ip daddr 224.0.0.0/4 return",
        "ip saddr 10.1.2.0/24 masquerade",
        'ip6 saddr fd00:1::/64 oifname "headcni0" return',
        "ip6 saddr fd00:1::/64 ip6 daddr fd00::/48 return",
        "ip6 saddr fd00:1::/64 ip6 daddr fd00:1::/64 return",
        "ip6 saddr fd00:1::/64 ip6 daddr ff00::/8 return",
        "ip6 saddr fd00:1::/64 masquerade",
      ],
    );
  });

  test("gives the same mark for the same rules, another for others", () => {
    const mark = renderMasquerade(plan(["10.1.2.0/24"], ["10.1.0.0/16", "10.2.0.0/16"])).mark;
    expect(renderMasquerade(plan(["10.1.2.0/24"], ["10.2.0.0/16", "10.1.0.0/16", "10.1.0.0/16"])).mark).toBe(mark);
    expect(renderMasquerade(plan(["10.1.2.0/24"], ["10.1.0.0/16"])).mark).not.toBe(mark);
  });
});

describe("holdsMasquerade()", () => {
  const rules = renderMasquerade(plan(["10.1.2.0/24"], ["10.1.0.0/16"]));
  const rule = (body: string) => `\t\t${body} comment "${rules.mark}"`;
  const listing = [
    "table inet headcni {",
    "\tchain postrouting {",
    "\t\ttype nat hook postrouting priority srcnat; policy accept;",
    ...bodies(rules.script).map(rule),
    "\t}",
    "}",
    "",
  ];
  const without = (at: number) => listing.filter((_line, index) => index !== at);

  test("knows its own rules again", () => {
    expect(holdsMasquerade(listing.join("\n"), rules)).toBe(true);
  });

  test.each([
    ["a rule taken out", without(4)],
    ["a rule put in", listing.toSpliced(4, 0, "\t\tip daddr 1.2.3.4 drop")],
    ["a rule replaced", listing.with(4, "\t\tip daddr 1.2.3.4 accept")],
    ["a rule twice", listing.toSpliced(4, 0, listing[4] ?? "")],
    ["a chain put in", listing.toSpliced(1, 0, "\tchain other {", "\t\tdrop", "\t}")],
    ["the hook's policy changed", listing.with(2, "\t\ttype nat hook postrouting priority srcnat; policy drop;")],
    ["an empty table", ["table inet headcni {", "}"]],
    ["the rules of another plan", listing.map((line) => line.replace(rules.mark, "headcni 000000000000"))],
  ])("sees %s", (_name, lines) => {
    expect(holdsMasquerade(lines.join("\n"), rules)).toBe(false);
  });
});

describe("applyMasquerade()", () => {
  const wanted = plan(["10.1.2.0/24"], ["10.1.0.0/16"]);

  test("writes once, then leaves the rules be until they change", async () => {
    const kernel = fakeKernel();
    const system = { ...createSystem(), exec: kernel.exec };
    expect(await applyMasquerade(system, wanted)).toBe("applied");
    expect(await applyMasquerade(system, wanted)).toBe("unchanged");
    kernel.table = "table inet headcni {\n}";
    expect(await applyMasquerade(system, wanted)).toBe("applied");
    expect(await applyMasquerade(system, plan(["10.1.3.0/24"]))).toBe("applied");
    expect(kernel.table).toContain("10.1.3.0/24");
  });

  test.each([
    ["missing", "Cannot run nft: it is not installed, or not on PATH"],
    [
      "Operation not permitted",
      "Cannot list the masquerade rules in the table inet headcni: Error: Operation not permitted",
    ],
  ])("says why when nft fails: %s", async (fault, message) => {
    const kernel = fakeKernel();
    kernel.nftFault = fault;
    await expect(applyMasquerade({ ...createSystem(), exec: kernel.exec }, wanted)).rejects.toThrow(message);
  });
});

describe("cleanUpMasquerade()", () => {
  test("removes the table when it is there", async () => {
    const kernel = fakeKernel();
    const system = { ...createSystem(), exec: kernel.exec };
    expect(await cleanUpMasquerade(system)).toBe("absent");
    await applyMasquerade(system, plan(["10.1.2.0/24"]));
    expect(await cleanUpMasquerade(system)).toBe("removed");
    expect(kernel.table).toBeUndefined();
  });

  test("asks nothing of a machine without nft", async () => {
    const kernel = fakeKernel();
    kernel.nftFault = "missing";
    expect(await cleanUpMasquerade({ ...createSystem(), exec: kernel.exec })).toBe("absent");
  });
});
