import { EventLog } from "./event-log.ts";
import { Group } from "./group.ts";
import { memoryStore, type Rule } from "./memory-store.ts";
import { others, type Weather } from "./network.ts";
import { Process, type Surroundings } from "./process.ts";
import { Receivers } from "./receivers.ts";
import { type DeliveryRow, Tables } from "./tables.ts";
import { type Hook, type HookDraft, Webhooks } from "./webhooks.ts";
import { Witness } from "./witness.ts";
import type { World } from "./world.ts";

/** Partitions of the log. */
const partitionCount = 4;
const workspaceCount = 5;
const delaysMs = [1_000, 4_000, 15_000];
const plain: Omit<HookDraft, "name"> = {
  delaysMs,
  whenPaused: "SKIP",
  inFlightMax: 16,
  isOrdered: false,
  ratePerSecond: 0,
};

/** Everything that is there: servers, users, receivers, and the processes that are tested. */
export class Scene {
  readonly world: World;
  readonly weather: Weather = {
    isPostgresAway: false,
    isSubscriptionAway: false,
    lostAnswers: 0.004,
    lostRequests: 0.004,
    lateRequests: 0.002,
  };
  readonly tables = new Tables(partitionCount);
  readonly webhooks: Webhooks;
  readonly receivers: Receivers;
  readonly log: EventLog;
  readonly witness: Witness;
  readonly processes: Process[] = [];
  readonly #group: Group;
  readonly #around: Surroundings;
  #processCount = 0;

  constructor(world: World, broken: ReadonlySet<Rule>) {
    this.world = world;
    this.webhooks = new Webhooks(world);
    this.receivers = new Receivers(world);
    this.log = new EventLog(world, partitionCount);
    this.#group = new Group(world, partitionCount);
    const { tables, webhooks, log, weather, receivers } = this;
    this.witness = new Witness({ world, tables, webhooks, log });
    const { witness } = this;
    const statements = memoryStore({ world, tables, witness, broken });
    this.#around = { world, weather, tables, statements, webhooks, receivers, log, witness };
    for (let count = 0; count < workspaceCount; count += 1) {
      this.#addWorkspace(count % partitionCount);
    }
    this.#every(1_000, () => this.#group.look());
    this.#every(1_500, () => this.#relay());
  }

  get hooks(): [Hook, ...Hook[]] {
    const [first, ...rest] = this.webhooks.all.values();
    if (!first) throw new Error("there are no webhooks");
    return [first, ...rest];
  }

  /** The processes that run, frozen or not. */
  get running(): Process[] {
    return this.processes.filter(({ hasEnded }) => !hasEnded);
  }

  /** Starts a process, perhaps under the name of one that has ended. */
  startProcess(owner: string = this.world.newUuid()): void {
    this.#processCount += 1;
    const process = new Process(this.#around, { name: `p${this.#processCount}`, owner });
    this.processes.push(process);
    this.#group.join(process);
  }

  /** Ends a process as SIGTERM does. */
  stopProcess(process: Process): void {
    process.stop();
    this.#group.leave(process);
  }

  /** A user publishes an event. */
  publish(): void {
    const { random } = this.world;
    const ids = [...this.webhooks.workspaces.keys()];
    const workspaceId = ids[random.between(0, ids.length - 1)] ?? "";
    this.log.publish(workspaceId, random.pick(["", "a", "b", "c"]));
  }

  /** A user cancels a delivery that is open. */
  cancel(row: DeliveryRow): void {
    if (row.state !== "PENDING") return;
    this.witness.onState(row, "CANCELED");
    Object.assign(row, { state: "CANCELED", stateReason: "CANCELED_BY_USER" });
    this.tables.schedule.delete(row.uuid);
    this.#notify(({ sender }) => sender.forget(row.partition, row.uuid, row.webhookUuid));
  }

  /** A user has a delivery sent again. */
  resend({ partition, workspaceUuid, webhookUuid, eventUuid }: DeliveryRow): void {
    const { nowMs, random } = this.world;
    const row: DeliveryRow = {
      uuid: this.world.newUuid(),
      partition,
      workspaceUuid,
      webhookUuid,
      eventUuid,
      triggerId: this.world.newUuid(),
      createdAtMs: nowMs,
      state: "PENDING",
      stateReason: "",
      attemptCount: 0,
      failureCount: 0,
    };
    this.tables.insertDelivery(row);
    const isOrdered = this.webhooks.all.get(webhookUuid)?.isOrdered === true;
    const key = this.log.accepted.get(eventUuid)?.orderingKey ?? "";
    const place = { key, sequence: this.tables.progress[partition] ?? 0n };
    this.tables.insertSchedule({
      delivery: row,
      deliveryClass: 0,
      dueAtMs: isOrdered ? Number.POSITIVE_INFINITY : nowMs,
      attemptCount: 0,
      order: isOrdered ? { place, readyAtMs: nowMs } : undefined,
    });
    this.witness.onDelivery(row);
    if (random.chance(0.1)) return; // the notice is lost: somebody has to look by himself
    this.#notify((process) => process.sender.wake({ partition, webhookUuid, workspaceUuid }));
  }

  #notify(tell: (process: Process) => void): void {
    for (const process of this.running) {
      this.world.after(this.world.random.between(1, 50), process.actor, () => tell(process));
    }
  }

  /** Subscription is told of webhooks that are gone. */
  #relay(): void {
    if (this.weather.isSubscriptionAway || this.weather.isPostgresAway) return;
    for (const { webhookUuid, version } of this.tables.outbox.splice(0)) {
      this.webhooks.disable(webhookUuid, version);
    }
  }

  #every(periodMs: number, happen: () => void): void {
    this.world.after(periodMs, others, () => {
      happen();
      this.#every(periodMs, happen);
    });
  }

  #addWorkspace(partition: number): void {
    const id = this.webhooks.addWorkspace(partition, partitionCount);
    this.webhooks.add(id, { ...plain, name: "a plain webhook" });
    this.webhooks.add(id, { ...plain, name: "a webhook of few POSTs at once", inFlightMax: 2 });
    this.webhooks.add(id, { ...plain, name: "a webhook that holds", whenPaused: "HOLD" });
    this.webhooks.add(id, { ...plain, name: "an ordered webhook", isOrdered: true });
    this.webhooks.add(id, { ...plain, name: "a webhook of a rate", ratePerSecond: 4 });
  }
}
