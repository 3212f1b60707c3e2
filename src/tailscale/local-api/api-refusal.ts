// What tailscaled says when it refuses a call. It has three forms: `{"Error": …}`, `{"error": …}` and plain text. Pure.

import { tryParseJsonObject } from "../../sys/json.ts";
import { HttpError } from "../../sys/net/http-error.ts";
import { redactText } from "../../sys/redact.ts";

/** Whether a tailscaled is there, and answered a call with an error; what answers 404 is another program. */
export function isRefusal(error: unknown): error is HttpError {
  return error instanceof HttpError && error.failure === "status" && error.status !== 404;
}

/** The error's sentence with tailscaled's own words at its end, whatever form they came in. */
export function describeRefusal({ message }: HttpError): string {
  const from = message.indexOf("{");
  const json = from < 0 ? undefined : tryParseJsonObject(message.slice(from));
  const said = json?.Error ?? json?.error;
  return redactText(typeof said === "string" ? `${message.slice(0, from)}${said}` : message);
}
