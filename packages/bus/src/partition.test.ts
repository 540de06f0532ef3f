import { describe, expect, test } from "vitest";
import { fnv1a32, partitionOf } from "./partition.ts";

describe("fnv1a32", () => {
  test.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
    ["é", 0x1e9de8c1],
  ])("hashes %j as published", (text, hash) => {
    expect(fnv1a32(text)).toBe(hash);
  });
});

describe("partitionOf", () => {
  test.each([
    ["ws_01h455vb4pex5vsknk084sn02q", 32, 24],
    ["ws_01h455vb4pex5vsknk084sn02r", 32, 17],
    ["ws_01h455vb4pex5vsknk084sn02q", 12, 4],
    ["ws_01h455vb4pex5vsknk084sn02q", 1, 0],
  ])("keeps %s of %i partitions where it is", (workspaceId, partitionCount, partition) => {
    expect(partitionOf(workspaceId, partitionCount)).toBe(partition);
  });

  test("spreads ids evenly", () => {
    const counts = Array.from({ length: 32 }, () => 0);
    for (let index = 0; index < 32_000; index += 1) {
      const partition = partitionOf(
        `ws_01h455vb4pex5vs${index.toString(32).padStart(11, "0")}`,
        32,
      );
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});
