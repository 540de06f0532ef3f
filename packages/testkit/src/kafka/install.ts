import { execFile } from "node:child_process";
import { accessSync } from "node:fs";
import { access, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const version = "4.3.1";
const mavenTimeoutMs = 300_000;
const cacheDir = fileURLToPath(new URL("../../../../node_modules/.cache", import.meta.url));
const target = join(cacheDir, `posthorn-kafka-${version}`);

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>posthorn</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${version}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;

/** Whether Kafka can be run here: there is Java, and Maven or what it once brought. */
export function canInstallKafka(): boolean {
  return isOnPath("java") && (isOnPath("mvn") || exists(target));
}

/** Brings Kafka's jars by Maven, once for all runs, and gives the class path. */
export async function installKafka(): Promise<string> {
  if (!exists(target)) await download();
  return join(target, "*");
}

/** Renamed when complete, so two runs at once do no harm. */
async function download(): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  const half = await mkdtemp(`${target}-`);
  try {
    await writeFile(join(half, "pom.xml"), pom);
    const goals = [
      "dependency:copy-dependencies",
      "-DincludeScope=runtime",
      "-DoutputDirectory=lib",
    ];
    await run("mvn", ["-q", "-B", ...goals], { cwd: half, timeout: mavenTimeoutMs });
    await access(join(half, "lib", `kafka_2.13-${version}.jar`));
    await rename(join(half, "lib"), target);
  } catch (error) {
    if (!exists(target)) throw new Error("Maven could not bring Kafka", { cause: error });
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

function isOnPath(program: string): boolean {
  // The tests' own machine, not a setting of ours.
  // biome-ignore lint/style/noProcessEnv: see above
  const folders = (env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => folder !== "" && exists(join(folder, program)));
}

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
