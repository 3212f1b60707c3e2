// The section `mesh` of the configuration.

import * as z from "zod/mini";
import { defaultConfig } from "../defaults.ts";
import { key, section } from "./schema-parts.ts";

const port = z
  .int({ error: "is not a whole number; write for example 9" })
  .check(
    z.minimum(1, { error: "is no port; write a number from 1 to 65535" }),
    z.maximum(65_535, { error: "is no port; write a number from 1 to 65535" }),
  );

export const mesh = section("How nodes look after the routes between them.", {
  probePort: key(
    z._default(port, defaultConfig.mesh.probePort),
    "TCP port that other nodes are asked on, from pod gateway to pod gateway: nothing need listen there, for a refusal proves the route as well. The tailnet's policy must let pods use it.",
    9,
  ),
});
