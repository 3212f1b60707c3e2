// Installs a conflist and kills itself with SIGKILL right after the given step has happened for the given time: nothing of
// what follows is done, nothing is tidied up.
//   bun die-at-step.ts ROOT TEXT STEP COUNT

import { installConflist } from "../../src/conflist/install/install-conflist.ts";
import { createSystem } from "../../src/sys/system.ts";
import { confDir } from "./folder-node.ts";

const [root = "", text = "", step = "", count = "1"] = process.argv.slice(2);
let seen = 0;
await installConflist(createSystem({ root }), text, {
  confDir,
  otherConfigs: "moveAside",
  validate: async () => [],
  onStep: (done) => {
    if (done !== step) return;
    seen += 1;
    if (seen === Number(count)) process.kill(process.pid, "SIGKILL");
  },
});
