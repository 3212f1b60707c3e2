// Gives back what work has left, while it goes on, too: with much memory in the machine the engine collects late, and a daemon that
// looked at a large tailnet for a second would hold the rubbish of it for hours.

/** The parts of the engine that are used: a test plays them. */
export interface Heap {
  /** Resident memory of the process, bytes. */
  residentBytes(): number;
  collect(): void;
}

/** The whole collection gives pages back to the kernel at once; a lighter one takes half the time, and they stay as long as work goes on. */
const realHeap: Heap = { residentBytes: () => process.memoryUsage.rss(), collect: () => Bun.gc(true) };
/** A collection takes tens of milliseconds: not for less, nor for less than this part of a large heap, of which it takes longer. */
const growth = { leastBytes: 4 << 20, part: 1 / 24 };

/** How much longer code runs before the engine compiles it to the machine's. */
const compilesLater = 30;

/**
 * Compiled code is memory: of a process that works in bursts and rests for the rest of the day, what little runs often is still compiled.
 * For the rest of the process's life.
 */
export function spareCompiledCode(): void {
  Bun.unsafe.setJITPolicy(compilesLater);
}

/** @returns a function to call once a second: collects where memory has grown since the least it has been */
export function createCollector(heap: Heap = realHeap): () => void {
  let leastBytes = Number.POSITIVE_INFINITY;
  return () => {
    const nowBytes = heap.residentBytes();
    if (nowBytes - leastBytes > Math.max(growth.leastBytes, leastBytes * growth.part)) {
      heap.collect();
      // What stays is needed: the next collection waits for as much again.
      leastBytes = heap.residentBytes();
    } else leastBytes = Math.min(leastBytes, nowBytes);
  };
}
