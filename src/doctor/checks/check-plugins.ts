// The programs that make pods' interfaces: there, new enough, and able to start on this host.

import { renderConflist } from "../../conflist/render.ts";
import { pluginProblems } from "../../conflist/validate/validate.ts";
import { condition } from "../../node/conditions.ts";
import { pluginName } from "../../node-state/names.ts";
import { provePlugin } from "../../plugin-install/prove.ts";
import { problemSentence } from "../../spec/problem.ts";
import { join } from "../../sys/fs/path.ts";
import { type Check, type Fault, faultsOr, notChecked, well } from "../check.ts";
import { faultsOf } from "../evidence.ts";

export const pluginChecks: readonly Check[] = [
  {
    id: "plugins",
    title: "Every plugin the configuration calls can be used",
    codes: ["PluginsUnusable"],
    look: async (node) => {
      const [{ config }, { text }] = await Promise.all([node.config(), node.conflist()]);
      const { binDir } = config.cni;
      const called = text ?? renderConflist((await node.node()).plan.conflist);
      const problems = await pluginProblems(node.system, called, { binDir });
      const faults = problems.map((problem): Fault => {
        return { code: "PluginsUnusable", evidence: problemSentence(problem), remedy: problem.hint };
      });
      return faultsOr(faults, `all are in ${binDir} and know its CNI version`);
    },
  },
  {
    id: "plugin-headcni",
    title: "HeadCNI's own plugin starts",
    codes: ["PluginUnusable"],
    look: async (node) => {
      const { config } = await node.config();
      const { binDir, type } = config.cni;
      if (type !== "headcni") return notChecked("cni.type is bridge: it is not called");
      const path = join(binDir, pluginName);
      if (node.system.files.stat(path) === undefined) {
        return { kind: "faults", faults: [{ code: "PluginUnusable", evidence: `${path} does not exist` }] };
      }
      const proof = await provePlugin(node.system, binDir);
      if (proof.kind === "starts") return well(`${path} starts`);
      const fault = { path, why: `it ${proof.why}`, hint: proof.remedy, isReplaced: true };
      return { kind: "faults", faults: [...faultsOf([condition("PluginUnusable", fault)], ["PluginUnusable"])] };
    },
  },
];
