// Checks a mesh that came over the network against its type. Loads its library with the module.

import * as z from "zod/mini";
import type { MeshDocument } from "./document.ts";

const node = z.looseObject({
  name: z.string(),
  self: z.boolean(),
  podCIDRs: z.array(z.string()),
  waitingPodCIDRs: z.array(z.string()),
  tailnetAddresses: z.array(z.string()),
  online: z.boolean(),
  path: z.enum(["direct", "relay", "unknown"]),
  relay: z.nullable(z.string()),
  rttSeconds: z.nullable(z.number()),
  route: z.enum(["live", "silent", "unapproved", "unknown"]),
  since: z.string(),
});

const conflict = z.looseObject({
  kind: z.enum(["duplicate", "piece", "supernet", "tailnet-range", "others"]),
  podCIDR: z.string(),
  node: z.string(),
  route: z.string(),
  servedBy: z.nullable(z.string()),
});

/** What a document has beside these is left out. */
const document: z.ZodMiniType<MeshDocument> = z.object({ nodes: z.array(node), conflicts: z.array(conflict) });

/** Undefined for anything else than a mesh. */
export function decodeMesh(json: unknown): MeshDocument | undefined {
  const checked = document.safeParse(json);
  return checked.success ? checked.data : undefined;
}
