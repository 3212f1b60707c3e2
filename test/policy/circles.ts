// Circles in a graph: groups of nodes of which each leads to every other (Tarjan's strongly connected components). Pure.

/** The groups of more than one node, each in the order it was found. */
export function circlesOf(nodes: readonly string[], next: (node: string) => readonly string[]): string[][] {
  const order = new Map<string, number>();
  const earliest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const earlier = (node: string, at: number | undefined): void =>
    void earliest.set(node, Math.min(earliest.get(node) ?? 0, at ?? 0));

  const visit = (node: string): void => {
    order.set(node, order.size);
    earliest.set(node, order.size - 1);
    open.push(node);
    for (const target of next(node)) {
      if (!order.has(target)) {
        visit(target);
        earlier(node, earliest.get(target));
      } else if (open.includes(target)) earlier(node, order.get(target));
    }
    if (earliest.get(node) !== order.get(node)) return;
    const circle = open.splice(open.indexOf(node));
    if (circle.length > 1) circles.push(circle);
  };
  for (const node of nodes) if (!order.has(node)) visit(node);
  return circles;
}
