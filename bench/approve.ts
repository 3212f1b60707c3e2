// By hand what a controller does: approves a route as soon as a node offers it, with nothing of HeadCNI.
//   bun bench/approve.ts URL KEY ROUTE

const [url = "", key = "", route = ""] = process.argv.slice(2);
/** Each look costs Headscale 65 ms of a processor. */
const everyMs = 500;

interface Listed {
  readonly id: string;
  readonly availableRoutes: readonly string[];
}

async function ask(path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(`${url}/api/v1/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers,
    body: JSON.stringify(body),
  });
}

for (;;) {
  const { nodes } = (await (await ask("node")).json()) as { readonly nodes: readonly Listed[] };
  const found = nodes.find(({ availableRoutes }) => availableRoutes.includes(route));
  if (found !== undefined && (await ask(`node/${found.id}/approve_routes`, { routes: [route] })).ok) break;
  await Bun.sleep(everyMs);
}
