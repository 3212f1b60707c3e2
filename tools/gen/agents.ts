// The daemon's agents, never started: what they declare is what the pages show.

import { createAgents } from "../../src/daemon/agents.ts";
import { createSystem } from "../../src/sys/system.ts";

export const { list: agents } = createAgents(createSystem(), {
  flags: {},
  configureLog: async () => undefined,
  executable: undefined,
  process: { pid: 0, startedAtMs: 0 },
});
