// This node's id at the control server, as the notification bus tells it with the network map. While tailscaled puts that map in place,
// which takes a second, it answers no call: what waits for nothing but the id need not wait for the status. Pure.

import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";

/** ipn.State: it is not logged in. */
const needsLogin = 2;

/**
 * The id after a line of the bus: from 1.102 on it is in what changed of the node itself, before that in the whole map. A login that is
 * needed, and one that has just come about, end what was known: the next map may be another node's.
 * @param known the id before the line
 */
export function ownIdAfter(line: string, known: string | undefined): string | undefined {
  const message = objectIn(parse(line));
  const map = objectIn(message.NetMap);
  const self = isJsonObject(message.SelfChange) ? message.SelfChange : objectIn(map.SelfNode);
  if (typeof self.StableID === "string" && self.StableID !== "") return self.StableID;
  return message.State === needsLogin || isJsonObject(message.LoginFinished) ? undefined : known;
}

function parse(line: string): JsonValue {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function objectIn(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
