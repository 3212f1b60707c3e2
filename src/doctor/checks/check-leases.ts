// The addresses of pods: enough left, and none held by pods that are gone.

import { podAddressesIn } from "../../cidr/pod-cidrs.ts";
import { runtimeUnasked } from "../../ipam/conditions.ts";
import { leaseDir, readLeases } from "../../ipam/lease.ts";
import { sweepNode } from "../../ipam/node-sweep.ts";
import { expected } from "../../sys/errors.ts";
import { type Check, type Fault, faultsOr, notChecked } from "../check.ts";
import { count, faultsOf } from "../evidence.ts";

/** Of the addresses of a block a node should not have given out more than this: new pods come before old ones have gone. */
const fullShare = 0.95;

export const leaseChecks: readonly Check[] = [
  {
    id: "leases-left",
    title: "There are addresses left for new pods",
    codes: ["LeasesExhausted"],
    look: async (node) => {
      const { plan } = await node.node();
      const leases = readLeases(node.system.files, leaseDir);
      const facts = plan.adoption.effective.podCIDRs.list.map((podCIDR) => {
        const given = leases.filter(({ addr }) => podCIDR.containsAddr(addr)).length;
        return { podCIDR, given, size: podAddressesIn(podCIDR) };
      });
      const words = ({ podCIDR, given, size }: (typeof facts)[number]): string => `${given} of ${size} of ${podCIDR}`;
      const full = facts.filter(({ given, size }) => given >= size * fullShare);
      const faults: Fault[] = full.map((fact) => ({
        code: "LeasesExhausted",
        evidence: `${words(fact)} are given out`,
      }));
      return faultsOr(faults, `${facts.map(words).join(", ")} are given out`);
    },
  },
  {
    id: "leases-held",
    title: "Every address that is given out belongs to a pod",
    codes: ["LeasesLeaked", "LeasesNotFreed"],
    look: async ({ system }) => {
      if (readLeases(system.files, leaseDir).length === 0) return faultsOr([], "no address is given out");
      const { nodeRuntimes } = await import("../../runtime/node-runtimes.ts");
      try {
        const { free, keep } = await sweepNode(system, { runtimes: nodeRuntimes(system), isDryRun: true });
        const shown = free.slice(0, 3).map(({ lease }) => String(lease.addr));
        const evidence = `${count(free.length, "address")}: ${shown.join(", ")}${free.length > 3 ? " …" : ""}: no runtime knows their pods`;
        return faultsOr(free.length === 0 ? [] : [{ code: "LeasesLeaked", evidence }], `all ${keep.length} are`);
      } catch (error) {
        expected(error);
        const raised = runtimeUnasked(error);
        if (system.files.owner.uid !== 0 || raised === undefined) return notChecked(error.message);
        return { kind: "faults", faults: [...faultsOf([raised], ["LeasesNotFreed"])] };
      }
    },
  },
];
