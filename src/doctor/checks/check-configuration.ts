// Whether the configuration can be used.

import { expected } from "../../sys/errors.ts";
import { type Check, type Fault, faultsOr } from "../check.ts";
import { errorWords } from "../evidence.ts";

export const configurationChecks: readonly Check[] = [
  {
    id: "configuration",
    title: "The configuration can be used",
    codes: ["ConfigInvalid", "ConfigPassedOver"],
    look: async (node) => {
      try {
        const { file, hostFile, conflict, passedOver } = await node.config();
        const faults: Fault[] = [];
        if (conflict !== undefined) faults.push({ code: "ConfigInvalid", evidence: errorWords(conflict) });
        if (passedOver !== undefined) {
          faults.push({ code: "ConfigPassedOver", evidence: `${passedOver.file} ${passedOver.message}` });
        }
        return faultsOr(faults, file === undefined ? `no file ${hostFile}: defaults` : `read from ${file}`);
      } catch (error) {
        expected(error);
        return { kind: "faults", faults: [{ code: "ConfigInvalid", evidence: errorWords(error) }] };
      }
    },
  },
];
