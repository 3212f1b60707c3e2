// HTTP requests to this very machine, with a deadline.

import { get } from "node:http";

/** More than any status document. */
const maxBytes = 16 << 20;

/**
 * The body of a GET, whatever its status code; redirects are not followed. Not by fetch: that sends even loopback addresses
 * through HTTP_PROXY, which many nodes have set.
 * @throws the system error (`code`) when nothing listens, or an Error when the deadline has passed or the answer has no end
 */
export function fetchText(url: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get(url, { signal: AbortSignal.timeout(timeoutMs) }, (response) => {
    const chunks: Uint8Array[] = [];
    let total = 0;
    response.on("data", (chunk: Uint8Array) => {
      total += chunk.length;
      if (total > maxBytes) request.destroy(new Error(`The answer of ${url} is larger than ${maxBytes} bytes`));
      else chunks.push(chunk);
    });
    response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    response.on("error", reject);
  });
  request.on("error", reject);
  return promise;
}
