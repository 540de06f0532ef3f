import { createRegistry, type DescFile, type Registry } from "@bufbuild/protobuf";

const registries = new WeakMap<DescFile, Registry>();

/** Gives what a google.protobuf.Any of a file's methods may hold: all that the file imports. */
export function messagesKnownTo(file: DescFile): Registry {
  const known = registries.get(file);
  if (known !== undefined) return known;
  const files = new Set<DescFile>();
  addWithImports(file, files);
  const registry = createRegistry(...files);
  registries.set(file, registry);
  return registry;
}

function addWithImports(file: DescFile, files: Set<DescFile>): void {
  if (files.has(file)) return;
  files.add(file);
  for (const imported of file.dependencies) addWithImports(imported, files);
}
