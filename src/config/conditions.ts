// What can be wrong with the configuration while the daemon runs. Pure.

import { conditionsOf, type Failure, kind } from "../agent/conditions.ts";

export const configConditions = {
  ConfigInvalid: kind<Failure & { readonly file: string }>({
    severity: "warning",
    title: "The configuration cannot be used",
    impactsConnectivity: false,
    text: ({ file, why }) =>
      `${file} is wrong, so the last good configuration stays in force: ${why}. Correct it; it is read again by itself`,
  }),
  ConfigPassedOver: kind<Failure & { readonly file: string }>({
    severity: "warning",
    title: "A configuration outside of --root is not read",
    impactsConnectivity: false,
    text: ({ file, why }) => `${file} ${why}`,
  }),
  RuntimeFolderDiffers: kind<{ readonly folders: readonly string[] }>({
    severity: "warning",
    title: "The configuration names a folder the container runtime does not use",
    impactsConnectivity: false,
    text: ({ folders }) =>
      `${folders.join("; ")}: unless another runtime makes this node's pods, they get no network. ` +
      "Remove the key, or name the same folder in both configurations and restart the runtime",
  }),
} as const;

export const condition = conditionsOf(configConditions);
