/** What this program uses of it; it brings no types of its own. */
declare module "cli-progress" {
  export interface BarOptions {
    readonly format: string;
    readonly stream: unknown;
    readonly clearOnComplete?: boolean;
    readonly hideCursor?: boolean;
  }
  export class SingleBar {
    constructor(options: BarOptions);
    start(total: number, value: number): void;
    update(value: number): void;
    stop(): void;
  }
  const library: { readonly SingleBar: typeof SingleBar };
  // biome-ignore lint/style/noDefaultExport: it is CommonJS
  export default library;
}
