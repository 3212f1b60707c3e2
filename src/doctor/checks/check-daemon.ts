// The daemon: running, able to write its directories, and what it says itself.

import { condition } from "../../node/state/conditions.ts";
import { exposedDirs } from "../../node/state/exposed-dirs.ts";
import { unwritableDirs } from "../../node/state/unwritable-dirs.ts";
import { expected } from "../../sys/errors.ts";
import { type Check, type Fault, faultsOr, notChecked } from "../check.ts";
import { count, errorWords, faultsOf } from "../evidence.ts";
import { type FaultCode, isFaultCode, faults as table } from "../faults.ts";

export const daemonChecks: readonly Check[] = [
  {
    id: "daemon",
    title: "The daemon runs",
    codes: ["DaemonNotRunning"],
    look: async (node) => {
      try {
        const { version, pid, ready } = await node.daemon();
        return faultsOr([], `${version}, process ${pid}, ${ready ? "ready" : "not ready"}`);
      } catch (error) {
        expected(error);
        if (error.code !== "HC_DAEMON_NOT_RUNNING") throw error;
        return { kind: "faults", faults: [{ code: "DaemonNotRunning", evidence: errorWords(error) }] };
      }
    },
  },
  {
    id: "state-dirs",
    title: "The daemon's folders can be written to, by it alone",
    codes: ["StateDirNotWritable", "StateDirExposed"],
    look: async ({ system }) => {
      const exposed = exposedDirs(system);
      const raised = exposed.length === 0 ? [] : [condition("StateDirExposed", { dirs: exposed })];
      const faults: Fault[] = faultsOf(raised, ["StateDirExposed"]).map((fault) => {
        return { ...fault, remedy: exposed.map(({ remedy }) => remedy).join(" && ") };
      });
      // Another user than root may never write there.
      if (system.files.owner.uid !== 0)
        return faults.length > 0 ? faultsOr(faults, "") : notChecked("only root can tell");
      const unwritable = unwritableDirs(system);
      const refused = unwritable.length === 0 ? [] : [condition("StateDirNotWritable", { dirs: unwritable })];
      return faultsOr([...faults, ...faultsOf(refused, ["StateDirNotWritable"])], "they can");
    },
  },
  {
    id: "daemon-conditions",
    title: "The daemon has nothing to add",
    codes: Object.keys(table).filter(isFaultCode),
    look: async (node) => {
      const { conditions } = await node.daemon();
      const known = conditions.map(({ code, text }) => ({ code, evidence: text }));
      const isKnown = (fault: { readonly code: string }): fault is { code: FaultCode; evidence: string } =>
        isFaultCode(fault.code);
      return faultsOr(known.filter(isKnown), `${count(conditions.length, "condition")}`);
    },
  },
];
