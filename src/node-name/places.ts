// Every place that sets this node's name, in the order in which HeadCNI believes them: what the operator told HeadCNI, what the cluster
// goes by, the host's name. docs/reference/node-name.md is generated from this table. Pure: what lies on the node comes as readings.

import { clusterPlaces } from "./cluster-places.ts";
import { hostPlaces } from "./host-places.ts";
import { given, type Place, said } from "./readings.ts";

const operatorPlaces: readonly Place[] = [
  { source: "--node-name", by: "operator", where: "the command line", read: ({ flag }) => given(flag) },
  {
    source: "environment NODE_NAME",
    by: "operator",
    where: "the environment; in a pod `fieldRef: spec.nodeName`",
    read: ({ env }) => given(env),
  },
  {
    source: "nodeName of the configuration",
    by: "operator",
    where: "`/etc/headcni/config.yaml`, `HEADCNI_NODENAME`",
    read: ({ config }) => said(config, "is not set"),
  },
];

/** @param isThisMachine whether the machine this process runs on is the node, and no directory plays it */
export function nodeNamePlaces(isThisMachine: boolean): readonly Place[] {
  return [...operatorPlaces, ...clusterPlaces, ...hostPlaces(isThisMachine)];
}
