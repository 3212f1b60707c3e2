// The CNI plugin's entry.
export async function runPlugin(): Promise<void> {}
