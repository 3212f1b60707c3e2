// What tailscaled says when it refuses a call. It has three forms: `{"Error": …}`, `{"error": …}` and plain text. Pure.

import { tryParseJsonObject } from "../../sys/json.ts";
import type { HttpError } from "../../sys/net/http-error.ts";
import { redactText } from "../../sys/redact.ts";

/** The error's sentence with tailscaled's own words at its end, whatever form they came in. */
export function describeRefusal({ message }: HttpError): string {
  const from = message.indexOf("{");
  const json = from < 0 ? undefined : tryParseJsonObject(message.slice(from));
  const said = json?.Error ?? json?.error;
  return redactText(typeof said === "string" ? `${message.slice(0, from)}${said}` : message);
}
