// HTTP requests with a deadline.

/**
 * The body of a GET, whatever its status code. Redirects are not followed and no proxy is used.
 * @throws TypeError or DOMException as fetch does: nothing listens, the deadline has passed
 */
export async function fetchText(url: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: "manual", proxy: "" });
  return response.text();
}
